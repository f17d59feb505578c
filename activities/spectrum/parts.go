package spectrum

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"lossatlas/activities/npz"
	"lossatlas/activities/surface"
)

// Part is the spectrum of a block of a matrix that belongs to some layers, or of the matrix over some of the images.
type Part struct {
	// Name is that of the layers, or of the images: "train[0:64]".
	Name string `json:"name"`
	Dim  int    `json:"dim"` // rows
	// Largest and Smallest are the eigenvalues, from the outside in, at least one of each.
	Largest  []Value `json:"largest"`
	Smallest []Value `json:"smallest"`
	// Trace is by Hutch++, with its standard error.
	Trace      float64 `json:"trace"`
	TraceError float64 `json:"trace_error"`
}

// Trace is that by Hutch++, or by the density's random vectors, with its standard error (NaN where it is not known).
func (s Spectrum) Trace() (mean, deviation float64) {
	if s.HutchPP != nil {
		return s.HutchPP.Mean, s.HutchPP.Error
	}
	return s.Density.Trace()
}

// fifth is the index of the eigenvalue that the largest is compared with.
const fifth = 4

// Fifth is λ1/λ5, how far the largest eigenvalue stands out (Jastrzębski et al. 2020); NaN where λ5 is not known.
func (s Spectrum) Fifth() float64 { return ratioToFifth(s.Largest) }

func ratioToFifth(largest []Value) float64 {
	if len(largest) <= fifth {
		return math.NaN()
	}
	return largest[0].Value / largest[fifth].Value
}

const lambdaRatio = "lambda_ratio5"

// Measure is lambda_max, lambda_min, lambda_ratio5 or trace, with the standard error of the trace; NaN where it is not known.
func (s Spectrum) Measure(name string) surface.Measured {
	trace, deviation := s.Trace()
	switch name {
	case "lambda_max":
		return surface.Measured{Value: s.LambdaMax}
	case "lambda_min":
		return surface.Measured{Value: s.LambdaMin}
	case lambdaRatio:
		return surface.Measured{Value: s.Fifth()}
	case "trace":
		if math.IsNaN(deviation) {
			deviation = 0
		}
		return surface.Measured{Value: trace, SE: deviation}
	}
	return surface.Measured{Value: math.NaN()}
}

// More are the measures beyond both ends and the trace: lambda_2 and on, lambda_ratio5 (λ1/λ5), lambda_min_2 and on; of each block the ends,
// λ1/λ5 and the trace, as layer1.lambda_max; and their means and deviations over subsets of images, as subsets.lambda_max. Standard errors are those
// of traces.
func (s Spectrum) More() (out []surface.Summary) {
	add := func(name string, v, se float64) {
		if !math.IsNaN(v) {
			out = append(out, surface.NewSummary(name, []surface.Measured{{Value: v, SE: se}}))
		}
	}
	for i := 1; i < len(s.Largest); i++ {
		add(fmt.Sprintf("lambda_%d", i+1), s.Largest[i].Value, 0)
	}
	add(lambdaRatio, s.Fifth(), 0)
	for i := 1; i < len(s.Smallest); i++ {
		add(fmt.Sprintf("lambda_min_%d", i+1), s.Smallest[i].Value, 0)
	}
	for _, b := range s.Blocks {
		for _, m := range b.measures() {
			add(b.Name+"."+m.name, m.Value, m.SE)
		}
	}
	if len(s.Subsets) == 0 {
		return out
	}
	for i, m := range s.Subsets[0].measures() {
		var values []surface.Measured
		for _, p := range s.Subsets {
			values = append(values, p.measures()[i].Measured)
		}
		if of := surface.NewSummary("subsets."+m.name, values); of.Count > 0 {
			out = append(out, of)
		}
	}
	return out
}

type partMeasure struct {
	name string
	surface.Measured
}

func (p Part) measures() []partMeasure {
	return []partMeasure{
		{"lambda_max", surface.Measured{Value: p.Largest[0].Value}}, {"lambda_min", surface.Measured{Value: p.Smallest[0].Value}},
		{lambdaRatio, surface.Measured{Value: ratioToFifth(p.Largest)}}, {"trace", surface.Measured{Value: p.Trace, SE: p.TraceError}},
	}
}

// MatrixName is the matrix in words.
func (s Spectrum) MatrixName() string {
	switch s.Matrix {
	case "":
		return "Hessian"
	case "gauss-newton":
		return "Gauss-Newton matrix"
	case "fisher":
		return "empirical Fisher matrix"
	}
	return s.Matrix
}

