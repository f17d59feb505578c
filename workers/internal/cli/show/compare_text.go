package show

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lossatlas/activities/results"
	"lossatlas/activities/surface"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/pipelines/changes"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/table"
)

// cause are the first differences of two steps, without defaults that follow from another, and the inputs that lead to where they differ.
func (p comparedPair) cause(r results.StepRelation) (path []string, text string) {
	if len(r.Differences) == 0 {
		return nil, strings.Join(r.Differ, ", ")
	}
	names := make([]string, len(r.Differences))
	for i, d := range r.Differences {
		names[i] = d.What.Name
	}
	text = changes.First(names, 0, func(i int, follows string) string {
		d, kind := r.Differences[i], string(r.Kind)
		if len(d.Path) > 0 {
			kind = "" // that of the step at its end is not known here
		}
		of, to := p.known(d.ValueA, d.ValueB)
		return fmt.Sprintf("%s%s: %s and %s", p.aspect(kind, d.What), follows, of, to)
	})
	return r.Differences[0].Path, text
}

// known writes a value of A and one of B: names of files in place of digests of their content, if the names differ.
func (p comparedPair) known(a, b string) (ofA, ofB string) {
	if fileA, fileB := p.files[0][a], p.files[1][b]; fileA != "" && fileB != "" && fileA != fileB {
		return fileA, fileB
	}
	return orNone(a), orNone(b)
}

// aspect is what two steps of a kind differ in, with the sweep file's word for a parameter.
func aspect(kind string, what artifacts.What) string {
	if what.Aspect == artifacts.AspectParameter {
		what.Name = changes.Word(kind, what.Name)
	}
	return what.String()
}

// importedWeights is the parameter of an import that says of which content its weights are.
const importedWeights = "import.import"

// aspect is what two steps of a kind differ in, with weights by the field that names their file.
func (p comparedPair) aspect(kind string, what artifacts.What) string {
	if what.Aspect == artifacts.AspectParameter && "import."+changes.Word(kind, what.Name) == importedWeights && p.weights != "" {
		what.Name = p.weights
		return what.String()
	}
	return aspect(kind, what)
}

// print writes the comparison as tables: in csv one of all, else one of each kind.
func (c compared) print(a *app.App, format string) error {
	if format == "csv" {
		return c.long().CSV(a.Out)
	}
	params := &table.Table{Header: []string{"experiment", "parameter", "A", "B"}}
	numbers := &table.Table{Header: []string{"experiment", "result", "A", "B", "difference"}, Right: map[int]bool{2: true, 3: true, 4: true}}
	steps := &table.Table{Header: []string{"experiment", "step", "relation", "why"}}
	equal := 0
	for _, p := range c.Pairs {
		name := p.label()
		p.addParameters(params, name)
		for _, d := range p.Results {
			if d.Difference != nil && significant(d.A, 0) == significant(d.B, 0) {
				equal++
				continue
			}
			numbers.Add(name, withUnit(d.Name), significant(d.A, d.BoundsA), significant(d.B, d.BoundsB), significant(d.Difference, 0))
		}
		p.addSteps(steps, name)
	}
	if equal > 0 && len(numbers.Rows) > 0 {
		numbers.Above = "without " + app.Count(equal, "result") + " with the same five digits in A and B:"
	}
	mergeEqual(params, len(c.Pairs))
	mergeEqual(steps, len(c.Pairs))
	comparedPair{Steps: c.OverAll}.addSteps(steps, "(over all)")
	for _, t := range []*table.Table{params, numbers, steps} {
		switch n := len(t.Rows); {
		case len(c.Pairs) == 1 && len(c.OverAll) == 0: // the pair is named above the tables
			t.DropFirst()
		case n > 0 && t.Rows[n-1][0] == eachPair:
			t.DropFirst()
			t.Above = "the same in each pair:"
		}
	}
	return c.tables(a, format, params, numbers, steps)
}

