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
	x = padded(x, m.Padding, lowest(x.DType()))
	var best *graph.Node
	for row := range m.Kernel {
		for column := range m.Kernel {
			t := tap(x, row, column, m.height, m.width, m.Stride)
			if best == nil {
				best = t
				continue
			}
			larger := graph.LogicalOr(graph.GreaterThan(t, best), graph.NotEqual(t, t))
			best = graph.Where(larger, t, best)
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
			sum = plus(sum, tap(x, row, column, a.height, a.width, a.Stride))
		}
	}
	return graph.DivScalar(sum, float64(a.Kernel*a.Kernel))
}

// plus is sum + x, or x where there is no sum yet.
func plus(sum, x *graph.Node) *graph.Node {
	if sum == nil {
		return x
	}
	return graph.Add(sum, x)
}
