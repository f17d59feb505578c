package show

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"lossatlas/activities/results"
	"lossatlas/activities/surface"
	"lossatlas/activities/trainlog"
	"lossatlas/artifacts"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/cli/sweeps"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/session"
	"lossatlas/workers/internal/table"
)

func showCommand(a *app.App) *cobra.Command {
	var o showOptions
	cmd := app.Command("show SWEEP", "Show a sweep's results as a table: parameters, losses, test error in percent, and numbers of maps", cobra.ExactArgs(1),
		func(cmd *cobra.Command, args []string) error {
			if err := o.check(a.Settings.Output); err != nil {
				return err
			}
			return a.WithSession(cmd.Context(), func(s *session.Session) error { return show(cmd.Context(), a, s, args[0], o) })
		})
	cmd.Long = cmd.Short + `.

Of experiments that are repeated (repeats: in the sweep file) a second table has the mean ± the standard deviation over the repetitions
that have a number, with their number in brackets if some are missing (diverged and failed runs are excluded); --means prints it alone, also as csv and json.
">" marks a lower bound: the plotted range cuts off a measure of flatness, or a value that it is the mean of. Such a mean has no deviation.
Columns for programs (csv, json) hold the bare number and next to it NAME.bounds, the number of lower bounds among its values; 0 means exact.

--measures has a row for each measure of losses, flatness, spectra and sharpness, and a column for each experiment (of repetitions their mean), each number with its
deviation or standard error; csv and json have a row for each number.

Comparisons (compare: in the sweep file) are a further table, with the barriers of their lines; --comparisons has them alone, also as csv and json.
A file of everything, with parameters, recipes and digests, is the sweep.json of ` + "`lossatlas export sweep`" + `.`
	cmd.Flags().StringVar(&o.format, "format", "", "`form` of the table: text, csv, md or json (default: --output)")
	cmd.Flags().StringVar(&o.sortBy, "sort-by", "", "`column` to sort by: a swept parameter, train_loss, test_loss, test_error, state, experiment or a map's number")
	cmd.Flags().StringSliceVar(&o.columns, "columns", nil, "these `columns` in this order, behind the experiment in text and md: what --sort-by takes, also .sd, .bounds and .se of flatness, train.epochs and other parameters that are not swept, parameters, macs, seconds, STEP.seconds, STEP.key, STEP/OUTPUT; all for every number")
	cmd.Flags().BoolVar(&o.reverse, "reverse", false, "largest first")
	cmd.Flags().BoolVar(&o.comparisons, "comparisons", false, "the maps between experiments in place of the experiments")
	cmd.Flags().BoolVar(&o.means, "means", false, "means and deviations over repetitions (repeats: in the sweep file) in place of the experiments")
	cmd.Flags().BoolVar(&o.measures, "measures", false, "every measure with its spread, one a row, in place of the experiments")
	cmd.Flags().BoolVar(&o.maps, "maps", false, "draw each map below the table, small and by the logarithm of the loss")
	return cmd
}

// showOptions are what `show` is asked for.
type showOptions struct {
	format, sortBy             string
	columns                    []string
	reverse, comparisons, maps bool
	means, measures            bool
}

// check refuses options that don't go together, and settles the form.
func (o *showOptions) check(output string) (err error) {
	if o.format, err = formOf(o.format, output); err != nil {
		return err
	}
	switch {
	case o.maps && o.format != "text":
		return exit.Usagef("--maps draws in text, not in %s; `lossatlas export sweep` writes the maps to files", o.format)
	case o.means && (o.measures || o.comparisons || o.maps || o.sortBy != "" || o.reverse || len(o.columns) > 0):
		return exit.Usagef("--means shows the means alone; leave out --measures, --comparisons, --maps, --columns, --sort-by and --reverse")
	case o.measures && (o.comparisons || o.maps || o.sortBy != "" || o.reverse || len(o.columns) > 0):
		return exit.Usagef("--measures shows the measures alone; leave out --comparisons, --maps, --columns, --sort-by and --reverse")
	case o.comparisons && (o.sortBy != "" || o.reverse || len(o.columns) > 0):
		return exit.Usagef("--sort-by, --reverse and --columns are of experiments; leave them out with --comparisons")
	}
	return nil
}

// formOf is the form of tables: that of --format, or else of --output.
func formOf(format, output string) (string, error) {
	form := cmp.Or(format, output)
	if !slices.Contains([]string{"text", "csv", "md", "json", "jsonl"}, form) {
		return "", exit.Usagef("--format: %q is not allowed; choose text, csv, md or json", form)
	}
	return form, nil
}

