package aten

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// Check checks the program as Parse does, builds the forward pass for a batch without running it, and returns an
// error that names the operation where that is not possible. It returns the shape of the output.
func (p *Program) Check(batch int) ([]int, error) {
	s, err := p.shapes(batch)
	if err != nil {
		return nil, err
	}
	return s[p.Output].Dimensions, nil
}

// Shapes are the shapes of all values for a batch: of inputs, parameters and results.
func (p *Program) Shapes(batch int) (map[string][]int, error) {
	all, err := p.shapes(batch)
	if err != nil {
		return nil, err
	}
	dims := make(map[string][]int, len(all))
	for name, s := range all {
		dims[name] = s.Dimensions
	}
	return dims, nil
}

func (p *Program) shapes(batch int) (all map[string]shapes.Shape, err error) {
	if err := p.validate(); err != nil {
		return nil, err
	}
	if batch < 1 || batch > maxSize {
		return nil, fmt.Errorf("a batch of %d examples", batch)
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
	pass := newPass(p, parameters(g, "p", p.Params), parameters(g, "b", p.Buffers), p.input(g, batch))
	for i := range p.Ops {
		pass.run(i, &p.Ops[i])
	}
	if pass.values[p.Output] == nil {
		return nil, fmt.Errorf("the output %q is a result that is not supported", p.Output)
	}
	all = map[string]shapes.Shape{}
	for name, n := range pass.values {
		all[name] = n.Shape()
	}
	return all, nil
}

// parameters are placeholders for the tensors of a table.
func parameters(g *graph.Graph, prefix string, table []Tensor) []*graph.Node {
	all := make([]*graph.Node, len(table))
	for i, t := range table {
		all[i] = graph.Parameter(g, fmt.Sprint(prefix, i), shapes.Make(dtypes.Float32, t.Shape...))
	}
	return all
}

// input is a placeholder for a batch of examples.
func (p *Program) input(g *graph.Graph, batch int) *graph.Node {
	dims := make([]int, len(p.Input.Shape))
	for i, d := range p.Input.Shape {
		dims[i] = d.At(batch)
	}
	return graph.Parameter(g, "x", shapes.Make(types[p.Input.Type].dtype, dims...))
}
