package forward

import (
	"math"

	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/internal/nodes"
)

// resizeOps change the size of images, by a matrix for each axis.
var resizeOps = map[string]builder{
	"upsample_nearest2d":  one(func(c *call) *graph.Node { return resize(c, nearestWeights) }),
	"upsample_nearest1d":  one(func(c *call) *graph.Node { return resize(c, nearestWeights) }),
	"upsample_bicubic2d":  one(func(c *call) *graph.Node { return resize(c, cubicWeights) }),
	"upsample_bilinear2d": one(func(c *call) *graph.Node { return resize(c, linearWeights) }),
}

// weights is the matrix [size, n] of the elements' shares in the elements of a resized axis.
type weights = func(size, n int, step float64, aligned bool) []float64

func resize(c *call, w weights) *graph.Node {
	x := c.tensor("self")
	if x.Rank() < 3 {
		fail("%v is no batch of images", nodes.Dims(x))
	}
	to := c.outputSize(x.Rank() - 2)
	for i, n := range to {
		size := nodes.Dims(x)[2+i]
		table(size, n)
		step := float64(size) / float64(n)
		for k, name := range []string{"scales_h", "scales_w", "scales"} {
			if s := c.number(name, 0); s > 0 && (k == i || k == 2) {
				step = 1 / s
			}
		}
		x = weightedAlong(x, 2+i, c.fromFlat(w(size, n, step, c.flag("align_corners", false)), []int{size, n}, x.DType()))
	}
	return x
}

func nearestWeights(size, n int, step float64, _ bool) []float64 {
	m := make([]float64, size*n)
	for i := range n {
		m[min(int(math.Floor(float64(i)*step)), size-1)*n+i] = 1
	}
	return m
}

func linearWeights(size, n int, step float64, aligned bool) []float64 {
	m := make([]float64, size*n)
	for i := range n {
		at := max((float64(i)+0.5)*step-0.5, 0)
		if aligned {
			at = float64(i) * float64(size-1) / math.Max(float64(n-1), 1)
		}
		low := min(int(at), size-1)
		share := at - float64(low)
		m[low*n+i] += 1 - share
		m[min(low+1, size-1)*n+i] += share
	}
	return m
}

// cubicWeights is the convolution with Keys' kernel for a = −0.75. Elements beyond the border repeat it.
func cubicWeights(size, n int, step float64, aligned bool) []float64 {
	const a = -0.75
	near := func(d float64) float64 { return ((a+2)*d-(a+3))*d*d + 1 }  // of distances 0…1
	far := func(d float64) float64 { return ((a*d-5*a)*d+8*a)*d - 4*a } // of distances 1…2
	m := make([]float64, size*n)
	for i := range n {
		at := (float64(i)+0.5)*step - 0.5
		if aligned {
			at = float64(i) * float64(size-1) / math.Max(float64(n-1), 1)
		}
		low := math.Floor(at)
		d := at - low
		for k, w := range []float64{far(d + 1), near(d), near(1 - d), far(2 - d)} {
			m[replicated(int(low)-1+k, size)*n+i] += w
		}
	}
	return m
}

// adaptiveMean has windows of which window i of n covers the elements from
// ⌊i·size/n⌋ to ⌈(i+1)·size/n⌉: sums of an axis after another.
func adaptiveMean(c *call, n int) *graph.Node {
	x, to := c.tensor("self"), c.outputSize(n)
	first, whole := x.Rank()-n, true
	if first < 1 {
		fail("%v has no %d axes after the channels", nodes.Dims(x), n)
	}
	for i := range n {
		whole = whole && to[i] == 1
	}
	if whole {
		axes := nodes.Sequence(first, n)
		return graph.DivScalar(kept(graph.ReduceSum(x, axes...), x, axes), float64(count(x, axes)))
	}
	for i, size := range to {
		x = weightedAlong(x, first+i, c.fromFlat(adaptiveWeights(nodes.Dims(x)[first+i], size), []int{nodes.Dims(x)[first+i], size}, x.DType()))
	}
	return x
}

// outputSize is the size that a pool is asked for, with −1 (PyTorch's None) for the input's.
func (c *call) outputSize(n int) []int {
	to := c.each("output_size", n, 1)
	for i, size := range to {
		if size < 1 || size > maxWindow {
			fail("an output of %v is out of range", to)
		}
		to[i] = size
	}
	return to
}

// adaptiveWeights is the matrix [size, n] of the means of windows.
func adaptiveWeights(size, n int) []float64 {
	table(size, n)
	m := make([]float64, size*n)
	for i := range n {
		from, to := i*size/n, ((i+1)*size+n-1)/n
		for k := from; k < to; k++ {
			m[k*n+i] = 1 / float64(to-from)
		}
	}
	return m
}

// weightedAlong multiplies an axis by a matrix [size, new size].
func weightedAlong(x *graph.Node, axis int, m *graph.Node) *graph.Node {
	y := graph.DotGeneral(x, []int{axis}, nil, m, []int{0}, nil) // the new axis is the last
	order := append(nodes.Sequence(0, axis), x.Rank()-1)
	return nodes.Permute(y, append(order, nodes.Sequence(axis, x.Rank()-1-axis)...))
}

func adaptiveMax(c *call) *graph.Node {
	x, to := c.tensor("self"), c.outputSize(2)
	var all []window
	for i, size := range to {
		n := nodes.Dims(x)[x.Rank()-2+i]
		if n%size != 0 {
			fail("an output of %v is supported only where it divides the input's size %v", to, nodes.Dims(x))
		}
		all = append(all, window{n / size, n / size, 0, 1, n, size})
	}
	return overWindows(x, all, x.Rank()-2, 0, func(best, t *graph.Node) *graph.Node {
		return graph.Where(graph.LogicalOr(graph.GreaterThan(t, best), graph.NotEqual(t, t)), t, best)
	})
}
