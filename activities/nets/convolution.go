package nets

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
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
		kernel := graph.TransposeAllAxes(p.params[weight], 2, 3, 1, 0) // OIHW to HWIO
		y := p.formulation.convolve(x, kernel, l.Stride, l.Padding)
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

// convolveProduct writes the convolution as one matrix product of the image
// patches with the kernel (im2col). The pure-Go backend's own convolution is a
// plain loop and ten times slower.
func convolveProduct(x, kernel *graph.Node, stride, padding int) *graph.Node {
	k, in, out := kernel.Shape().Dim(0), kernel.Shape().Dim(2), kernel.Shape().Dim(3)
	batch := x.Shape().Dim(0)
	x = padded(x, padding, 0)
	height, width := (x.Shape().Dim(1)-k)/stride+1, (x.Shape().Dim(2)-k)/stride+1
	taps := make([]*graph.Node, 0, k*k)
	for row := range k {
		for column := range k {
			taps = append(taps, tap(x, row, column, height, width, stride))
		}
	}
	patches := graph.Reshape(graph.Concatenate(taps, 3), batch*height*width, k*k*in)
	y := graph.Dot(patches, graph.Reshape(kernel, k*k*in, out)).Product()
	return graph.Reshape(y, batch, height, width, out)
}
