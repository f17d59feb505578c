package run

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"lossatlas/activities/results"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/cli/show"
	"lossatlas/workers/internal/cli/sweeps"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/pages"
	"lossatlas/workers/internal/progress"
	"lossatlas/workers/internal/session"
	"lossatlas/workers/internal/table"
)

// runResult is what `run --output json` ends with. Scripts rely on it.
type runResult struct {
	Sweep       string               `json:"sweep"`
	RunID       string               `json:"run_id"`
	State       string               `json:"state"` // done, diverged, failed, interrupted
	Steps       stepCounts           `json:"steps"`
	Seconds     float64              `json:"seconds"` // by the clock, as `list` has it
	Report      string               `json:"report"`  // path, "" if it is missing
	Experiments []results.Experiment `json:"experiments"`
	// Comparisons are maps between the minimizers of several experiments.
	Comparisons []results.Comparison `json:"comparisons"`
}

type stepCounts struct {
	Total  int `json:"total"`
	Cached int `json:"cached"`
	Ran    int `json:"ran"`
	Failed int `json:"failed"`
	// Interrupted had begun when the sweep was stopped; NotRun never began, for that or because another step failed.
	Interrupted int `json:"interrupted"`
	NotRun      int `json:"not_run"`
}

// String is the counts in words; interrupted and missing steps are named only if there are some.
func (c stepCounts) String() string {
	s := fmt.Sprintf("%s, %d cached, %d ran, %d failed", app.Count(c.Total, "step"), c.Cached, c.Ran, c.Failed)
	if c.Interrupted > 0 {
		s += fmt.Sprintf(", %d interrupted", c.Interrupted)
	}
	if c.NotRun > 0 {
		s += fmt.Sprintf(", %d not run", c.NotRun)
	}
	return s
}

func countSteps(g *pipelines.Graph, root artifacts.Root) stepCounts {
	now := sweeps.Recorded(g, root)
	c := stepCounts{
		Total: len(now.Steps), Cached: now.Count(artifacts.StateCached), Ran: now.Count(artifacts.StateRan),
		Failed: now.Count(artifacts.StateFailed), Interrupted: now.Count(artifacts.StateInterrupted),
	}
	c.NotRun = c.Total - c.Cached - c.Ran - c.Failed - c.Interrupted
	return c
}

// printEnd prints the results of a run that has ended, and returns the error that makes the exit code.
func (r *run) printEnd(ctx context.Context, root artifacts.Root) error {
	r.Printer.Close()
	found := &results.Sweep{Store: r.services.Store, Graph: r.graph, Steps: root.Steps}
	rows, err := found.Experiments(ctx)
	if err != nil {
		return err
	}
	compared, err := found.Comparisons(ctx)
	if err != nil {
		return err
	}
	found.Numerics = r.numerics // for the points of unfinished maps
	report, err := sweeps.KeepReport(ctx, r.App, found)
	if err != nil {
		return err
	}
	if r.following != nil {
		return r.following.print(r, root, rows)
	}
	out := runResult{
		Sweep: r.graph.Sweep, RunID: root.RunID, State: root.State, Steps: countSteps(r.graph, root),
		Seconds: max(0, root.Finished.Sub(root.Started).Seconds()), Report: report, Experiments: rows, Comparisons: compared,
	}
	if r.Settings.Output != "text" {
		if err := r.PrintJSON(out); err != nil {
			return err
		}
	} else if err := r.printResult(out, rows); err != nil {
		return err
	}
	return r.verdict(root, rows)
}

// printResult is the result for people.
func (r *run) printResult(out runResult, rows []results.Experiment) error {
	took := ", in " + progress.Duration(time.Duration(out.Seconds*float64(time.Second)))
	if out.Steps.Cached == out.Steps.Total {
		took = ""
	}
	if _, err := fmt.Fprintf(r.Out, "%s: %s%s\n", out.Sweep, out.Steps, took); err != nil {
		return err
	}
	if out.State == artifacts.StateInterrupted {
		r.printReport(out.Report)
		return nil
	}
	for _, t := range show.Summary(rows, out.Comparisons) {
		fmt.Fprintln(r.Out)
		if err := t.Text(r.Out); err != nil {
			return err
		}
	}
	show.PrintNotes(r.Out, rows)
	printImported(r.Out, r.graph, rows, r.told)
	fmt.Fprintln(r.Out)
	r.printReport(out.Report)
	if r.services.Role() == session.Owner {
		fmt.Fprintf(r.Out, "browse  `%s up` serves the pages of all sweeps and the Temporal UI\n", r.Self())
	} else if url := r.services.Pages(); url != "" {
		fmt.Fprintf(r.Out, "browse  %s\n", r.services.Link(url+pages.Path(out.Sweep)))
	} else if ui := r.services.UI(); ui != "" {
		fmt.Fprintf(r.Out, "browse  %s\n", r.services.Link(ui))
	}
	return nil
}

