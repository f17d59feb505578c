package atlas

import (
	"math"
	"slices"
	"strings"
)

// curvature is what one kind of maps of the Hessian adds to the table.
type curvature struct {
	of      func(m Map) bool
	columns []curvatureColumn
}

type curvatureColumn struct {
	label, path string
	value       func(m Map) float64 // NaN where it is not known
	hidden      bool                // until a reader picks it
	only        bool                // no other kind of maps says this
}

// curvatures are the kinds of maps with numbers of curvature: the first that a sweep has is shown.
var curvatures = []curvature{
	{func(m Map) bool { return m.Spectrum != nil }, []curvatureColumn{
		{label: "λmax", path: "λmax of the Hessian at the weights", value: func(m Map) float64 { return m.Spectrum.LambdaMax }},
		{label: "λmin", path: "λmin of the Hessian at the weights", value: func(m Map) float64 { return m.Spectrum.LambdaMin }},
		{label: "trace", path: "trace of the Hessian at the weights", value: func(m Map) float64 { return m.Spectrum.Trace }, hidden: true},
	}},
	{func(m Map) bool { return m.Grid != nil && m.Grid.Curvature != nil }, []curvatureColumn{
		{label: "λmax at 0", path: "λmax of the Hessian at the weights", value: func(m Map) float64 { return m.centre(m.Grid.Curvature.LambdaMax) }},
		{label: "λmin at 0", path: "λmin of the Hessian at the weights", value: func(m Map) float64 { return m.centre(m.Grid.Curvature.LambdaMin) }},
		{label: "mean |λmin/λmax|", path: "mean of |λmin/λmax| over the points of the map where it is finite", value: Map.meanRatio, only: true},
	}},
}

// names are those of the maps of this kind, with their split, in the order of their first use.
func (c curvature) names(experiments []Experiment) (out []string) {
	for _, e := range experiments {
		for _, m := range e.Maps {
			if name := m.Name + "-" + m.Split; c.of(m) && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// path says what a column of a map is, of the matrix that the map's spectrum is of.
func (c curvature) path(column curvatureColumn, name string, experiments []Experiment) string {
	for _, e := range experiments {
		for _, m := range e.Maps {
			if m.Name+"-"+m.Split == name && m.Spectrum != nil && m.Spectrum.Matrix != "" {
				return strings.Replace(column.path, "Hessian", m.Spectrum.Matrix, 1)
			}
		}
	}
	return column.path
}

// centre is a value at the point (0, 0), where the weights are, NaN if the lattice has no such point.
func (m Map) centre(values []float64) float64 {
	ix, iy := slices.Index(m.Grid.X, 0), slices.Index(m.Grid.Y, 0)
	if ix < 0 || iy < 0 {
		return math.NaN()
	}
	return values[iy*len(m.Grid.X)+ix]
}

func (m Map) meanRatio() float64 {
	sum, n := 0.0, 0.0
	for _, r := range m.Grid.Curvature.Ratio() {
		if !math.IsNaN(r) && !math.IsInf(r, 0) {
			sum, n = sum+r, n+1
		}
	}
	return sum / n // NaN without values
}

// rounded is the cell of a value of three digits, and a dash for one that is not known.
func rounded(v float64) cell {
	switch {
	case math.IsNaN(v):
		return unknown
	case math.IsInf(v, 0):
		return cell{Text: "not finite", Sort: sortable(v), value: v}
	}
	return cell{Text: number(v), Sort: sortable(v), value: v}
}
