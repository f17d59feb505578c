package store

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lossatlas/activities/report"
	"lossatlas/activities/results"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/cli/sweeps"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/export"
)

func exportFragmentCommand(a *app.App) *cobra.Command {
	var theme string
	cmd := app.Command("fragment STEP... FILE.html", "Write landscapes that turn as a piece of HTML, for a post, a project page or a notebook", cobra.MinimumNArgs(2),
		func(cmd *cobra.Command, args []string) error {
			last := len(args) - 1
			return exportFragment(cmd.Context(), a, args[:last], args[last], theme)
		})
	cmd.Long = cmd.Short + `.

Steps are surfaces of one sweep, as sweep/experiment/surface-train; several stand next to each other, on one scale. The file is one iframe of
300 kB or more, with the viewer of the sweep's page, captions and downloads. It needs no network, and any number of them fit into one page. Its style says how high it is.`
	cmd.Flags().StringVar(&theme, "theme", "auto", "`colors`: light, dark, or auto for those that the reader's system prefers")
	return cmd
}

func exportFragment(ctx context.Context, a *app.App, names []string, file, theme string) (err error) {
	if ext := strings.ToLower(filepath.Ext(file)); ext != ".html" && ext != ".htm" {
		return exit.Usagef("%s: a fragment is written as .html", file)
	}
	if !slices.Contains([]string{"auto", "light", "dark"}, theme) {
		return exit.Usagef("--theme: %q is none of auto, light and dark", theme)
	}
	path, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	s, err := a.OpenSession(ctx)
	if err != nil {
		return err
	}
	defer a.Finish(s, &err)
	roots, err := sweeps.Stored(ctx, a, s)
	if err != nil {
		return err
	}
	name, steps, err := surfacesOf(roots, names)
	if err != nil {
		return exit.With(exit.Usage, err)
	}
	sweep, err := exportable(ctx, a, s, name)
	if err != nil {
		return err
	}
	html, err := report.Fragment(ctx, &sweep.Sweep, steps, strings.TrimPrefix(theme, "auto"))
	if err != nil {
		return err
	}
	if err := export.WriteFile(path, []byte(html)); err != nil {
		return err
	}
	a.Say("wrote %s (%s, %s)", path, app.Count(len(steps), "surface"), app.Size(int64(len(html))))
	return nil
}

// surfacesOf finds the steps that names stand for, and their one sweep: that of the first name.
func surfacesOf(roots []artifacts.Root, names []string) (sweep string, steps []string, err error) {
	all := slices.DeleteFunc(results.Outputs(withoutLines(roots)), func(o results.Output) bool { return o.Output != pipelines.OutGrid })
	for _, name := range names {
		own := slices.DeleteFunc(slices.Clone(all), func(o results.Output) bool { return sweep != "" && o.Sweep != sweep })
		found := results.Named(own, name)
		if elsewhere := results.Named(all, name); len(found) == 0 && len(elsewhere) > 0 {
			return "", nil, fmt.Errorf("a fragment shows surfaces of one sweep: %s is of %s, and those before it are of %s", name, elsewhere[0].Sweep, sweep)
		}
		if len(found) != 1 {
			return "", nil, results.NewNameError(name, "surface", found, own)
		}
		sweep, steps = found[0].Sweep, append(steps, found[0].Step)
	}
	return sweep, steps, nil
}
