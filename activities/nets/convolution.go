package nets

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/conv"
)

// Convolution is a two-dimensional cross-correlation with zero padding:
// Out filters of Kernel×Kernel pixels, moved by Stride.
type Convolution struct {
	Name                    string
	Out                     int
	Kernel, Stride, Padding int
	Bias                    bool
}

func (l Convolution) plan(p *planner, in Shape) (op, Shape, error) {
	kind := fmt.Sprintf("convolution %q", l.Name)
	height, width, err := window(in, kind, l.Kernel, l.Stride, l.Padding)
	if err != nil {
		return nil, Shape{}, err
	}
	weight, err := p.add(l.Name+".weight", Conv, l.Out, in.Channels, l.Kernel, l.Kernel)
	bias := 0
	if l.Bias && err == nil {
		bias, err = p.add(l.Name+".bias", Bias, l.Out)
	}
	if err != nil {
		return nil, Shape{}, fmt.Errorf("%s: %w", kind, err)
	}
	p.macs += int64(height) * int64(width) * int64(l.Out) * int64(in.Channels) * int64(l.Kernel*l.Kernel)
	forward := func(p *pass, x *graph.Node) *graph.Node {
		p.keep(l.Name, x)
		kernel := graph.TransposeAllAxes(p.params[weight], 2, 3, 1, 0) // OIHW to HWIO
		padding := l.Padding
		if padding > (l.Kernel-1)/2 { // as constants, which stored results were computed with
			x, padding = padded(x, padding, 0), 0
		}
		y := p.formulation.ConvolveLast(conv.Square(l.Stride, padding), x, kernel)
		if !l.Bias {
			return y
		}
		return graph.Add(y, perChannel(p.params[bias], y))
	}
	return forward, Shape{Height: height, Width: width, Channels: l.Out}, nil
}

// perChannel reshapes a vector of one value per channel so that it broadcasts over x.
func perChannel(v, x *graph.Node) *graph.Node {
	return graph.ExpandLeftToRank(v, x.Rank())
}
