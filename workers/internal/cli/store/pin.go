package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lossatlas/artifacts"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/cli/sweeps"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/session"
)

func rmCommand(a *app.App) *cobra.Command {
	var yes bool
	cmd := app.Command("rm SWEEP", "Remove a sweep from the list; `artifacts gc` may then free what only it needs", cobra.ExactArgs(1),
		a.InSession(func(ctx context.Context, s *session.Session, args []string) error {
			return remove(ctx, a, s, args[0], yes)
		}))
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "don't ask")
	return cmd
}

func pinCommand(a *app.App) *cobra.Command {
	return app.Command("pin SWEEP NAME", "Keep a sweep's present results under another name, also when the sweep is changed or removed", cobra.ExactArgs(2),
		func(cmd *cobra.Command, args []string) error { return pin(cmd.Context(), a, args[0], args[1]) })
}

func remove(ctx context.Context, a *app.App, s *session.Session, name string, yes bool) error {
	w, err := sweeps.Find(ctx, a, s, name)
	var damaged *artifacts.RecordError
	var blob *artifacts.DamagedError
	switch {
	case err == nil && w.Client != nil:
		return fmt.Errorf("sweep %s is running: cancel it first (`lossatlas cancel %s`)", name, name)
	case err == nil, errors.As(err, &damaged), errors.As(err, &blob), errors.Is(err, artifacts.ErrNotFound):
	case inQuarantine(ctx, s, name):
	default:
		return err
	}
	if err := a.Confirm(yes, fmt.Sprintf("Remove sweep %s?", name)); err != nil {
		return err
	}
	if err := s.Store.DropRoot(ctx, name); err != nil {
		return err
	}
	a.Say("removed %s; `lossatlas artifacts gc` deletes objects that no other sweep uses", name)
	return nil
}

// inQuarantine says whether the sweep's record was damaged and lies in quarantine.
func inQuarantine(ctx context.Context, s *session.Session, name string) bool {
	objects, err := s.Store.Quarantined(ctx)
	return err == nil && slices.ContainsFunc(objects, func(o string) bool { return strings.Contains(o+"/", "/roots/"+name+".json/") })
}

func pin(ctx context.Context, a *app.App, sweep, name string) (err error) {
	if err := checkName(name); err != nil {
		return err
	}
	s, err := a.OpenSession(ctx)
	if err != nil {
		return err
	}
	defer a.Finish(s, &err)
	since, err := s.Store.Moment(ctx)
	if err != nil {
		return err
	}
	w, err := sweeps.Find(ctx, a, s, sweep)
	if err != nil {
		return err
	}
	if w.Unfinished() {
		return exit.Usagef("sweep %s is %s: its results can be pinned when it has ended", sweep, w.State)
	}
	if _, err := s.Store.Root(ctx, name); !errors.Is(err, artifacts.ErrNotFound) {
		if err != nil {
			return err
		}
		return exit.Usagef("there is a sweep %s already: choose another name, or remove that sweep with `lossatlas artifacts rm %s`", name, name)
	}
	root := w.Root
	root.Sweep = name
	if err := s.Store.PutRootSince(ctx, root, since); err != nil {
		return err
	}
	a.Say("kept as %s; `lossatlas show %s` and other commands take that name", name, name)
	return nil
}
