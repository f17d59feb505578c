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
}

func compare(ctx context.Context, a *app.App, s *session.Session, nameA, nameB, format string) error {
	sidesA, overA, err := sides(ctx, a, s, nameA)
	if err != nil {
		return err
	}
	sidesB, overB, err := sides(ctx, a, s, nameB)
	if err != nil {
		return err
	}
	pairs, onlyA, onlyB := results.Pair(sidesA, sidesB)
	out := compared{A: nameA, B: nameB, Pairs: []comparedPair{}, OnlyA: fullNames(onlyA), OnlyB: fullNames(onlyB), Steps: map[string]int{}}
	for _, p := range pairs {
		pair := comparedPair{A: p[0].FullName(), B: p[1].FullName(), Steps: results.Relations(p[0], p[1])}
		pair.Parameters, pair.Results = results.Differences(p[0], p[1], format == "text" || format == "md")
		out.Pairs = append(out.Pairs, pair)
	}
	if len(overA) > 0 && len(overB) > 0 {
		out.OverAll = results.Relations(results.Side{Steps: overA}, results.Side{Steps: overB})
	}
	if err := out.explain(ctx, s.Store); err != nil {
		return err
	}
	if a.Settings.Output = format; format == "json" || format == "jsonl" {
		return a.PrintJSON(out)
	}
	return out.print(a, format)
}

func fullNames(sides []results.Side) []string {
	out := []string{}
	for _, s := range sides {
		out = append(out, s.FullName())
	}
	return out
}

// sides are the experiments that a name means: all of a sweep, with the steps over all of them, or one.
func sides(ctx context.Context, a *app.App, s *session.Session, name string) (sides []results.Side, over []results.SideStep, err error) {
	sweep, experiment, one := strings.Cut(name, "/")
	w, err := sweeps.FindExperiments(ctx, a, s, sweep)
	if err != nil {
		return nil, over, err
	}
	found, err := w.Results(ctx, s)
	if err != nil {
		return nil, over, err
	}
	rows, err := found.Experiments(ctx)
	if err != nil {
		return nil, over, err
	}
	sides = found.Sides(rows)
	if !one {
		return sides, found.OverAll(), nil
	}
	var names []string
	for _, side := range sides {
		if side.Name == experiment {
			return []results.Side{side}, over, nil
		}
		names = append(names, side.Name)
	}
	return nil, over, exit.Usagef("sweep %s has no experiment %q%s", sweep, experiment, cmp.Or(syntax.DidYouMean(experiment, names), "; it has "+app.JoinSome(names)))
}

// stepLists are the steps of each pair, and those over all experiments.
func (c *compared) stepLists() [][]results.StepRelation {
	lists := [][]results.StepRelation{c.OverAll}
	for _, p := range c.Pairs {
		lists = append(lists, p.Steps)
	}
	return lists
}

// explain finds why steps are not the same, and counts them.
func (c *compared) explain(ctx context.Context, store *artifacts.Store) error {
	for _, list := range c.stepLists() {
		for i := range list {
			if err := why(ctx, store, &list[i]); err != nil {
				return err
			}
			c.Steps[list[i].Relation]++
		}
	}
	return nil
}

// why finds how two steps with other outputs differ. A picture's cause is
// that of what it shows.
func why(ctx context.Context, store *artifacts.Store, r *results.StepRelation) error {
	if r.Relation != results.StepOther || r.Kind == pipelines.KindRender || r.Kind == pipelines.KindReport {
		return nil
	}
	a, err := store.History(ctx, r.KeyA)
	if err == nil {
		var b *artifacts.History
		if b, err = store.History(ctx, r.KeyB); err == nil {
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
