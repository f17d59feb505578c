package parameters

import (
	"fmt"
	"slices"
	"strings"

	"lossatlas/pipelines/syntax"
)

// RepeatsKey is the field of repetitions in a sweep file.
const RepeatsKey = "repeats"

// MaxRepeats is how often one experiment may be repeated.
const MaxRepeats = 1000

// IsSeed says whether a parameter is a seed, by its name.
func IsSeed(path string) bool { return strings.HasSuffix(path, "seed") }

// Repetitions are the parameters that the repetitions of one experiment set.
type Repetitions struct {
	at    syntax.Position
	count int     // of seeds counted up from train.seed; 0 for rows
	rows  []Point // the parameters of each
}

// Any reports whether experiments are repeated.
func (r Repetitions) Any() bool { return r.count > 0 || len(r.rows) > 0 }

// ReadRepeats reads the field repeats, which says which experiments are repetitions of each other:
//
//	repeats: 5                            # with train.seed, train.seed + 1 and so on
//	repeats: {train.seed: [1, 2, 3], maps.seed: [1, 2]}   # with these seeds, every combination
//
// Every repetition is an experiment of its own, which shares what has the same
// seeds; results are summed up over the repetitions of each point of the sweep.
//
// Without it there is nothing to repeat.
func (t *Table) ReadRepeats(c *syntax.Checker, n *syntax.Node) Repetitions {
	const want = "how often, as 5, or seeds, as {train.seed: [1, 2, 3]}"
	r := Repetitions{}
	switch {
	case n == nil:
		return r
	case n.IsScalar():
		r.at = n.At
		if v, ok := (syntax.Integer{Min: 1, Max: MaxRepeats}).Check(c, n, RepeatsKey).(int64); ok {
			r.count = int(v)
		}
		return r
	case n.Kind != syntax.MappingNode || len(n.Entries) == 0:
		c.Reject(n, RepeatsKey, want)
		return r
	}
	r.at = n.At
	var all []axis
	for _, e := range n.Entries {
		typ, err := t.DeclaredParameter(c, e.Key)
		switch {
		case err != nil:
			c.Addf(e.At, "%s: %v", RepeatsKey, err)
		case !IsSeed(e.Key):
			c.Addf(e.At, "%s: %s is no seed, and experiments that differ in it are not repetitions of each other; sweep it, or repeat train.seed or maps.seed", RepeatsKey, e.Key)
		default:
			all = append(all, axis{at: e.At, rows: readValues(c, RepeatsKey, e, typ)})
		}
	}
	r.rows = product(c, RepeatsKey, n.At, all, false)
	return r
}

// Repeat returns the repetitions of all points, those of one point side by side. seed is the training seed of a point.
func (r Repetitions) Repeat(c *syntax.Checker, points []Point, seed func(Point) int64) []Point {
	if !r.Any() {
		return points
	}
	if n := max(r.count, len(r.rows)); len(points)*n > MaxExperiments {
		c.Addf(r.at, "%s: %d experiments, each %d times, are more than %d", RepeatsKey, len(points), n, MaxExperiments)
		return nil
	}
	var out []Point
	for i, p := range points {
		rows := r.rows
		if r.count > 0 {
			rows = r.seeds(c, seed(p))
		}
		for _, row := range rows {
			for _, set := range row.Sets {
				if slices.ContainsFunc(p.Sets, func(s Setting) bool { return s.Path == set.Path }) {
					c.Addf(set.At, "%s: %s is swept as well (experiment %s); leave it out of one of them", RepeatsKey, set.Path, p)
					return nil
				}
			}
			again := p.and(row)
			again.Of = i
			out = append(out, again)
		}
	}
	return out
}

// Repetition distinguishes the repetitions of one point.
func (p Point) Repetition() string {
	var parts []string
	for _, set := range p.Sets {
		if set.Field == RepeatsKey {
			parts = append(parts, set.Path+"="+syntax.Canonical(set.Value))
		}
	}
	return strings.Join(parts, "\n")
}

// seeds are the training seeds counted up from first.
func (r Repetitions) seeds(c *syntax.Checker, first int64) []Point {
	const path = "train.seed"
	if first > syntax.MaxInteger-int64(r.count) {
		c.Addf(r.at, "%s: %s is %d, and the seeds counted up from it are beyond %d; begin with a smaller one", RepeatsKey, path, first, syntax.MaxInteger)
		return nil
	}
	var rows []Point
	for i := range int64(r.count) {
		n := &syntax.Node{Kind: syntax.PlainNode, At: r.at, Text: fmt.Sprint(first + i)}
		rows = append(rows, Point{At: r.at, Sets: []Setting{{Field: RepeatsKey, Path: path, At: r.at, Node: n, Value: first + i}}})
	}
	return rows
}
