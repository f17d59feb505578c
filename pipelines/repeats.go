package pipelines

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
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

func (repeats) check(*checker, *node, string) any { return nil }

func (repeats) schema(cat Catalog) schema {
	return schema{"anyOf": []schema{integer{1, maxRepeats}.schema(cat), repeatedSeeds(func(s schema) schema { return s })}}
}

// repeatedSeeds is the schema of seeds by their paths.
func repeatedSeeds(wrap func(schema) schema) schema {
	seeds := wrap(schema{"type": "array", "minItems": 1, "items": integer{0, maxSeed}.schema(Catalog{})})
	properties := schema{}
	for _, path := range allPaths() {
		if isSeed(path) {
			properties[path] = seeds
		}
	}
	return schema{"type": "object", "minProperties": 1, "properties": properties, "additionalProperties": false,
		"patternProperties": schema{`^maps\.[^.]+\.seed$`: seeds, `^variables\.[^.]*seed$`: seeds}}
}

// isSeed says whether a parameter is a seed, by its name.
func isSeed(path string) bool { return strings.HasSuffix(path, "seed") }

// repetitions are what the repetitions of one experiment set.
type repetitions struct {
	at    position
	count int     // of seeds counted up from train.seed; 0 for those of rows
	rows  []point // what each sets
}

func (r repetitions) any() bool { return r.count > 0 || len(r.rows) > 0 }

// readRepeats reads the field repeats. Without it there is nothing to repeat.
func readRepeats(c *checker, n *node) repetitions {
	const want = "how often, as 5, or seeds, as {train.seed: [1, 2, 3]}"
	r := repetitions{}
	switch {
	case n == nil:
		return r
	case n.isScalar():
		r.at = n.at
		if v, ok := (integer{1, maxRepeats}).check(c, n, repeatsKey).(int64); ok {
			r.count = int(v)
		}
		return r
	case n.kind != mappingNode || len(n.entries) == 0:
		c.reject(n, repeatsKey, want)
		return r
	}
	r.at = n.at
	var all []axis
	for _, e := range n.entries {
		t, err := c.parameter(e.key)
		switch {
		case err != nil:
			c.addf(e.at, "%s: %v", repeatsKey, err)
		case !isSeed(e.key):
			c.addf(e.at, "%s: %s is no seed, and experiments that differ in it are not repetitions of each other; sweep it, or repeat train.seed or maps.seed", repeatsKey, e.key)
		default:
			all = append(all, axis{at: e.at, rows: readValues(c, repeatsKey, e, t)})
		}
	}
	r.rows = product(c, repeatsKey, n.at, all, false)
	return r
}

// repeat returns the repetitions of all points, those of one point side by side.
func (r repetitions) repeat(c *checker, file *filler, points []point) []point {
	if !r.any() {
		return points
	}
	if n := max(r.count, len(r.rows)); len(points)*n > maxExperiments {
		c.addf(r.at, "%s: %d experiments, each %d times, are more than %d", repeatsKey, len(points), n, maxExperiments)
		return nil
	}
	var out []point
	for i, p := range points {
		rows := r.rows
		if r.count > 0 {
			rows = r.seeds(c, file.at(c, p))
		}
		for _, row := range rows {
			for _, set := range row.sets {
				if slices.ContainsFunc(p.sets, func(s setting) bool { return s.path == set.path }) {
					c.addf(set.at, "%s: %s is swept as well (experiment %s); leave it out of one of them", repeatsKey, set.path, p)
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
			parts = append(parts, set.path+"="+canonical(set.value))
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
func (r repetitions) seeds(c *checker, tree *node) []point {
	const path = "train.seed"
	first := trainFields.find("seed").def.(int64)
	if n := tree.get("train").get("seed"); n != nil {
		first, _ = strconv.ParseInt(n.text, 10, 64)
	}
	if first > maxSeed-int64(r.count) {
		c.addf(r.at, "%s: %s is %d, and the seeds counted up from it are beyond %d; begin with a smaller one", repeatsKey, path, first, maxSeed)
		return nil
	}
	var rows []point
	for i := range int64(r.count) {
		n := &node{kind: plainNode, at: r.at, text: fmt.Sprint(first + i)}
		rows = append(rows, point{at: r.at, sets: []setting{{field: repeatsKey, path: path, at: r.at, node: n, value: first + i}}})
	}
	return rows
}