// Note lists the eigenvalues with their residuals, which bound their errors.
func (s Spectrum) Note() string {
	list := func(name string, values []Value, end Value) string {
		if values == nil {
			values = []Value{end}
		}
		out := make([]string, len(values))
		for i, v := range values {
			out[i] = fmt.Sprintf("%.4g ± %.1g", v.Value, v.Residual)
		}
		if len(out) > 1 {
			name += "s"
		}
		return name + " " + strings.Join(out, ", ")
	}
	note := fmt.Sprintf("%s: %s; %s; ±: residuals ‖Hv − λv‖", s.MatrixName(),
		list("largest eigenvalue", s.Largest, Value{s.LambdaMax, s.ResidualMax}), list("smallest eigenvalue", s.Smallest, Value{s.LambdaMin, s.ResidualMin}))
	if r := s.Fifth(); !math.IsNaN(r) {
		note += fmt.Sprintf("; λ1/λ5: %.3g", r)
	}
	return note
}

// check returns an error unless the part has both ends.
func (p Part) check() error {
	if len(p.Largest) == 0 || len(p.Smallest) == 0 || p.Dim < 1 {
		return fmt.Errorf("spectrum: the part %q of %d rows has %d and %d eigenvalues", p.Name, p.Dim, len(p.Largest), len(p.Smallest))
	}
	return nil
}

// moreJSON is the text array more.
type moreJSON struct {
	Matrix  string    `json:"matrix,omitempty"`
	HutchPP *Estimate `json:"hutch++,omitempty"`
	Blocks  []Part    `json:"blocks,omitempty"`
	Subsets []Part    `json:"subsets,omitempty"`
}

// more are the arrays of a spectrum that has more than the ends: largest, largest_residual, smallest and smallest_residual, and the text more, JSON of
// the matrix, the trace by Hutch++, the blocks and the subsets.
func (s Spectrum) more() (arrays []npz.Array, err error) {
	for _, end := range []struct {
		name   string
		values []Value
	}{{"largest", s.Largest}, {"smallest", s.Smallest}} {
		if end.values == nil {
			continue
		}
		var values, residuals []float64
		for _, v := range end.values {
			values, residuals = append(values, v.Value), append(residuals, v.Residual)
		}
		shape := []int{len(values)}
		arrays = append(arrays, npz.Array{Name: end.name, Shape: shape, Data: values}, npz.Array{Name: end.name + "_residual", Shape: shape, Data: residuals})
	}
	if s.Matrix == "" && s.HutchPP == nil && s.Blocks == nil && s.Subsets == nil {
		return arrays, nil
	}
	text, err := json.Marshal(moreJSON{s.Matrix, s.HutchPP, s.Blocks, s.Subsets})
	return append(arrays, npz.Array{Name: "more", Data: npz.JSONText(text)}), err
}

// readMore reads what more wrote.
func (s *Spectrum) readMore(by map[string]npz.Array) error {
	for name, to := range map[string]*[]Value{"largest": &s.Largest, "smallest": &s.Smallest} {
		values, ok := by[name].Data.([]float64)
		residuals, also := by[name+"_residual"].Data.([]float64)
		if ok && (!also || len(values) != len(residuals)) {
			return fmt.Errorf("spectrum: %s has no residual for each eigenvalue", name)
		}
		for i, v := range values {
			*to = append(*to, Value{v, residuals[i]})
		}
	}
	text, ok := npz.ParseJSONText(by["more"].Data)
	if !ok {
		return nil
	}
	var more moreJSON
	if err := json.Unmarshal(text, &more); err != nil {
		return fmt.Errorf("spectrum: the text more: %w", err)
	}
	s.Matrix, s.HutchPP, s.Blocks, s.Subsets = more.Matrix, more.HutchPP, more.Blocks, more.Subsets
	for _, p := range slices.Concat(s.Blocks, s.Subsets) {
		if err := p.check(); err != nil {
			return err
		}
	}
	return nil
}

// moreDecay adds λ to the eigenvalues that more than the ends are.
func (s *Spectrum) moreDecay(lambda float64) {
	shift := func(values []Value) {
		for i := range values {
			values[i].Value += lambda
		}
	}
	shift(s.Largest)
	shift(s.Smallest)
	if s.HutchPP != nil {
		s.HutchPP.Mean += lambda * float64(s.Density.Dim)
	}
	for _, parts := range [][]Part{s.Blocks, s.Subsets} {
		for i, p := range parts {
			shift(p.Largest)
			shift(p.Smallest)
			parts[i].Trace += lambda * float64(p.Dim)
		}
	}
}
