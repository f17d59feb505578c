package render

import (
	"fmt"
	"math"
	"strings"

	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/picture"
)

// axes says which ranges of α the panels have, or of β where only those differ; "" where all panels have the same ones. All
// frames have one width, so equal lengths in two of them can be different distances.
func (s sheet) axes() string {
	var x, y axisRanges
	for _, p := range s.panels {
		if !s.plot.has(p.Data) {
			continue
		}
		if s.plot.sheet.rightAxis { // a line
			r := chart.NoScale
			for _, split := range picture.SplitsOf(p.Train, p.Test) {
				r = r.With(split.Grid.X[0], split.Grid.X[len(split.Grid.X)-1])
			}
			x.add(r.Lo, r.Hi)
			continue
		}
		x.add(p.Grid.X[0], p.Grid.X[len(p.Grid.X)-1])
		y.add(p.Grid.Y[0], p.Grid.Y[len(p.Grid.Y)-1])
	}
	switch {
	case len(x) < 2 && len(y) < 2:
		return ""
	case s.plot.sheet.ownAxes: // of other directions, too
		return "axes differ"
	case len(x) < 2:
		return "axes differ: β " + y.list()
	}
	return "axes differ: α " + x.list()
}

// axisRanges are the different ranges of one axis, in the order of the panels.
type axisRanges [][2]float64

// mostRanges is how many ranges of an axis a note lists.
const mostRanges = 3

// add adds a range, unless it is written like one before it.
func (a *axisRanges) add(lo, hi float64) {
	for _, r := range *a {
		if chart.Number(r[0]) == chart.Number(lo) && chart.Number(r[1]) == chart.Number(hi) {
			return
		}
	}
	*a = append(*a, [2]float64{lo, hi})
}

// list lists two or more ranges, or says how wide they are where there are many.
func (a axisRanges) list() string {
	least, most := math.Inf(1), math.Inf(-1)
	symmetric := true
	for _, r := range a {
		least, most = min(least, r[1]-r[0]), max(most, r[1]-r[0])
		symmetric = symmetric && chart.Number(-r[0]) == chart.Number(r[1])
	}
	if len(a) > mostRanges {
		return fmt.Sprintf("from %s to %s wide", chart.Number(least), chart.Number(most))
	}
	ranges := make([]string, len(a))
	for i, r := range a {
		ranges[i] = "from " + chart.Number(r[0]) + " to " + chart.Number(r[1])
		if symmetric {
			ranges[i] = "±" + chart.Number(r[1])
		}
	}
	last := len(ranges) - 1
	list := strings.Join(ranges[:last], ", ") + " and " + ranges[last]
	if symmetric {
		return "to " + list
	}
	return list
}
