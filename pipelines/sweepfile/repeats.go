package sweepfile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lossatlas/pipelines/syntax"
)

const repeatsKey = "repeats"

// maxRepeats is how often one experiment may be repeated.
const maxRepeats = 1000

// repeats is the field that says which experiments are repetitions of each other:
//
//	repeats: 5                            # with train.seed, train.seed + 1 and so on
//	repeats: {train.seed: [1, 2, 3], maps.seed: [1, 2]}   # with these seeds, every combination
//
// Every repetition is an experiment of its own, which shares what has the same
// seeds; results are summed up over the repetitions of each point of the sweep.
// It is read by readRepeats, once the presets are applied.
type repeats struct{}

func (repeats) Check(*syntax.Checker, *syntax.Node, string) any { return nil }

func (repeats) Schema(known syntax.Names) syntax.Schema {
	return syntax.Schema{"anyOf": []syntax.Schema{syntax.Integer{Min: 1, Max: maxRepeats}.Schema(known), repeatedSeeds(func(s syntax.Schema) syntax.Schema { return s })}}
}

// repeatedSeeds is the schema of seeds by their paths.
func repeatedSeeds(wrap func(syntax.Schema) syntax.Schema) syntax.Schema {
	seeds := wrap(syntax.Schema{"type": "array", "minItems": 1, "items": syntax.Integer{Min: 0, Max: maxSeed}.Schema(nil)})
	properties := syntax.Schema{}
	for _, path := range allPaths() {
		if isSeed(path) {
			properties[path] = seeds
		}
	}
	return syntax.Schema{"type": "object", "minProperties": 1, "properties": properties, "additionalProperties": false,
		"patternProperties": syntax.Schema{`^maps\.[^.]+\.seed$`: seeds, `^variables\.[^.]*seed$`: seeds}}
}

// isSeed says whether a parameter is a seed, by its name.
func isSeed(path string) bool { return strings.HasSuffix(path, "seed") }

// repetitions are what the repetitions of one experiment set.
type repetitions struct {
	at    syntax.Position
	count int     // of seeds counted up from train.seed; 0 for those of rows
	rows  []point // what each sets
}

func (r repetitions) any() bool { return r.count > 0 || len(r.rows) > 0 }

// readRepeats reads the field repeats. Without it there is nothing to repeat.
func readRepeats(c *syntax.Checker, n *syntax.Node) repetitions {
	const want = "how often, as 5, or seeds, as {train.seed: [1, 2, 3]}"
	r := repetitions{}
	switch {
	case n == nil:
		return r
	case n.IsScalar():
		r.at = n.At
		if v, ok := (syntax.Integer{Min: 1, Max: maxRepeats}).Check(c, n, repeatsKey).(int64); ok {
			r.count = int(v)
		}
		return r
	case n.Kind != syntax.MappingNode || len(n.Entries) == 0:
		c.Reject(n, repeatsKey, want)
		return r
	}
	r.at = n.At
	var all []axis
	for _, e := range n.Entries {
		t, err := declaredParameter(c, e.Key)
		switch {
		case err != nil:
			c.Addf(e.At, "%s: %v", repeatsKey, err)
		case !isSeed(e.Key):
			c.Addf(e.At, "%s: %s is no seed, and experiments that differ in it are not repetitions of each other; sweep it, or repeat train.seed or maps.seed", repeatsKey, e.Key)
		default:
			all = append(all, axis{at: e.At, rows: readValues(c, repeatsKey, e, t)})
		}
	}
	r.rows = product(c, repeatsKey, n.At, all, false)
	return r
}

// repeat returns the repetitions of all points, those of one point side by side.
func (r repetitions) repeat(c *syntax.Checker, file *filler, points []point) []point {
	if !r.any() {
		return points
	}
	if n := max(r.count, len(r.rows)); len(points)*n > maxExperiments {
		c.Addf(r.at, "%s: %d experiments, each %d times, are more than %d", repeatsKey, len(points), n, maxExperiments)
		return nil
	}
	var out []point
	for i, p := range points {
		rows := r.rows
		if r.count > 0 {
			rows = r.seeds(c, file.at(c, p).tree)
		}
		for _, row := range rows {
			for _, set := range row.sets {
				if slices.ContainsFunc(p.sets, func(s setting) bool { return s.path == set.path }) {
					c.Addf(set.at, "%s: %s is swept as well (experiment %s); leave it out of one of them", repeatsKey, set.path, p)
					return nil
				}
			}
			again := p.and(row)
			again.of = i
			out = append(out, again)
		}
	}
	return out
}

// repetition tells the repetitions of one point apart.
func (p point) repetition() string {
	var parts []string
	for _, set := range p.sets {
		if set.field == repeatsKey {
			parts = append(parts, set.path+"="+syntax.Canonical(set.value))
		}
	}
	return strings.Join(parts, "\n")
}

// groups are the names of what is repeated.
func (s *Sweep) groups() []string {
	var out []string
	for _, e := range s.experiments {
		if e.group != "" && !slices.Contains(out, e.group) {
			out = append(out, e.group)
		}
	}
	return out
}

// seeds are the training seeds counted up from that of a tree, which is known to be right.
func (r repetitions) seeds(c *syntax.Checker, tree *syntax.Node) []point {
	const path = "train.seed"
	first := trainFields.Find("seed").Default.(int64)
	if n := tree.Get("train").Get("seed"); n != nil {
		first, _ = strconv.ParseInt(n.Text, 10, 64)
	}
	if first > maxSeed-int64(r.count) {
		c.Addf(r.at, "%s: %s is %d, and the seeds counted up from it are beyond %d; begin with a smaller one", repeatsKey, path, first, maxSeed)
		return nil
	}
	var rows []point
	for i := range int64(r.count) {
		n := &syntax.Node{Kind: syntax.PlainNode, At: r.at, Text: fmt.Sprint(first + i)}
		rows = append(rows, point{at: r.at, sets: []setting{{field: repeatsKey, path: path, at: r.at, node: n, value: first + i}}})
	}
	return rows
}
