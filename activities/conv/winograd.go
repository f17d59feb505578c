package conv

import (
	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/internal/nodes"
)

// This file has minimal filtering (Winograd 1980; Lavin and Gray 2016, sections 3 and 4.3) along one axis, F(4, 3): four rows
// of results come from six rows d of an image and the three rows g of a filter as
//
//	Aᵀ[(G g) ∗ (Bᵀ d)]
//
// where ∗ is a convolution within rows, over columns and channels, for each of the six. That takes half the multiplications.
// Rounding errors are twice those of oneDNN's sums: 1.6e-6 of the results with 256 channels, 8e-7 with 64. Results overflow up
// to 100 times earlier, and where one of the six rows has an infinite element, results are NaN.

// outRows, filterRows and imageRows are Aᵀ, G and Bᵀ.
var (
	outRows    = [][]float64{{1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, -1, 8, -8, 1}}
	filterRows = [][]float64{
		{1. / 4, 0, 0}, {-1. / 6, -1. / 6, -1. / 6}, {-1. / 6, 1. / 6, -1. / 6},
		{1. / 24, 1. / 12, 1. / 6}, {1. / 24, -1. / 12, 1. / 6}, {0, 0, 1},
	}
	imageRows = [][]float64{
		{4, 0, -5, 0, 1, 0}, {0, -4, -4, 1, 1, 0}, {0, 4, -4, -1, 1, 0},
		{0, -2, -1, 2, 1, 0}, {0, 2, -1, -2, 1, 0}, {0, 4, 0, -5, 0, 1},
	}
)

// isWinograd says whether winograd applies and is faster than oneDNN. Times on one core with AVX2, those of oneDNN being 1, by
// channels: 16: 1.5, 32: 1.1, 64: 0.8 to 0.9, 128: 0.6, 256: 0.6.
func isWinograd(x, filters *graph.Node, stride []int, padding [][2]int) bool {
	const least = 64 // channels
	window := nodes.Dims(filters)
	rows := nodes.Dims(x)[1] + padding[0][0] + padding[0][1] - 2
	return window[0] == 3 && window[1] == 3 && allOne(stride) && rows%len(outRows) == 0 && min(window[2], window[3]) >= least
}

// winograd is withDepth where isWinograd.
func winograd(x, filters *graph.Node, stride []int, padding [][2]int) *graph.Node {
	x = nodes.Pad(x, [][2]int{{}, padding[0]}, 0)
	step := len(outRows)
	reach := nodes.Dims(x)[1] - 2 - step + 1 // of every step-th row
	var products []*graph.Node
	for i := range imageRows {
		d := combined(imageRows[i], func(j int) *graph.Node { return nodes.Slice(x, 1, j, j+reach, step) })
		g := combined(filterRows[i], func(j int) *graph.Node { return nodes.Slice(filters, 0, j, j+1, 1) })
		products = append(products, withDepth(d, g, stride, [][2]int{{}, padding[1]}))
	}
	var rows []*graph.Node
	for _, row := range outRows {
		rows = append(rows, nodes.InsertAxis(combined(row, func(j int) *graph.Node { return products[j] }), 2))
	}
	d := nodes.Dims(products[0])
	return graph.Reshape(graph.Concatenate(rows, 2), d[0], step*d[1], d[2], d[3])
}

// combined is the sum of factors, of which some are 0, times what at returns.
func combined(factors []float64, at func(i int) *graph.Node) (sum *graph.Node) {
	for i, f := range factors {
		switch {
		case f == 0:
		case f == 1:
			sum = nodes.Plus(sum, at(i))
		default:
			sum = nodes.Plus(sum, graph.MulScalar(at(i), f))
		}
	}
	return sum
}
