package show

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lossatlas/artifacts"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/cli/sweeps"
	"lossatlas/workers/internal/progress"
	"lossatlas/workers/internal/session"
	"lossatlas/workers/internal/table"
)

func listCommand(a *app.App) *cobra.Command {
	return app.Command("list", "List the sweeps, the latest first: TOOK is the time of the last run by the clock, without starting services; WORK is the sum of the times of all steps, in whichever run they were computed", cobra.NoArgs,
		a.InSession(func(ctx context.Context, s *session.Session, _ []string) error { return list(ctx, a, s) }))
}

func list(ctx context.Context, a *app.App, s *session.Session) error {
	all, err := sweeps.All(ctx, a, s)
	if err != nil {
		return err
	}
	rows := make([]sweeps.Row, len(all))
	for i, w := range all {
		rows[i] = w.Row()
	}
	return app.PrintList(a, rows, func() error {
		if len(rows) == 0 {
			a.Say("%s", sweeps.NoSweeps(a, s))
			return nil
		}
		t := table.Table{Header: []string{"SWEEP", "STATE", "STEPS", "EXPERIMENTS", "STARTED", "TOOK", "WORK"}, Right: map[int]bool{2: true, 3: true, 5: true, 6: true}}
		for _, r := range rows {
			took := cmp.Or(r.Took(r.Started, r.Finished), "-")
			if r.Imported {
				t.Add(r.Sweep, "imported weights", "-", "-", r.Started.Local().Format(time.DateTime), "-", "-")
				continue
			}
			work := "-"
			if r.WorkSeconds > 0 {
				work = progress.Duration(time.Duration(r.WorkSeconds * float64(time.Second)))
			}
			t.Add(r.Sweep, r.Doing, fmt.Sprintf("%d/%d", r.Done, r.Steps), r.Experiments, r.Started.Local().Format(time.DateTime), took, work)
		}
		return t.Text(a.Out)
	})
}

func statusCommand(a *app.App) *cobra.Command {
	var all bool
	cmd := app.Command("status [SWEEP]", "Show where the services are and which sweeps run, or each step of one sweep", cobra.MaximumNArgs(1),
		a.InSession(func(ctx context.Context, s *session.Session, args []string) error {
			if len(args) == 1 {
				return statusOf(ctx, a, s, args[0], all)
			}
			return status(ctx, a, s)
		}))
	cmd.Long = cmd.Short + `.

States, the same in every table, page and JSON:

  waiting      a step or experiment that waits for an input or a worker
  running      a worker computes it
  cached, ran  a step that has a result: it was stored before, or was computed in this run
  done         a sweep or experiment of which every step has a result
  diverged     an experiment whose training ended with a loss that is not finite, and a sweep with such
               experiments of which no step failed
  failed       a step that failed, and the experiment and sweep that it belongs to
  interrupted  was running when the sweep was stopped (Ctrl-C, ` + "`lossatlas cancel`" + `, a process that was killed)
  not run      never started: the sweep was stopped before, or a step that it needs failed, which is named

The same ` + "`lossatlas run`" + ` continues with the interrupted steps and those not run.
Steps that wait for the same reason share a line, and so do steps not run for the same reason; --all and JSON list each.`
	cmd.Flags().BoolVar(&all, "all", false, "with a sweep: a line for each step, including waiting steps and steps not run")
	return cmd
}

// statusAll is what `status` says.
type statusAll struct {
	Services *app.Addresses `json:"services"` // null while nothing runs
	Sweeps   []sweeps.Row   `json:"sweeps"`   // that are not done
}

func status(ctx context.Context, a *app.App, s *session.Session) error {
	out := statusAll{Sweeps: []sweeps.Row{}}
	if s.HasTemporal() {
		if _, err := s.Temporal(ctx); err != nil {
			return err
		}
		where := a.Addresses(s)
		out.Services = &where
	}
	all, err := sweeps.All(ctx, a, s)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(w *sweeps.Sweep) bool { return w.Row().Imported })
	for _, w := range all {
		if w.State != artifacts.StateDone {
			out.Sweeps = append(out.Sweeps, w.Row())
		}
	}
	if a.Settings.Output != "text" {
		return a.PrintJSON(out)
	}
	switch {
	case len(all) == 0:
		fmt.Fprintln(a.Out, a.Hinted(sweeps.NoSweeps(a, s)))
	case len(out.Sweeps) == 0:
		fmt.Fprintf(a.Out, "%s, all done\n", app.Count(len(all), "sweep"))
	}
	for _, r := range out.Sweeps {
		fmt.Fprintf(a.Out, "%s: %s; %s\n", r.Sweep, r.Doing, r.Summary)
	}
	if out.Services == nil {
		_, err = fmt.Fprintf(a.Out, "no services run on %s\n", a.Home.Dir())
		return err
	}
	fmt.Fprintln(a.Out)
	return a.PrintAddresses(*out.Services)
}

// statusOf shows one sweep's steps; without all, waiting steps and those not run share lines.
func statusOf(ctx context.Context, a *app.App, s *session.Session, name string, all bool) error {
	w, err := sweeps.FindExperiments(ctx, a, s, name)
	if err != nil {
		return err
	}
	if a.Settings.Output == "json" {
		return a.PrintJSON(struct {
			sweeps.Row
			RunID string          `json:"run_id"`
			List  []progress.Step `json:"list"`
		}{w.Row(), w.RunID, w.Now.Steps})
	}
	return app.PrintList(a, w.Now.Steps, func() error {
		fmt.Fprintf(a.Out, "%s: %s; %s\n\n", w.Sweep, w.Row().Doing, w.Row().Summary)
		return stepTable(w.Now.Steps, all).Text(a.Out)
	})
}

// stepTable is the table of steps. Unless all are asked for, steps that wait or were not run for the same reason share one
// line, which counts them by kind.
func stepTable(steps []progress.Step, all bool) *table.Table {
	type reason struct{ state, detail string }
	same := map[reason][]progress.Step{}
	for _, st := range steps {
		if r := (reason{st.State, progress.Detail(st)}); !all && (r.state == artifacts.StateWaiting || r.state == artifacts.StateNotRun) {
			same[r] = append(same[r], st)
		}
	}
	t := &table.Table{Header: []string{"STATE", "STEP", "KIND", "TOOK", ""}, Right: map[int]bool{3: true}}
	for _, st := range steps {
		took, detail := "-", progress.Detail(st)
		if st.Seconds > 0 {
			took = progress.Duration(time.Duration(st.Seconds * float64(time.Second)))
		}
		switch group := same[reason{st.State, detail}]; {
		case len(group) < 2:
			t.Add(st.State, st.ID, st.Kind, took, detail)
		case group[0].ID == st.ID:
			t.Add(st.State, app.Count(len(group), "step"), "-", "-", strings.TrimSuffix(countKinds(group)+", "+detail, ", "))
		}
	}
	return t
}

// countKinds counts steps by kind, in their order: "2 train, 4 line".
func countKinds(steps []progress.Step) string {
	var kinds []string
	count := map[string]int{}
	for _, st := range steps {
		if count[st.Kind]++; count[st.Kind] == 1 {
			kinds = append(kinds, st.Kind)
		}
	}
	for i, kind := range kinds {
		kinds[i] = fmt.Sprintf("%d %s", count[kind], kind)
	}
	return strings.Join(kinds, ", ")
}
