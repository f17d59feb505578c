package cli

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/results"
)

// Columns of results beside the swept parameters.
const (
	colExperiment = "experiment"
	colTrainLoss  = "train_loss"
	colTestLoss   = "test_loss"
	colTestError  = "test_error"
	colState      = "state"
)

func (a *app) showCommand() *cobra.Command {
	var o showOptions
	cmd := command("show SWEEP", "Show a sweep's results as a table: what was set, losses, test error in percent, and what maps came to", cobra.ExactArgs(1),
		func(cmd *cobra.Command, args []string) error {
			return a.show(cmd.Context(), args[0], o)
		})
	cmd.Long = cmd.Short + `.

Of experiments that are repeated (repeats: in the sweep file) a second table has the mean ± the standard deviation over the repetitions
that came to a number, in brackets how many those are where it is not all of them (a training that diverged counts for none); --means has it alone, also as csv and json.
Comparisons (compare: in the sweep file) are a further table; --comparisons has them alone, also as csv and json.
A file of everything, with parameters, recipes and digests, is the sweep.json of ` + "`lossatlas export sweep`" + `.`
	cmd.Flags().StringVar(&o.format, "format", "", "`form` of the table: text, csv, md or json (default: --output)")
	cmd.Flags().StringVar(&o.sortBy, "sort-by", "", "`column` to sort by: a swept parameter, train_loss, test_loss, test_error, state, experiment or a map's number")
	cmd.Flags().BoolVar(&o.reverse, "reverse", false, "largest first")
	cmd.Flags().BoolVar(&o.comparisons, "comparisons", false, "the maps between experiments in place of the experiments")
	cmd.Flags().BoolVar(&o.means, "means", false, "means and deviations over repetitions (repeats: in the sweep file) in place of the experiments")
	cmd.Flags().BoolVar(&o.maps, "maps", false, "draw each map below the table, small and by the logarithm of the loss")
	return cmd
}

// showOptions are what `show` is asked for.
type showOptions struct {
	format, sortBy             string
	reverse, comparisons, maps bool
	means                      bool
}

func (a *app) show(ctx context.Context, name string, o showOptions) (err error) {
	if o.format == "" {
		o.format = a.set.Output
	}
	switch {
	case !slices.Contains([]string{"text", "csv", "md", "json", "jsonl"}, o.format):
		return exit.Usagef("--format: %q is not allowed; choose text, csv, md or json", o.format)
	case o.maps && o.format != "text":
		return exit.Usagef("--maps draws in text, not in %s; `lossatlas export sweep` writes the maps to files", o.format)
	case o.means && (o.comparisons || o.maps || o.sortBy != "" || o.reverse):
		return exit.Usagef("--means shows the means alone; leave --comparisons, --maps, --sort-by and --reverse out beside it")
	case o.comparisons && (o.sortBy != "" || o.reverse):
		return exit.Usagef("--sort-by and --reverse sort the experiments; leave them out beside --comparisons")
	}
	s, err := a.looking(ctx)
	if err != nil {
		return err
	}
	defer a.finish(s, &err)
	w, err := a.find(ctx, s, name)
	if err != nil {
		return err
	}
	steps, err := w.steps(ctx, s)
	if err != nil {
		return err
	}
	rows, err := results.Collect(ctx, s.Store, w.graph, steps)
	if err != nil {
		return err
	}
	if o.means {
		return a.printMeans(o, w.graph.Sweep, rows)
	}
	if err := sortRows(rows, o.sortBy, o.reverse); err != nil {
		return err
	}
	compared, err := results.Comparisons(w.graph, steps)
	if err != nil {
		return err
	}
	if err := a.printShown(o, rows, compared); err != nil || !o.maps {
		return err
	}
	return a.showMaps(ctx, s, w, steps)
}

// printShown writes the tables: csv and json one of them, text and md both.
func (a *app) printShown(o showOptions, rows []results.Experiment, compared []results.Comparison) error {
	a.set.Output = o.format
	var tables []*table
	if !o.comparisons {
		show := readable
		if o.format == "csv" {
			show = everything
		}
		tables = append(tables, resultTable(rows, show))
		if groups := results.Means(rows); len(groups) > 0 {
			tables = append(tables, meansTable(groups, rows, show))
		}
	}
	if o.comparisons || len(compared) > 0 {
		tables = append(tables, comparisonTable(compared))
	}
	text := func() error {
		for i, t := range tables {
			write := t.text
			switch {
			case o.format == "csv" && i > 0:
				return nil
			case o.format == "csv":
				write = t.csv
			case o.format == "md":
				write = t.markdown
			}
			if i > 0 {
				fmt.Fprintln(a.Out)
			}
			if err := write(a.Out); err != nil {
				return err
			}
		}
		return nil
	}
	if o.comparisons {
		return printList(a, compared, text)
	}
	return printList(a, rows, text)
}

// comparisonTable is the table of comparisons.
func comparisonTable(rows []results.Comparison) *table {
	t := &table{header: []string{"comparison", "between", colState, "why"}}
	for _, r := range rows {
		why := r.Why
		if why == "" {
			why = "-"
		}
		t.add(r.Name, join(r.Between), r.State, why)
	}
	return t
}

// detail is how much a table of experiments says.
type detail int

const (
	summary    detail = iota // without parameters, which the experiments' names tell, and flatness
	readable                 // the most telling measures of flatness
	everything               // all of them, with deviations and how many values are lower bounds
)

