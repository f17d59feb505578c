package activities

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"lossatlas/activities/runner"
	"lossatlas/artifacts"
)

// TestRetries: an error that may pass is tried again for ever, one of unknown
// nature three times, however they follow one another, and one that no retry fixes once.
func TestRetries(t *testing.T) {
	odd := errors.New("odd")
	for _, c := range []struct {
		kind string
		errs []error // of one attempt after the other; the last is the last
	}{
		{"StoreDenied", []error{artifacts.ErrUnreachable, artifacts.ErrAccessDenied}},
		{"Failed", []error{odd, odd, odd}},
		{"Failed", []error{artifacts.ErrUnreachable, odd, artifacts.ErrNoSpace, artifacts.ErrUnreachable, artifacts.ErrNoSpace, odd, artifacts.ErrUnreachable, odd}},
		{"", []error{artifacts.ErrNoSpace, artifacts.ErrNoSpace, artifacts.ErrNoSpace, artifacts.ErrNoSpace, odd, nil}},
	} {
		a := &Activities{Machine: &runner.Machine{Log: zerolog.Nop()}}
		var s testsuite.WorkflowTestSuite
		s.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
		env := s.NewTestWorkflowEnvironment()
		env.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: time.Minute}) // of a busy machine
		attempts := 0
		fail := func(ctx context.Context) error {
			_, err := guard(ctx, a, "x", func() (struct{}, error) {
				attempts++
				return struct{}{}, c.errs[min(attempts, len(c.errs))-1]
			})
			return err
		}
		env.RegisterActivity(fail)
		env.ExecuteWorkflow(func(ctx workflow.Context) error {
			ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
				StartToCloseTimeout: time.Minute, RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: time.Second, BackoffCoefficient: 1, MaximumAttempts: 20},
			})
			return workflow.ExecuteActivity(ctx, fail).Get(ctx, nil)
		})
		err := env.GetWorkflowError()
		if attempts != len(c.errs) || kindOfError(err) != c.kind || err == nil && c.kind != "" {
			t.Errorf("%v: %d attempts, then %v; want %d and the kind %q", c.errs, attempts, err, len(c.errs), c.kind)
		}
	}
}
