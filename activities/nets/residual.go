package nets

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
)

// Residual adds its input to the output of Body. Where Body changes the
// shape, Shortcut does the same to the input (a strided 1×1 convolution and a
// batch normalisation); without one the input is added unchanged. The
// parameters of Body come first in the table.
type Residual struct {
	Body, Shortcut []Layer
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
	if out != short {
		return nil, Shape{}, fmt.Errorf("residual block: the body gives %v but its shortcut %v: add a shortcut of a 1×1 convolution with the same stride and number of filters", out, short)
	}
	return func(p *pass, x *graph.Node) *graph.Node {
		return graph.Add(body.forward(p, x), shortcut.forward(p, x))
	}, out, nil
}
