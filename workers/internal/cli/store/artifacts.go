package store

import (
	"context"

	"github.com/spf13/cobra"

	"lossatlas/activities/results"
	"lossatlas/artifacts"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/cli/sweeps"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/session"
	"lossatlas/workers/internal/table"
)

func artifactsCommand(a *app.App) *cobra.Command {
	ls := app.Command("ls [SWEEP]", "List the outputs of sweeps with their digests and sizes", cobra.MaximumNArgs(1),
		a.InSession(func(ctx context.Context, s *session.Session, args []string) error {
			return artifactsList(ctx, a, s, args)
		}))
	ls.Aliases = []string{"list"}
	cat := app.Command("cat DIGEST|STEP/OUTPUT", "Write a stored output to standard output, verified", cobra.ExactArgs(1),
		func(cmd *cobra.Command, args []string) error { return artifactsCat(cmd.Context(), a, args[0]) })
	return app.Group("artifacts", "List, check, copy and free stored results", ls, cat, verifyCommand(a), gcCommand(a), pinCommand(a), rmCommand(a), pushCommand(a), pullCommand(a), saveCommand(a), loadCommand(a))
}

func artifactsList(ctx context.Context, a *app.App, s *session.Session, names []string) error {
	var roots []artifacts.Root
	if len(names) == 1 {
		w, err := sweeps.Find(ctx, a, s, names[0])
		if err != nil {
			return err
		}
		roots = []artifacts.Root{w.Root}
	} else {
		var err error
		if roots, err = sweeps.Stored(ctx, a, s); err != nil {
			return err
		}
	}
	list := results.Outputs(roots)
	return app.PrintList(a, list, func() error {
		if len(list) == 0 && len(names) == 1 {
			a.Say("%s has no outputs yet", names[0])
			return nil
		} else if len(list) == 0 {
			a.Say("%s", sweeps.NoSweeps(a, s))
			return nil
		}
		t := table.Table{Header: []string{"STEP/OUTPUT", "KIND", "SIZE", "DIGEST"}, Right: map[int]bool{2: true}}
		for _, o := range list {
			t.Add(o.Sweep+"/"+o.Step+"/"+o.Output, o.Kind, app.Size(o.Size), o.Digest.String())
		}
		return t.Text(a.Out)
	})
}

func artifactsCat(ctx context.Context, a *app.App, name string) (err error) {
	if a.Settings.Output != "text" {
		return exit.Usagef("artifacts cat writes the bytes unchanged; leave --output out")
	}
	s, err := a.OpenSession(ctx)
	if err != nil {
		return err
	}
	defer a.Finish(s, &err)
	b, err := blob(ctx, a, s, name, "")
	if err != nil {
		return err
	}
	out := a.RawOut
	if app.IsTerminal(out) { // a file or another program has the bytes as they are
		out = a.Out
	}
	_, err = out.Write(b)
	return err
}
