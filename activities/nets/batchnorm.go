package nets

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/internal/nodes"
)

// Constants of batch normalisation, PyTorch's defaults.
const (
	bnEpsilon  = 1e-5 // added to the variance
	bnMomentum = 0.1  // weight of the new batch in the running statistics
)

// BatchNorm normalises each channel to mean 0 and variance 1 and applies a
// learned scale and shift. It is PyTorch's BatchNorm2d on images and its
// BatchNorm1d on flat features, and on those of all tokens.
type BatchNorm struct {
	Name string
}

func (l BatchNorm) plan(p *planner, in Shape) (op, Shape, error) {
	var b batchNorm
	var err error
	enter := func(index *int, add func(string, Role, ...int) (int, error), suffix string, role Role) {
		if err == nil {
			*index, err = add(l.Name+suffix, role, in.Channels)
		}
	}
	enter(&b.scale, p.add, ".weight", BNScale)
	enter(&b.shift, p.add, ".bias", BNShift)
	enter(&b.mean, p.addState, ".running_mean", RunningMean)
	enter(&b.variance, p.addState, ".running_var", RunningVar)
	if err != nil {
		return nil, Shape{}, fmt.Errorf("batch normalisation %q: %w", l.Name, err)
	}
	return b.forward, in, nil
}

type batchNorm struct {
	scale, shift   int // indices into the parameter table
	mean, variance int // indices into the state table
}

func (b batchNorm) forward(p *pass, x *graph.Node) *graph.Node {
	scale, shift := p.params[b.scale], p.params[b.shift]
	if p.training {
		return b.normalize(p, x, scale, shift)
	}
	return b.affine(p, x, scale, shift)
}

// normalize is y = cγ/s + β, where c = x − mean and s = √(variance + ε), with
// the batch's own statistics. The gradient is written out, since what the
// library derives goes over the activations about twice as often:
//
//	dβ = Σ dy,  dγ = Σ (dy·c)/s,  dx = (dy − dβ/n − c·Σ(dy·c)/(n·s²))·γ/s
//
// with sums and the mean over the n pixels of a channel.
func (b batchNorm) normalize(p *pass, x, scale, shift *graph.Node) *graph.Node {
	axes := []int{0, 1, 2}[:x.Rank()-1]
	total := func(v *graph.Node) *graph.Node { return graph.ReduceSum(v, axes...) }
	n := float64(x.Shape().Size() / x.Shape().Dim(-1))

	fixed := graph.StopGradient(x)
	mean := graph.DivScalar(total(fixed), n)
	centred := graph.Sub(fixed, perChannel(mean, x))
	variance := graph.DivScalar(total(graph.Square(centred)), n)
	b.record(p, mean, variance, n)
	deviation := graph.Sqrt(graph.AddScalar(variance, bnEpsilon))

	var dy, sum, product *graph.Node
	sums := func(v *graph.Node) {
		if dy != v {
			dy, sum, product = v, total(v), total(graph.Mul(v, centred))
		}
	}
	factor := graph.Div(scale, deviation)
	y := graph.Add(graph.Mul(centred, perChannel(factor, x)), perChannel(shift, x))
	return nodes.WithGradients(y, []*graph.Node{x, scale, shift},
		func(dy *graph.Node) *graph.Node {
			sums(dy)
			along := graph.DivScalar(graph.Div(product, graph.Square(deviation)), n)
			inner := graph.Sub(graph.Sub(dy, perChannel(graph.DivScalar(sum, n), x)), graph.Mul(centred, perChannel(along, x)))
			return graph.Mul(inner, perChannel(graph.Div(scale, deviation), x))
		},
		func(dy *graph.Node) *graph.Node { sums(dy); return graph.Div(product, deviation) },
		func(dy *graph.Node) *graph.Node { sums(dy); return sum })
}

// affine normalises x by the stored statistics, scales by γ and shifts by β,
// with one multiplication and one addition an element: xf + (β − mean·f).
func (b batchNorm) affine(p *pass, x, scale, shift *graph.Node) *graph.Node {
	// 1/Sqrt, because the library's Rsqrt has no gradient.
	factor := graph.Div(scale, graph.Sqrt(graph.AddScalar(p.state[b.variance], bnEpsilon)))
	offset := graph.Sub(shift, graph.Mul(p.state[b.mean], factor))
	return graph.Add(graph.Mul(x, perChannel(factor, x)), perChannel(offset, x))
}

// record puts the new running statistics into the pass, of which the variance
// takes the batch's unbiased one. n is the number of values.
func (b batchNorm) record(p *pass, mean, variance *graph.Node, n float64) {
	// One value has no unbiased variance; the biased one, 0, is then as good.
	unbiased := graph.MulScalar(variance, n/max(n-1, 1))
	if p.alone {
		p.newState[b.mean], p.newState[b.variance] = mean, unbiased
		return
	}
	p.newState[b.mean] = running(p.state[b.mean], mean)
	p.newState[b.variance] = running(p.state[b.variance], unbiased)
}

func running(old, batch *graph.Node) *graph.Node {
	return graph.Add(graph.MulScalar(old, 1-bnMomentum), graph.MulScalar(batch, bnMomentum))
}
