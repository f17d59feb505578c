package nets

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/nets/module"
)

// Flatten turns images into vectors of features in the order channel, row,
// column, the order in which PyTorch flattens and a linear layer's columns are
// stored, and sequences into the features of one token after another.
type Flatten struct{}

func (Flatten) plan(_ *planner, in Shape) (op, Shape, error) {
	if in.IsSequence() {
		return flatten, Shape{Channels: in.Length * in.Channels, Flat: true}, nil
	}
	if err := in.Spatial("flatten"); err != nil {
		return nil, Shape{}, err
	}
	return flatten, Shape{Channels: in.Height * in.Width * in.Channels, Flat: true}, nil
}

func flatten(_ *pass, x *graph.Node) *graph.Node {
	batch := x.Shape().Dim(0)
	if x.Rank() == 4 && x.Shape().Dim(1)*x.Shape().Dim(2) > 1 {
		x = graph.TransposeAllAxes(x, 0, 3, 1, 2)
	}
	return graph.Reshape(x, batch, x.Shape().Size()/batch)
}

// FullyConnected is y = xWᵀ + b on flat features or on each token's features, with
// Out rows in W. Init is the standard deviation of the initial weights, 0 for
// 0.001, or 0.02 on tokens.
type FullyConnected struct {
	Name string
	Out  int
	Init float64
}

func (l FullyConnected) plan(p *planner, in Shape) (op, Shape, error) {
	kind := fmt.Sprintf("linear layer %q", l.Name)
	if in.IsImage() {
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
	p.params[weight].Deviation = l.Init
	if l.Init == 0 && in.IsSequence() {
		p.params[weight].Deviation = module.Deviation
	}
	p.macs += int64(l.Out) * in.Size()
	out := in
	out.Channels = l.Out
	return func(p *pass, x *graph.Node) *graph.Node {
		p.keep(l.Name, x)
		y := graph.DotGeneral(x, []int{x.Rank() - 1}, nil, p.params[weight], []int{1}, nil)
		return graph.Add(y, perChannel(p.params[bias], y))
	}, out, nil
}
