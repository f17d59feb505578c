package nets

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// Dropout sets each activation to zero with the probability Rate in training, and
// divides the others by 1 − Rate (Srivastava et al. 2014). In evaluation it is the
// identity.
type Dropout struct {
	Rate float64
}

func (l Dropout) plan(p *planner, in Shape) (op, Shape, error) {
	if !(l.Rate >= 0 && l.Rate < 1) {
		return nil, Shape{}, fmt.Errorf("dropout of %g: the rate is at least 0 and less than 1", l.Rate)
	}
	p.dropouts++
	place := p.dropouts
	return func(p *pass, x *graph.Node) *graph.Node {
		if !p.training || l.Rate == 0 {
			return x
		}
		keep := graph.GreaterOrEqual(noise(x, p.dice, place), graph.Scalar(x.Graph(), dtypes.Uint32, uint32(l.Rate*(1<<32))))
		return graph.Where(keep, graph.DivScalar(x, 1-l.Rate), graph.ZerosLike(x))
	}, in, nil
}

// noise is a pseudorandom uint32 for each element of x, [batch, …]: a function of the example's two dice, the place of the
// dropout in the network and the element's index, so that equal dice give equal masks on every backend. It encrypts place
// and index by the dice, with the permutation mix between them (Even and Mansour 1997, in two rounds).
func noise(x, dice *graph.Node, place int) *graph.Node {
	g, batch := x.Graph(), x.Shape().Dim(0)
	size := x.Shape().Size() / batch
	index := graph.Iota(g, shapes.Make(dtypes.Uint32, batch, size), 1)
	h := graph.Add(index, graph.Scalar(g, dtypes.Uint32, uint32(place)*0x9e3779b9)) // 2³²/φ keeps the ranges of layers apart
	for i := range 2 {
		key := graph.Slice(dice, graph.AxisRange(), graph.AxisRange(i, i+1))
		h = mix(graph.BitwiseXor(h, graph.BroadcastToDims(key, batch, size)))
	}
	return graph.Reshape(h, x.Shape().Dimensions...)
}

// mix is a permutation of uint32 in which each bit of the argument changes each of the result with a probability near a half
// (Ettinger's lowbias32).
func mix(h *graph.Node) *graph.Node {
	times := func(h *graph.Node, by uint32) *graph.Node {
		return graph.Mul(h, graph.Scalar(h.Graph(), dtypes.Uint32, by))
	}
	shifted := func(h *graph.Node, by uint32) *graph.Node {
		return graph.BitwiseXor(h, graph.BitwiseShiftRightLogical(h, graph.Scalar(h.Graph(), dtypes.Uint32, by)))
	}
	return shifted(times(shifted(times(shifted(h, 16), 0x7feb352d), 15), 0x846ca68b), 16)
}
