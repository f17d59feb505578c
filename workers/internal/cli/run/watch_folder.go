package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"lossatlas/activities"
	"lossatlas/activities/engine"
	"lossatlas/activities/results"
	"lossatlas/activities/weights"
	"lossatlas/artifacts"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/cli/serve"
	"lossatlas/workers/internal/cli/show"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/launch"
	"lossatlas/workers/internal/pages"
	"lossatlas/workers/internal/table"
)

func watchFolderCommand(a *app.App) *cobra.Command {
	w := watching{mapping: mapping{App: a}}
	cmd := app.Command("watch-folder DIR {--net MODEL --data DATA | SWEEP.yaml}", "Map the checkpoints of a training elsewhere as they appear in a folder, until interrupted", cobra.RangeArgs(1, 2),
		func(cmd *cobra.Command, args []string) error {
			file := ""
			if len(args) > 1 {
				file = args[1]
			}
			return w.do(cmd.Context(), args[0], file, cmd.Flags().Changed)
		})
	cmd.Long = cmd.Short + `.

DIR is a folder, or a pattern in quotes such as 'runs/epoch_*.pth', of files as --weights of ` + "`lossatlas map`" + ` takes them. A
file is read once size and time have not changed for two seconds and it is complete. An overwritten file, such as last.pth,
counts as a new checkpoint each time, and equal weights once. Weights are stored, so a checkpoint may be deleted after it was read.

The first call writes a sweep file next to MODEL. To map something else, edit it and name it in place of --net and --data. Each
checkpoint is an experiment of the sweep, whose page grows with it. After an interrupt the same command continues.`
	f := cmd.Flags()
	f.StringVar(&w.net, "net", "", "`model` file or folder, or the name of a built-in network")
	w.bind(f)
	f.StringVar(&w.name, "name", "", "`name` of the sweep and its file (default: that of DIR)")
	f.IntVar(&w.every, "every", 1, "map each `N`-th new checkpoint")
	f.BoolVar(&w.quiet, "no-open", false, "don't open the page")
	return cmd
}

// watching is one call of `lossatlas watch-folder`.
type watching struct {
	mapping
	net   string
	every int

	sweep *launch.Growing
	known []launch.Checkpoint
}

func (w *watching) do(ctx context.Context, path, file string, given func(string) bool) error {
	if w.every < 1 {
		return exit.Usagef("--every %d: want at least 1 checkpoint", w.every)
	}
	whole, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	if file, err = w.file(path, whole, file, given); err != nil {
		return err
	}
	if w.sweep, err = launch.ReadGrowing(file); err != nil {
		return err
	}
	return w.serve(ctx, whole)
}

// file is the sweep file: the one that was named, or else the one that it writes.
func (w *watching) file(path, whole, file string, given func(string) bool) (string, error) {
	if file != "" {
		for _, flag := range []string{"net", "data", "labels", "rename", "loss", "mean", "deviation", "name", "images"} {
			if given(flag) {
				return "", exit.Usagef("--%s has no effect next to %s, which says it itself; leave one of them out", flag, file)
			}
		}
		return file, nil
	}
	if w.net == "" {
		return "", exit.Usagef("watch-folder needs --net and --data, or a sweep file: say which network the checkpoints in %s are of", path)
	}
	if w.name == "" {
		w.name = sweepName(filepath.Base(launch.FixedPart(whole)))
	}
	w.folder = path
	return w.write(w.net)
}

