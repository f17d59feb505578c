package activities

import (
	"context"
	"errors"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"lossatlas/artifacts"
)

// unknownAttempts is how often an error of unknown nature is tried: enough to
// get over a hiccup, too few to hide a bug behind an endless retry.
const unknownAttempts = 3

// permanent marks an error that no retry can mend: bad input, or a recipe
// that fails by itself. kind is the error type that the UI shows.
func permanent(kind string, err error) error {
	return temporal.NewNonRetryableApplicationError(err.Error(), kind, err)
}

// classify decides what an activity's error means for its retry.
func classify(ctx context.Context, err error) error {
	var app *temporal.ApplicationError
	var damaged *artifacts.DamagedError
	switch {
	case err == nil, errors.As(err, &app):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, artifacts.ErrUnreachable):
		return temporal.NewApplicationErrorWithCause(err.Error(), "StoreUnreachable", err)
	case errors.Is(err, artifacts.ErrNoSpace): // until somebody makes room
		return temporal.NewApplicationErrorWithCause(err.Error(), "StoreFull", err)
	case errors.Is(err, artifacts.ErrAccessDenied), errors.Is(err, artifacts.ErrCredentials), errors.Is(err, artifacts.ErrClockSkew):
		return permanent("StoreDenied", err)
	case errors.As(err, &damaged):
		return permanent("Damaged", err)
	case activity.GetInfo(ctx).Attempt >= unknownAttempts:
		return permanent("Failed", err)
	}
	return err
}

// guard runs one activity's body on the step with its whole recipe: it classifies
// its error and turns a panic into one, with its stack in the log.
func guard[T any](ctx context.Context, a *Activities, in StepInput, body func(StepInput) (T, error)) (out T, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = panicked(a, in, r)
		}
		a.setAside(ctx, err)
		err = classify(ctx, err)
	}()
	if in, err = a.whole(ctx, in); err != nil {
		return out, err
	}
	return body(in)
}

// setAside moves a damaged blob that a step met out of its way, so that the next
// run of the sweep makes it again.
func (a *Activities) setAside(ctx context.Context, err error) {
	var damaged *artifacts.DamagedError
	if !errors.As(err, &damaged) {
		return
	}
	if _, err := a.Store.SetAside(ctx, damaged.Digest); err != nil {
		a.Log.Warn().Err(err).Str("object", damaged.Object).Msg("a damaged blob could not be set aside")
	}
}
