package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"lossatlas/activities/results"
	"lossatlas/workers/internal/exit"
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
">" marks a lower bound: the plotted range cuts off a measure of flatness, or a value that it is the mean of. Such a mean has no deviation.
Columns for programs (csv, json) hold the bare number and next to it NAME.bounds, the number of lower bounds among its values; 0 means exact.

Comparisons (compare: in the sweep file) are a further table; --comparisons has them alone, also as csv and json.
A file of everything, with parameters, recipes and digests, is the sweep.json of ` + "`lossatlas export sweep`" + `.`
	cmd.Flags().StringVar(&o.format, "format", "", "`form` of the table: text, csv, md or json (default: --output)")
	cmd.Flags().StringVar(&o.sortBy, "sort-by", "", "`column` to sort by: a swept parameter, train_loss, test_loss, test_error, state, experiment or a map's number")
	cmd.Flags().StringSliceVar(&o.columns, "columns", nil, "these `columns` in this order: what --sort-by takes, also .sd and .bounds of flatness, train.epochs and other parameters that are not swept, parameters, macs, seconds, STEP.seconds, STEP.key, STEP/OUTPUT; all for every number")
	cmd.Flags().BoolVar(&o.reverse, "reverse", false, "largest first")
	cmd.Flags().BoolVar(&o.comparisons, "comparisons", false, "the maps between experiments in place of the experiments")
	cmd.Flags().BoolVar(&o.means, "means", false, "means and deviations over repetitions (repeats: in the sweep file) in place of the experiments")
	cmd.Flags().BoolVar(&o.maps, "maps", false, "draw each map below the table, small and by the logarithm of the loss")
	return cmd
}

// showOptions are what `show` is asked for.
type showOptions struct {
	format, sortBy             string
	columns                    []string
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
	case o.means && (o.comparisons || o.maps || o.sortBy != "" || o.reverse || len(o.columns) > 0):
		return exit.Usagef("--means shows the means alone; leave --comparisons, --maps, --columns, --sort-by and --reverse out beside it")
	case o.comparisons && (o.sortBy != "" || o.reverse || len(o.columns) > 0):
		return exit.Usagef("--sort-by, --reverse and --columns are of experiments; leave them out beside --comparisons")
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
	found, err := w.results(ctx, s)
	if err != nil {
		return err
	}
	rows, err := found.Experiments(ctx)
	if err != nil {
		return err
	}
	if o.means {
		return a.printMeans(o, w.graph.Sweep, rows)
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
		picked, err := known.pick(o.columns)
		if err != nil {
			return err
		}
		a.set.Output = o.format
		if err := a.printPicked(o.format, rows, picked); err != nil || !o.maps {
			return err
		}
		return a.showMaps(ctx, w, found)
	}
	if err := a.printShown(o, rows, found.Comparisons()); err != nil || !o.maps {
		return err
	}
	return a.showMaps(ctx, w, found)
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
