package cli

import (
	"context"

	"github.com/spf13/cobra"

	"lossatlas/activities/results"
	"lossatlas/artifacts"
	"lossatlas/workers/internal/exit"
)

func (a *app) artifactsCommand() *cobra.Command {
	ls := command("ls [SWEEP]", "List the outputs of sweeps with their digests and sizes", cobra.MaximumNArgs(1),
		func(cmd *cobra.Command, args []string) error { return a.artifactsList(cmd.Context(), args) })
	ls.Aliases = []string{"list"}
	cat := command("cat DIGEST|STEP/OUTPUT", "Write a stored output to standard output, verified", cobra.ExactArgs(1),
		func(cmd *cobra.Command, args []string) error { return a.artifactsCat(cmd.Context(), args[0]) })
	return group("artifacts", "Look into the store of results, check it and keep it clean", ls, cat, a.verifyCommand(), a.gcCommand(), a.pinCommand(), a.rmCommand(), a.pushCommand(), a.pullCommand(), a.saveCommand(), a.loadCommand())
}

func (a *app) artifactsList(ctx context.Context, sweeps []string) (err error) {
	s, err := a.looking(ctx)
	if err != nil {
		return err
	}
	defer a.finish(s, &err)
	var roots []artifacts.Root
	if len(sweeps) == 1 {
		w, err := a.find(ctx, s, sweeps[0])
		if err != nil {
			return err
		}
		roots = []artifacts.Root{w.Root}
	} else if roots, err = s.Store.Roots(ctx); err != nil && roots == nil {
		return err
	} else if err != nil {
		a.log.Warn().Err(err).Msg("some sweeps can't be listed")
	}
	list := results.Outputs(roots)
	return printList(a, list, func() error {
		t := table{header: []string{"STEP/OUTPUT", "KIND", "SIZE", "DIGEST"}, right: map[int]bool{2: true}}
		for _, o := range list {
			t.add(o.Sweep+"/"+o.Step+"/"+o.Output, o.Kind, size(o.Size), o.Digest.String())
		}
		return t.text(a.Out)
	})
}

func (a *app) artifactsCat(ctx context.Context, name string) (err error) {
	if a.set.Output != "text" {
		return exit.Usagef("artifacts cat writes the bytes as they are; leave --output out")
	}
	s, err := a.looking(ctx)
	if err != nil {
		return err
	}
	defer a.finish(s, &err)
	b, err := a.blob(ctx, s, name, "")
	if err != nil {
		return err
	}
	out := a.rawOut
	if terminal(out) { // a file or another program has the bytes as they are
		out = a.Out
	}
	_, err = out.Write(b)
	return err
}
