package nets

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// Residual adds its input to the output of Body. Where Body changes the
// shape, Shortcut does the same to the input (a strided 1×1 convolution and a
// batch normalisation); without one the input is added unchanged, or with Pad as
// padShortcut changes it. The parameters of Body come first in the table.
type Residual struct {
	Body, Shortcut []Layer
	Pad            bool
}

func (l Residual) plan(p *planner, in Shape) (op, Shape, error) {
	body, out, err := p.part("residual", "body", l.Body, in)
	if err != nil {
		return nil, Shape{}, err
	}
	shortcut, short, err := p.part("residual", "shortcut", l.Shortcut, in)
	if err != nil {
		return nil, Shape{}, err
	}
	if l.Pad {
		stride, err := padStride(in, out)
		if err != nil || len(l.Shortcut) > 0 {
			return nil, Shape{}, cmp.Or(err, errors.New("residual block: a shortcut is either layers or pad"))
		}
		return func(p *pass, x *graph.Node) *graph.Node {
			return graph.Add(body.forward(p, x), padShortcut(x, stride, out.Channels))
		}, out, nil
	}
	if out != short {
		return nil, Shape{}, fmt.Errorf("residual block: the body gives %v but its shortcut %v: add a shortcut of a 1×1 convolution with the same stride and number of filters, or `shortcut: pad`", out, short)
	}
	return func(p *pass, x *graph.Node) *graph.Node {
		return graph.Add(body.forward(p, x), shortcut.forward(p, x))
	}, out, nil
}

// padStride is the stride at which a shortcut of option A takes the pixels of its input.
func padStride(in, out Shape) (int, error) {
	if in.IsImage() && out.IsImage() && out.Channels >= in.Channels {
		for stride := 1; stride <= in.Height; stride++ {
			if (in.Height+stride-1)/stride == out.Height && (in.Width+stride-1)/stride == out.Width {
				return stride, nil
			}
		}
	}
	return 0, fmt.Errorf("residual block: the body gives %v for an input of %v, and a shortcut of pad takes every n-th row and column of an image and adds channels: choose a body that does the same", out, in)
}

// padShortcut is the shortcut of option A, which has no parameters (He et al. 2016,
// section 4.2): every stride-th row and column, and channels of zeros, half of them in
// front and half behind, as in the PyTorch code for CIFAR-10 that is used most.
func padShortcut(x *graph.Node, stride, channels int) *graph.Node {
	d := x.Shape().Dimensions
	x = tap(x, 0, 0, (d[1]+stride-1)/stride, (d[2]+stride-1)/stride, stride)
	zeros := func(n int) *graph.Node {
		return graph.Zeros(x.Graph(), shapes.Make(x.DType(), d[0], x.Shape().Dim(1), x.Shape().Dim(2), n))
	}
	parts := []*graph.Node{x}
	if front := (channels - d[3]) / 2; front > 0 {
		parts = []*graph.Node{zeros(front), x}
	}
	if behind := channels - d[3] - (channels-d[3])/2; behind > 0 {
		parts = append(parts, zeros(behind))
	}
	if len(parts) == 1 {
		return x
	}
	return graph.Concatenate(parts, 3)
}
