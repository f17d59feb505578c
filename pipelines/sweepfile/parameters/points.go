package parameters

import (
	"slices"
	"strings"

	"lossatlas/pipelines/syntax"
)

// Setting gives one parameter a value.
type Setting struct {
	Field string // of the file that sets it: sweep or repeats
	Path  string
	At    syntax.Position // of the path in the file
	Node  *syntax.Node
	Value any // normalised
}

// Point is one experiment of a sweep: its parameters.
type Point struct {
	At   syntax.Position // in the file
	Sets []Setting
	Of   int // which point of the sweep it repeats, where there are repetitions
}

// product is the grid of the axes, the last one varying fastest.
func product(c *syntax.Checker, field string, at syntax.Position, all []axis, included bool) []Point {
	if len(all) == 0 && included {
		return nil
	}
	n := 1
	for _, a := range all {
		if n *= len(a.rows); n > MaxExperiments {
			c.Addf(at, "%s: more than %d experiments", field, MaxExperiments)
			return nil
		}
	}
	points := []Point{{At: at}}
	for _, a := range all {
		points = multiply(points, a.rows)
	}
	return points
}

func multiply(points, rows []Point) []Point {
	out := make([]Point, 0, len(points)*len(rows))
	for _, p := range points {
		for _, r := range rows {
			out = append(out, p.and(r))
		}
	}
	return out
}

// and is a point that sets what both set. It stands where p does, if p sets something.
func (p Point) and(r Point) Point {
	if len(p.Sets) == 0 {
		p.At = r.At
	}
	p.Sets = slices.Concat(p.Sets, r.Sets)
	return p
}

// drop removes the points that an exclusion matches, and reports exclusions without a match.
func drop(c *syntax.Checker, points, exclude []Point) []Point {
	hit := make([]bool, len(exclude))
	out := slices.DeleteFunc(points, func(p Point) bool {
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
			c.Addf(x.Sets[0].At, "sweep.exclude: no experiment has %s; it excludes nothing", x)
		}
	}
	return out
}

// matches says whether p has every value of x.
func (p Point) matches(x Point) bool {
	for _, want := range x.Sets {
		if !slices.ContainsFunc(p.Sets, func(s Setting) bool {
			return s.Path == want.Path && syntax.Canonical(s.Value) == syntax.Canonical(want.Value)
		}) {
			return false
		}
	}
	return true
}

// String lists the settings, for messages.
func (p Point) String() string {
	if len(p.Sets) == 0 {
		return "nothing set"
	}
	parts := make([]string, len(p.Sets))
	for i, s := range p.Sets {
		parts[i] = s.Path + "=" + s.Node.Describe()
	}
	return strings.Join(parts, ", ")
}
