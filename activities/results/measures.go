package results

import (
	"maps"
	"math"
	"slices"
	"strings"

	"lossatlas/activities/surface"
)

// Measure is a number that experiments have: a loss, the test error, a number of a map, or the mean of a measure of
// flatness over pairs of directions.
type Measure struct {
	// Name is "test_loss", "spectrum.trace" or "surface-train.width0.5".
	Name string
	// Decimals is how many are shown of a loss or an error; 0 stands for significant digits.
	Decimals int
	// Flatness says that the measure has a deviation and may be a lower bound.
	Flatness bool
	// Sampled says that some of them have a standard error.
	Sampled bool
	// Brief says that narrow tables show it, too.
	Brief bool
}

// Residual ends the name of an eigenvalue's residual ‖Hv − λv‖, which tables for people show with the eigenvalue.
const Residual = "_residual"

// given are the numbers that each trained network has.
var given = []Measure{
	{Name: "train_loss", Decimals: 4, Brief: true}, {Name: "test_loss", Decimals: 4, Brief: true}, {Name: "test_error", Decimals: 2, Brief: true},
}

// trainError is what imported weights with an accuracy have as well.
var trainError = Measure{Name: "train_error", Decimals: 2, Brief: true}

// briefly are the measures of flatness that a narrow table shows.
var briefly = []string{"width0.5", "convex", "sharp0.5", "basins", "worst_adaptive", "average", "trace"}

// Measures lists the numbers that rows have: losses in any case, the training error of imported weights, the error unless no training has an accuracy, other scores,
// then those of maps by name, then flatness by map
// in the order of its measures.
func Measures(rows []Experiment) []Measure {
	numbers, known, sampled, byMap := map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string][]surface.Summary{}
	scores := map[string]bool{}
	for _, r := range rows {
		scores[r.Score.Column()] = true
		for name := range r.Measures {
			numbers[name] = true
		}
		maps.Copy(byMap, r.Flatness)
		for of, measures := range r.Flatness {
			for _, s := range measures {
				known[of+"."+s.Name] = known[of+"."+s.Name] || s.Count > 0
				sampled[of+"."+s.Name] = sampled[of+"."+s.Name] || s.SE > 0
			}
		}
	}
	out := slices.Clone(given)
	if len(rows) > 0 && !scores[given[2].Name] {
		out = out[:2]
	}
	for _, name := range slices.Sorted(maps.Keys(scores)) {
		if name != "" && name != given[2].Name {
			out = append(out, Measure{Name: name, Decimals: given[2].Decimals, Brief: true})
			delete(numbers, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(numbers)) {
		out = append(out, Measure{Name: name, Brief: !strings.HasSuffix(name, Residual)})
	}
	if slices.ContainsFunc(rows, func(r Experiment) bool { return r.TrainError != nil }) {
		out = slices.Insert(out, 1, trainError)
	}
	for _, of := range slices.Sorted(maps.Keys(byMap)) {
		for _, s := range byMap[of] {
			if name := of + "." + s.Name; known[name] {
				out = append(out, Measure{Name: name, Flatness: true, Sampled: sampled[name], Brief: slices.Contains(briefly, s.Name)})
			}
		}
	}
	return out
}

// Of is the measure of an experiment; false, with a mean of NaN, where the experiment doesn't have it.
func (m Measure) Of(e Experiment) (surface.Summary, bool) {
	for of, measures := range e.Flatness {
		for _, s := range measures {
			if m.Name == of+"."+s.Name {
				return s, true
			}
		}
	}
	v, ok := e.Measures[m.Name]
	for i, p := range []*float64{e.TrainLoss, e.TestLoss, e.TestError} {
		if p != nil && m.Name == given[i].Name {
			v, ok = *p, true
		}
	}
	if e.TrainError != nil && m.Name == trainError.Name {
		v, ok = *e.TrainError, true
	}
	if !ok {
		return surface.Summary{Name: m.Name, Mean: math.NaN(), Deviation: math.NaN()}, false
	}
	return surface.Summary{Name: m.Name, Mean: v, Deviation: math.NaN(), Count: 1}, true
}