// addParameters lists the parameters that differ, by the fields of the sweep file, without defaults that follow from another.
func (p comparedPair) addParameters(t *table.Table, name string) {
	var names []string
	texts, kinds := map[string]string{}, map[string]pipelines.Kind{}
	for _, d := range p.Parameters {
		names = append(names, d.Name)
		texts[d.Name] = value(d.A) + "\x00" + value(d.B)
	}
	for _, s := range p.Steps {
		kinds[s.Name] = s.Kind
	}
	for i, follows := range changes.Implied(names) {
		d := p.Parameters[i]
		field := d.Name
		step, rest, _ := strings.Cut(field, ".")
		kind, isStep := kinds[step]
		if kind == pipelines.KindFiles {
			continue // how files are stored follows from their content
		}
		if isStep && step != "train" && step != "import" {
			word, isTold := changes.WordOf(string(kind), rest, texts[field], func(path string) (string, bool) { v, ok := texts[step+"."+path]; return v, ok })
			if !isTold {
				continue
			}
			field = step + "." + word
		}
		if field == importedWeights && p.weights != "" {
			if field = p.weights; slices.Contains(names, field) {
				continue
			}
		}
		if a, b := p.known(value(d.A), value(d.B)); !changes.IsImplied(d.Name, names) {
			t.Add(name, field+follows, a, b)
		}
	}
}

// eachPair is the experiment's name in a row that is the same in each pair.
const eachPair = "(each)"

// mergeEqual replaces rows that differ only in the experiment, one of each pair, by one row ahead of the others.
func mergeEqual(t *table.Table, pairs int) {
	count := map[string]int{}
	text := func(row []string) string { return strings.Join(row[1:], "\x00") }
	for _, row := range t.Rows {
		count[text(row)]++
	}
	var each, rest [][]string
	for _, row := range t.Rows {
		switch n := count[text(row)]; {
		case pairs < 2 || n != pairs && n > 0:
			rest = append(rest, row)
		case n == pairs:
			each = append(each, append([]string{eachPair}, row[1:]...))
			count[text(row)] = 0
		}
	}
	t.Rows = append(each, rest...)
}

// isDrawn says that a step draws a picture or a report, which differ with their data: tables for people neither list nor count them.
func isDrawn(r results.StepRelation) bool {
	return r.Kind == pipelines.KindRender || r.Kind == pipelines.KindReport
}

// relations are the relations of steps in words, in the order of the summary.
var relations = []struct{ relation, words string }{
	{results.StepShared, "shared"}, {results.StepEqual, "with equal outputs"}, {results.StepOther, "with different outputs"},
	{results.StepUnstable, "not deterministic"}, {results.StepOpen, "without a result"}, {results.StepOnlyA, "only in A"}, {results.StepOnlyB, "only in B"},
}

// inWords is a relation in words, as a cell of a table.
func inWords(relation string) string {
	i := slices.IndexFunc(relations, func(r struct{ relation, words string }) bool { return r.relation == relation })
	return strings.TrimPrefix(relations[i].words, "with ")
}

// addSteps lists the steps that are not shared. Steps with one relation and one cause, which their inputs may lead to by several ways, have one row.
func (p comparedPair) addSteps(t *table.Table, name string) {
	type reason struct{ relation, text string }
	var order []reason
	names, ways := map[reason][]string{}, map[reason][]string{}
	for _, r := range p.Steps {
		if r.Relation == results.StepShared || isDrawn(r) {
			continue
		}
		path, text := p.cause(r)
		why := reason{r.Relation, text}
		if names[why] == nil {
			order = append(order, why)
		}
		names[why], ways[why] = append(names[why], r.Name), path
	}
	for _, why := range order {
		text := why.text
		if len(names[why]) == 1 {
			text = strings.Join(append(slices.Clone(ways[why]), text), " ← ")
		}
		t.Add(name, strings.Join(names[why], ", "), inWords(why.relation), text)
	}
}

