package aten

import (
	"math"

	"github.com/gomlx/gomlx/core/graph"
)

// resizeOps change the size of images, by a matrix for each axis.
var resizeOps = map[string]operation{
	"upsample_nearest2d":  {"self tensor, output_size ints, scales_h number?, scales_w number?", one(func(c *call) *graph.Node { return resize(c, nearestWeights) })},
	"upsample_nearest1d":  {"self tensor, output_size ints, scales number?", one(func(c *call) *graph.Node { return resize(c, nearestWeights) })},
	"upsample_bicubic2d":  {"self tensor, output_size ints, align_corners flag, scales_h number?, scales_w number?", one(func(c *call) *graph.Node { return resize(c, cubicWeights) })},
	"upsample_bilinear2d": {"self tensor, output_size ints, align_corners flag, scales_h number?, scales_w number?", one(func(c *call) *graph.Node { return resize(c, linearWeights) })},
}

// weights is the matrix [size, n] of the shares that elements have in those of a resized axis.
type weights = func(size, n int, step float64, aligned bool) []float64

func resize(c *call, w weights) *graph.Node {
	x := c.tensor("self")
	if x.Rank() < 3 {
		fail("%v is no batch of images", dims(x))
	}
	to := c.outputSize(x.Rank() - 2)
	for i, n := range to {
		size := dims(x)[2+i]
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
