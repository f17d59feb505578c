package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"lossatlas/activities"
	"lossatlas/activities/results"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/cli/sweeps"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/launch"
	"lossatlas/workers/internal/progress"
	"lossatlas/workers/internal/session"
)

const (
	pollEvery = time.Second
	// endPatience is the time that a cancelled sweep may take to record its results.
	endPatience = 10 * time.Second
	// silence is how long servers elsewhere, or a disk that is full, may be in the way before that is an error.
	silence = 30 * time.Second
)

// follower waits for a sweep's workflow and shows its progress.
type follower struct {
	*app.App
	services *session.Session
	client   client.Client
	graph    *pipelines.Graph
	started  launch.Started
	prior    map[string]time.Duration // how long steps are expected to take
	// watching only looks: an interrupt leaves the sweep alone.
	watching bool
	told     map[string]bool // whether the loss at imported weights was said, by the first step with them; false where an earlier run said it
	report   draft
	queue    queueNote
	// scratch says that the sweep runs in a store of its own, which is removed.
	scratch bool
}

// runAgain is what to do about a sweep that was stopped.
const runAgain = "run the same command again to continue"

// follow returns the sweep's root when its workflow has ended. When ctx ends
// first, the sweep is stopped, unless another process started it.
func (f *follower) follow(ctx context.Context) (artifacts.Root, error) {
	uninterrupted := context.WithoutCancel(ctx) // what must still work after an interrupt
	ended := make(chan error, 1)
	waiting, stop := context.WithCancel(uninterrupted)
	defer stop()
	go func() { ended <- f.await(waiting) }()

	poller := progress.NewPoller(f.client, f.services.Store, f.services.Payloads(), f.services.Namespace(), f.graph, f.started.ID, f.started.RunID)
	estimator := progress.NewEstimator(f.graph, f.prior)
	f.told = map[string]bool{}
	answered := time.Now()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			f.show(uninterrupted, poller, estimator)
			if by, stopped := f.stopped(uninterrupted, err); stopped {
				f.Say("sweep %s was stopped by %s", f.graph.Sweep, by)
			}
			return f.ended(uninterrupted, err, estimator)
		case <-ctx.Done():
			return f.interrupt(ctx, ended, estimator)
		case <-tick.C:
			switch err := f.show(ctx, poller, estimator); {
			case err == nil:
				answered = time.Now()
			case ctx.Err() == nil && f.unreachable(time.Since(answered)):
				return artifacts.Root{}, f.unansweredError(err)
			}
		}
	}
}

// await returns how the sweep's workflow has ended. A server that is away for a
// moment is asked again: how long is too long is for the caller to say.
func (f *follower) await(ctx context.Context) error {
	for {
		err := activities.Ended(ctx, f.started.Run, nil)
		var ended *temporal.WorkflowExecutionError
		if err == nil || errors.As(err, &ended) || !session.Unanswered(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pollEvery):
		}
	}
}

// show polls and shows the progress.
func (f *follower) show(ctx context.Context, p *progress.Poller, e *progress.Estimator) error {
	s, err := p.Poll(ctx)
	if ctx.Err() != nil {
		return nil
	}
	f.Printer.Show(s, e.Estimate(s))
	f.tellImports(ctx, p)
	f.keepReport(ctx, p)
	f.tellQueue(ctx, s)
	if err != nil {
		f.Log.Debug().Err(err).Msg("the sweep's state could not be asked for")
	}
	return err
}

// tellImports says the loss and error at imported weights as soon as they are known: they are what can be compared with the
// program that trained them, and maps around weights that were read wrongly are of no use.
func (f *follower) tellImports(ctx context.Context, p *progress.Poller) {
	var known map[string]artifacts.RootStep
	for _, w := range importsOf(f.graph) {
		id := w.steps[0].ID
		if _, isSettled := f.told[id]; isSettled {
			continue
		}
		if known == nil {
			known = activities.RootSteps(p.Known())
		}
		inState := func(state string) func(pipelines.Step) bool {
			return func(step pipelines.Step) bool { return known[step.ID].State == state }
		}
		i := slices.IndexFunc(w.steps, inState(artifacts.StateRan))
		if i < 0 { // an earlier run said it, if all are cached
			if !slices.ContainsFunc(w.steps, func(step pipelines.Step) bool { return !inState(artifacts.StateCached)(step) }) {
				f.told[id] = false
			}
			continue
		}
		f.told[id] = false
		only := &pipelines.Graph{Experiments: []pipelines.Experiment{{Name: w.experiments[i], Steps: w.steps[i : i+1]}}}
		rows, err := (&results.Sweep{Store: f.services.Store, Graph: only, Steps: known}).Experiments(ctx)
		if err != nil { // the end of the run says it again
			f.Log.Debug().Err(err).Str("step", w.steps[i].ID).Msg("the loss at imported weights can't be read")
			continue
		}
		if loss := rows[0].TrainLoss; loss != nil {
			f.Say("%s: the loss of the training images is %#.5g", app.JoinSome(w.experiments), *loss)
		}
		for _, line := range imported(rows[0]) {
			f.told[id] = true
			f.Say("%s: %s", app.JoinSome(w.experiments), line)
		}
	}
}

