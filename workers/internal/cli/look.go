package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"lossatlas/artifacts"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/launch"
	"lossatlas/workers/internal/progress"
	"lossatlas/workers/internal/session"
)

// looking opens the services for a command that only looks.
func (a *app) looking(ctx context.Context) (*session.Session, error) {
	if err := a.begin(zerolog.WarnLevel, false); err != nil {
		return nil, err
	}
	return a.services(ctx)
}

func (a *app) listCommand() *cobra.Command {
	return command("list", "List the sweeps, the latest first", cobra.NoArgs,
		func(cmd *cobra.Command, _ []string) error { return a.list(cmd.Context()) })
}

func (a *app) list(ctx context.Context) (err error) {
	s, err := a.looking(ctx)
	if err != nil {
		return err
	}
	defer a.finish(s, &err)
	sweeps, err := a.all(ctx, s)
	if err != nil {
		return err
	}
	rows := make([]row, len(sweeps))
	for i, w := range sweeps {
		rows[i] = w.row()
	}
	return printList(a, rows, func() error {
		if len(rows) == 0 {
			a.say("%s; `lossatlas run pipelines/quickstart.yaml` is a start", a.nothing(s))
			return nil
		}
		t := table{header: []string{"SWEEP", "STATE", "STEPS", "EXPERIMENTS", "STARTED", "TOOK"}, right: map[int]bool{2: true, 3: true}}
		for _, r := range rows {
			took := "-"
			if !r.Finished.IsZero() {
				took = progress.Duration(r.Finished.Sub(r.Started))
			}
			t.add(r.Sweep, r.doing, fmt.Sprintf("%d/%d", r.Done, r.Steps), fmt.Sprint(r.Experiments), r.Started.Local().Format(time.DateTime), took)
		}
		return t.text(a.Out)
	})
}

func (a *app) statusCommand() *cobra.Command {
	cmd := command("status [SWEEP]", "Say what is going on: where the services are and what runs, or each step of one sweep", cobra.MaximumNArgs(1),
		func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return a.statusOf(cmd.Context(), args[0])
			}
			return a.status(cmd.Context())
		})
	cmd.Long = cmd.Short + `.

States, the same in every table, page and JSON:

  waiting      a step or experiment that has not begun: it waits for an input, or for a worker
  running      a worker is at it
  cached, ran  a step that has a result: it was stored before, or was computed in this run
  done         a sweep or experiment of which every step has a result
  diverged     an experiment whose training ended with a loss that is not finite, and a sweep with such
               experiments of which no step failed
  failed       a step that failed, and the experiment and sweep that it belongs to
  interrupted  had begun when the sweep was stopped (Ctrl-C, ` + "`lossatlas cancel`" + `, a process that was killed)
  not run      never began: the sweep was stopped before, or a step that it needs failed, which is named

The same ` + "`lossatlas run`" + ` continues what was interrupted or not run.`
	return cmd
}

// statusAll is what `status` says.
type statusAll struct {
	Services *addresses `json:"services"` // null while nothing runs
	Sweeps   []row      `json:"sweeps"`   // that are not done
}

func (a *app) status(ctx context.Context) (err error) {
	s, err := a.looking(ctx)
	if err != nil {
		return err
	}
	defer a.finish(s, &err)
	out := statusAll{Sweeps: []row{}}
	if s.HasTemporal() {
		if _, err := s.Temporal(ctx); err != nil {
			return err
		}
		where := a.addresses(s)
		out.Services = &where
	}
	sweeps, err := a.all(ctx, s)
	if err != nil {
		return err
	}
	for _, w := range sweeps {
		if w.State != artifacts.StateDone {
			out.Sweeps = append(out.Sweeps, w.row())
		}
	}
	if a.set.Output != "text" {
		return a.printJSON(out)
	}
	if out.Services == nil {
		fmt.Fprintf(a.Out, "no services run on %s\n", a.home.Dir())
	} else if err := a.printAddresses(*out.Services); err != nil {
		return err
	}
	switch {
	case len(sweeps) == 0:
		fmt.Fprintln(a.Out, a.nothing(s))
		return nil
	case len(out.Sweeps) == 0:
		fmt.Fprintf(a.Out, "%s, all done\n", count(len(sweeps), "sweep"))
		return nil
	}
	fmt.Fprintln(a.Out)
	for _, r := range out.Sweeps {
		fmt.Fprintf(a.Out, "%s: %s; %s\n", r.Sweep, r.doing, r.summary)
	}
	return nil
}

// statusOf shows one sweep's steps.
func (a *app) statusOf(ctx context.Context, name string) (err error) {
	s, err := a.looking(ctx)
	if err != nil {
		return err
	}
	defer a.finish(s, &err)
	w, err := a.find(ctx, s, name)
	if err != nil {
		return err
	}
	if a.set.Output == "json" {
		return a.printJSON(struct {
			row
			RunID string          `json:"run_id"`
			List  []progress.Step `json:"list"`
		}{w.row(), w.RunID, w.now.Steps})
	}
	return printList(a, w.now.Steps, func() error {
		t := table{header: []string{"STATE", "STEP", "KIND", "TOOK", ""}, right: map[int]bool{3: true}}
		for _, st := range w.now.Steps {
			took := "-"
			if st.Seconds > 0 {
				took = progress.Duration(time.Duration(st.Seconds * float64(time.Second)))
			}
			t.add(st.State, st.ID, st.Kind, took, progress.Detail(st))
		}
		if err := t.text(a.Out); err != nil {
			return err
		}
		fmt.Fprintf(a.Out, "\n%s: %s; %s\n", w.Sweep, w.row().doing, w.row().summary)
		return nil
	})
}

func (a *app) watchCommand() *cobra.Command {
	return command("watch SWEEP", "Follow a running sweep until it ends; an interrupt leaves the sweep alone", cobra.ExactArgs(1),
		func(cmd *cobra.Command, args []string) error { return a.watch(cmd.Context(), args[0]) })
}

func (a *app) watch(ctx context.Context, name string) (err error) {
	s, err := a.looking(ctx)
	if err != nil {
		return err
	}
	defer a.finish(s, &err)
	defer a.printer.Close()
	w, err := a.find(ctx, s, name)
	if err != nil {
		return err
	}
	root := w.Root
	if w.client != nil {
		id := launch.WorkflowID(name)
		f := &follower{app: a, services: s, client: w.client, graph: w.graph, watching: true, prior: a.prior(ctx, s.Store, w.graph, w.Root.Numerics),
			started: launch.Started{ID: id, RunID: w.RunID, Joined: true, Run: w.client.GetWorkflow(ctx, id, w.RunID)}}
		if root, err = f.follow(ctx); err != nil {
			return err
		}
		a.printer.Close()
	}
	w.Root = root
	w.now = recorded(w.graph, root)
	if a.set.Output != "text" {
		if err := a.printJSON(w.row()); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(a.Out, "%s: %s; %s\n", w.Sweep, w.State, progress.Summary(w.now, progress.Estimate{}))
	}
	switch {
	case w.State == artifacts.StateDone:
		return nil
	case w.State == artifacts.StateInterrupted:
		return exit.Silently(exit.Interrupted)
	case w.State == artifacts.StateDiverged, w.State == artifacts.StateFailed && w.row().Done > 0:
		return exit.Silently(exit.Partial)
	}
	return exit.Silently(exit.Failed)
}
