// Package nodes has the operations on graph nodes that packages conv and aten/forward share: parts and orders of axes, and
// operations whose gradients the graph library lacks or gets wrong. Like the graph library, they panic on arguments that
// don't fit; callers check them before.
package nodes

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
)

// Dims is the shape of x.
func Dims(x *graph.Node) []int { return x.Shape().Dimensions }

// Size is the number of elements of a shape.
func Size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// Sequence is the n numbers from, from+1, …
func Sequence(from, n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = from + i
	}
	return all
}

// ScalarLike is v as a scalar constant of the dtype of x.
func ScalarLike(x *graph.Node, v float64) *graph.Node { return graph.Scalar(x.Graph(), x.DType(), v) }

// Plus is sum + x, or x where sum is nil.
func Plus(sum, x *graph.Node) *graph.Node {
	if sum == nil {
		return x
	}
	return graph.Add(sum, x)
}

// Slice is every step-th element of x from…to (exclusive) along an axis.
func Slice(x *graph.Node, axis, from, to, step int) *graph.Node {
	if from == 0 && to == Dims(x)[axis] && step == 1 {
		return x
	}
	s := graph.AxisRange(from, to)
	if step > 1 {
		s = s.Stride(step)
	}
	return graph.SliceAxis(x, axis, s)
}

// Select is element i of x along an axis, without that axis.
func Select(x *graph.Node, axis, i int) *graph.Node {
	d := append(append([]int{}, Dims(x)[:axis]...), Dims(x)[axis+1:]...)
	return graph.Reshape(Slice(x, axis, i, i+1, 1), d...)
}

// InsertAxis is x with a new axis of size 1 at a place.
func InsertAxis(x *graph.Node, at int) *graph.Node {
	d := append(append([]int{}, Dims(x)[:at]...), 1)
	return graph.Reshape(x, append(d, Dims(x)[at:]...)...)
}

// Permute is x with its axes in another order, where order lists the present axes.
func Permute(x *graph.Node, order []int) *graph.Node {
	if x.Rank() < 2 {
		return x
	}
	return graph.TransposeAllAxes(x, order...)
}

// Swap is x with two axes exchanged.
func Swap(x *graph.Node, a, b int) *graph.Node {
	if a == b {
		return x
	}
	order := Sequence(0, x.Rank())
	order[a], order[b] = b, a
	return graph.TransposeAllAxes(x, order...)
}

// Repeat is x with each element several times in a row along an axis.
func Repeat(x *graph.Node, axis, times int) *graph.Node {
	if times == 1 {
		return x
	}
	y := InsertAxis(x, axis+1)
	to, final := append([]int{}, Dims(y)...), append([]int{}, Dims(x)...)
	to[axis+1] = times
	final[axis] *= times
	return graph.Reshape(graph.BroadcastToDims(y, to...), final...)
}

// Pad surrounds x with a number: border[i] elements before and after axis i. Negative borders cut elements off.
func Pad(x *graph.Node, border [][2]int, value float64) *graph.Node {
	pads := make([]compute.PadAxis, x.Rank())
	some := false
	for i, b := range border {
		x = Slice(x, i, max(0, -b[0]), Dims(x)[i]-max(0, -b[1]), 1)
		pads[i] = compute.PadAxis{Start: max(0, b[0]), End: max(0, b[1])}
		some = some || pads[i] != compute.PadAxis{}
	}
	if !some {
		return x
	}
	y := graph.Pad(x, ScalarLike(x, value), pads...)
	return WithGradients(y, []*graph.Node{x}, func(dy *graph.Node) *graph.Node {
		for i, p := range pads {
			dy = Slice(dy, i, p.Start, p.Start+Dims(x)[i], 1)
		}
		return dy
	})
}