// serve maps what is found, again and again.
func (w *watching) serve(ctx context.Context, path string) (err error) {
	w.Settle()
	if err := w.Begin(zerolog.WarnLevel, true); err != nil {
		return err
	}
	defer w.Printer.Close()
	r := &run{App: w.App, priority: activities.DefaultPriority, following: &growth{printed: map[string]bool{}}}
	r.engine, _ = r.EngineOptions()
	if r.numerics, err = engine.Class(r.engine); err != nil {
		return err
	}
	if r.services, err = serve.Open(ctx, w.App); err != nil {
		return err
	}
	defer w.Finish(r.services, &err)
	defer func() { err = setAside(ctx, r.services.Store, err) }()
	if w.known, err = w.sweep.Recorded(ctx, r.services.Store); err != nil {
		return err
	}
	left, err := w.recall(ctx, r.services.Store)
	if err != nil {
		return err
	}
	w.add(left)
	if r.sweep, err = w.sweep.With(append(slices.Clone(w.known), launch.Checkpoint{Name: "next"})); err != nil {
		return err
	}
	if r.numerics, err = classOf(ctx, r.services, r.sweep, r.numerics, ""); err != nil {
		return err
	}
	w.WarnSlow(r.engine)
	ctx, stop, err := r.serve(ctx)
	if err != nil {
		return err
	}
	defer stop()
	if url := r.services.Pages(); url != "" {
		w.Say("the page: %s", r.services.Link(url+pages.Path(w.sweep.Sweep)))
	}
	arrivals, err := w.sweep.Arrivals(ctx, r.services.Store, path, w.every, w.known)
	if err != nil {
		return err
	}
	if below := launch.FixedPart(path); !exists(below) {
		w.Say("%s does not exist yet; waiting for it", below)
	}
	before := ""
	if n := len(w.known); n > 0 {
		before = fmt.Sprintf("; it has %s from earlier calls", app.Count(n, "checkpoint"))
	}
	w.Say("watching %s%s (Ctrl-C ends)", path, before)
	unwatch, err := w.Home.Watch(w.sweep.Sweep, path)
	if err != nil {
		return err
	}
	defer unwatch()
	return w.follow(ctx, r, w.look(ctx, arrivals, left))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// look looks for checkpoints also while others are mapped, as a training may delete them soon. Those that were handed over before are remembered until the
// next are: then they are in the record of a run.
func (w *watching) look(ctx context.Context, arrivals *launch.Arrivals, handed []launch.Checkpoint) <-chan []launch.Checkpoint {
	found := make(chan []launch.Checkpoint)
	go func() {
		tick := time.NewTicker(pollEvery)
		defer tick.Stop()
		var waiting []launch.Checkpoint
		for {
			out := found
			if len(waiting) == 0 {
				out = nil
			}
			select {
			case <-ctx.Done():
				return
			case out <- waiting:
				handed, waiting = waiting, nil
			case <-tick.C:
				more, problems, equal := arrivals.Look(time.Now())
				waiting = append(waiting, more...)
				if len(more) > 0 {
					if err := w.remember(slices.Concat(handed, waiting)); err != nil {
						w.Say("%v", err)
					}
				}
				for _, text := range equal {
					w.Say("%s", text)
				}
				for _, err := range problems {
					if ctx.Err() == nil {
						w.Say("%v; it is tried again when the file changes", err)
					}
				}
			}
		}
	}()
	return found
}

// follow maps checkpoints as they are found, until ctx ends.
func (w *watching) follow(ctx context.Context, r *run, found <-chan []launch.Checkpoint) error {
	if len(w.known) > 0 { // those that an interrupted run left
		if err := w.compute(ctx, r); err != nil {
			return err
		}
	}
	for {
		select {
		case <-ctx.Done():
			if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
				return cause
			}
			w.Say("ended after %s; the same command continues", app.Count(len(w.known), "checkpoint"))
			return nil
		case more := <-found:
			w.add(more)
			if err := w.compute(ctx, r); err != nil {
				return err
			}
		}
	}
}

// add puts checkpoints among the known ones, in the order of their names.
func (w *watching) add(more []launch.Checkpoint) {
	w.known = append(w.known, more...)
	slices.SortFunc(w.known, func(a, b launch.Checkpoint) int { return weights.CompareNames(a.Name, b.Name) })
}

// compute maps the known checkpoints that have no maps.
func (w *watching) compute(ctx context.Context, r *run) (err error) {
	if r.sweep, err = w.sweep.With(w.known); err != nil {
		return err
	}
	if r.graph, err = launch.Expand(ctx, r.sweep, w.DataOptions(), fetching(w.App)); err != nil {
		return err
	}
	first := len(r.following.printed) == 0
	if err := r.compute(ctx); err != nil || !first || w.quiet {
		return err
	}
	page := w.Home.Path("reports", w.sweep.Sweep, "index.html")
	if url := r.services.Pages(); url != "" {
		if page, err = w.Home.RedirectPage(w.sweep.Sweep, r.services.Link(url+pages.Path(w.sweep.Sweep))); err != nil {
			return err
		}
	}
	if err := serve.Browse(ctx, w.App, page); err != nil {
		w.Log.Info().Err(err).Msg("no browser was started")
	}
	return nil
}

// growth prints the experiments of a growing sweep, each once.
type growth struct {
	printed map[string]bool // experiments, by name
	header  string          // of the table that was printed last
	widths  []int           // of its columns
	failure string          // that was reported last
}

// print prints the experiments that are new. Only an interrupt is an error: what failed is reported and tried again with the next checkpoint.
func (g *growth) print(r *run, root artifacts.Root, rows []results.Experiment) error {
	var fresh []results.Experiment
	for _, row := range rows {
		if !g.printed[row.Name] && (row.State == artifacts.StateDone || row.State == artifacts.StateDiverged) {
			g.printed[row.Name] = true
			fresh = append(fresh, row)
		}
	}
	if err := g.table(r, fresh); err != nil {
		return err
	}
	err := r.verdict(root, rows)
	if err == nil || root.State == artifacts.StateInterrupted {
		return err
	}
	if failure := err.Error(); failure != g.failure {
		g.failure = failure
		r.Say("%s", failure)
	}
	return nil
}

// table prints experiments, the latest last, in the columns of the last table; with a header where it differs from the last one or a column is wider.
// Elsewhere than on a terminal an experiment is one line.
func (g *growth) table(r *run, fresh []results.Experiment) error {
	if r.Settings.Output != "text" {
		for _, row := range fresh {
			if err := r.PrintJSON(row); err != nil {
				return err
			}
		}
		return nil
	}
	if len(fresh) == 0 {
		return nil
	}
	t := show.Checkpoints(fresh)
	_, t.Fold = table.Width(r.Out)
	header := t.Above + strings.Join(t.Header, " ")
	if header == g.header {
		t.Continued = g.widths
	}
	g.header, g.widths = header, t.Widths()
	return t.Text(r.Out)
}
