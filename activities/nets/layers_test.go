package nets

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"pgregory.net/rapid"

	"lossatlas/activities/conv"
	"lossatlas/activities/internal/numtest"
	"lossatlas/activities/nets/module"
)

// windows calls do for each window of a pooling layer with the index of its
// output and those of the elements it covers; padding has no index.
func windows(x array, kernel, stride, padding int, do func(out int, covered []int)) {
	batch, height, width, channels := x.dims[0], x.dims[1], x.dims[2], x.dims[3]
	outHeight, outWidth := (height+2*padding-kernel)/stride+1, (width+2*padding-kernel)/stride+1
	for out := range batch * outHeight * outWidth * channels {
		c, j, i, b := out%channels, out/channels%outWidth, out/channels/outWidth%outHeight, out/channels/outWidth/outHeight
		var covered []int
		for tap := range kernel * kernel {
			row, column := i*stride+tap/kernel-padding, j*stride+tap%kernel-padding
			if row >= 0 && row < height && column >= 0 && column < width {
				covered = append(covered, ((b*height+row)*width+column)*channels+c)
			}
		}
		do(out, covered)
	}
}

// TestPooling compares both poolings and their gradients with the definitions.
func TestPooling(t *testing.T) {
	b := goBackend(t)
	rapid.Check(t, func(rt *rapid.T) {
		kernel := rapid.IntRange(1, 3).Draw(rt, "kernel")
		padding := rapid.IntRange(0, kernel/2).Draw(rt, "padding")
		stride := rapid.IntRange(1, 3).Draw(rt, "stride")
		x := normal("x", 2, rapid.IntRange(kernel, 6).Draw(rt, "height"), rapid.IntRange(kernel, 6).Draw(rt, "width"), 2)
		for i := range x.data { // few values, so that maxima are often reached twice
			x.data[i] = math.Round(x.data[i])
		}
		in := Shape{Height: x.dims[1], Width: x.dims[2], Channels: 2}
		for _, l := range []Layer{MaxPool{kernel, stride, padding}, AvgPool{kernel, stride, padding}} {
			o, out, err := l.plan(nil, in)
			if err != nil {
				rt.Fatal(err)
			}
			dy := normal("dy", 2, out.Height, out.Width, 2)
			got := run(t, b, func(in []*graph.Node) []*graph.Node {
				y := o(nil, in[0])
				return append(graph.Gradient(graph.ReduceAllSum(graph.Mul(y, in[1])), in[0]), y)
			}, x, dy)
			y, dx := make([]float64, len(dy.data)), make([]float64, len(x.data))
			windows(x, kernel, stride, padding, func(out int, covered []int) {
				if _, isMax := l.(MaxPool); isMax {
					first := covered[0]
					for _, at := range covered {
						if x.data[at] > x.data[first] {
							first = at
						}
					}
					y[out] = x.data[first]
					dx[first] += dy.data[out]
					return
				}
				for _, at := range covered {
					y[out] += x.data[at] / float64(kernel*kernel)
					dx[at] += dy.data[out] / float64(kernel*kernel)
				}
			})
			if d := numtest.Distance(got[1], y); d > 1e-14 {
				rt.Errorf("%#v differs from the definition by %g", l, d)
			}
			if d := numtest.Distance(got[0], dx); d > 1e-14 {
				rt.Errorf("the gradient of %#v differs from the definition by %g", l, d)
			}
		}
	})
}

// TestNaNPassesThrough checks that a NaN in the input reaches the output of
// every layer without parameters, so that a network that has diverged shows it.
func TestNaNPassesThrough(t *testing.T) {
	b := goBackend(t)
	for _, l := range []Layer{ReLU{}, MaxPool{Kernel: 2, Stride: 2}, AvgPool{}, AvgPool{Kernel: 2, Stride: 2}, Flatten{}} {
		for at := range 4 {
			x := array{dims: []int{1, 2, 2, 1}, data: []float64{1, -2, 3, -4}}
			x.data[at] = math.NaN()
			o, _, err := l.plan(nil, Shape{Height: 2, Width: 2, Channels: 1})
			if err != nil {
				t.Fatal(err)
			}
			got := run(t, b, func(in []*graph.Node) []*graph.Node { return []*graph.Node{o(nil, in[0])} }, x)[0]
			found := false
			for _, v := range got {
				found = found || math.IsNaN(v)
			}
			if !found {
				t.Errorf("%#v makes %v of %v", l, got, x.data)
			}
		}
	}
}

// TestFlattenOrder checks that features come in the order channel, row, column.
func TestFlattenOrder(t *testing.T) {
	b := goBackend(t)
	x := array{dims: []int{1, 2, 2, 2}, data: []float64{000, 100, 001, 101, 010, 110, 011, 111}} // named channel, row, column
	got := run(t, b, func(in []*graph.Node) []*graph.Node { return []*graph.Node{flatten(nil, in[0])} }, x)[0]
	want := []float64{000, 001, 010, 011, 100, 101, 110, 111}
	if numtest.Distance(got, want) != 0 {
		t.Errorf("flattened to %03.0f, want %03.0f", got, want)
	}
}