func show(ctx context.Context, a *app.App, s *session.Session, name string, o showOptions) error {
	w, err := sweeps.FindExperiments(ctx, a, s, name)
	if err != nil {
		return err
	}
	found, err := w.Results(ctx, s)
	if err != nil {
		return err
	}
	rows, err := found.Experiments(ctx)
	if err != nil {
		return err
	}
	if o.means {
		return printMeans(a, o, w.StepGraph.Sweep, rows)
	}
	if o.measures {
		return printMeasures(a, o, rows)
	}
	var facts map[string]results.Fact
	if o.sortBy != "" || len(o.columns) > 0 {
		facts = found.Facts()
	}
	known := catalogOf(rows, facts)
	if err := known.sort(rows, o.sortBy, o.reverse); err != nil {
		return err
	}
	if len(o.columns) > 0 {
		var picked []column
		if picked, err = known.pick(o.columns); err != nil {
			return err
		}
		a.Settings.Output = o.format
		err = printPicked(a, o.format, rows, picked)
	} else {
		var compared []results.Comparison
		if compared, err = found.Comparisons(ctx); err != nil {
			return err
		}
		err = printShown(a, o, rows, compared)
	}
	if err != nil || !o.maps {
		return err
	}
	return showMaps(ctx, a, w, found)
}

// printShown writes the tables: csv and json one of them, text and md all.
func printShown(a *app.App, o showOptions, rows []results.Experiment, compared []results.Comparison) error {
	if o.comparisons && len(compared) == 0 && (o.format == "text" || o.format == "md") {
		a.Say("the sweep has no comparisons; `compare:` in its file adds them")
		return nil
	}
	if a.Settings.Output = o.format; o.comparisons {
		return app.PrintList(a, compared, func() error {
			if o.format == "csv" {
				return comparisonTable(compared, true).CSV(a.Out)
			}
			return brief(comparisonTable(compared, false)).Write(a.Out, o.format)
		})
	}
	return app.PrintList(a, rows, func() error {
		if o.format == "csv" {
			return resultTable(rows, everything).CSV(a.Out)
		}
		shown := tables(rows, compared, readable)
		for i, t := range shown {
			if i > 0 {
				fmt.Fprintln(a.Out)
			}
			if err := t.Write(a.Out, o.format); err != nil {
				return err
			}
		}
		if text := measuresText(shown, rows); o.format == "text" && text != "" {
			fmt.Fprint(a.Out, "\n"+table.Paragraph(a.Out, "", "  ", text))
		}
		if o.format == "text" {
			PrintNotes(a.Out, rows)
		}
		return nil
	})
}

// PrintNotes says below a table what ± means, of eigenvalues and of groups, and of how few examples the tests are, and nothing of many.
func PrintNotes(out io.Writer, rows []results.Experiment) {
	hasResidual := func(e results.Experiment) bool {
		for name := range e.Measures {
			if strings.HasSuffix(name, results.Residual) {
				return true
			}
		}
		return false
	}
	if slices.ContainsFunc(rows, hasResidual) {
		text := "lambda_max, lambda_min of an experiment: ± residual ‖Hv − λv‖, within which an eigenvalue of H lies, as float32 computes it"
		fmt.Fprint(out, "\n"+table.Paragraph(out, "", "  ", text))
	}
	if results.Means(rows) != nil {
		fmt.Fprint(out, "\n"+table.Paragraph(out, "", "  ", "± of a group: standard deviation over its experiments"))
	}
	var all []trainlog.Tested
	for _, e := range rows {
		t := trainlog.Tested{Score: e.Score, Examples: e.TestExamples}
		switch {
		case e.TestError != nil:
			t.Shown = *e.TestError
		case e.TestLoss == nil:
			continue
		}
		all = append(all, t)
	}
	if note := trainlog.SampleNote(all); note != "" {
		fmt.Fprint(out, "\n"+table.Paragraph(out, "", "  ", note))
	}
}

// meanings define the columns that are not measures of flatness.
var meanings = map[string]string{
	"train_loss": trainlog.TrainLossMeaning,
	"lambda_max": "largest eigenvalue of the Hessian over the map's subset of the weights",
	"trace":      "mean over random vectors ± its standard error, a rough one where they are few",
	"pc1":        "share of the path's variance along its first principal component, in percent",
	"barrier":    "largest height of the loss above the straight line between the losses at both ends (line-…: next to a curve)",
	"distance":   "norm of the difference of the weights",
}

