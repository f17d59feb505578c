package forward

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/internal/nodes"
)

// normalizationOps give activations mean 0 and variance 1, and then a scale and a shift.
var normalizationOps = map[string]builder{
	"batch_norm":                           one(batchNorm),
	"native_batch_norm":                    one(batchNorm),
	"_native_batch_norm_legit_no_training": one(batchNorm),
	"_native_batch_norm_legit":             one(batchNorm),
	"layer_norm":                           one(layerNorm),
	"native_layer_norm":                    one(layerNorm),
	"rms_norm":                             one(rmsNorm),
	"group_norm":                           one(groupNorm),
	"native_group_norm":                    one(groupNorm),
	"instance_norm":                        one(instanceNorm),
}

// batchNorm in evaluation mode is xf + (β − mean·f) with f = γ/√(variance + ε), a
// multiplication and an addition for each element.
func batchNorm(c *call) *graph.Node {
	x := c.tensor("input")
	mean, variance := c.tensor("running_mean"), c.tensor("running_var")
	if mean == nil || variance == nil || c.flag("training", false) {
		return c.affine(c.normalized(x, othersThan(x, c.channelAxis())), x)
	}
	if c.ofBatch != nil {
		return c.byBatch(x)
	}
	return c.stored(x, mean, variance)
}

// byBatch normalizes by the statistics of the batch, and keeps them.
func (c *call) byBatch(x *graph.Node) *graph.Node {
	axes := othersThan(x, c.channelAxis())
	n := float64(count(x, axes))
	mean := graph.DivScalar(graph.ReduceSum(x, axes...), n)
	squares := graph.ReduceSum(graph.Square(centred(x, axes)), axes...)
	c.ofBatch[c.op.Args["running_mean"].Value] = mean
	c.ofBatch[c.op.Args["running_var"].Value] = graph.DivScalar(squares, max(n-1, 1))
	return c.affine(c.normalized(x, axes), x)
}

// stored normalizes by stored statistics. Factor and offset, a number for each channel, are computed in double precision, so that
// their rounding adds nothing to that of the activations.
func (c *call) stored(x, mean, variance *graph.Node) *graph.Node {
	wide := func(n *graph.Node) *graph.Node { return convert(n, dtypes.Float64) }
	factor := graph.Reciprocal(graph.Sqrt(graph.AddScalar(wide(variance), c.number("eps", 1e-5))))
	if w := c.tensor("weight"); w != nil {
		factor = graph.Mul(factor, wide(w))
	}
	offset := graph.Neg(graph.Mul(wide(mean), factor))
	if b := c.tensor("bias"); b != nil {
		offset = graph.Add(offset, wide(b))
	}
	factor, offset = convert(factor, x.DType()), convert(offset, x.DType())
	return graph.Add(graph.Mul(x, channelwise(factor, x, c.channelAxis())), channelwise(offset, x, c.channelAxis()))
}

// othersThan are all axes of x but one.
func othersThan(x *graph.Node, axis int) []int {
	var all []int
	for i := range x.Rank() {
		if i != axis {
			all = append(all, i)
		}
	}
	return all
}

// normalized is x minus its mean, divided by √(variance + ε) of the elements along axes.
func (c *call) normalized(x *graph.Node, axes []int) *graph.Node {
	d := centred(x, axes)
	v := kept(graph.DivScalar(graph.ReduceSum(graph.Square(d), axes...), float64(count(x, axes))), x, axes)
	return graph.Div(d, graph.Sqrt(graph.AddScalar(v, c.number("eps", 1e-5))))
}

// affine applies weight and bias, which may be absent, to the channels of y.
func (c *call) affine(y, x *graph.Node) *graph.Node {
	if w := c.tensor("weight"); w != nil {
		y = graph.Mul(y, channelwise(w, x, c.channelAxis()))
	}
	if b := c.tensor("bias"); b != nil {
		y = graph.Add(y, channelwise(b, x, c.channelAxis()))
	}
	return y
}

// lastAxes are the axes of normalized_shape.
func (c *call) lastAxes(x *graph.Node) []int {
	shape := c.ints("normalized_shape")
	for i, n := range shape {
		k := x.Rank() - len(shape) + i
		if k < 0 || nodes.Dims(x)[k] != n {
			fail("the normalized shape %v does not fit %v", shape, nodes.Dims(x))
		}
	}
	return nodes.Sequence(x.Rank()-len(shape), len(shape))
}

func layerNorm(c *call) *graph.Node {
	x := c.tensor("input")
	y := c.normalized(x, c.lastAxes(x))
	if w := c.tensor("weight"); w != nil {
		y = graph.Mul(level(y, w))
	}
	if b := c.tensor("bias"); b != nil {
		y = graph.Add(level(y, b))
	}
	return y
}

// rmsNorm divides by the root of the mean square.
func rmsNorm(c *call) *graph.Node {
	x := c.tensor("input")
	axes := c.lastAxes(x)
	eps := 1.1920928955078125e-07 // PyTorch's, for float32
	v := kept(graph.DivScalar(graph.ReduceSum(graph.Square(x), axes...), float64(count(x, axes))), x, axes)
	y := graph.Div(x, graph.Sqrt(graph.AddScalar(v, c.number("eps", eps))))
	if w := c.tensor("weight"); w != nil {
		y = graph.Mul(level(y, w))
	}
	return y
}

func groupNorm(c *call) *graph.Node {
	x, groups := c.tensor("input"), c.int("num_groups", c.int("group", 1))
	if x.Rank() < 2 || groups < 1 || nodes.Dims(x)[1]%groups != 0 {
		fail("%d groups do not fit %v", groups, nodes.Dims(x))
	}
	y := graph.Reshape(x, nodes.Dims(x)[0], groups, x.Shape().Size()/(nodes.Dims(x)[0]*groups))
	return c.affine(graph.Reshape(c.normalized(y, []int{2}), nodes.Dims(x)...), x)
}

func instanceNorm(c *call) *graph.Node {
	x := c.tensor("input")
	if x.Rank() < 3 {
		fail("%v has no axes after the channels", nodes.Dims(x))
	}
	if mean := c.tensor("running_mean"); mean != nil && !c.flag("use_input_stats", true) {
		variance := c.tensor("running_var")
		if variance == nil {
			fail("running_var is missing")
		}
		return c.stored(x, mean, variance)
	}
	return c.affine(c.normalized(x, nodes.Sequence(2, x.Rank()-2)), x)
}
