package spectrum

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"lossatlas/activities/npz"
)

// Spectrum describes the eigenvalues of a Hessian, or of another matrix of curvature, at one point.
type Spectrum struct {
	// Matrix is "" for the Hessian, otherwise a name of engine.Matrices.
	Matrix   string
	Loss     float64 // mean loss there
	Accuracy float64 // percent; NaN where a logit is not finite
	// The two ends, with ‖Hv − λv‖ of each.
	LambdaMin, LambdaMax, ResidualMin, ResidualMax float64
	// Largest and Smallest are several eigenvalues, from the outside in; nil where only the ends are known.
	Largest, Smallest []Value
	Density           Density
	// HutchPP is the trace by Hutch++; nil where it is that of the density's random vectors.
	HutchPP *Estimate
	// Blocks are the parts of the matrix that belong to some layers each, and Subsets the whole matrix over some of the images each.
	Blocks, Subsets []Part
	Meta            json.RawMessage // provenance
}

// The grid on which a density is shown and stored: that many points over the
// range of the eigenvalues, each node broadened to a Gaussian whose standard
// deviation is a fraction of the range, and so much beyond the ends that it fades.
const (
	gridPoints = 1024
	broadening = 1.0 / 200
	beyond     = 5 // standard deviations
)

// Curve is the density on a grid: its abscissae, its values, whose integral is
// 1, and the standard deviation that each node was broadened by.
func (s Spectrum) Curve() (xs, density []float64, sigma float64) {
	low, high := s.Density.Range()
	low, high = min(low, s.LambdaMin), max(high, s.LambdaMax)
	span := high - low
	if span == 0 { // a multiple of the identity
		span = max(math.Abs(high), 1)
	}
	sigma = broadening * span
	from, to := low-beyond*sigma, high+beyond*sigma
	xs = make([]float64, gridPoints)
	for i := range xs {
		xs[i] = from + (to-from)*float64(i)/(gridPoints-1)
	}
	return xs, s.Density.At(xs, sigma), sigma
}

// maxUnpacked bounds the memory that DecodeNPZ takes for a compressed file.
const maxUnpacked = 256 << 20

// EncodeNPZ writes the spectrum as NumPy reads it, in float64: the numbers
// loss, accuracy, lambda_min, lambda_max, residual_min, residual_max, trace,
// trace_error and sigma, each an array of one; dim (int64); nodes and weights
// [probes][steps], where a probe of fewer nodes repeats its last one with weight
// 0; x and density, the curve; and Meta's JSON as the text meta. A spectrum of more than the ends has further arrays, see more.
func (s Spectrum) EncodeNPZ() ([]byte, error) {
	steps := 0
	for _, q := range s.Density.Probes {
		if len(q.Nodes) == 0 || len(q.Weights) != len(q.Nodes) {
			return nil, fmt.Errorf("spectrum: a quadrature of %d nodes and %d weights", len(q.Nodes), len(q.Weights))
		}
		steps = max(steps, len(q.Nodes))
	}
	if steps == 0 {
		return nil, errors.New("spectrum: a density of no random vector")
	}
	var nodes, weights []float64
	for _, q := range s.Density.Probes {
		fill := steps - len(q.Nodes)
		nodes = append(append(nodes, q.Nodes...), slices.Repeat(q.Nodes[len(q.Nodes)-1:], fill)...)
		weights = append(append(weights, q.Weights...), make([]float64, fill)...)
	}
	trace, deviation := s.Trace()
	xs, density, sigma := s.Curve()
	table := []int{len(s.Density.Probes), steps}
	arrays := []npz.Array{
		{Name: "nodes", Shape: table, Data: nodes}, {Name: "weights", Shape: table, Data: weights},
		{Name: "x", Shape: []int{len(xs)}, Data: xs}, {Name: "density", Shape: []int{len(xs)}, Data: density},
		{Name: "dim", Shape: []int{1}, Data: []int64{int64(s.Density.Dim)}},
		{Name: "meta", Data: npz.JSONText(s.Meta)},
	}
	more, err := s.more()
	if err != nil {
		return nil, err
	}
	arrays = append(arrays, more...)
	for _, v := range append(s.numbers(), named{"trace", &trace}, named{"trace_error", &deviation}, named{"sigma", &sigma}) {
		arrays = append(arrays, npz.Array{Name: v.name, Shape: []int{1}, Data: []float64{*v.value}})
	}
	return npz.Encode(arrays)
}

type named struct {
	name  string
	value *float64
}