// anyLayers draws a short network with every kind of layer.
func anyLayers(rt *rapid.T) []Layer {
	n := 0
	name := func(kind string) string { n++; return fmt.Sprintf("%s%d", kind, n) }
	layers := []Layer{AvgPool{Kernel: 4, Stride: 4}} // 8×8, to keep it cheap
	channels := 3
	for range rapid.IntRange(1, 3).Draw(rt, "layers") {
		switch rapid.IntRange(0, 9).Draw(rt, "kind") {
		case 0:
			channels = rapid.IntRange(1, 3).Draw(rt, "out")
			k := rapid.IntRange(1, 3).Draw(rt, "kernel")
			layers = append(layers, Convolution{name("conv"), channels, k, rapid.IntRange(1, 2).Draw(rt, "stride"), rapid.IntRange(0, 2).Draw(rt, "padding"), rapid.Bool().Draw(rt, "bias")})
		case 1:
			layers = append(layers, BatchNorm{name("bn")}, ReLU{})
		case 2:
			layers = append(layers, MaxPool{Kernel: 2, Stride: 1, Padding: 1})
		case 3:
			layers = append(layers, AvgPool{Kernel: 2, Stride: 1})
		case 4:
			layers = append(layers, Residual{Body: []Layer{conv3(name("conv"), channels, 1), BatchNorm{name("bn")}}})
		case 5:
			channels++
			layers = append(layers, Residual{
				Body:     []Layer{conv3(name("conv"), channels, 2), BatchNorm{name("bn")}, ReLU{}},
				Shortcut: []Layer{Convolution{Name: name("short"), Out: channels, Kernel: 1, Stride: 2}},
			})
		case 6:
			layers = append(layers, Dense{Body: []Layer{BatchNorm{name("bn")}, conv3(name("conv"), 2, 1), ReLU{}}})
			channels += 2
		case 7:
			layers = append(layers, Translated{module.Fields{Kind: "layernorm", Name: name("ln"), Affine: true, Epsilon: 1e-3}}, Translated{module.Fields{Kind: "gelu"}})
		case 8:
			layers = append(layers, Translated{module.Fields{Kind: "conv", Name: name("conv"), Out: channels, Kernel: module.Sides{1, 3}, Stride: module.Sides{2, 1}, Padding: module.Sides{0, 1}, Groups: channels}})
		case 9:
			layers = append(layers, Translated{module.Fields{Kind: "groupnorm", Groups: channels, Epsilon: 1e-3}}, Translated{module.Fields{Kind: "silu"}})
		}
	}
	return append(layers, Flatten{}, FullyConnected{Name: name("fc"), Out: 4}, BatchNorm{name("bn")}, FullyConnected{Name: name("fc"), Out: 3})
}

// TestGradientsOfAnyNetwork compares the directional derivative of a random
// network in training mode with central differences, in float64. The step 1e-6
// leaves a truncation of 1e-12 and a cancellation of 1e-10; kinks of ReLU and
// max-pool within the step are possible but need a pre-activation below 1e-6,
// one in about 1e5. The tolerance 1e-5 leaves two orders of magnitude.
func TestGradientsOfAnyNetwork(t *testing.T) {
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
		images := normal("images", 4, 32, 32, 3)
		along := normal("direction", net.NumParams())
		loss := func(theta array, formulation conv.Formulation) (value, slope float64) {
			out := run(t, b, func(in []*graph.Node) []*graph.Node {
				params := net.Split(in[0])
				logits, _ := net.Train(formulation, params, in[1], in[2], nil)
				l := graph.ReduceAllMean(graph.Square(graph.AddScalar(graph.LogSoftmax(logits), 1)))
				gradient := Join(graph.Gradient(l, params...))
				return []*graph.Node{l, graph.ReduceAllSum(graph.Mul(gradient, in[3]))}
			}, theta, state, images, along)
			return out[0][0], out[1][0]
		}
		_, slope := loss(theta, conv.Product)
		if _, other := loss(theta, conv.OneDNN); math.Abs(slope-other) > 1e-10*(1+math.Abs(slope)) {
			rt.Errorf("derivative %.12g as products, %.12g for oneDNN", slope, other)
		}
		const h = 1e-6
		shifted := func(by float64) array {
			moved := array{dims: theta.dims, data: append([]float64(nil), theta.data...)}
			for i := range moved.data {
				moved.data[i] += by * along.data[i]
			}
			return moved
		}
		above, _ := loss(shifted(h), conv.Product)
		below, _ := loss(shifted(-h), conv.Product)
		if difference := (above - below) / (2 * h); math.Abs(slope-difference) > 1e-5*(1+math.Abs(slope)) {
			rt.Errorf("derivative %.9g, by differences %.9g", slope, difference)
		}
	})
}

// start is the network's initial point in float64, with linear weights large enough to matter.
func start(net *Net) (theta, state array) {
	t, s := net.Init(1)
	theta, state = array{dims: []int{len(t)}}, array{dims: []int{len(s)}}
	for i, p := range net.Params() {
		v := normal(fmt.Sprint("parameter", i), p.Size).data
		for j, x := range p.Of(t) {
			if p.Role == Linear || p.Role == Bias {
				x = float32(v[j]) / 2
			}
			theta.data = append(theta.data, float64(x))
		}
	}
	for _, x := range s {
		state.data = append(state.data, float64(x))
	}
	return theta, state
}
