package nets

import (
	"compress/gzip"
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/conv"
	"lossatlas/activities/tangent"
)

// layerCase is what testdata/layers.py wrote of a list of layers.
type layerCase struct {
	Layers   json.RawMessage
	Shape    []int
	Indices  bool
	Params   [][2]any // name and shape
	Y        []float64
	Gradient []float64
	HV       []float64
}

// in is the shape of the input.
func (c layerCase) in() Shape {
	switch {
	case c.Indices:
		return Shape{Length: c.Shape[0]}
	case len(c.Shape) == 3:
		return Shape{Height: c.Shape[0], Width: c.Shape[1], Channels: c.Shape[2]}
	case len(c.Shape) == 2:
		return Shape{Length: c.Shape[0], Channels: c.Shape[1]}
	}
	return Shape{Channels: c.Shape[0], Flat: true}
}

// TestLayersAgainstPyTorch compares values, gradients and Hessian-vector products of layers with PyTorch, in all
// formulations, and the names, order and shapes of their parameters.
func TestLayersAgainstPyTorch(t *testing.T) {
	f, err := os.Open("testdata/layers.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var cases map[string]layerCase
	if err := json.NewDecoder(text).Decode(&cases); err != nil {
		t.Fatal(err)
	}
	b := goBackend(t)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			layers, err := Parse(c.Layers)
			if err != nil {
				t.Fatal(err)
			}
			p := &planner{names: map[string]bool{}}
			ops, _, err := p.sequence(layers, c.in())
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range c.Params {
				var shape []int
				for _, d := range want[1].([]any) {
					shape = append(shape, int(d.(float64)))
				}
				if i >= len(p.params) || p.params[i].Name != want[0] || !slices.Equal(p.params[i].Shape, shape) {
					t.Fatalf("the parameters are %v, PyTorch's %v", p.params, c.Params)
				}
			}
			for _, f := range []conv.Formulation{conv.Plain, conv.Product, conv.OneDNN} {
				got := c.derivatives(t, b, ops, p.params, f)
				agree(t, "output", got[0], c.Y, 1e-9)
				agree(t, "gradient", got[1], c.Gradient, 1e-9)
				agree(t, "Hessian-vector product", got[2], c.HV, 1e-8)
			}
		})
	}
}

// derivatives are the output, and gradient and Hessian-vector product of the loss that testdata/layers.py describes.
func (c layerCase) derivatives(t *testing.T, b compute.Backend, ops chain, params []Param, f conv.Formulation) [][]float64 {
	t.Helper()
	wave := func(start float64, i int) float64 { return math.Sin(start + 0.7*float64(i)) }
	theta := array{dims: []int{Length(params)}}
	for k, p := range params {
		for i := range p.Size {
			theta.data = append(theta.data, wave(float64(1+k), i)/2)
		}
	}
	x := array{dims: append([]int{2}, c.Shape...)}
	for i := range 2 * size(c.Shape) {
		x.data = append(x.data, 3*wave(501, i))
		if c.Indices {
			x.data[i] = float64(i * 5 % 9)
		}
	}
	return run(t, b, func(in []*graph.Node) []*graph.Node {
		parts, example := split(in[0], params), in[1]
		moving := append(slices.Clone(parts), example)
		if c.Indices {
			example, moving = graph.ConvertDType(example, dtypes.Int32), parts
		}
		y := ops.forward(&pass{formulation: f, params: parts}, example)
		flat := graph.Reshape(y, y.Shape().Size())
		weights := graph.Sin(graph.IotaFull(y.Graph(), flat.Shape()))
		loss := graph.Add(graph.ReduceAllSum(graph.Mul(weights, flat)), graph.MulScalar(graph.ReduceAllSum(graph.Square(flat)), 0.5))
		gradients := graph.Gradient(loss, moving...)
		var along []*graph.Node
		at := 0
		for _, m := range moving {
			n := m.Shape().Size()
			i := graph.AddScalar(graph.IotaFull(m.Graph(), graph.Reshape(m, n).Shape()), float64(at))
			along = append(along, graph.Reshape(graph.Cos(graph.MulScalar(i, 0.3)), m.Shape().Dimensions...))
			at += n
		}
		return []*graph.Node{flat, Join(gradients), Join(tangent.Along(gradients, moving, along))}
	}, theta, x)
}
