package show

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"

	"lossatlas/pipelines/syntax"

	"lossatlas/activities/results"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/exit"
)

// catalog is all columns in three tiers: of the whole table, of the training, and of other steps.
// A name that ends columns of several tiers stands for that of the first.
type catalog [][]column

// catalogOf is the catalog of a table of experiments and of facts about them.
func catalogOf(rows []results.Experiment, facts map[string]results.Fact) catalog {
	tiers := catalog{columnsOf(rows, everything), nil, nil}
	shown := map[string]bool{}
	for _, c := range tiers[0] {
		shown[c.name] = true
	}
	names := map[string]bool{}
	for _, f := range facts {
		for name := range f {
			names[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if shown[name] {
			continue
		}
		tier := 2
		if strings.HasPrefix(name, "train.") || !strings.ContainsAny(name, "./") {
			tier = 1
		}
		tiers[tier] = append(tiers[tier], paramColumn(name, func(r results.Experiment) any { return facts[r.Name][name] }))
	}
	return tiers
}

// find returns the column of a name, or of an unambiguous end of one.
func (c catalog) find(flag, name string) (column, error) {
	for _, tier := range c {
		for _, col := range tier {
			if col.name == name {
				return col, nil
			}
		}
	}
	for _, tier := range c {
		var ends []column
		for _, col := range tier {
			if strings.HasSuffix(col.name, "."+name) {
				ends = append(ends, col)
			}
		}
		switch {
		case len(ends) == 1:
			return ends[0], nil
		case len(ends) > 1:
			return column{}, exit.Usagef("%s: there is no column %q; it could be %s", flag, name, app.Join(namesOf(ends)))
		}
	}
	if base, of, ok := c.spread(name); ok {
		return column{}, exit.Usagef("%s: there is no %s of %s here: %s", flag, of, base, spreadsAre)
	}
	if alike := c.alike(name); len(alike) > 0 {
		return column{}, exit.Usagef("%s: there is no column %q; it could be %s", flag, name, app.JoinSome(alike))
	}
	var all, brief []string
	for _, tier := range c {
		for _, full := range namesOf(tier) {
			all = append(all, full, full[strings.LastIndexByte(full, '.')+1:])
		}
	}
	for _, col := range c[0] {
		if !col.measure.Flatness && !strings.HasSuffix(col.name, ".sd") && !strings.HasSuffix(col.name, ".bounds") && !strings.HasSuffix(col.name, ".se") {
			brief = append(brief, col.name)
		}
	}
	const most = 8
	brief = brief[:min(most, len(brief))]
	guess := cmp.Or(syntax.DidYouMean(name, all), fmt.Sprintf("; there are %s and %d more", strings.Join(brief, ", "), len(c[0])+len(c[1])+len(c[2])-len(brief)))
	return column{}, exit.Usagef("%s: there is no column %q%s; the heading of `lossatlas show SWEEP --format csv` has all results, and --format json names parameters and steps",
		flag, name, guess)
}

// spreads are the ends of names of spreads, in words, and spreadsAre says which columns have them.
var spreads = map[string]string{".sd": "standard deviation", ".se": "standard error"}

const spreadsAre = "measures of flatness have the deviation over their directions (.sd) and, of maps over a part of the examples, the standard error (.se); " +
	"groups of repetitions have both in `lossatlas show SWEEP --measures`"

// spread splits the name of a spread that the column of its measure doesn't have; ok is false for other names.
func (c catalog) spread(name string) (base, of string, ok bool) {
	for end, words := range spreads {
		if base, ok := strings.CutSuffix(name, end); ok && slices.ContainsFunc(slices.Concat(c...), func(col column) bool { return col.name == base }) {
			return base, words, true
		}
	}
	return "", "", false
}

// alike are the columns whose names have the parts of a name in its order: surface-train.width0.5.sd for surface.width.sd.
func (c catalog) alike(name string) []string {
	parts := strings.Split(name, ".")
	if len(parts) < 2 {
		return nil
	}
	for i, part := range parts {
		parts[i] = regexp.QuoteMeta(part)
	}
	form := regexp.MustCompile("^" + strings.Join(parts, `.*\.`) + "[0-9.]*$")
	var out []string
	for _, col := range slices.Concat(c...) {
		if form.MatchString(col.name) {
			out = append(out, col.name)
		}
	}
	return out
}

func namesOf(columns []column) []string {
	var names []string
	for _, c := range columns {
		names = append(names, c.name)
	}
	return names
}

// pick returns the columns of names; "all" means the columns of the whole table.
func (c catalog) pick(names []string) ([]column, error) {
	var out []column
	for _, name := range names {
		if name = strings.TrimSpace(name); name == "all" {
			out = append(out, c[0]...)
			continue
		}
		col, err := c.find("--columns", name)
		if err != nil {
			return nil, err
		}
		out = append(out, col)
	}
	return out, nil
}

// sort sorts by a column; rows without a value come last.
func (c catalog) sort(rows []results.Experiment, by string, reverse bool) error {
	if by == "" {
		return nil
	}
	col, err := c.find("--sort-by", by)
	if err != nil {
		return err
	}
	slices.SortStableFunc(rows, func(x, y results.Experiment) int {
		c, absent := compareCells(col.value(x), col.value(y))
		if reverse && !absent {
			return -c
		}
		return c
	})
	return nil
}

// picked is a row of chosen columns, an object in their order.
type picked struct {
	columns []column
	row     results.Experiment
}

// MarshalJSON writes numbers in full.
func (p picked) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, c := range p.columns {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(c.name)
		if err != nil {
			return nil, err
		}
		of := c.value(p.row)
		if f, ok := of.(float64); ok && math.IsInf(f, 0) { // a flatness that is not finite, written as in JSON of experiments
			of = "Inf"
		}
		v, err := json.Marshal(of)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(v)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// withNames puts the experiments' names in front, unless they are among the columns.
func withNames(rows []results.Experiment, columns []column) []column {
	if name := columnsOf(rows, summary)[0]; !slices.Contains(namesOf(columns), name.name) {
		return slices.Insert(columns, 0, name)
	}
	return columns
}

// printPicked writes the table of chosen columns. For people it has the experiments' names in front; for programs, means of flatness have their number of lower bounds with them.
func printPicked(a *app.App, format string, rows []results.Experiment, columns []column) error {
	people := format == "text" || format == "md"
	if people {
		columns = withNames(rows, columns)
	} else {
		columns = withBounds(columns)
	}
	list := make([]picked, len(rows))
	for i, r := range rows {
		list[i] = picked{columns, r}
	}
	return app.PrintList(a, list, func() error {
		return tableOf(rows, columns, people).Write(a.Out, format)
	})
}

// compareCells orders two cells, numbers before texts; absent says that one of them has no value.
func compareCells(x, y any) (c int, absent bool) {
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