// resultTable is the table of experiments.
func resultTable(rows []results.Experiment, show detail) *table {
	t := &table{header: []string{colExperiment}, right: map[int]bool{}}
	var params []string
	if show > summary {
		params = results.Params(rows)
	}
	t.header = append(t.header, params...)
	measures := results.Measures(rows)
	t.header = append(t.header, colTrainLoss, colTestLoss, colTestError)
	t.header = append(t.header, measures...)
	var flatness []string
	if show > summary {
		flatness = results.Flatness(rows, show == readable)
	}
	for _, f := range flatness {
		t.header = append(t.header, f)
		if show == everything {
			t.header = append(t.header, f+".sd", f+".bounds")
		}
	}
	t.header = append(t.header, colState)
	for i := 1; i < len(t.header)-1; i++ {
		t.right[i] = true
	}
	for _, r := range rows {
		cells := []string{r.Name}
		for _, p := range params {
			cells = append(cells, value(r.Params[p]))
		}
		cells = append(cells, number(r.TrainLoss, 4), number(r.TestLoss, 4), number(r.TestError, 2))
		for _, m := range measures {
			cells = append(cells, measure(r, m))
		}
		for _, f := range flatness {
			cells = append(cells, flat(r, f, show)...)
		}
		t.add(append(cells, outcome(r))...)
	}
	return t
}

// outcome is the state of an experiment, with where it diverged.
func outcome(r results.Experiment) string {
	if r.State == results.StateDiverged {
		return r.Diverged.Short()
	}
	return r.State
}

// measure writes a measure with four significant digits, or "-".
func measure(r results.Experiment, name string) string {
	v, ok := r.Measures[name]
	if !ok {
		return "-"
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// flat writes a measure of flatness: its mean, ">" before it if that is a lower
// bound, or in three cells mean, deviation, and how many values are lower bounds.
func flat(r results.Experiment, column string, show detail) []string {
	s, ok := r.Flat(column)
	write := func(v float64, digits int) string {
		if !ok || math.IsNaN(v) {
			return "-"
		}
		return strings.TrimPrefix(strconv.FormatFloat(v, 'g', digits, 64), "+")
	}
	if show == everything {
		bounds := "-"
		if ok {
			bounds = strconv.Itoa(s.Bounds)
		}
		return []string{write(s.Mean, 6), write(s.Deviation, 6), bounds}
	}
	cell := write(s.Mean, 4)
	if s.Bounds > 0 {
		cell = ">" + cell
	}
	return []string{cell}
}

// number writes a result, or "-" for one that is not known.
func number(v *float64, digits int) string {
	if v == nil {
		return "-"
	}
	if math.Abs(*v) >= 1e4 { // of a training that went astray
		return strconv.FormatFloat(*v, 'g', 4, 64)
	}
	return strconv.FormatFloat(*v, 'f', digits, 64)
}

// value writes a parameter, which came out of JSON.
func value(v any) string {
	switch v := v.(type) {
	case nil:
		return "-"
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return fmt.Sprint(v)
}

// sortRows sorts by a column; rows without a value come last.
func sortRows(rows []results.Experiment, by string, reverse bool) error {
	if by == "" {
		return nil
	}
	columns := append(results.Params(rows), colExperiment, colTrainLoss, colTestLoss, colTestError, colState)
	columns = append(append(columns, results.Measures(rows)...), results.Flatness(rows, false)...)
	column := by
	if !slices.Contains(columns, column) {
		// The end of a parameter's path is enough where it is unique.
		var ends []string
		for _, c := range columns {
			if len(c) > len(by) && c[len(c)-len(by)-1:] == "."+by {
				ends = append(ends, c)
			}
		}
		if len(ends) != 1 {
			return exit.Usagef("--sort-by: there is no column %q; the columns are %s", by, join(columns))
		}
		column = ends[0]
	}
	slices.SortStableFunc(rows, func(x, y results.Experiment) int {
		c, absent := compare(cell(x, column), cell(y, column))
		if reverse && !absent {
			return -c
		}
		return c
	})
	return nil
}

// cell is the value of a column: a float64, a string, or nil.
func cell(r results.Experiment, column string) any {
	pick := func(v *float64) any {
		if v == nil {
			return nil
		}
		return *v
	}
	switch column {
	case colExperiment:
		return r.Name
	case colState:
		return r.State
	case colTrainLoss:
		return pick(r.TrainLoss)
	case colTestLoss:
		return pick(r.TestLoss)
	case colTestError:
		return pick(r.TestError)
	}
	if v, ok := r.Measures[column]; ok {
		return v
	}
	if s, ok := r.Flat(column); ok {
		if math.IsNaN(s.Mean) {
			return nil
		}
		return s.Mean
	}
	switch v := r.Params[column].(type) {
	case nil, float64:
		return v
	default:
		return value(v)
	}
}

// compare orders two cells, numbers before texts; absent says that one of them has no value.
func compare(x, y any) (c int, absent bool) {
	if x == nil || y == nil {
		return cmp.Compare(rank(x), rank(y)), true
	}
	fx, okx := x.(float64)
	fy, oky := y.(float64)
	if okx && oky {
		return cmp.Compare(fx, fy), false
	}
	if okx != oky {
		return cmp.Compare(rank(x), rank(y)), false
	}
	return cmp.Compare(fmt.Sprint(x), fmt.Sprint(y)), false
}

func rank(v any) int {
	switch v.(type) {
	case float64:
		return 0
	case nil:
		return 2
	}
	return 1
}
