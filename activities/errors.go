package activities

import (
	"context"
	"errors"
	"sync"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"lossatlas/artifacts"
)

// unknownErrors is how many errors of unknown nature one activity may have:
// enough to get over a hiccup, too few to hide a bug behind an endless retry.
const unknownErrors = 3

// unknown counts the errors of unknown nature of each activity in this process.
// The attempts that Temporal counts include those that were lost with a worker.
type unknown struct {
	mu    sync.Mutex
	count map[string]int
}

// another counts one more and says whether it was the last that is tried.
func (u *unknown) another(ctx context.Context) (last bool) {
	info := activity.GetInfo(ctx)
	id := info.WorkflowExecution.RunID + "/" + info.ActivityID
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.count == nil {
		u.count = map[string]int{}
	}
	u.count[id]++
	if u.count[id] < unknownErrors {
		return false
	}
	delete(u.count, id)
	return true
}

// permanent marks an error that no retry can mend: bad input, or a recipe
// that fails by itself. kind is the error type that the UI shows.
func permanent(kind string, err error) error {
	return temporal.NewNonRetryableApplicationError(err.Error(), kind, err)
}

// classify decides what an activity's error means for its retry.
func (a *Activities) classify(ctx context.Context, err error) error {
	var app *temporal.ApplicationError
	var damaged *artifacts.DamagedError
	var newer *artifacts.NewerError
	switch {
	case err == nil, errors.As(err, &app), temporal.IsCanceledError(err):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, artifacts.ErrUnreachable):
		return temporal.NewApplicationErrorWithCause(err.Error(), "StoreUnreachable", err)
	case errors.Is(err, artifacts.ErrNoSpace): // until somebody makes room
		return temporal.NewApplicationErrorWithCause(err.Error(), "StoreFull", err)
	case errors.Is(err, artifacts.ErrAccessDenied), errors.Is(err, artifacts.ErrCredentials), errors.Is(err, artifacts.ErrClockSkew),
		errors.Is(err, artifacts.ErrCertificate):
		return permanent("StoreDenied", err)
	case errors.As(err, &newer):
		return permanent("StoreNewer", err)
	case errors.As(err, &damaged):
		return permanent("Damaged", err)
	case a.unknown.another(ctx):
		return permanent("Failed", err)
	}
	return err
}

// guard runs one activity's body on the step with its whole recipe: it classifies
// its error and turns a panic into one, with its stack in the log. A body that
// makes the step's result is left out where the cache has that.
func guard[T any](ctx context.Context, a *Activities, in StepInput, body func(StepInput) (T, error)) (out T, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = panicked(ctx, a, in, r)
		}
		a.setAside(ctx, err)
		err = a.classify(ctx, err)
	}()
	if result, ok := any(&out).(*StepResult); ok && !in.Key.IsZero() {
		if *result, ok, err = a.made(ctx, in); ok || err != nil {
			return out, err
		}
	}
	if in, err = a.whole(ctx, in); err != nil {
		return out, err
	}
	return body(in)
}

// made returns the step's result if it is in the cache already: an attempt that
// recorded it, and removed what it had stored on the way, was killed before it
// could say so; or the step has ended since somebody asked for it.
func (a *Activities) made(ctx context.Context, in StepInput) (r StepResult, ok bool, err error) {
	r, err = a.cached(ctx, in)
	var incomplete *artifacts.IncompleteError
	if errors.Is(err, artifacts.ErrNotFound) || errors.As(err, &incomplete) {
		return StepResult{}, false, nil
	}
	if err != nil {
		return r, false, err
	}
	r.Cached = false
	a.dropParts(ctx, in)
	return r, true, nil
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
