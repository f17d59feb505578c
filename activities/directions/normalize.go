package directions

import (
	"fmt"
	"math"
	"strings"

	"lossatlas/activities/nets"
)

// Normalization says how a random direction d is rescaled by the minimizer w.
// ‖·‖ is the Frobenius norm. A filter is one slice of a weight tensor along its
// first axis, or along nets.Param.Axes: a filter of a convolution, or the weights into one neuron of a
// fully connected layer.
type Normalization string

// The normalisations that the authors' program offers.
const (
	// Filter gives each filter the norm of its counterpart: d ← d·‖w‖/(‖d‖ + 10⁻¹⁰).
	Filter Normalization = "filter"
	// Layer gives each weight tensor the norm of its counterpart: d ← d·‖w‖/‖d‖.
	Layer Normalization = "layer"
	// Weight multiplies entry by entry: d ← d·w.
	Weight Normalization = "weight"
	// DFilter gives each filter unit norm, independent of w: d ← d/(‖d‖ + 10⁻¹⁰).
	DFilter Normalization = "dfilter"
	// DLayer gives each weight tensor unit norm: d ← d/‖d‖.
	DLayer Normalization = "dlayer"
	// None leaves weight tensors as drawn.
	None Normalization = "none"
)

// Ignore says what happens to biases and to the parameters of batch
// normalisation, which have no filters. It is independent of Normalization.
type Ignore string

const (
	// BiasBN sets them to zero in the direction, so that they keep their values
	// of the minimizer: the choice for all of the paper's figures.
	BiasBN Ignore = "biasbn"
	// Nothing ("none") replaces them by the minimizer's own values, as the
	// authors' program does. The random numbers are lost, and the directions of
	// a surface agree in those entries.
	Nothing Ignore = "none"
)

// Normalizations is the values that Normalize accepts.
func Normalizations() []Normalization {
	return []Normalization{Filter, Layer, Weight, DFilter, DLayer, None}
}

// Ignores is the values that Normalize accepts.
func Ignores() []Ignore { return []Ignore{BiasBN, Nothing} }

// tiny keeps the quotient finite for a filter of zeros. It is the authors'
// constant, and has no other effect.
const tiny = 1e-10

// Normalize rescales the direction d in place for the minimizer theta; both
// are laid out by params. Norms are summed in float64. A tensor of zeros stays
// zero. It is an error when a length, n or ig is wrong; then d is unchanged.
func Normalize(params []nets.Param, d, theta []float32, n Normalization, ig Ignore) error {
	if err := checkLengths(params, d, theta); err != nil {
		return err
	}
	rescale, err := rule(n)
	if err != nil {
		return err
	}
	if ig != BiasBN && ig != Nothing {
		return fmt.Errorf("ignore: %q is not known: choose %s", ig, list(Ignores()))
	}
	for _, p := range params {
		dp, wp := p.Of(d), p.Of(theta)
		switch {
		case p.Role.IsWeight():
			rescale(p, dp, wp)
		case ig == BiasBN:
			clear(dp)
		default:
			copy(dp, wp)
		}
	}
	return nil
}

// Confine sets a direction to zero outside of the given parameters.
func Confine(d []float32, within []nets.Param) {
	kept := make([]float32, len(d))
	for _, p := range within {
		copy(p.Of(kept), p.Of(d))
	}
	copy(d, kept)
}

// rule normalizes one weight tensor.
func rule(n Normalization) (func(p nets.Param, d, w []float32), error) {
	switch n {
	case Filter:
		return perFilter(func(d, w []float32) float64 { return Norm(w) / (Norm(d) + tiny) }), nil
	case DFilter:
		return perFilter(func(d, _ []float32) float64 { return 1 / (Norm(d) + tiny) }), nil
	case Layer:
		return func(_ nets.Param, d, w []float32) { scale(d, Norm(w)/Norm(d)) }, nil
	case DLayer:
		return func(_ nets.Param, d, _ []float32) { scale(d, 1/Norm(d)) }, nil
	case Weight:
		return func(_ nets.Param, d, w []float32) {
			for i := range d {
				d[i] *= w[i]
			}
		}, nil
	case None:
		return func(nets.Param, []float32, []float32) {}, nil
	}
	return nil, fmt.Errorf("normalize: %q is not known: choose %s", n, list(Normalizations()))
}

// perFilter rescales each filter by its own factor.
func perFilter(factor func(d, w []float32) float64) func(p nets.Param, d, w []float32) {
	return func(p nets.Param, d, w []float32) {
		if len(d) == 0 {
			return
		}
		n, order := p.Filters()
		df, wf := ordered(d, order), ordered(w, order)
		for size, at := len(d)/n, 0; at < len(d); at += size {
			scale(df[at:at+size], factor(df[at:at+size], wf[at:at+size]))
		}
		for i, from := range order {
			d[from] = df[i]
		}
	}
}

// ordered is v with its elements in an order, nil for its own.
func ordered(v []float32, order []int) []float32 {
	if order == nil {
		return v
	}
	out := make([]float32, len(v))
	for i, from := range order {
		out[i] = v[from]
	}
	return out
}

// scale multiplies in float64. Zeros stay zero even when the factor isn't
// finite, which it is when the norm of d is zero.
func scale(d []float32, by float64) {
	for i, v := range d {
		if v != 0 {
			d[i] = float32(float64(v) * by)
		}
	}
}

// Norm is the Euclidean norm, summed in float64.
func Norm(v []float32) float64 { return math.Sqrt(dot(v, v)) }

// Cosine is the cosine of the angle between two directions of equal length,
// summed in float64; NaN when one of them is zero. Independent random
// directions of many dimensions are nearly orthogonal.
func Cosine(a, b []float32) float64 { return dot(a, b) / (Norm(a) * Norm(b)) }

// dot is the scalar product. The conversion of each product forbids the
// compiler to fuse it with the sum, which would change the last bits from one
// kind of processor to another.
func dot(a, b []float32) float64 {
	sum := 0.0
	for i, x := range a {
		sum += float64(float64(x) * float64(b[i]))
	}
	return sum
}

// checkLengths compares the vectors and the table.
func checkLengths(params []nets.Param, d, theta []float32) error {
	n := nets.Length(params)
	if len(d) != n || len(theta) != n {
		return fmt.Errorf("a direction of %d and weights of %d numbers for a network of %d", len(d), len(theta), n)
	}
	for _, p := range params {
		if filters, _ := p.Filters(); p.Role.IsWeight() && (filters <= 0 || p.Size%filters != 0) {
			return fmt.Errorf("parameter %s: %d numbers don't make up %d filters", p.Name, p.Size, filters)
		}
	}
	return nil
}

// list joins names for a message.
func list[S ~string](names []S) string {
	s := make([]string, len(names))
	for i, n := range names {
		s[i] = string(n)
	}
	return strings.Join(s, ", ")
}
