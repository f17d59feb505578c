package forward

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/aten"
)

// Check validates a program, builds its forward pass for a batch without running it, and returns the shape of the output. The
// error of an operation that cannot be built is an aten.OpError.
func Check(p *aten.Program, batch int) ([]int, error) {
	all, err := Shapes(p, batch)
	return all[p.Output], err
}

// Shapes are the shapes of all values of a program for a batch: of inputs, parameters and results. It is an error where Check
// is one.
func Shapes(p *aten.Program, batch int) (all map[string][]int, err error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if batch < 1 || batch > aten.MaxSize {
		return nil, fmt.Errorf("a batch of %d examples: 1 to %d are allowed", batch, aten.MaxSize)
	}
	b, err := gobackend.New("ops_sequential")
	if err != nil {
		return nil, err
	}
	defer b.Finalize()
	defer func() {
		if e := recover(); e != nil {
			all, err = nil, asError(e)
		}
	}()
	g := graph.NewGraph(b, "check")
	defer g.Finalize()
	pass := newPass(p, parameters(g, "p", p.Params), parameters(g, "b", p.Buffers), input(p, g, batch))
	if _, err := pass.runAll(p); err != nil {
		return nil, err
	}
	all = map[string][]int{}
	for name, n := range pass.values {
		all[name] = n.Shape().Dimensions
	}
	return all, nil
}

// parameters are placeholders for the tensors of a table.
func parameters(g *graph.Graph, prefix string, table []aten.Tensor) []*graph.Node {
	all := make([]*graph.Node, len(table))
	for i, t := range table {
		all[i] = graph.Parameter(g, fmt.Sprint(prefix, i), shapes.Make(dtypes.Float32, t.Shape...))
	}
	return all
}

// input is a placeholder for a batch of examples.
func input(p *aten.Program, g *graph.Graph, batch int) *graph.Node {
	dims := make([]int, len(p.Input.Shape))
	for i, d := range p.Input.Shape {
		dims[i] = d.At(batch)
	}
	dtype, isInteger := integerTypes[p.Input.Type]
	if !isInteger {
		dtype = dtypes.Float32
	}
	return graph.Parameter(g, "x", shapes.Make(dtype, dims...))
}