func (c compared) tables(a *app.App, format string, tables ...*table.Table) error {
	if _, err := fmt.Fprintf(a.Out, "A: %s\nB: %s\n%s\n", c.A, c.B, c.summary()); err != nil {
		return err
	}
	for _, t := range tables {
		if len(t.Rows) == 0 {
			continue
		}
		fmt.Fprintln(a.Out)
		if err := t.Write(a.Out, format); err != nil {
			return err
		}
	}
	return nil
}

// summary says how much the two have in common.
func (c compared) summary() string {
	count := map[string]int{}
	for _, steps := range c.stepLists() {
		for _, r := range steps {
			if !isDrawn(r) {
				count[r.Relation]++
			}
		}
	}
	var parts []string
	for _, r := range relations {
		if n := count[r.relation]; n > 0 {
			parts = append(parts, app.Count(n, "step")+" "+r.words)
		}
	}
	text := fmt.Sprintf("%s compared; %s (pictures not counted)", app.Count(len(c.Pairs), "pair"), strings.Join(parts, ", "))
	if len(c.Pairs) == 0 {
		text = "no experiment of A has the same values of swept parameters as one of B"
		if len(c.OnlyA) > 0 && len(c.OnlyB) > 0 {
			text += fmt.Sprintf("; compare two by their names, as in `lossatlas compare %s %s`", c.OnlyA[0], c.OnlyB[0])
		}
	}
	if c.agrees() {
		text += "\nall results agree to five digits"
	}
	for _, only := range []struct {
		label string
		names []string
	}{{"A", c.OnlyA}, {"B", c.OnlyB}} {
		if len(only.names) > 0 {
			text += fmt.Sprintf("\nonly in %s: %s", only.label, app.Join(only.names))
		}
	}
	return text
}

// agrees says whether there are results, and all of them are equal to the digits of the table.
func (c compared) agrees() bool {
	some := false
	for _, p := range c.Pairs {
		for _, d := range p.Results {
			if significant(d.A, d.BoundsA) != significant(d.B, d.BoundsB) {
				return false
			}
			some = true
		}
	}
	return some
}

// label is the name of a pair in a table: the common part of its two names.
func (p comparedPair) label() string {
	_, a, _ := strings.Cut(p.A, "/")
	_, b, _ := strings.Cut(p.B, "/")
	if a == b {
		return a
	}
	return a + " | " + b
}

// long is everything in one table, for programs.
func (c compared) long() *table.Table {
	t := &table.Table{Header: []string{"a", "b", "what", "name", "value_a", "value_b", "difference", "bounds_a", "bounds_b"}}
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
			t.Add(p.A, p.B, "parameter", d.Name, known(d.A), known(d.B), "", "", "")
		}
		for _, d := range p.Results {
			t.Add(p.A, p.B, "result", d.Name, exact(d.A), exact(d.B), exact(d.Difference), strconv.Itoa(d.BoundsA), strconv.Itoa(d.BoundsB))
		}
		for _, r := range p.Steps {
			t.Add(p.A, p.B, "step", r.Name, keyText(r.KeyA), keyText(r.KeyB), r.Relation, "", "")
		}
	}
	for _, r := range c.OverAll {
		t.Add(c.A, c.B, "step", r.Name, keyText(r.KeyA), keyText(r.KeyB), r.Relation, "", "")
	}
	for _, name := range c.OnlyA {
		t.Add(name, "", "experiment", "", "", "", results.StepOnlyA, "", "")
	}
	for _, name := range c.OnlyB {
		t.Add("", name, "experiment", "", "", "", results.StepOnlyB, "", "")
	}
	return t
}

func keyText(k artifacts.Key) string {
	if k.IsZero() {
		return ""
	}
	return k.String()
}

// significant writes a number with five significant digits, marked if lower bounds are behind it, or "-".
func significant(v *float64, bounds int) string {
	if v == nil {
		return "-"
	}
	return surface.Measured{AtLeast: bounds > 0}.Mark(strconv.FormatFloat(*v, 'g', 5, 64))
}
