package nets

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
)

// Constants of batch normalisation, PyTorch's defaults.
const (
	bnEpsilon  = 1e-5 // added to the variance
	bnMomentum = 0.1  // weight of the new batch in the running statistics
)

// BatchNorm normalises each channel to mean 0 and variance 1 and applies a
// learned scale and shift. It is PyTorch's BatchNorm2d on images and its
// BatchNorm1d on flat features.
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
	return b, in, nil
}

type batchNorm struct {
	scale, shift   int // indices into the parameter table
	mean, variance int // indices into the state table
}

func (b batchNorm) forward(p *pass, x *graph.Node) *graph.Node {
	scale, shift := p.params[b.scale], p.params[b.shift]
	if !p.training {
		return b.affine(p, x, scale, shift)
	}
	mean, variance := b.batchStatistics(p, x)
	factor := slope(scale, variance)
	return graph.Add(graph.Mul(graph.Sub(x, perChannel(mean, x)), perChannel(factor, x)), perChannel(shift, x))
}

// affine normalises x by the stored statistics, scales by γ and shifts by β,
// with one multiplication and one addition an element: xf + (β − mean·f).
func (b batchNorm) affine(p *pass, x, scale, shift *graph.Node) *graph.Node {
	factor := slope(scale, p.state[b.variance])
	offset := graph.Sub(shift, graph.Mul(p.state[b.mean], factor))
	return graph.Add(graph.Mul(x, perChannel(factor, x)), perChannel(offset, x))
}

// tangent is ẋf plus the layer with γ̇ and β̇ in place of γ and β: in these it is linear.
func (b batchNorm) tangent(p *pass, x dual) dual {
	scale := p.params[b.scale]
	moved := b.affine(p, x.value, p.tangents[b.scale], p.tangents[b.shift])
	if x.tangent != nil {
		factor := slope(scale, p.state[b.variance])
		moved = graph.Add(graph.Mul(x.tangent, perChannel(factor, x.tangent)), moved)
	}
	return dual{b.affine(p, x.value, scale, p.params[b.shift]), moved}
}

// slope is γ/√(variance + ε), with 1/Sqrt because the library's Rsqrt has no gradient.
func slope(scale, variance *graph.Node) *graph.Node {
	return graph.Div(scale, graph.Sqrt(graph.AddScalar(variance, bnEpsilon)))
}

// batchStatistics returns the mean and the biased variance of each channel
// over the batch, through which gradients flow, and records the new running
// statistics. The running variance takes the unbiased variance. It is written
// from primitives because the library's layer stops gradients here.
func (b batchNorm) batchStatistics(p *pass, x *graph.Node) (mean, variance *graph.Node) {
	axes := []int{0}
	if x.Rank() == 4 {
		axes = []int{0, 1, 2}
	}
	n := x.Shape().Size() / x.Shape().Dim(-1)
	mean = graph.DivScalar(graph.ReduceSum(x, axes...), float64(n))
	centred := graph.Sub(x, perChannel(mean, x))
	variance = graph.DivScalar(graph.ReduceSum(graph.Square(centred), axes...), float64(n))
	// One value has no unbiased variance; the biased one, 0, is then as good.
	unbiased := graph.MulScalar(variance, float64(n)/float64(max(n-1, 1)))
	p.newState[b.mean] = running(p.state[b.mean], mean)
	p.newState[b.variance] = running(p.state[b.variance], unbiased)
	return mean, variance
}

func running(old, batch *graph.Node) *graph.Node {
	return graph.Add(graph.MulScalar(old, 1-bnMomentum), graph.MulScalar(graph.StopGradient(batch), bnMomentum))
}