// measuresText explains the measures of maps and the marks that the tables of a sweep have, "" if they have neither.
func measuresText(shown []*table.Table, rows []results.Experiment) string {
	var texts, headings []string
	for _, t := range shown {
		headings = append(headings, t.Header...)
	}
	for _, heading := range headings {
		name := strings.TrimSuffix(heading[strings.LastIndexByte(heading, '\n')+1:], " %")
		if strings.HasSuffix(name, "_barrier") {
			name = "barrier"
		}
		if meaning := cmp.Or(meanings[name], surface.Meaning(name)); meaning != "" && !slices.Contains(texts, name+": "+meaning) {
			texts = append(texts, name+": "+meaning)
		}
	}
	if slices.ContainsFunc(shown, func(t *table.Table) bool {
		return slices.ContainsFunc(t.Rows, func(row []string) bool {
			return slices.ContainsFunc(row, func(cell string) bool { return strings.HasPrefix(cell, ">") })
		})
	}) {
		texts = append(texts, ">: lower bound, as the map ends there")
	}
	if slices.ContainsFunc(results.Measures(rows), func(m results.Measure) bool { return m.Sampled && !strings.HasSuffix(m.Name, ".trace") }) {
		texts = append(texts, "--measures has the standard errors that are not shown here")
	}
	return strings.Join(texts, " · ")
}

// Summary are the tables that a run ends with: the experiments without their parameters, means and comparisons.
func Summary(rows []results.Experiment, compared []results.Comparison) []*table.Table {
	return tables(rows, compared, summary)
}

// Checkpoints is the table of experiments whose names say their parameters: losses, error, flatness and measures of spectra.
func Checkpoints(rows []results.Experiment) *table.Table {
	columns := slices.DeleteFunc(columnsOf(rows, readable), func(c column) bool { return isParameter(c.name) })
	return brief(tableOf(rows, columns, true))
}

// tables are the tables of a sweep for people: experiments, means over repetitions, and comparisons.
func tables(rows []results.Experiment, compared []results.Comparison, show detail) []*table.Table {
	out := []*table.Table{brief(resultTable(rows, show))}
	if groups := results.Means(rows); len(groups) > 0 {
		out = append(out, brief(meansTable(groups, rows, show)))
	}
	if len(compared) > 0 {
		out = append(out, brief(comparisonTable(compared, false)))
	}
	return out
}

// comparisonTable is the table of comparisons, with the barriers of their lines: for people, or with all digits. Pairs of many minimizers are rows of their own,
// below one that says why others are missing.
func comparisonTable(compared []results.Comparison, exact bool) *table.Table {
	type row struct {
		results.Comparison
		distance string
	}
	var rows []row
	splits, distances := map[string]bool{}, false
	for _, c := range compared {
		if len(c.Pairs) == 0 || c.State != artifacts.StateDone {
			rows = append(rows, row{c, ""})
		}
		for _, p := range c.Pairs {
			one := c
			one.Between, one.Barriers = p.Between[:], p.Barriers
			if len(p.Barriers) > 0 {
				one.State, one.Why = artifacts.StateDone, ""
			}
			form := "%.4g"
			if exact {
				form = "%v"
			}
			rows, distances = append(rows, row{one, fmt.Sprintf(form, p.Distance)}), true
		}
	}
	for _, r := range rows {
		for split := range r.Barriers {
			splits[split] = true
		}
	}
	missing := "-"
	if exact {
		missing = ""
	}
	t := &table.Table{Header: []string{"comparison", "between", "state"}, Right: map[int]bool{}}
	order := slices.Sorted(maps.Keys(splits))
	slices.Reverse(order) // train before test
	for _, split := range order {
		t.Header = append(t.Header, split+"_barrier")
	}
	if distances {
		t.Header = append(t.Header, "distance")
	}
	for i := range len(t.Header) - 3 { // of numbers
		t.Right[i+3] = true
	}
	t.Header = append(t.Header, "why")
	for _, r := range rows {
		cells := []any{r.Name, app.Join(r.Between), r.State}
		for _, split := range order {
			cells = append(cells, barrierCell(r.Comparison, split, exact))
		}
		if distances {
			cells = append(cells, cmp.Or(r.distance, missing))
		}
		t.Add(append(cells, cmp.Or(r.Why, missing))...)
	}
	return t
}

// barrierCell is a barrier in a table, where it is known.
func barrierCell(r results.Comparison, split string, exact bool) string {
	b, ok := r.Barriers[split]
	switch {
	case ok && exact && !math.IsNaN(b.Height.Value):
		return strconv.FormatFloat(b.Height.Value, 'g', -1, 64)
	case exact:
		return ""
	case ok && !math.IsNaN(b.Height.Value):
		return b.Height.Mark(fmt.Sprintf("%.4g", b.Height.Value))
	}
	return "-"
}
