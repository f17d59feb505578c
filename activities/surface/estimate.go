package surface

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"lossatlas/activities/npz"
)

// Estimate is that a grid was evaluated at some of its points, and estimated from these at the others. The errors are
// bounds that hold with a probability of 95 %: 0 at an evaluated point, NaN where the loss is believed not to be finite.
type Estimate struct {
	Error         float64 // allowed error, relative to the loss
	Absolute      bool    // the allowed error is in the unit of the loss instead
	Evaluated     []bool
	LossError     []float64
	AccuracyError []float64 // percentage points
	// Examples is over how many examples each point was evaluated: all, those of a subset, whose values the estimate follows, or 0. It is nil
	// where no point was evaluated over a subset.
	Examples []int64
}

// IsEvaluated says whether a point's values were computed, not estimated.
func (g Grid) IsEvaluated(i int) bool {
	return g.Mask[i] && (g.Estimate == nil || g.Estimate.Evaluated[i])
}

// CountEvaluated is the number of points whose values were computed.
func (g Grid) CountEvaluated() (n int) {
	for i := range g.Mask {
		if g.IsEvaluated(i) {
			n++
		}
	}
	return n
}

// Cost is what the points of a grid cost, as a share of all points over all examples: one over a subset of the examples costs its share of them.
func (g Grid) Cost() float64 {
	points := float64(g.CountEvaluated())
	if g.Estimate != nil && g.Estimate.Examples != nil {
		points = 0
		most := slices.Max(g.Estimate.Examples)
		for _, n := range g.Estimate.Examples {
			points += float64(n) / float64(max(most, 1))
		}
	}
	return points / float64(len(g.Mask))
}

// EstimateNote says at how many points a grid was evaluated and how exact the others are; "" of a grid that is exact.
func (g Grid) EstimateNote() string {
	if g.Estimate == nil {
		return ""
	}
	if n := g.CountEvaluated(); n == len(g.Mask) {
		return fmt.Sprintf("all %s points evaluated", thousands(n))
	}
	part, size, all := 0, int64(0), int64(0)
	for i, n := range g.Estimate.Examples {
		if all = max(all, n); n > 0 && !g.IsEvaluated(i) {
			part, size = part+1, n
		}
	}
	out := fmt.Sprintf("%s of %s points evaluated, ", thousands(g.CountEvaluated()), thousands(len(g.Mask)))
	if part > 0 {
		out += fmt.Sprintf("%s more over %s of the %s examples each, ", thousands(part), thousands(int(size)), thousands(int(all)))
	}
	return out + LargestError(&g)
}

// LargestError says the largest error that is stated of grids, "error ≤ 2 % with 95 % confidence", of absolute ones "error ≤ 0.01 …", and how many of
// them are exact; "" where all are. Nil grids do not count.
func LargestError(grids ...*Grid) string {
	var relative, absolute float64
	count, exact := 0, 0
	for _, g := range grids {
		if g == nil {
			continue
		}
		count++
		switch {
		case g.Estimate == nil:
			exact++
		case g.Estimate.Absolute:
			absolute = max(absolute, g.Estimate.Error)
		default:
			relative = max(relative, g.Estimate.Error)
		}
	}
	var bounds []string
	if relative > 0 {
		bounds = append(bounds, Percent(relative))
	}
	if absolute > 0 {
		bounds = append(bounds, fmt.Sprintf("%.4g", absolute))
	}
	if len(bounds) == 0 {
		return ""
	}
	out := "error ≤ " + strings.Join(bounds, " or ") + " with 95 % confidence"
	if exact > 0 {
		out += fmt.Sprintf(", %d of %d maps exact", exact, count)
	}
	return out
}

// Percent writes a share as "2 %".
func Percent(share float64) string { return fmt.Sprintf("%.4g %%", math.Round(share*1e6)/1e4) }

func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

// values are the arrays of numbers with their names in a file.
func (e *Estimate) values() []namedValues {
	return []namedValues{{"loss_error", &e.LossError}, {"accuracy_error", &e.AccuracyError}}
}

func (e *Estimate) validate(points int) error {
	switch {
	case e == nil:
		return nil
	case !(e.Error > 0) || math.IsInf(e.Error, 1) || e.Error >= 1 && !e.Absolute:
		return fmt.Errorf("grid: an allowed error of %v, want one above 0, and below 1 where it is relative", e.Error)
	case len(e.Evaluated) != points || len(e.LossError) != points || len(e.AccuracyError) != points:
		return fmt.Errorf("grid: %d points, but %d marks of evaluated ones and %d and %d errors", points, len(e.Evaluated), len(e.LossError), len(e.AccuracyError))
	case e.Examples != nil && len(e.Examples) != points:
		return fmt.Errorf("grid: %d points, but %d numbers of examples", points, len(e.Examples))
	}
	return nil
}

// The arrays with the allowed error, of which a file has one.
const (
	relativeName = "stated_error"
	absoluteName = "stated_absolute_error"
)

func (e *Estimate) name() string {
	if e.Absolute {
		return absoluteName
	}
	return relativeName
}

// arrays are the parts of a file.
func (e *Estimate) arrays(plane []int) []npz.Array {
	if e == nil {
		return nil
	}
	out := []npz.Array{{Name: e.name(), Shape: []int{1}, Data: []float64{e.Error}}, {Name: "evaluated", Shape: plane, Data: e.Evaluated}}
	for _, a := range e.values() {
		out = append(out, npz.Array{Name: a.name, Shape: plane, Data: *a.values})
	}
	if e.Examples != nil {
		out = append(out, npz.Array{Name: "evaluated_examples", Shape: plane, Data: e.Examples})
	}
	return out
}

// decode takes an array of a file if it is one of an estimate's.
func (e *Estimate) decode(a npz.Array) (err error) {
	switch a.Name {
	case relativeName, absoluteName:
		e.Absolute = a.Name == absoluteName
		return oneNumber(a, &e.Error)
	case "evaluated":
		marks, ok := a.Data.([]bool)
		if e.Evaluated = marks; !ok {
			return errors.New("expected bool")
		}
	case "evaluated_examples":
		counts, ok := a.Data.([]int64)
		if e.Examples = counts; !ok {
			return errors.New("expected whole numbers")
		}
	}
	for _, v := range e.values() {
		if v.name == a.Name {
			if *v.values, err = floats(a.Data); err != nil {
				return err
			}
		}
	}
	return nil
}
