package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/results"
	"lossatlas/workers/internal/session"
)

func (a *app) compareCommand() *cobra.Command {
	var format string
	cmd := command("compare A B", "Compare two sweeps or two experiments: parameters, results, and which steps they share", cobra.ExactArgs(2),
		func(cmd *cobra.Command, args []string) error {
			return a.compare(cmd.Context(), args[0], args[1], format)
		})
	cmd.Long = cmd.Short + `.

Each is a sweep, or SWEEP/EXPERIMENT. The experiments of two sweeps are paired by the parameters
that either sweeps. Steps are shared (one step made both), have equal or other outputs, or are not
deterministic: equal recipes that wrote other bytes. ` + "`explain A B`" + ` says more about two steps.`
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

func (a *app) compare(ctx context.Context, nameA, nameB, format string) (err error) {
	if format == "" {
		format = a.set.Output
	}
	if !slices.Contains([]string{"text", "csv", "md", "json", "jsonl"}, format) {
		return exit.Usagef("--format: %q is not allowed; choose text, csv, md or json", format)
	}
	s, err := a.looking(ctx)
	if err != nil {
		return err
	}
	defer a.finish(s, &err)
	sidesA, overA, err := a.sides(ctx, s, nameA)
	if err != nil {
		return err
	}
	sidesB, overB, err := a.sides(ctx, s, nameB)
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
	if len(overA)+len(overB) > 0 {
		out.OverAll = results.Relations(results.Side{Steps: overA}, results.Side{Steps: overB})
	}
	if err := out.explain(ctx, s.Store); err != nil {
		return err
	}
	if a.set.Output = format; format == "json" || format == "jsonl" {
		return a.printJSON(out)
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

// sides are the experiments that a name stands for: those of a sweep, with the steps over all of them, or one.
func (a *app) sides(ctx context.Context, s *session.Session, name string) (sides []results.Side, over []results.SideStep, err error) {
	sweep, experiment, one := strings.Cut(name, "/")
	if !importName.MatchString(sweep) {
		return nil, over, exit.Usagef("%q is neither a sweep nor SWEEP/EXPERIMENT", name)
	}
	w, err := a.find(ctx, s, sweep)
	if err != nil {
		return nil, over, err
	}
	steps, err := w.steps(ctx, s)
	if err != nil {
		return nil, over, err
	}
	rows, err := results.Collect(ctx, s.Store, w.graph, steps)
	if err != nil {
		return nil, over, err
	}
	if len(rows) == 0 {
		return nil, over, exit.Usagef("%s has no experiments: it is imported weights", sweep)
	}
	sides = results.Sides(w.graph, steps, rows)
	if !one {
		return sides, results.OverAll(w.graph, steps), nil
	}
	var names []string
	for _, side := range sides {
		if side.Name == experiment {
			return []results.Side{side}, over, nil
		}
		names = append(names, side.Name)
	}
	return nil, over, exit.Usagef("sweep %s has no experiment %q%s; it has %s", sweep, experiment, pipelines.DidYouMean(experiment, names), nameList(names))
}

// explain finds why steps are not the same, and counts them.
func (c *compared) explain(ctx context.Context, store *artifacts.Store) error {
	lists := [][]results.StepRelation{c.OverAll}
	for _, p := range c.Pairs {
		lists = append(lists, p.Steps)
	}
	for _, list := range lists {
		for i := range list {
			if err := why(ctx, store, &list[i]); err != nil {
				return err
			}
			c.Steps[list[i].Relation]++
		}
	}
	return nil
}

// why finds what tells two steps with other outputs apart. A picture's cause is
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
	var harm *artifacts.RecordError
	if errors.Is(err, artifacts.ErrNotFound) || errors.As(err, &harm) { // then nobody knows
		return nil
	}
	return err
}

// cause is the first thing that tells two steps apart.
func cause(r results.StepRelation) string {
	if len(r.Differences) == 0 {
		return strings.Join(r.Differ, ", ")
	}
	d := r.Differences[0]
	text := fmt.Sprintf("%s: %s and %s", d.What, orNone(d.ValueA), orNone(d.ValueB))
	if len(d.Path) > 0 {
		text = strings.Join(d.Path, " ← ") + " ← " + text
	}
	if n := len(r.Differences) - 1; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}

// print writes the comparison as tables: in csv one of all, else one of each kind.
func (c compared) print(a *app, format string) error {
	if format == "csv" {
		return c.long().csv(a.Out)
	}
	params := &table{header: []string{"experiment", "parameter", "A", "B"}}
	numbers := &table{header: []string{"experiment", "result", "A", "B", "difference"}, right: map[int]bool{2: true, 3: true, 4: true}}
	steps := &table{header: []string{"experiment", "step", "relation", "why"}}
	for _, p := range c.Pairs {
		name := p.label()
		for _, d := range p.Parameters {
			params.add(name, d.Name, shorten(value(d.A)), shorten(value(d.B)))
		}
		for _, d := range p.Results {
			numbers.add(name, d.Name, significant(d.A), significant(d.B), significant(d.Difference))
		}
		addSteps(steps, name, p.Steps)
	}
	addSteps(steps, "(all)", c.OverAll)
	return c.tables(a, format, params, numbers, steps)
}

// addSteps lists the steps that are not shared. Pictures and reports differ with what they show.
func addSteps(t *table, name string, steps []results.StepRelation) {
	for _, r := range steps {
		if r.Relation != results.StepShared && r.Kind != pipelines.KindRender && r.Kind != pipelines.KindReport {
			t.add(name, r.Name, r.Relation, cause(r))
		}
	}
}

func (c compared) tables(a *app, format string, tables ...*table) error {
	if _, err := fmt.Fprintf(a.Out, "A: %s\nB: %s\n\n", c.A, c.B); err != nil {
		return err
	}
	for _, t := range tables {
		if len(t.rows) == 0 {
			continue
		}
		write := t.text
		if format == "md" {
			write = t.markdown
		}
		if err := write(a.Out); err != nil {
			return err
		}
		fmt.Fprintln(a.Out)
	}
	_, err := fmt.Fprintln(a.Out, c.summary())
	return err
}

// summary says how much the two have in common.
func (c compared) summary() string {
	var parts []string
	for _, relation := range []string{results.StepShared, results.StepEqual, results.StepOther, results.StepUnstable, results.StepOpen, results.StepOnlyA, results.StepOnlyB} {
		if n := c.Steps[relation]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, relation))
		}
	}
	text := fmt.Sprintf("%s compared; steps: %s", count(len(c.Pairs), "pair"), strings.Join(parts, ", "))
	if len(c.Pairs) == 0 {
		text = "no experiment of one has the swept parameters of one of the other"
	}
	for _, only := range []struct {
		label string
		names []string
	}{{"A", c.OnlyA}, {"B", c.OnlyB}} {
		if len(only.names) > 0 {
			text += fmt.Sprintf("\nonly in %s: %s", only.label, join(only.names))
		}
	}
	return text
}

