package surface

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Summary is the mean of one measure, of flatness over several grids around the same
// centre, each along directions of its own, or of any number over repetitions.
type Summary struct {
	// Name is width0.5 (at the level 0.5), convex (in percent), area, sharp0.25 (within 0.25), basins (their number), or depth.
	Name string
	// Mean and Deviation (of a sample: over Count−1) are over the values that are
	// known: of flatness, by grids and their axes. Mean is NaN without known values, infinite if one
	// is; Deviation is NaN for fewer than two values, infinite ones, and lower bounds.
	Mean, Deviation float64
	Count           int
	// Bounds is how many of the values are lower bounds only, so that Mean is one as well.
	Bounds int
	// SE is the standard error of Mean that the choice of examples brings, at most: the mean of those of the values, which share their
	// examples. 0 where one is not known.
	SE float64
}

// NewSummary takes values together, with unknown ones (NaN) left out. A mean that includes lower bounds
// is a lower bound, and how far the values deviate from it is not known.
func NewSummary(name string, values []Measured) Summary {
	s := Summary{Name: name}
	var known, errors []float64
	for _, m := range values {
		if math.IsNaN(m.Value) {
			continue
		}
		known, errors = append(known, m.Value), append(errors, m.SE)
		if m.AtLeast {
			s.Bounds++
		}
	}
	s.Count = len(known)
	if s.Mean, s.Deviation = Mean(known); s.Bounds > 0 {
		s.Deviation = math.NaN()
	}
	if s.Count > 0 && slices.Min(errors) > 0 {
		s.SE, _ = Mean(errors)
	}
	return s
}

// Meaning defines a measure of flatness in a few words, "" for another name.
func Meaning(name string) string {
	kind := strings.TrimRight(name, "0123456789.")
	bound := name[len(kind):]
	switch kind {
	case "width":
		return "length of the interval around the weights, along a direction, in which the loss rises by at most " + bound
	case "convex":
		return "share of the points with no negative second derivative"
	case "area":
		return "largest area within a convex contour around the weights"
	case "sharp":
		return "largest rise of the loss within a radius of " + bound
	case "basins":
		return "number of basins"
	case "depth":
		return "rise of the loss to the pass into another basin"
	}
	return ""
}

// Measured is the mean, as one value among others.
func (s Summary) Measured() Measured {
	return Measured{s.Mean, s.Bounds > 0 && !math.IsInf(s.Mean, 0), s.SE}
}

// String is the mean and its deviation as PlusMinus writes them, marked where it is a lower bound.
func (s Summary) String() string { return s.Measured().Mark(PlusMinus(s.Mean, s.Deviation)) }

// PlusMinus writes a mean and its deviation, with as many decimals as the first two
// digits of the deviation take: "90.36 ± 0.45". Without a deviation (NaN) it is the mean
// alone, with four digits.
func PlusMinus(mean, deviation float64) string {
	short := func(v float64, digits int) string {
		return strings.TrimPrefix(strconv.FormatFloat(v, 'g', digits, 64), "+")
	}
	if math.IsNaN(deviation) {
		return short(mean, 4)
	}
	decimals := 1 - int(math.Floor(math.Log10(deviation)))
	if !(deviation > 0) || math.Abs(mean)+deviation >= 1e5 || decimals > 9 {
		return short(mean, 4) + " ± " + short(deviation, 2)
	}
	decimals = max(decimals, 0)
	return strconv.FormatFloat(mean, 'f', decimals, 64) + " ± " + strconv.FormatFloat(deviation, 'f', decimals, 64)
}

// summaryJSON is a Summary with null for NaN and the text "Inf" for infinity.
type summaryJSON struct {
	Name      string   `json:"name"`
	Mean      any      `json:"mean"`
	Deviation *float64 `json:"sd"`
	Count     int      `json:"count"`
	Bounds    int      `json:"bounds,omitempty"`
	SE        float64  `json:"se,omitempty"`
}

// MarshalJSON writes {"name", "mean", "sd", "count", "bounds", "se"}, null for NaN and "Inf" for infinity.
func (s Summary) MarshalJSON() ([]byte, error) {
	out := summaryJSON{Name: s.Name, Mean: Measured{Value: s.Mean}.json(), Count: s.Count, Bounds: s.Bounds, SE: s.SE}
	if !math.IsNaN(s.Deviation) {
		out.Deviation = &s.Deviation
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *Summary) UnmarshalJSON(b []byte) error {
	var in summaryJSON
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	*s = Summary{Name: in.Name, Mean: number64(in.Mean), Deviation: math.NaN(), Count: in.Count, Bounds: in.Bounds, SE: in.SE}
	if in.Deviation != nil {
		s.Deviation = *in.Deviation
	}
	return nil
}

// FlatnessResult is the stored flatness of a map: the measures of each grid, in the order of their pairs of directions, and
// over all of them.
type FlatnessResult struct {
	FlatnessOptions
	Grids   []Flatness `json:"grids"`
	Summary []Summary  `json:"summary"`
}

// DecodeFlatness reads the JSON form of a result.
func DecodeFlatness(b []byte) (*FlatnessResult, error) {
	r := new(FlatnessResult)
	return r, json.Unmarshal(b, r)
}

// Summarize takes the measures of several grids together, measured with the same options.
func Summarize(opt FlatnessOptions, grids []Flatness) []Summary {
	var out []Summary
	add := func(name string, pick func(f Flatness) []Measured) {
		var values []Measured
		for _, f := range grids {
			values = append(values, pick(f)...)
		}
		out = append(out, NewSummary(name, values))
	}
	for i, level := range opt.Levels {
		add(fmt.Sprintf("width%g", level), func(f Flatness) []Measured { return f.Widths[i] })
	}
	add("convex", func(f Flatness) []Measured { return []Measured{{100 * f.Convex.Value, f.Convex.AtLeast, 0}} })
	add("area", func(f Flatness) []Measured { return []Measured{f.Area} })
	for i, radius := range opt.Radii {
		add(fmt.Sprintf("sharp%g", radius), func(f Flatness) []Measured { return f.Sharpness[i : i+1] })
	}
	if opt.Persistence != nil {
		add("basins", func(f Flatness) []Measured { return []Measured{*f.BasinCount} })
		add("depth", func(f Flatness) []Measured { return []Measured{*f.Depth} })
	}
	return out
}

// Mean returns the mean of a sample and its standard deviation (over n − 1). They are
// NaN where there are too few values; the deviation is also NaN where the mean is infinite.
func Mean(values []float64) (mean, deviation float64) {
	n := float64(len(values))
	for _, v := range values {
		mean += v
	}
	mean /= n // NaN without values
	if n < 2 || math.IsInf(mean, 0) {
		return mean, math.NaN()
	}
	for _, v := range values {
		deviation += (v - mean) * (v - mean) / (n - 1)
	}
	return mean, math.Sqrt(deviation)
}
