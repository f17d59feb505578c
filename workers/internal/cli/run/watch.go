package run

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"lossatlas/artifacts"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/cli/sweeps"
	"lossatlas/workers/internal/estimate"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/launch"
	"lossatlas/workers/internal/progress"
	"lossatlas/workers/internal/session"
)

func watchCommand(a *app.App) *cobra.Command {
	return app.Command("watch SWEEP", "Follow a running sweep until it ends; an interrupt leaves the sweep alone", cobra.ExactArgs(1),
		a.InSession(func(ctx context.Context, s *session.Session, args []string) error { return watch(ctx, a, s, args[0]) }))
}

func watch(ctx context.Context, a *app.App, s *session.Session, name string) error {
	defer a.Printer.Close()
	w, err := sweeps.Find(ctx, a, s, name)
	if err != nil {
		return err
	}
	root := w.Root
	if w.Client != nil {
		id := launch.WorkflowID(name)
		f := &follower{App: a, services: s, client: w.Client, graph: w.StepGraph, watching: true, prior: estimate.Prior(ctx, s.Store, w.StepGraph, w.Root.Numerics, a.Log),
			started: launch.Started{ID: id, RunID: w.RunID, Joined: true, Run: w.Client.GetWorkflow(ctx, id, w.RunID)}}
		if root, err = f.follow(ctx); err != nil {
			return err
		}
		a.Printer.Close()
	}
	w.Root = root
	w.Now = sweeps.Recorded(w.StepGraph, root)
	if a.Settings.Output != "text" {
		if err := a.PrintJSON(w.Row()); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(a.Out, "%s: %s; %s\n", w.Sweep, w.State, progress.Summary(w.Now, progress.Estimate{}))
	}
	switch {
	case w.State == artifacts.StateDone:
		return nil
	case w.State == artifacts.StateInterrupted:
		return exit.Silently(exit.Interrupted)
	case w.State == artifacts.StateDiverged, w.State == artifacts.StateFailed && w.Row().Done > 0:
		return exit.Silently(exit.Partial)
	}
	return exit.Silently(exit.Failed)
}
