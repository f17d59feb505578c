package forward

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/conv"
	"lossatlas/activities/internal/nodes"
)

// poolingOps reduce windows of the last one or two axes.
var poolingOps = map[string]builder{
	"max_pool1d":              one(func(c *call) *graph.Node { return maxPool(c, 1) }),
	"max_pool2d":              one(func(c *call) *graph.Node { return maxPool(c, 2) }),
	"max_pool2d_with_indices": one(func(c *call) *graph.Node { return maxPool(c, 2) }),
	"avg_pool1d":              one(func(c *call) *graph.Node { return avgPool(c, 1) }),
	"max_pool3d":              one(func(c *call) *graph.Node { return maxPool(c, 3) }),
	"avg_pool3d":              one(func(c *call) *graph.Node { return avgPool(c, 3) }),
	"avg_pool2d":              one(func(c *call) *graph.Node { return avgPool(c, 2) }),
	"adaptive_avg_pool1d":     one(func(c *call) *graph.Node { return adaptiveMean(c, 1) }),
	"adaptive_avg_pool2d":     one(func(c *call) *graph.Node { return adaptiveMean(c, 2) }),
	"_adaptive_avg_pool2d":    one(func(c *call) *graph.Node { return adaptiveMean(c, 2) }),
	"adaptive_max_pool2d":     one(adaptiveMax),
}

// window is the geometry of a pool along one axis.
type window struct{ size, stride, padding, dilation, input, output int }

// windows reads the geometry of a pool over the last axes of x.
func (c *call) windows(x *graph.Node, n int) []window {
	if x.Rank() < n+1 {
		fail("%v has no %d axes after the channels", nodes.Dims(x), n)
	}
	size, pad, dilation := c.each("kernel_size", n, 1), c.each("padding", n, 0), c.each("dilation", n, 1)
	stride := size
	if len(c.ints("stride")) > 0 {
		stride = c.each("stride", n, 1)
	}
	all := make([]window, n)
	for i := range all {
		w := window{size[i], stride[i], pad[i], dilation[i], nodes.Dims(x)[c.spaceAxis(x, n)+i], 0}
		if !inRange(w.size) || !inRange(w.stride) || !inRange(w.dilation) || w.padding < 0 || w.padding > w.size/2 {
			fail("a window of %v with stride %v, padding %v and dilation %v is out of range", size, stride, pad, dilation)
		}
		w.output = w.count(c.flag("ceil_mode", false))
		if w.output < 1 {
			fail("a window of %v does not fit %v", size, nodes.Dims(x))
		}
		all[i] = w
	}
	return all
}

// count is the number of windows, with up a last one that lies partly outside.
func (w window) count(up bool) int {
	room := w.input + 2*w.padding - w.dilation*(w.size-1) - 1
	if room < 0 && !up {
		return 0
	}
	n := room / w.stride
	if up {
		n = (room + w.stride - 1) / w.stride
		if n*w.stride >= w.input+w.padding { // a window must start inside
			n--
		}
	}
	return n + 1
}

// end is the padding after the elements that the windows need.
func (w window) end() int {
	return (w.output-1)*w.stride + w.dilation*(w.size-1) + 1 - w.input - w.padding
}

// overWindows combines the elements of the windows of x, whose axes of space start at first, tap by tap.
func overWindows(x *graph.Node, all []window, first int, fill float64, combine func(a, b *graph.Node) *graph.Node) *graph.Node {
	border, taps := make([][2]int, x.Rank()), 1
	for i, w := range all {
		border[first+i] = [2]int{w.padding, w.end()}
		taps *= w.size
		if taps > conv.MaxTaps {
			fail("a window of more than %d elements is not supported", conv.MaxTaps)
		}
	}
	x = nodes.Pad(x, border, fill)
	var y *graph.Node
	for t := range taps {
		tap := x
		for i := len(all) - 1; i >= 0; i-- {
			w := all[i]
			from := t % w.size * w.dilation
			tap, t = nodes.Slice(tap, first+i, from, from+(w.output-1)*w.stride+1, w.stride), t/w.size
		}
		if y == nil {
			y = tap
			continue
		}
		y = combine(y, tap)
	}
	return y
}

// maxPool gives the gradient to the first of equal elements, and keeps NaN, as in PyTorch.
func maxPool(c *call, n int) *graph.Node {
	x := c.tensor("self")
	return overWindows(x, c.windows(x, n), c.spaceAxis(x, n), lowest(x.DType()), func(best, t *graph.Node) *graph.Node {
		return graph.Where(graph.LogicalOr(graph.GreaterThan(t, best), graph.NotEqual(t, t)), t, best)
	})
}

func lowest(t dtypes.DType) float64 {
	if t == dtypes.Float64 {
		return -math.MaxFloat64
	}
	return -math.MaxFloat32
}

// avgPool divides by the elements of the window that lie on the image or, with
// count_include_pad, on its padding, but not beyond, where ceil_mode may reach.
func avgPool(c *call, n int) *graph.Node {
	x := c.tensor("self")
	all := c.windows(x, n)
	sum := windowSums(x, all, c.spaceAxis(x, n))
	if c.has("divisor_override") {
		d := c.int("divisor_override", 1)
		if d == 0 {
			fail("the divisor is 0")
		}
		return graph.DivScalar(sum, float64(d))
	}
	counts, even := windowCounts(all, c.flag("count_include_pad", true))
	if even {
		return graph.DivScalar(sum, counts[0])
	}
	var shape []int
	for _, w := range all {
		shape = append(shape, w.output)
	}
	if c.channelsLast {
		shape = append(shape, 1)
	}
	return graph.Div(level(sum, c.fromFlat(counts, shape, x.DType())))
}

// windowSums are the sums of the elements of windows. One window that is the image is a reduction.
func windowSums(x *graph.Node, all []window, first int) *graph.Node {
	whole, axes := true, nodes.Sequence(first, len(all))
	for _, w := range all {
		whole = whole && w.size == w.input && w.padding == 0 && w.dilation == 1 && w.output == 1
	}
	if whole {
		return kept(graph.ReduceSum(x, axes...), x, axes)
	}
	return overWindows(x, all, first, 0, graph.Add)
}

// maxTable is the largest number of elements of a constant that is made from sizes.
const maxTable = 1 << 24

// table checks that n×m numbers may be written out.
func table(n, m int) {
	if n > maxTable/m {
		fail("a table of %d by %d numbers is not supported", n, m)
	}
}

// windowCounts are the divisors of windows, and whether all are the same.
func windowCounts(all []window, padding bool) (counts []float64, even bool) {
	counts = []float64{1}
	for _, w := range all {
		table(len(counts), w.output)
		var next []float64
		for _, before := range counts {
			for o := range w.output {
				from, to := o*w.stride-w.padding, o*w.stride-w.padding+w.size
				if padding {
					to = min(to, w.input+w.padding)
				} else {
					from, to = max(from, 0), min(to, w.input)
				}
				next = append(next, before*float64(to-from))
			}
		}
		counts = next
	}
	even = true
	for _, n := range counts {
		even = even && n == counts[0]
	}
	return counts, even
}