// unreachable says whether to stop waiting for services that have not answered for some time: those of this home when they
// have ended, or when the disk stays full.
func (f *follower) unreachable(quiet time.Duration) bool {
	switch f.services.Role() {
	case session.Attached:
		return !f.services.IsServing()
	case session.Owner:
		return quiet > silence && !f.services.IsServing()
	}
	return quiet > silence
}

// unansweredError is the error when the services no longer answer.
func (f *follower) unansweredError(err error) error {
	if f.services.Role() == session.Attached {
		return fmt.Errorf("the process that ran the services (%d) has ended; %s", f.services.PID(), runAgain)
	}
	if full := f.services.CheckSpace(); full != nil {
		return fmt.Errorf("%w; then run the sweep again: finished steps are kept", full)
	}
	return fmt.Errorf("the Temporal server at %s has not answered for %v: %w", f.services.TemporalAddress(), silence, err)
}

// interrupt ends the sweep at the user's request, or because a service failed.
func (f *follower) interrupt(ctx context.Context, ended <-chan error, estimator *progress.Estimator) (none artifacts.Root, err error) {
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return none, cause
	}
	name := f.graph.Sweep
	if f.watching || f.started.Joined && f.services.Role() != session.Owner {
		f.Say("the sweep continues; `lossatlas cancel %s` ends it", name)
		return none, exit.Silently(exit.Interrupted)
	}
	f.Say("interrupted: stopping %s (again to end at once)", name)
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), endPatience)
	defer cancel()
	stop := client.CancelWorkflowOptions{WorkflowID: f.started.ID, RunID: f.started.RunID, Reason: "Ctrl-C where it was started"}
	if err := f.client.CancelWorkflowWithOptions(limit, stop); err != nil {
		f.Log.Debug().Err(err).Msg("the sweep could not be cancelled")
	} else {
		select {
		case err := <-ended:
			if root, err := f.ended(limit, err, estimator); err == nil && !f.scratch {
				return root, nil
			}
		case <-limit.Done():
			f.Log.Debug().Msg("the sweep did not end in time; it will be set aside by the next run")
		}
	}
	if f.scratch {
		f.Say("stopped; nothing of it is kept")
	} else {
		f.Say("stopped; finished steps are kept: %s", runAgain)
	}
	return none, exit.Silently(exit.Interrupted)
}

// stopped says whether a workflow that ended with an error was stopped from elsewhere, and by what.
func (f *follower) stopped(ctx context.Context, err error) (by string, ok bool) {
	var canceled *temporal.CanceledError
	if !errors.As(err, &canceled) {
		return "", false
	}
	return cmp.Or(launch.StoppedBy(ctx, f.client, f.started.ID, f.started.RunID), "another program"), true
}

// ended returns the record that the workflow wrote at its end, and shows the steps that have ended since the last poll: the journal is
// removed with the run.
func (f *follower) ended(ctx context.Context, err error, estimator *progress.Estimator) (artifacts.Root, error) {
	root, err := f.root(ctx, err)
	if err == nil {
		s := sweeps.Recorded(f.graph, root)
		f.Printer.Show(s, estimator.Estimate(s))
	}
	return root, err
}

// root returns the record that the workflow wrote at its end.
func (f *follower) root(ctx context.Context, err error) (artifacts.Root, error) {
	var terminated *temporal.TerminatedError
	if errors.As(err, &terminated) {
		return artifacts.Root{}, exit.With(exit.Interrupted, fmt.Errorf("sweep %s was terminated from elsewhere; %s", f.graph.Sweep, runAgain))
	}
	if err != nil {
		f.Log.Debug().Err(err).Msg("the sweep's workflow failed")
	}
	root, rootErr := f.services.Store.Root(ctx, f.graph.Sweep)
	if rootErr != nil {
		return root, errors.Join(err, rootErr)
	}
	if root.RunID != f.started.RunID || root.State == artifacts.StateRunning {
		if err == nil {
			err = fmt.Errorf("sweep %s ended without a record of its steps", f.graph.Sweep)
		}
		return root, err
	}
	return root, nil
}
