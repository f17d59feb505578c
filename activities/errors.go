package activities

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"lossatlas/activities/engine"
	"lossatlas/activities/runner"
	"lossatlas/artifacts"
)

// unknownErrors is how many errors of unknown nature one activity may have:
// enough to get over a hiccup, too few to hide a bug behind an endless retry.
const unknownErrors = 3

// retries counts the errors of unknown nature of each activity in this process.
// Temporal's count of attempts includes attempts lost with a worker.
type retries struct {
	mu    sync.Mutex
	count map[string]int
}

// countRetry counts one more and says whether it was the last that is tried.
func (u *retries) countRetry(ctx context.Context) (last bool) {
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

// classify decides what an activity's error means for its retry.
func (a *Activities) classify(ctx context.Context, err error) error {
	var app *temporal.ApplicationError
	var final *runner.PermanentError
	var damaged *artifacts.DamagedError
	var newer *artifacts.NewerError
	var program *engine.ProgramError
	switch {
	case err == nil, errors.As(err, &app), temporal.IsCanceledError(err):
		return err
	case errors.As(err, &final):
		return permanent(final.Type, err)
	case errors.As(err, &program):
		return permanent("BadProgram", err)
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, artifacts.ErrUnreachable):
		return temporal.NewApplicationErrorWithCause(err.Error(), "StoreUnreachable", err)
	case errors.Is(err, artifacts.ErrNoSpace): // until there is room
		return temporal.NewApplicationErrorWithCause(err.Error(), "StoreFull", err)
	case errors.Is(err, artifacts.ErrAccessDenied), errors.Is(err, artifacts.ErrCredentials), errors.Is(err, artifacts.ErrClockSkew),
		errors.Is(err, artifacts.ErrCertificate):
		return permanent("StoreDenied", err)
	case errors.As(err, &newer):
		return permanent("StoreNewer", err)
	case errors.As(err, &damaged):
		return permanent("Damaged", err)
	case a.retries.countRetry(ctx):
		return permanent("Failed", err)
	}
	return err
}

// permanent is an error that Temporal does not retry. kind is the error type that the UI shows.
func permanent(kind string, err error) error {
	return temporal.NewNonRetryableApplicationError(err.Error(), kind, err)
}

// guard runs the body of an activity: it classifies its error and turns a panic into one, with its stack in the log.
func guard[T any](ctx context.Context, a *Activities, label string, body func() (T, error)) (out T, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = panicked(ctx, a, label, r)
		}
		a.setAside(ctx, err)
		err = a.classify(ctx, err)
	}()
	return body()
}

// panicked logs a panic with its stack and makes an error of it.
func panicked(ctx context.Context, a *Activities, label string, r any) error {
	a.log(ctx, StepInput{Label: label}).Error().Str("panic", fmt.Sprint(r)).Str("stack", string(debug.Stack())).Msg("an activity panicked")
	return permanent("Panic", fmt.Errorf("%s: internal error: %v (the log has the stack)", label, r))
}

// setAside moves a damaged blob that a step met out of its way, so that the next
// run of the sweep makes it again.
func (a *Activities) setAside(ctx context.Context, err error) {
	var damaged *artifacts.DamagedError
	if !errors.As(err, &damaged) {
		return
	}
	if _, err := a.Machine.Store.SetAside(ctx, damaged.Digest); err != nil {
		a.Machine.Log.Warn().Err(err).Str("object", damaged.Object).Msg("a damaged blob could not be set aside")
	}
}
