package nets

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
)

// Flatten turns images into vectors of features in the order channel, row,
// column, the order in which PyTorch flattens and a linear layer's columns are stored.
type Flatten struct{}

func (Flatten) plan(_ *planner, in Shape) (op, Shape, error) {
	if err := in.spatial("flatten"); err != nil {
		return nil, Shape{}, err
	}
	return flatten, Shape{Channels: in.Height * in.Width * in.Channels, Flat: true}, nil
}

func flatten(_ *pass, x *graph.Node) *graph.Node {
	batch := x.Shape().Dim(0)
	if x.Shape().Dim(1)*x.Shape().Dim(2) > 1 {
		x = graph.TransposeAllAxes(x, 0, 3, 1, 2)
	}
	return graph.Reshape(x, batch, x.Shape().Size()/batch)
}

// FullyConnected is y = xWᵀ + b on flat features, with Out rows in W.
type FullyConnected struct {
	Name string
	Out  int
}

func (l FullyConnected) plan(p *planner, in Shape) (op, Shape, error) {
	kind := fmt.Sprintf("linear layer %q", l.Name)
	if !in.Flat {
		return nil, Shape{}, fmt.Errorf("%s needs flat features but gets an image of %v: put a flatten layer before it", kind, in)
	}
	weight, err := p.add(l.Name+".weight", Linear, l.Out, in.Channels)
	if err != nil {
		return nil, Shape{}, fmt.Errorf("%s: %w", kind, err)
	}
	bias, err := p.add(l.Name+".bias", Bias, l.Out)
	if err != nil {
		return nil, Shape{}, fmt.Errorf("%s: %w", kind, err)
	}
	p.macs += int64(l.Out) * int64(in.Channels)
	return func(p *pass, x *graph.Node) *graph.Node {
		y := graph.DotGeneral(x, []int{1}, nil, p.params[weight], []int{1}, nil)
		return graph.Add(y, perChannel(p.params[bias], y))
	}, Shape{Channels: l.Out, Flat: true}, nil
}
