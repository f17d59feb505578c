package nets

import (
	"math"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"pgregory.net/rapid"
)

// TestTangentsOfAnyNetwork draws networks of all kinds of layers, in float64,
// and checks two identities. The tangent of the logits along v, weighted by
// any u, is ⟨∇⟨u, logits⟩, v⟩: what the tangents compute forwards, gradients
// compute backwards. And the gradient of that is symmetric in directions: for
// h(θ, v) = ⟨u, d logits/dv⟩ and any w, ⟨∇h(θ, v), w⟩ = ⟨∇h(θ, w), v⟩, second
// derivatives being exchangeable, kinks or none.
func TestTangentsOfAnyNetwork(t *testing.T) {
	b := goBackend(t)
	rapid.Check(t, func(rt *rapid.T) {
		net, err := New("any", anyLayers(rt))
		if err != nil {
			if !strings.Contains(err.Error(), "larger than its padded input") {
				rt.Fatal(err)
			}
			return
		}
		theta, state := start(net)
		f := rapid.SampledFrom([]Formulation{Plain, Product, OneDNN}).Draw(rt, "formulation")
		out := run(t, b, func(in []*graph.Node) []*graph.Node {
			theta, state, images, u, v, w := in[0], in[1], in[2], in[3], in[4], in[5]
			weigh := func(logits *graph.Node) *graph.Node { return graph.ReduceAllSum(graph.Mul(logits, u)) }
			dot := func(parts []*graph.Node, along *graph.Node) *graph.Node {
				return graph.ReduceAllSum(graph.Mul(Join(parts), along))
			}
			params := net.Split(theta)
			plain := net.EvaluateAt(f, params, state, images)
			slope := dot(graph.Gradient(weigh(plain), params...), v)
			logits, tangent := net.Tangent(f, params, net.Split(v), state, images)
			_, other := net.Tangent(f, params, net.Split(w), state, images)
			difference := graph.ReduceAllMax(graph.Abs(graph.Sub(logits, plain)))
			return []*graph.Node{
				slope, weigh(tangent), difference,
				dot(graph.Gradient(weigh(tangent), params...), w), dot(graph.Gradient(weigh(other), params...), v),
			}
		}, theta, state, normal("images", 2, 32, 32, 3), normal("u", 2, net.Classes),
			normal("v", net.NumParams()), normal("w", net.NumParams()))
		backward, forward, difference, vw, wv := out[0][0], out[1][0], out[2][0], out[3][0], out[4][0]
		if difference != 0 {
			rt.Errorf("the logits are %g off beside a tangent", difference)
		}
		if math.Abs(forward-backward) > 1e-9*(1+math.Abs(backward)) {
			rt.Errorf("derivative %.12g by tangents, %.12g by gradients", forward, backward)
		}
		if math.Abs(vw-wv) > 1e-8*(1+math.Abs(vw)) {
			rt.Errorf("second derivative %.12g along v and w, %.12g along w and v", vw, wv)
		}
	})
}

// TestSecondDerivativeByDifferences compares the gradient of a tangent with
// central differences of a gradient, in a network without kinks.
func TestSecondDerivativeByDifferences(t *testing.T) {
	b := goBackend(t)
	net, err := New("smooth", []Layer{
		AvgPool{Kernel: 4, Stride: 4}, Convolution{Name: "a", Out: 3, Kernel: 3, Stride: 2, Padding: 1, Bias: true}, BatchNorm{Name: "b"},
		Residual{Body: []Layer{conv3("c", 3, 1), BatchNorm{Name: "d"}}}, Flatten{}, FullyConnected{Name: "e", Out: 3},
	})
	if err != nil {
		t.Fatal(err)
	}
	theta, state := start(net)
	images, v := normal("images", 2, 32, 32, 3), normal("v", net.NumParams())
	loss := func(logits *graph.Node) *graph.Node {
		return graph.ReduceAllSum(graph.Exp(graph.MulScalar(logits, 0.1)))
	}
	gradient := func(theta array) []float64 {
		return run(t, b, func(in []*graph.Node) []*graph.Node {
			params := net.Split(in[0])
			return []*graph.Node{Join(graph.Gradient(loss(net.EvaluateAt(Product, params, in[1], in[2])), params...))}
		}, theta, state, images)[0]
	}
	got := run(t, b, func(in []*graph.Node) []*graph.Node {
		params := net.Split(in[0])
		logits, tangent := net.Tangent(Product, params, net.Split(in[3]), in[1], in[2])
		slope := graph.MulScalar(graph.ReduceAllSum(graph.Mul(graph.Exp(graph.MulScalar(logits, 0.1)), tangent)), 0.1)
		return []*graph.Node{Join(graph.Gradient(slope, params...))}
	}, theta, state, images, v)[0]
	const h = 1e-5 // truncation of order h² and cancellation of order 1e-16/h, relative
	shifted := func(by float64) array {
		moved := array{dims: theta.dims, data: append([]float64(nil), theta.data...)}
		for i := range moved.data {
			moved.data[i] += by * v.data[i]
		}
		return moved
	}
	above, below := gradient(shifted(h)), gradient(shifted(-h))
	largest, worst := 0.0, 0.0
	for i := range got {
		largest = max(largest, math.Abs(got[i]))
		worst = max(worst, math.Abs(got[i]-(above[i]-below[i])/(2*h)))
	}
	if worst > 1e-6*largest {
		t.Errorf("the product with the matrix of second derivatives is %.1e of its largest entry off", worst/largest)
	}
}