// label is what a pair is called in a table: what its two names have in common.
func (p comparedPair) label() string {
	_, a, _ := strings.Cut(p.A, "/")
	_, b, _ := strings.Cut(p.B, "/")
	if a == b {
		return a
	}
	return a + " | " + b
}

// long is everything in one table, for programs.
func (c compared) long() *table {
	t := &table{header: []string{"a", "b", "what", "name", "value_a", "value_b", "difference"}}
	exact := func(v *float64) string {
		if v == nil {
			return ""
		}
		return strconv.FormatFloat(*v, 'g', -1, 64)
	}
	known := func(v any) string {
		if v == nil {
			return ""
		}
		return value(v)
	}
	for _, p := range c.Pairs {
		for _, d := range p.Parameters {
			t.add(p.A, p.B, "parameter", d.Name, known(d.A), known(d.B), "")
		}
		for _, d := range p.Results {
			t.add(p.A, p.B, "result", d.Name, exact(d.A), exact(d.B), exact(d.Difference))
		}
		for _, r := range p.Steps {
			t.add(p.A, p.B, "step", r.Name, keyText(r.KeyA), keyText(r.KeyB), r.Relation)
		}
	}
	for _, r := range c.OverAll {
		t.add(c.A, c.B, "step", r.Name, keyText(r.KeyA), keyText(r.KeyB), r.Relation)
	}
	for _, name := range c.OnlyA {
		t.add(name, "", "experiment", "", "", "", results.StepOnlyA)
	}
	for _, name := range c.OnlyB {
		t.add("", name, "experiment", "", "", "", results.StepOnlyB)
	}
	return t
}

func keyText(k artifacts.Key) string {
	if k.IsZero() {
		return ""
	}
	return k.String()
}

// significant writes a number with five significant digits, or "-".
func significant(v *float64) string {
	if v == nil {
		return "-"
	}
	return strconv.FormatFloat(*v, 'g', 5, 64)
}
