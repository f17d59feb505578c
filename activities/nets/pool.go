package nets

import (
	"github.com/gomlx/gomlx/core/graph"
)

// ReLU is max(x, 0) elementwise, with derivative 0 at 0. NaN stays NaN, so
// that a diverged network is seen and not hidden.
type ReLU struct{}

func (ReLU) plan(_ *planner, in Shape) (op, Shape, error) { return relu{}, in, nil }

type relu struct{}

func (relu) forward(_ *pass, x *graph.Node) *graph.Node {
	zero := graph.ScalarZero(x.Graph(), x.DType())
	return graph.Where(graph.LessOrEqual(x, zero), graph.ZerosLike(x), x)
}

// tangent lets through what forward lets through.
func (r relu) tangent(p *pass, x dual) dual {
	y := dual{value: r.forward(p, x.value)}
	if x.tangent != nil {
		zero := graph.ScalarZero(x.value.Graph(), x.value.DType())
		y.tangent = graph.Where(graph.LessOrEqual(x.value, zero), graph.ZerosLike(x.tangent), x.tangent)
	}
	return y
}

// MaxPool takes the maximum over Kernel×Kernel windows that lie Stride apart
// on the image, which is padded with values below every other.
type MaxPool struct {
	Kernel, Stride, Padding int
}

func (l MaxPool) plan(_ *planner, in Shape) (op, Shape, error) {
	height, width, err := in.window("max-pool", l.Kernel, l.Stride, l.Padding)
	return maxPool{l, height, width}, Shape{Height: height, Width: width, Channels: in.Channels}, err
}

type maxPool struct {
	MaxPool
	height, width int
}

// forward compares the elements of the windows one after another. The first of
// equal ones gets the gradient, as in PyTorch, and a NaN wins. The backends'
// own pooling would do but for its gradient, which the pure-Go backend lacks.
func (m maxPool) forward(_ *pass, x *graph.Node) *graph.Node {
	return m.choose(dual{value: x}).value
}

// tangent is the tangent of the element that is the maximum.
func (m maxPool) tangent(_ *pass, x dual) dual { return m.choose(x) }

func (m maxPool) choose(x dual) dual {
	x.value = padded(x.value, m.Padding, lowest(x.value.DType()))
	if x.tangent != nil {
		x.tangent = padded(x.tangent, m.Padding, 0)
	}
	var best dual
	for row := range m.Kernel {
		for column := range m.Kernel {
			t := x.linear(func(v *graph.Node) *graph.Node { return tap(v, row, column, m.height, m.width, m.Stride) })
			if best.value == nil {
				best = t
				continue
			}
			larger := graph.LogicalOr(graph.GreaterThan(t.value, best.value), graph.NotEqual(t.value, t.value))
			best.value = graph.Where(larger, t.value, best.value)
			if t.tangent != nil {
				best.tangent = graph.Where(larger, t.tangent, best.tangent)
			}
		}
	}
	return best
}

// AvgPool takes the mean over Kernel×Kernel windows that lie Stride apart; the
// zeros of the padding count. Kernel 0 is the mean over the whole image, of
// whatever size it is, which leaves one pixel.
type AvgPool struct {
	Kernel, Stride, Padding int
}

func (l AvgPool) plan(_ *planner, in Shape) (op, Shape, error) {
	if l.Kernel == 0 {
		return avgPool{AvgPool: l, height: 1, width: 1}, Shape{Height: 1, Width: 1, Channels: in.Channels}, in.spatial("average-pool")
	}
	height, width, err := in.window("average-pool", l.Kernel, l.Stride, l.Padding)
	return avgPool{l, height, width}, Shape{Height: height, Width: width, Channels: in.Channels}, err
}

type avgPool struct {
	AvgPool
	height, width int
}

func (a avgPool) forward(_ *pass, x *graph.Node) *graph.Node {
	whole := a.Kernel == 0 || a.Padding == 0 && a.Kernel == x.Shape().Dim(1) && a.Kernel == x.Shape().Dim(2)
	if whole {
		n := x.Shape().Dim(1) * x.Shape().Dim(2)
		sum := graph.ReduceSum(x, 1, 2)
		return graph.DivScalar(graph.Reshape(sum, x.Shape().Dim(0), 1, 1, x.Shape().Dim(3)), float64(n))
	}
	x = padded(x, a.Padding, 0)
	var sum *graph.Node
	for row := range a.Kernel {
		for column := range a.Kernel {
			t := tap(x, row, column, a.height, a.width, a.Stride)
			if sum == nil {
				sum = t
				continue
			}
			sum = graph.Add(sum, t)
		}
	}
	return graph.DivScalar(sum, float64(a.Kernel*a.Kernel))
}

func (a avgPool) tangent(p *pass, x dual) dual {
	return x.linear(func(v *graph.Node) *graph.Node { return a.forward(p, v) })
}
