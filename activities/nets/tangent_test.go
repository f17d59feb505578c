package nets

import (
	"math"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"pgregory.net/rapid"

	"lossatlas/activities/conv"
	"lossatlas/activities/tangent"
)

// TestTangentsOfAnyNetwork draws networks of all kinds of layers, in float64,
// and checks two identities. The tangent of the logits along v, weighted by
// any u, is ⟨∇⟨u, logits⟩, v⟩: what tangents compute forwards, gradients compute
// backwards. And the tangent of that gradient, H·v, is symmetric in directions:
// ⟨H·v, w⟩ = ⟨H·w, v⟩, second derivatives being exchangeable, with kinks or
// without.
func TestTangentsOfAnyNetwork(t *testing.T) {
	b := goBackend(t)
	rapid.Check(t, func(rt *rapid.T) {
		net, err := New("any", anyLayers(rt), images(3))
		if err != nil {
			if !strings.Contains(err.Error(), "larger than its padded input") {
				rt.Fatal(err)
			}
			return
		}
		theta, state := start(net)
		f := rapid.SampledFrom([]conv.Formulation{conv.Plain, conv.Product, conv.OneDNN}).Draw(rt, "formulation")
		out := run(t, b, func(in []*graph.Node) []*graph.Node {
			theta, state, images, u, v, w := in[0], in[1], in[2], in[3], in[4], in[5]
			dot := func(a, b *graph.Node) *graph.Node { return graph.ReduceAllSum(graph.Mul(a, b)) }
			params := net.Split(theta)
			logits := net.Evaluate(f, params, state, images)
			gradient := Join(graph.Gradient(dot(logits, u), params...))
			along := func(v *graph.Node) (logitsTangent, hv *graph.Node) {
				moved := tangent.Along([]*graph.Node{logits, gradient}, []*graph.Node{theta}, []*graph.Node{v})
				return moved[0], moved[1]
			}
			moved, hv := along(v)
			_, hw := along(w)
			return []*graph.Node{dot(gradient, v), dot(moved, u), dot(hv, w), dot(hw, v)}
		}, theta, state, normal("images", 2, 32, 32, 3), normal("u", 2, net.Problem.Outputs),
			normal("v", net.NumParams()), normal("w", net.NumParams()))
		backward, forward, vw, wv := out[0][0], out[1][0], out[2][0], out[3][0]
		if math.Abs(forward-backward) > 1e-9*(1+math.Abs(backward)) {
			rt.Errorf("derivative %.12g by tangents, %.12g by gradients", forward, backward)
		}
		if math.Abs(vw-wv) > 1e-8*(1+math.Abs(vw)) {
			rt.Errorf("second derivative %.12g along v and w, %.12g along w and v", vw, wv)
		}
	})
}

// TestSecondDerivativeByDifferences compares the tangent of a gradient with
// central differences of a gradient, in a network without kinks.
func TestSecondDerivativeByDifferences(t *testing.T) {
	b := goBackend(t)
	net, err := New("smooth", []Layer{
		AvgPool{Kernel: 4, Stride: 4}, Convolution{Name: "a", Out: 3, Kernel: 3, Stride: 2, Padding: 1, Bias: true}, BatchNorm{Name: "b"},
		Residual{Body: []Layer{conv3("c", 3, 1), BatchNorm{Name: "d"}}}, Flatten{}, FullyConnected{Name: "e", Out: 3},
	}, images(3))
	if err != nil {
		t.Fatal(err)
	}
	theta, state := start(net)
	examples, v := normal("images", 2, 32, 32, 3), normal("v", net.NumParams())
	loss := func(logits *graph.Node) *graph.Node {
		return graph.ReduceAllSum(graph.Exp(graph.MulScalar(logits, 0.1)))
	}
	gradientOf := func(in []*graph.Node) *graph.Node {
		params := net.Split(in[0])
		return Join(graph.Gradient(loss(net.Evaluate(conv.Product, params, in[1], in[2])), params...))
	}
	gradient := func(theta array) []float64 {
		return run(t, b, func(in []*graph.Node) []*graph.Node { return []*graph.Node{gradientOf(in)} }, theta, state, examples)[0]
	}
	got := run(t, b, func(in []*graph.Node) []*graph.Node {
		return tangent.Along([]*graph.Node{gradientOf(in)}, []*graph.Node{in[0]}, []*graph.Node{in[3]})
	}, theta, state, examples, v)[0]
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
