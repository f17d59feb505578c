package cli

import (
	"bufio"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/launch"
	"lossatlas/workers/internal/progress"
	"lossatlas/workers/internal/session"
)

func (a *app) cancelCommand() *cobra.Command {
	var yes bool
	cmd := command("cancel SWEEP", "Stop a running sweep; what it finished is kept, and running it again goes on", cobra.ExactArgs(1),
		func(cmd *cobra.Command, args []string) error { return a.cancel(cmd.Context(), args[0], yes) })
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "don't ask")
	return cmd
}

func (a *app) cancel(ctx context.Context, name string, yes bool) (err error) {
	s, err := a.looking(ctx)
	if err != nil {
		return err
	}
	defer a.finish(s, &err)
	w, err := a.find(ctx, s, name)
	if err != nil {
		return err
	}
	if !w.unfinished() {
		return fmt.Errorf("sweep %s does not run: it is %s", name, w.State)
	}
	if err := a.confirm(yes, fmt.Sprintf("Cancel sweep %s (%s)?", name, progress.Summary(w.now, progress.Estimate{}))); err != nil {
		return err
	}
	if w.client == nil {
		return a.close(ctx, s, w)
	}
	if err := launch.Stop(ctx, w.client, launch.WorkflowID(name), w.RunID, "lossatlas cancel"); err != nil {
		return err
	}
	a.say("stopped; run the sweep again to continue")
	return nil
}

// close ends a sweep that a killed process left open, so that `up` does not go on with it.
func (a *app) close(ctx context.Context, s *session.Session, w *sweep) error {
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
	a.say("stopped; no process was working on it; run the sweep again to continue")
	return nil
}

// confirm asks before something is given up. Without a terminal there is nobody to ask.
func (a *app) confirm(yes bool, question string) error {
	if yes {
		return nil
	}
	if !terminal(a.In) {
		return exit.Usagef("%s Give --yes to confirm: there is no terminal to ask on", question)
	}
	fmt.Fprintf(a.Err, "%s [y/N] ", question)
	answer, err := bufio.NewReader(a.In).ReadString('\n')
	if err != nil && answer == "" {
		return exit.Usagef("no answer: %w", err)
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return exit.With(exit.Failed, fmt.Errorf("nothing was done"))
}
