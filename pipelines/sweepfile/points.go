package sweepfile

import (
	"slices"
	"strings"

	"lossatlas/pipelines/syntax"
)

// setting gives one parameter a value.
type setting struct {
	field string // of the file that sets it: sweep or repeats
	path  string
	at    syntax.Position // of the path in the file
	node  *syntax.Node
	value any // normalised
}

// point is one experiment of a sweep: what it sets.
type point struct {
	at   syntax.Position // in the file
	sets []setting
	of   int // which point of the sweep it repeats, where there are repetitions
}

// product is the grid of the axes, the last one varying fastest.
func product(c *syntax.Checker, field string, at syntax.Position, all []axis, included bool) []point {
	if len(all) == 0 && included {
		return nil
	}
	n := 1
	for _, a := range all {
		if n *= len(a.rows); n > maxExperiments {
			c.Addf(at, "%s: more than %d experiments", field, maxExperiments)
			return nil
		}
	}
	points := []point{{at: at}}
	for _, a := range all {
		points = multiply(points, a.rows)
	}
	return points
}

func multiply(points, rows []point) []point {
	out := make([]point, 0, len(points)*len(rows))
	for _, p := range points {
		for _, r := range rows {
			out = append(out, p.and(r))
		}
	}
	return out
}

// and is a point that sets what both set. It stands where p does, if p sets something.
func (p point) and(r point) point {
	if len(p.sets) == 0 {
		p.at = r.at
	}
	p.sets = slices.Concat(p.sets, r.sets)
	return p
}

// drop removes the points that an exclusion matches, and reports exclusions that match none.
func drop(c *syntax.Checker, points, exclude []point) []point {
	hit := make([]bool, len(exclude))
	out := slices.DeleteFunc(points, func(p point) bool {
		any := false
		for i, x := range exclude {
			if p.matches(x) {
				hit[i], any = true, true
			}
		}
		return any
	})
	for i, x := range exclude {
		if !hit[i] {
			c.Addf(x.sets[0].at, "sweep.exclude: no experiment has %s; it excludes nothing", x)
		}
	}
	return out
}

// matches says whether p has every value of x.
func (p point) matches(x point) bool {
	for _, want := range x.sets {
		if !slices.ContainsFunc(p.sets, func(s setting) bool {
			return s.path == want.path && syntax.Canonical(s.value) == syntax.Canonical(want.value)
		}) {
			return false
		}
	}
	return true
}

// String lists the settings, for messages.
func (p point) String() string {
	if len(p.sets) == 0 {
		return "nothing set"
	}
	parts := make([]string, len(p.sets))
	for i, s := range p.sets {
		parts[i] = s.path + "=" + s.node.Describe()
	}
	return strings.Join(parts, ", ")
}
