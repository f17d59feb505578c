package run

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"time"

	"github.com/spf13/cobra"

	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/cli/sweeps"
	"lossatlas/workers/internal/launch"
	"lossatlas/workers/internal/progress"
	"lossatlas/workers/internal/session"
)

func cancelCommand(a *app.App) *cobra.Command {
	var yes bool
	cmd := app.Command("cancel SWEEP", "Stop a running sweep; finished steps are kept, and running it again continues it", cobra.ExactArgs(1),
		a.InSession(func(ctx context.Context, s *session.Session, args []string) error {
			return cancel(ctx, a, s, args[0], yes)
		}))
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "don't ask")
	return cmd
}

func cancel(ctx context.Context, a *app.App, s *session.Session, name string, yes bool) error {
	w, err := sweeps.Find(ctx, a, s, name)
	if err != nil {
		return err
	}
	if !w.Unfinished() {
		return fmt.Errorf("sweep %s does not run: it is %s", name, w.State)
	}
	if err := a.Confirm(yes, fmt.Sprintf("Cancel sweep %s (%s)?", name, progress.Summary(w.Now, progress.Estimate{}))); err != nil {
		return err
	}
	if w.Client == nil {
		return closeSweep(ctx, a, s, w)
	}
	if err := launch.Stop(ctx, w.Client, launch.WorkflowID(name), w.RunID, "lossatlas cancel"+caller()); err != nil {
		return err
	}
	a.Say("stopped; run the sweep again to continue")
	return nil
}

// caller names the user and the machine of this process, for the processes that follow the sweep; "" if unknown.
func caller() string {
	u, err := user.Current()
	host, hostErr := os.Hostname()
	if err != nil || hostErr != nil {
		return ""
	}
	return fmt.Sprintf(", called by %s on %s", u.Username, host)
}

// closeSweep ends a sweep that a killed process left open, so that `up` does not resume it.
func closeSweep(ctx context.Context, a *app.App, s *session.Session, w *sweeps.Sweep) error {
	c, err := s.Temporal(ctx)
	if err != nil {
		return err
	}
	if _, err := launch.EndOthers(ctx, c, s.Payloads().Data, func(other string) bool { return other != w.Sweep }); err != nil {
		return err
	}
	root := w.Root                   // with the steps that the store has
	root.Finished = time.Now().UTC() // it is interrupted already
	if err := s.Store.PutRoot(ctx, root); err != nil {
		return err
	}
	a.Say("stopped; no process was working on it; run the sweep again to continue")
	return nil
}
