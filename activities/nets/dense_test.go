package nets

import (
	"math"
	"testing"

	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/conv"
	"lossatlas/activities/internal/numtest"
)

// TestDenseNetAgainstPyTorch compares a small DenseNet (growth 2, blocks of 2,
// 1, 2, 1) with the authors' modules in PyTorch 2.15, float64: logits in
// evaluation and in training mode, and norms of gradients of the mean
// cross-entropy for the classes 3 and 7. Weights and images are sines, so that
// both sides have the same ones. The values have 10 to 12 digits; two float64
// computations in another order of summation differ by less.
func TestDenseNetAgainstPyTorch(t *testing.T) {
	net, err := New("dense", DenseNet(10, 2, 2, 1, 2, 1), images(10))
	if err != nil {
		t.Fatal(err)
	}
	if n := net.NumParams(); n != 1501 {
		t.Fatalf("%d parameters, PyTorch has 1501", n)
	}
	wave := func(k, i int) float64 { return math.Sin(1 + float64(k) + 0.7*float64(i)) }
	theta, state := array{dims: []int{net.NumParams()}}, array{dims: []int{net.NumState()}}
	for k, p := range net.Params() {
		for i := range p.Size {
			theta.data = append(theta.data, wave(k, i)/2)
		}
	}
	for k, p := range net.State() {
		for i := range p.Size {
			if p.Role == RunningMean {
				state.data = append(state.data, wave(100+k, i)/10)
			} else {
				state.data = append(state.data, 1+wave(100+k, i)/2)
			}
		}
	}
	images := array{dims: []int{2, 32, 32, 3}, data: make([]float64, 2*32*32*3)}
	for at := range images.data { // in memory row, column, channel; the wave runs channel, row, column
		c, pixel := at%3, at/3
		images.data[at] = wave(500, (pixel/1024*3+c)*1024+pixel%1024)
	}
	b := goBackend(t)
	got := run(t, b, func(in []*graph.Node) []*graph.Node {
		return []*graph.Node{net.Evaluate(conv.Product, net.Split(in[0]), in[1], in[2])}
	}, theta, state, images)
	agree(t, "logits in evaluation mode", got[0][:10], []float64{
		-0.00127566062639, 0.0871756894269, 0.554203741304, 0.416787614319, 0.307668412712,
		-0.022487956334, -0.42341600266, -0.396511009692, -0.530096399947, 0.00679239429376}, 1e-11)

	names := []string{"conv1.weight", "dense1.1.conv1.weight", "trans2.conv.weight", "dense3.0.bn2.bias", "dense4.0.conv2.weight", "bn.weight"}
	got = run(t, b, func(in []*graph.Node) []*graph.Node {
		params := net.Split(in[0])
		logits, _ := net.Train(conv.Product, params, in[1], in[2], nil)
		picked := graph.Mul(graph.LogSoftmax(logits), in[3])
		gradients := graph.Gradient(graph.MulScalar(graph.ReduceAllSum(picked), -0.5), params...)
		out := []*graph.Node{logits}
		for _, name := range names {
			for k, p := range net.Params() {
				if p.Name == name {
					out = append(out, graph.Sqrt(graph.ReduceAllSum(graph.Square(gradients[k]))))
				}
			}
		}
		return out
	}, theta, state, images, array{dims: []int{2, 10}, data: []float64{0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0}})
	agree(t, "logits in training mode", got[0][10:], []float64{
		0.0679640063061, -0.0124378670616, 0.671531636608, 0.29665618648, 0.415336275314,
		-0.104009108376, -0.378401809292, -0.399297542456, -0.569891658834, 0.0841119996717}, 1e-11)
	want := []float64{0.02118931219, 0.01085554935, 0.0172520403, 0.02993722451, 0.01026829778, 0.2042572503}
	for i, name := range names {
		agree(t, "norm of the gradient of "+name, got[i+1], want[i:i+1], 1e-9)
	}
}

func agree(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if d := numtest.Distance(got, want); d > tolerance {
		t.Errorf("%s: %.12g, want %.12g", what, got, want)
	}
}

// TestMemory compares the estimate with what is counted by hand for one
// convolution and a linear layer, and a residual and a dense block.
func TestMemory(t *testing.T) {
	const pixels = 32 * 32
	tail := []Layer{AvgPool{}, Flatten{}, FullyConnected{Name: "fc", Out: 10}}
	for _, c := range []struct {
		name                string
		layers              []Layer
		kept, peak, weights int64 // per image, per image, parameters
	}{
		{"convolution", []Layer{conv3("c", 8, 1), BatchNorm{Name: "b"}, ReLU{}}, 16 * pixels, 16 * pixels, 3*8*9 + 16 + 8*10 + 10},
		// The input stays next to the body's two activations.
		{"residual", []Layer{Residual{Body: []Layer{conv3("a", 8, 1), conv3("b", 3, 1)}}}, (8 + 3 + 3) * pixels, (3 + 3 + 8) * pixels, 2*3*8*9 + 3*10 + 10},
		{"dense", []Layer{Dense{Body: []Layer{conv3("a", 8, 1)}}}, (8 + 11) * pixels, (3 + 3 + 8) * pixels, 3*8*9 + 11*10 + 10},
	} {
		net, err := New(c.name, append(c.layers, tail...), images(10))
		if err != nil {
			t.Fatal(err)
		}
		_, channels, _ := footprint(c.layers, Shape{Height: 32, Width: 32, Channels: 3})
		if channels != c.kept {
			t.Errorf("%s keeps %d, want %d", c.name, channels, c.kept)
		}
		m := net.Memory(2)
		if want := 2*4*c.peak + 3*4*c.weights; m.Evaluate != want {
			t.Errorf("%s takes %d bytes to evaluate, want %d", c.name, m.Evaluate, want)
		}
		if m.Train <= m.Evaluate+2*4*c.kept {
			t.Errorf("%s takes %d bytes to train, no more than to evaluate and to keep activations", c.name, m.Train)
		}
		if got, want := m.Product-4*4*c.weights, 2*(m.Train-5*4*c.weights); got != want {
			t.Errorf("%s: the activations of a Hessian-vector product take %d bytes, want the %d of a training step and its tangents", c.name, got, want)
		}
	}
}