// printReport names the report, if there is one.
func (r *run) printReport(path string) {
	if path != "" {
		fmt.Fprintf(r.Out, "report  %s\n        `%s open %s` opens it\n", path, r.Self(), r.graph.Sweep)
	}
}

// importedWeights are weights from a file, with the experiments that have them and their steps.
type importedWeights struct {
	experiments []string
	steps       []pipelines.Step
}

// importsOf are the imported weights of a graph, each once.
func importsOf(g *pipelines.Graph) (out []importedWeights) {
	of := map[string]int{}
	for _, e := range g.Experiments {
		step := results.Weights(e)
		if step == nil || step.Kind != pipelines.KindImport {
			continue
		}
		i, ok := of[string(step.Params)]
		if !ok {
			i, out = len(out), append(out, importedWeights{})
			of[string(step.Params)] = i
		}
		out[i].experiments, out[i].steps = append(out[i].experiments, e.Name), append(out[i].steps, *step)
	}
	return out
}

// printImported prints the lines about each imported weights that were not told during the run, in front of them the experiments that have them.
func printImported(out io.Writer, g *pipelines.Graph, rows []results.Experiment, told map[string]bool) {
	for _, w := range importsOf(g) {
		if told[w.steps[0].ID] {
			continue
		}
		i := slices.IndexFunc(rows, func(row results.Experiment) bool {
			return slices.Contains(w.experiments, row.Name) && len(imported(row)) > 0
		})
		if i < 0 {
			continue
		}
		fmt.Fprintln(out)
		for _, line := range imported(rows[i]) {
			fmt.Fprint(out, table.Paragraph(out, "", "  ", app.JoinSome(w.experiments)+": "+line))
		}
	}
}

// imported are lines about imported weights: what tells a wrong import from a right one.
func imported(row results.Experiment) (lines []string) {
	if row.TrainError != nil {
		lines = append(lines, fmt.Sprintf("%.2f %% of the training images are classified wrongly", *row.TrainError))
	}
	if row.Guessing > 0 && row.TrainLoss != nil && *row.TrainLoss >= row.Guessing {
		lines = append(lines, fmt.Sprintf("the loss of the training images, %.4g, is no less than that of guessing, %.4g: check mean and deviation, the order of the channels, and the numbers of the classes", *row.TrainLoss, row.Guessing))
	}
	if row.Gradient != nil {
		lines = append(lines, row.Gradient.String())
	}
	return lines
}

// verdict is the error of a run that was stopped, or of which something failed.
func (r *run) verdict(root artifacts.Root, rows []results.Experiment) error {
	if root.State == artifacts.StateInterrupted {
		c := countSteps(r.graph, root)
		left := app.Count(c.NotRun, "step") + " not run"
		if c.Interrupted > 0 {
			left = fmt.Sprintf("%s interrupted, %d not run", app.Count(c.Interrupted, "step"), c.NotRun)
		}
		r.Say("%s; %s", left, runAgain)
		return exit.Silently(exit.Interrupted)
	}
	states := map[string]int{}
	for _, row := range rows {
		states[row.State]++
		for _, step := range slices.Sorted(maps.Keys(row.Errors)) {
			r.Log.Debug().Str("experiment", row.Name).Str("step", step).Str("error", row.Errors[step]).Msg("step failed")
		}
	}
	failed, diverged, notRun := states[artifacts.StateFailed], states[artifacts.StateDiverged], states[artifacts.StateInterrupted]+states[artifacts.StateNotRun]
	switch {
	case failed+diverged == 0 && root.State == artifacts.StateDone:
		return nil
	case failed == 0 && diverged > 0:
		return exit.With(exit.Partial, fmt.Errorf("%d of %s diverged: %s", diverged, app.Count(len(rows), "experiment"), firstDivergence(rows)))
	case failed == 0:
		for _, id := range slices.Sorted(maps.Keys(root.Steps)) {
			if s := root.Steps[id]; s.State == artifacts.StateFailed {
				return fmt.Errorf("all experiments are done, but %s failed: %s", id, s.Error)
			}
		}
		return fmt.Errorf("the sweep ended as %q", root.State)
	}
	others := ""
	if notRun > 0 {
		others = fmt.Sprintf(" and %d not run", notRun)
	}
	err := fmt.Errorf("%d of %s failed%s: %s", failed, app.Count(len(rows), "experiment"), others, firstError(rows))
	if failed < len(rows) {
		return exit.With(exit.Partial, err)
	}
	return err
}

// firstDivergence says where the first diverged experiment diverged and what to do.
func firstDivergence(rows []results.Experiment) string {
	for _, row := range rows {
		if row.Diverged != nil {
			return row.Name + ": " + row.Diverged.String()
		}
	}
	return ""
}

// firstError is the cause of the first failure.
func firstError(rows []results.Experiment) string {
	for _, row := range rows {
		if steps := slices.Sorted(maps.Keys(row.Errors)); row.State == artifacts.StateFailed && len(steps) > 0 {
			return fmt.Sprintf("%s/%s: %s", row.Name, steps[0], row.Errors[steps[0]])
		}
	}
	return "see `lossatlas status`"
}
