package engine

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/data"
)

// Interleave reorders images from planes (channel, row, column), as they are
// stored, to pixels (row, column, channel), as graphs take them.
func Interleave(dst, src []uint8) {
	for from := 0; from+data.ImageSize <= len(src); from += data.ImageSize {
		image, planes := dst[from:from+data.ImageSize], src[from:from+data.ImageSize]
		for i := range data.Plane {
			image[3*i], image[3*i+1], image[3*i+2] = planes[i], planes[data.Plane+i], planes[2*data.Plane+i]
		}
	}
}

// Normalize adds to a graph the conversion of pixels, uint8 [batch, 32, 32, 3],
// to what networks take: (x/255 − mean)/deviation for each channel.
func Normalize(pixels *graph.Node, dtype dtypes.DType) *graph.Node {
	mean, deviation := make([]float64, data.Channels), make([]float64, data.Channels)
	for c := range data.Channels {
		mean[c], deviation[c] = 255*data.Mean[c], 255*data.Std[c]
	}
	row := func(v []float64) *graph.Node {
		return graph.Reshape(graph.ConstAsDType(pixels.Graph(), dtype, v), 1, 1, 1, data.Channels)
	}
	return graph.Div(graph.Sub(graph.ConvertDType(pixels, dtype), row(mean)), row(deviation))
}

// CrossEntropy adds to a graph the cross-entropy of each row of logits
// [batch, classes] against labels, int32 [batch], and whether the largest
// logit is the label's, as 1 or 0, or NaN where a logit of the row is not finite:
// such a network classifies nothing, and NaN would count as the first class. Both
// have the shape [batch]. Overflowing logits give infinite and NaN losses, which are values like others.
func CrossEntropy(logits, labels *graph.Node) (loss, correct *graph.Node) {
	batch, dtype := logits.Shape().Dim(0), logits.DType()
	top := graph.StopGradient(graph.ReduceMax(logits, 1))
	shifted := graph.Sub(logits, graph.Reshape(top, batch, 1))
	// Selected by Where and not by a product with 0 and 1, which would turn infinities elsewhere into NaN.
	own := graph.ReduceSum(graph.Where(isLabel(logits, labels), shifted, graph.ZerosLike(shifted)), 1)
	loss = graph.Sub(graph.Log(graph.ReduceSum(graph.Exp(shifted), 1)), own)
	hit := graph.ConvertDType(graph.Equal(graph.ArgMax(logits, 1, dtypes.Int32), labels), dtype)
	correct = graph.Where(graph.LogicalAll(graph.IsFinite(logits), 1), hit, graph.AddScalar(graph.ZerosLike(hit), math.NaN()))
	return loss, correct
}

// isLabel says of each of the logits [batch, classes] whether it is the label's.
func isLabel(logits, labels *graph.Node) *graph.Node {
	batch, classes := logits.Shape().Dim(0), logits.Shape().Dim(1)
	column := graph.Iota(logits.Graph(), shapes.Make(dtypes.Int32, batch, classes), 1)
	return graph.Equal(column, graph.BroadcastToDims(graph.Reshape(labels, batch, 1), batch, classes))
}

// maskedSum is the sum of v [batch] over the first count (a scalar, int32)
// rows. The others are left out by selection, so that what they hold doesn't matter.
func maskedSum(v, count *graph.Node) *graph.Node {
	row := graph.Iota(v.Graph(), shapes.Make(dtypes.Int32, v.Shape().Dim(0)), 0)
	return graph.ReduceAllSum(graph.Where(graph.LessThan(row, count), v, graph.ZerosLike(v)))
}
