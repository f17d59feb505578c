package aten

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
)

// This file surrounds tensors with numbers or with their own elements.

// borders are PyTorch's pads, pairs from the last axis to the first, as pairs for each axis of x.
func borders(x *graph.Node, pads []int) [][2]int {
	all := make([][2]int, x.Rank())
	if len(pads)%2 != 0 || len(pads)/2 > x.Rank() {
		fail("the padding %v does not fit a tensor of %d axes", pads, x.Rank())
	}
	for i := 0; i < len(pads); i += 2 {
		all[x.Rank()-1-i/2] = [2]int{pads[i], pads[i+1]}
	}
	for i, b := range all {
		n := dims(x)[i]
		if b[0] < -n || b[1] < -n || b[0] > maxSize || b[1] > maxSize || n+b[0]+b[1] < 1 {
			fail("the padding %v does not fit %v", pads, dims(x))
		}
	}
	return all
}

func padConstant(c *call) *graph.Node {
	x := c.tensor("self")
	return padded(x, borders(x, c.ints("pad")), c.number("value", 0))
}

// padded surrounds x with a number; negative borders cut elements off.
func padded(x *graph.Node, border [][2]int, value float64) *graph.Node {
	pads := make([]compute.PadAxis, x.Rank())
	some := false
	for i, b := range border {
		x = along(x, i, max(0, -b[0]), dims(x)[i]-max(0, -b[1]), 1)
		pads[i] = compute.PadAxis{Start: max(0, b[0]), End: max(0, b[1])}
		some = some || pads[i] != compute.PadAxis{}
	}
	if !some {
		return x
	}
	d := dims(x)
	y := graph.Pad(x, scalarLike(x, value), pads...)
	return withGradients(y, []*graph.Node{x}, func(dy *graph.Node) *graph.Node {
		for i, p := range pads {
			dy = along(dy, i, p.Start, p.Start+d[i], 1)
		}
		return dy
	})
}

func padMode(c *call) *graph.Node {
	switch mode := c.text("mode"); mode {
	case "", "constant":
		return padConstant(c)
	case "reflect":
		return padByIndex(c, "pad", reflected)
	case "replicate":
		return padByIndex(c, "pad", replicated)
	case "circular":
		return padByIndex(c, "pad", wrapped)
	default:
		fail("the mode %q of padding is not supported: constant, reflect, replicate and circular are", mode)
		return nil
	}
}

// Which element of an axis of n elements stands at i, which may be outside.
func reflected(i, n int) int {
	if i < 0 {
		i = -i
	}
	if i >= n {
		i = 2*(n-1) - i
	}
	return i
}
func replicated(i, n int) int { return max(0, min(i, n-1)) }
func wrapped(i, n int) int    { return ((i % n) + n) % n }

// padByIndex surrounds a tensor with its own elements.
func padByIndex(c *call, name string, source func(i, n int) int) *graph.Node {
	x := c.tensor("self")
	for a, b := range borders(x, c.ints(name)) {
		if b == [2]int{} {
			continue
		}
		n := dims(x)[a]
		table(n+b[0]+b[1], 1)
		index := make([]int64, n+b[0]+b[1])
		for i := range index {
			index[i] = int64(source(i-b[0], n))
			if index[i] < 0 || index[i] >= int64(n) {
				fail("the padding %v is larger than axis %d of %v", c.ints(name), a, dims(x))
			}
		}
		x = taken(x, a, c.fromFlat(index, []int{len(index)}, indexType))
	}
	return x
}
