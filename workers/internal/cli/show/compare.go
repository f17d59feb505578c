package show

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"lossatlas/pipelines/syntax"

	"github.com/spf13/cobra"

	"lossatlas/activities/results"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/cli/sweeps"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/session"
)

func compareCommand(a *app.App) *cobra.Command {
	var format string
	cmd := app.Command("compare A B", "Compare two sweeps or two experiments: parameters, results, and which steps they share", cobra.ExactArgs(2),
		func(cmd *cobra.Command, args []string) error {
			form, err := formOf(format, a.Settings.Output)
			if err != nil {
				return err
			}
			return a.WithSession(cmd.Context(), func(s *session.Session) error { return compare(cmd.Context(), a, s, args[0], args[1], form) })
		})
	cmd.Long = cmd.Short + `.

Each is a sweep, or SWEEP/EXPERIMENT. The experiments of two sweeps are paired by the parameters
that either sweeps. Steps are shared (one step made both), have equal or different outputs, or are not
deterministic: equal recipes that wrote other bytes. ` + "`explain A B`" + ` says more about two steps.

">" marks a lower bound: a measure of flatness that the plotted range cuts off. In csv and json bounds_a and bounds_b count the values behind
a result that are lower bounds; 0 is an exact result. There is no difference where either is a lower bound.`
	cmd.Flags().StringVar(&format, "format", "", "`form` of the tables: text, csv (all in one), md or json (default: --output)")
	return cmd
}

// compared is what `compare` says.
type compared struct {
	A     string         `json:"a"`
	B     string         `json:"b"`
	Pairs []comparedPair `json:"pairs"`
	OnlyA []string       `json:"only_a"` // experiments without a counterpart
	OnlyB []string       `json:"only_b"`
	// OverAll are the steps over all experiments: comparisons, figures, the report.
	OverAll []results.StepRelation `json:"over_all,omitempty"`
	Steps   map[string]int         `json:"steps"` // how many are what to each other
}

// comparedPair is two experiments side by side.
type comparedPair struct {
	A          string                     `json:"a"`
	B          string                     `json:"b"`
	Parameters []results.ParamDifference  `json:"parameters"`
	Results    []results.ResultDifference `json:"results"`
	Steps      []results.StepRelation     `json:"steps"`
	files      [2]map[string]string       // of A and B, by digest
	weights    string                     // the field of the sweep file that names the file of A's weights
	makers     [2][]artifacts.Makers      // of A and B: the experiment's, then the sweep's
}

func compare(ctx context.Context, a *app.App, s *session.Session, nameA, nameB, format string) error {
	sidesA, overA, sweepA, err := sides(ctx, a, s, nameA)
	if err != nil {
		return err
	}
	sidesB, overB, sweepB, err := sides(ctx, a, s, nameB)
	if err != nil {
		return err
	}
	pairs, onlyA, onlyB := results.Pair(sidesA, sidesB)
	out := compared{A: fullName(nameA, sidesA), B: fullName(nameB, sidesB), Pairs: []comparedPair{}, OnlyA: fullNames(onlyA), OnlyB: fullNames(onlyB), Steps: map[string]int{}}
	for _, p := range pairs {
		pair := comparedPair{A: p[0].FullName(), B: p[1].FullName(), Steps: results.Relations(p[0], p[1]), files: [2]map[string]string{p[0].Files(), p[1].Files()}, weights: p[0].WeightsField(),
			makers: [2][]artifacts.Makers{{results.Makers(p[0].Steps), sweepA}, {results.Makers(p[1].Steps), sweepB}}}
		pair.Parameters, pair.Results = results.Differences(p[0], p[1], format == "text" || format == "md")
		out.Pairs = append(out.Pairs, pair)
	}
	if len(overA) > 0 && len(overB) > 0 {
		out.OverAll = results.Relations(results.Side{Steps: overA}, results.Side{Steps: overB})
	}
	if err := out.explain(ctx, s.Store, [2][]artifacts.Makers{{sweepA}, {sweepB}}); err != nil {
		return err
	}
	if a.Settings.Output = format; format == "json" || format == "jsonl" {
		return a.PrintJSON(out)
	}
	return out.print(a, format)
}

// fullName is the whole name of the sweep or experiment that a name means.
func fullName(name string, sides []results.Side) string {
	if strings.Contains(name, "/") { // one experiment
		return sides[0].FullName()
	}
	return name
}

func fullNames(sides []results.Side) []string {
	out := []string{}
	for _, s := range sides {
		out = append(out, s.FullName())
	}
	return out
}

// sides are the experiments that a name means: all of a sweep, with the steps over all of them, or one. makers are of the whole sweep.
func sides(ctx context.Context, a *app.App, s *session.Session, name string) (sides []results.Side, over []results.SideStep, makers artifacts.Makers, err error) {
	sweep, experiment, isOne := strings.Cut(name, "/")
	w, err := sweeps.FindExperiments(ctx, a, s, sweep)
	if err != nil {
		return nil, nil, nil, err
	}
	found, err := w.Results(ctx, s)
	if err != nil {
		return nil, nil, nil, err
	}
	rows, err := found.Experiments(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	sides = found.Sides(rows)
	all := found.OverAll()
	for _, side := range sides {
		all = append(all, side.Steps...)
	}
	makers = results.Makers(all)
	if !isOne {
		return sides, found.OverAll(), makers, nil
	}
	switch one := results.Find(sides, name, results.Side.FullName); len(one) {
	case 0:
		names := fullNames(sides)
		return nil, nil, nil, exit.Usagef("sweep %s has no experiment %q%s", sweep, experiment, cmp.Or(syntax.DidYouMean(name, names), "; it has "+app.JoinSome(names)))
	case 1:
		return one, nil, makers, nil
	default:
		return nil, nil, nil, exit.Usagef("%q is not clear: it could be %s", name, app.JoinSome(fullNames(one)))
	}
}

// stepLists are the steps of each pair, and those over all experiments.
func (c *compared) stepLists() [][]results.StepRelation {
	lists := [][]results.StepRelation{c.OverAll}
	for _, p := range c.Pairs {
		lists = append(lists, p.Steps)
	}
	return lists
}

// explain finds why steps are not the same, and counts them. makers are those of the two sweeps.
func (c *compared) explain(ctx context.Context, store *artifacts.Store, makers [2][]artifacts.Makers) error {
	for n, list := range c.stepLists() {
		within := makers
		if n > 0 {
			within = c.Pairs[n-1].makers
		}
		for i := range list {
			if err := why(ctx, store, &list[i], within); err != nil {
				return err
			}
			c.Steps[list[i].Relation]++
		}
	}
	return nil
}

// why finds how two steps with other outputs differ. A picture's cause is
// that of what it shows.
func why(ctx context.Context, store *artifacts.Store, r *results.StepRelation, within [2][]artifacts.Makers) error {
	if r.Relation != results.StepOther || r.Kind == pipelines.KindRender || r.Kind == pipelines.KindReport {
		return nil
	}
	a, err := store.History(ctx, r.KeyA, within[0]...)
	if err == nil {
		var b *artifacts.History
		if b, err = store.History(ctx, r.KeyB, within[1]...); err == nil {
			r.Differences = artifacts.Compare(a, b)
			if len(r.Differences) == 0 {
				r.Relation = results.StepUnstable
			}
		}
	}
	var damaged *artifacts.RecordError
	if errors.Is(err, artifacts.ErrNotFound) || errors.As(err, &damaged) { // then the cause is not known
		return nil
	}
	return err
}
