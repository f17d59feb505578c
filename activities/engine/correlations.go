package engine

import (
	"context"
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/data"
	"lossatlas/activities/nets"
)

// Minimizer is the parameters and running statistics of a network.
type Minimizer struct{ Theta, State []float32 }

// Correlations are those of the hidden units' activations in two minimizers of one network, in evaluation mode: for each set of net.Units an
// n×n matrix by rows, with a row for each unit of a and a column for each of b. The samples are the positions of all examples at a layer
// that takes the activations in; where several layers do, the matrix is the sum of theirs. Units of constant activation have the
// correlation 0. Examples that do not fill a last batch of the given size are left out.
func Correlations(ctx context.Context, on *Backend, net *nets.Net, sets []nets.Units, a, b Minimizer, examples data.Split, size int) (out [][]float64, err error) {
	if size < 1 || examples.Len() < size {
		return nil, fmt.Errorf("correlations over %d examples in batches of %d: there is at least one batch", examples.Len(), size)
	}
	if err := CheckExamples(net, examples); err != nil {
		return nil, err
	}
	places := placesOf(sets)
	shape, _ := net.Problem.Inputs(size)
	theta, state := Float32(net.NumParams()), Float32(net.NumState())
	program, err := on.Compile(fmt.Sprintf("correlations-%s-%d %s", net.Name, size, net.Signature()), []shapes.Shape{theta, state, theta, state, shape}, func(in []*graph.Node) []*graph.Node {
		images := net.Problem.Normalize(in[4], dtypes.Float32)
		ofA := net.Inputs(on.Formulation(), net.Split(in[0]), in[1], images)
		ofB := net.Inputs(on.Formulation(), net.Split(in[2]), in[3], images)
		var parts []*graph.Node
		for _, p := range places {
			layer := net.Params()[p.Tensor].Name
			parts = append(parts, p.sums(ofA[layer], ofB[layer])...)
		}
		return []*graph.Node{nets.Join(parts)}
	})
	if err != nil {
		return nil, err
	}
	var inputs []*Buffer
	defer func() {
		for _, buffer := range inputs {
			buffer.Free()
		}
	}()
	for _, v := range [][]float32{a.Theta, a.State, b.Theta, b.State} {
		buffer, err := Upload(on, v, len(v))
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, buffer)
	}
	for from := 0; from+size <= examples.Len(); from += size {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		values, err := sumsOf(program, inputs, examples.Slice(from, from+size), size)
		if err != nil {
			return nil, err
		}
		for _, p := range places {
			values = p.add(float64(from/size), values)
		}
	}
	for _, set := range sets {
		out = append(out, make([]float64, set.N*set.N))
	}
	for _, p := range places {
		p.correlate(out[p.set])
	}
	return out, nil
}

// sumsOf runs the program of Correlations over one batch.
func sumsOf(program *Program, minimizers []*Buffer, examples data.Split, size int) ([]float32, error) {
	batch, err := UploadBatch(program.backend, examples, size)
	if err != nil {
		return nil, err
	}
	defer batch.Free()
	out, err := program.Run(append(minimizers[:4:4], batch.Examples)...)
	if err != nil {
		return nil, err
	}
	defer out[0].Free()
	return Read(out[0])
}

// unitsPlace is where a layer takes the units of a set in, with the means over all batches so far: of both networks' activations, of the squares of their
// deviations from their means, and of the products of these.
type unitsPlace struct {
	nets.Place
	set, n                          int
	meanA, meanB, varA, varB, cross []float64
}

func placesOf(sets []nets.Units) (out []*unitsPlace) {
	for k, set := range sets {
		for _, at := range set.Params {
			if n := set.N; at.Axis == 1 {
				out = append(out, &unitsPlace{at, k, n, make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n*n)})
			}
		}
	}
	return out
}

// sums adds the means of one batch to a graph, in the order of the fields.
func (p *unitsPlace) sums(a, b *graph.Node) []*graph.Node {
	a, meanA := p.centered(a)
	b, meanB := p.centered(b)
	samples := float64(a.Shape().Dim(0))
	mean := func(x *graph.Node) *graph.Node { return graph.DivScalar(x, samples) }
	return []*graph.Node{meanA, meanB, mean(graph.ReduceSum(graph.Square(a), 0)), mean(graph.ReduceSum(graph.Square(b), 0)),
		mean(graph.DotGeneral(a, []int{0}, nil, b, []int{0}, nil))}
}

// centered is the activations of the units as [samples, units], without their mean.
func (p *unitsPlace) centered(x *graph.Node) (centered, mean *graph.Node) {
	width := x.Shape().Dim(x.Rank() - 1)
	x = graph.Reshape(x, x.Shape().Size()/width, width)
	x = graph.Slice(x, graph.AxisRange(), graph.AxisRange(p.From, p.From+p.n*p.Each))
	rows := x.Shape().Dim(0)
	x = graph.Reshape(graph.TransposeAllAxes(graph.Reshape(x, rows, p.n, p.Each), 0, 2, 1), rows*p.Each, p.n)
	mean = graph.ReduceMean(x, 0)
	return graph.Sub(x, graph.Reshape(mean, 1, p.n)), mean
}

// add adds a batch to as many earlier ones of the same size (Chan, Golub and LeVeque 1979), and returns the values that belong to other places.
func (p *unitsPlace) add(batches float64, values []float32) []float32 {
	next := func(n int) []float32 {
		v := values[:n]
		values = values[n:]
		return v
	}
	meanA, meanB, varA, varB, cross := next(p.n), next(p.n), next(p.n), next(p.n), next(p.n*p.n)
	share := 1 / (batches + 1) // of the batch
	between := share * (1 - share)
	off := func(mean []float64, i int, of []float32) float64 { return float64(of[i]) - mean[i] }
	merge := func(to *float64, v float32, product float64) { *to += share*(float64(v)-*to) + between*product }
	for i := range p.n {
		a, b := off(p.meanA, i, meanA), off(p.meanB, i, meanB)
		merge(&p.varA[i], varA[i], a*a)
		merge(&p.varB[i], varB[i], b*b)
		for j := range p.n {
			merge(&p.cross[i*p.n+j], cross[i*p.n+j], a*off(p.meanB, j, meanB))
		}
	}
	for i := range p.n {
		p.meanA[i] += share * off(p.meanA, i, meanA)
		p.meanB[i] += share * off(p.meanB, i, meanB)
	}
	return values
}

// correlate adds the correlations to a matrix.
func (p *unitsPlace) correlate(to []float64) {
	for i := range p.n {
		for j := range p.n {
			if scale := math.Sqrt(p.varA[i] * p.varB[j]); scale > 0 && !math.IsInf(scale, 0) {
				to[i*p.n+j] += p.cross[i*p.n+j] / scale
			}
		}
	}
}