// numbers are the numbers that are stored by themselves.
func (s *Spectrum) numbers() []named {
	return []named{
		{"loss", &s.Loss}, {"accuracy", &s.Accuracy}, {"lambda_min", &s.LambdaMin}, {"lambda_max", &s.LambdaMax},
		{"residual_min", &s.ResidualMin}, {"residual_max", &s.ResidualMax},
	}
}

// AddDecay adds weight decay of θ to the loss, ½λ‖θ‖², and so λ to all eigenvalues.
func (s *Spectrum) AddDecay(lambda float64, theta []float32) {
	for _, x := range theta {
		s.Loss += lambda / 2 * float64(x) * float64(x)
	}
	s.LambdaMin += lambda
	s.LambdaMax += lambda
	s.moreDecay(lambda)
	for i := range s.Density.Probes {
		for j := range s.Density.Probes[i].Nodes {
			s.Density.Probes[i].Nodes[j] += lambda
		}
	}
}

// CSV writes a line for each number, by its kind: "density", of density over x; "largest" and "smallest", eigenvalues x with their residuals ‖Hv − λv‖, from the
// outside in; "ritz", nodes x with the weights of each random vector's quadrature, which is counted from 1. Columns of other kinds are empty.
func (s Spectrum) CSV() []byte {
	out := []byte("kind,vector,x,density,weight,residual\n")
	line := func(kind string, vector int, x float64, column int, value float64) {
		out = append(append(out, kind...), ',')
		if vector > 0 {
			out = strconv.AppendInt(out, int64(vector), 10)
		}
		out = strconv.AppendFloat(append(out, ','), x, 'g', -1, 64)
		for i := range 3 {
			if out = append(out, ','); i == column {
				out = strconv.AppendFloat(out, value, 'g', -1, 64)
			}
		}
		out = append(out, '\n')
	}
	largest, smallest := s.Largest, s.Smallest
	if largest == nil {
		largest = []Value{{s.LambdaMax, s.ResidualMax}}
	}
	if smallest == nil {
		smallest = []Value{{s.LambdaMin, s.ResidualMin}}
	}
	for _, v := range largest {
		line("largest", 0, v.Value, 2, v.Residual)
	}
	for _, v := range smallest {
		line("smallest", 0, v.Value, 2, v.Residual)
	}
	for i, q := range s.Density.Probes {
		for k, node := range q.Nodes {
			line("ritz", i+1, node, 1, q.Weights[k])
		}
	}
	xs, density, _ := s.Curve()
	for i, x := range xs {
		line("density", 0, x, 0, density[i])
	}
	return out
}

// DecodeNPZ reads what EncodeNPZ wrote.
func DecodeNPZ(b []byte) (*Spectrum, error) {
	arrays, err := npz.Decode(b, maxUnpacked)
	if err != nil {
		return nil, fmt.Errorf("spectrum: %w", err)
	}
	by := make(map[string]npz.Array, len(arrays))
	for _, a := range arrays {
		by[a.Name] = a
	}
	s := &Spectrum{}
	for _, v := range s.numbers() {
		x, ok := by[v.name].Data.([]float64)
		if !ok || len(x) != 1 {
			return nil, fmt.Errorf("spectrum: the number %s is missing", v.name)
		}
		*v.value = x[0]
	}
	dim, ok := by["dim"].Data.([]int64)
	if !ok || len(dim) != 1 || dim[0] < 1 {
		return nil, errors.New("spectrum: dim, the number of parameters, is missing")
	}
	s.Density.Dim = int(dim[0])
	nodes, ok := by["nodes"].Data.([]float64)
	weights, also := by["weights"].Data.([]float64)
	shape := by["nodes"].Shape
	if !ok || !also || len(shape) != 2 || !slices.Equal(shape, by["weights"].Shape) || shape[0] < 1 || shape[1] < 1 {
		return nil, fmt.Errorf("spectrum: nodes and weights have the shapes %v and %v, expected two equal ones, [probes steps]", shape, by["weights"].Shape)
	}
	for i := range shape[0] {
		from, to := i*shape[1], (i+1)*shape[1]
		for to > from+1 && weights[to-1] == 0 && nodes[to-1] == nodes[to-2] {
			to--
		}
		s.Density.Probes = append(s.Density.Probes, Quadrature{nodes[from:to], weights[from:to]})
	}
	s.Meta, _ = npz.ParseJSONText(by["meta"].Data)
	return s, s.readMore(by)
}
