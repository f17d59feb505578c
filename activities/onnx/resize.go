package onnx

import (
	"math"
	"slices"
	"strings"

	"lossatlas/activities/aten"
)

// resizeRule changes the size of the last two axes, by repeating places or linearly
// between them, where PyTorch has an operation for it.
func resizeRule(c *call) []*value {
	x := c.in(0)
	old := c.spatial(x)
	size := c.newSize(x)
	shape := append(slices.Clone(x.shape[:2]), fixedAll(size...)...)
	if len(size) != 2 {
		c.fail("resizing %d axes is not supported; 2 after batch and channels are", len(size))
	}
	a := args{"self": c.tensor(x), "output_size": ofInts(size...)}
	where := c.text("coordinate_transformation_mode", "half_pixel")
	if c.node.Op == "Upsample" {
		where = "asymmetric"
	}
	grows := size[0]%old[0] == 0 && size[1]%old[1] == 0
	switch mode := c.text("mode", "nearest"); {
	case mode == "nearest" && (grows && where != "align_corners" || where == "asymmetric" && c.text("nearest_mode", "") == "floor"):
		return []*value{c.emit("upsample_nearest2d", a, x.kind, shape)}
	case (mode == "linear" || mode == "bilinear") && (where == "align_corners" || where == "half_pixel" || where == "pytorch_half_pixel"):
		a["align_corners"] = ofFlag(where == "align_corners")
		return []*value{c.emit("upsample_bilinear2d", a, x.kind, shape)}
	default:
		c.fail("resizing by %q with %q coordinates is not supported; export torch.nn.Upsample in the modes nearest or bilinear", mode, where)
	}
	return nil
}

// newSize is the size of the axes after the second: given, or by factors.
func (c *call) newSize(x *value) []int {
	var sizes []int
	switch {
	case c.has(3):
		all := c.dims(3)
		if len(all) != len(x.shape) || !slices.Equal(all[:2], x.shape[:2]) {
			c.fail("batch or channels can't be resized: %v to %v", x.shape, all)
		}
		var ok bool
		if sizes, ok = static(all[2:]); !ok {
			c.fail("its new size %v depends on the batch", all)
		}
	default:
		sizes = c.scaledSize(x)
	}
	for _, n := range sizes {
		if n < 1 || n > 1<<20 {
			c.fail("a size of %d is not possible", n)
		}
	}
	return sizes
}

func (c *call) scaledSize(x *value) []int {
	slot := map[bool]int{true: 2, false: 1}[c.has(2)]
	var factors []float64
	if a := c.node.Attributes["scales"]; a != nil {
		factors = a.List()
	} else {
		for _, n := range c.numbers(slot) {
			factors = append(factors, n.fixed)
		}
	}
	if len(factors) != len(x.shape) || factors[0] != 1 || factors[1] != 1 {
		c.fail("factors %v don't fit an input of the shape %v, whose batch and channels can't be resized", factors, x.shape)
	}
	var sizes []int
	for i, n := range c.spatial(x) {
		sizes = append(sizes, saturate(math.Floor(float64(n)*factors[2+i])))
	}
	return sizes
}

// depthToSpaceRule moves channels into blocks of places; spaceToDepthRule is its reverse.
func depthToSpaceRule(c *call) []*value {
	x, b := c.in(0), c.int("blocksize", 0)
	size := c.spatial(x)
	n := c.channels(x).Fixed
	if len(size) != 2 || b < 1 || b > 1<<10 || n%(b*b) != 0 {
		c.fail("blocks of %d don't fit an input of the shape %v", b, x.shape)
	}
	batch, less := x.shape[0], n/(b*b)
	order, split := []int{0, 3, 4, 1, 5, 2}, []int{b, b, less}
	if c.text("mode", "DCR") == "CRD" {
		order, split = []int{0, 1, 4, 2, 5, 3}, []int{less, b, b}
	}
	y := c.reshape(x, slices.Concat([]aten.Dim{batch}, fixedAll(split...), x.shape[2:]))
	y = c.transpose(y, order)
	return []*value{c.reshape(y, slices.Concat([]aten.Dim{batch}, fixedAll(less, size[0]*b, size[1]*b)))}
}

func spaceToDepthRule(c *call) []*value {
	x, b := c.in(0), c.int("blocksize", 0)
	size := c.spatial(x)
	n := c.channels(x).Fixed
	if len(size) != 2 || b < 1 || size[0]%b != 0 || size[1]%b != 0 {
		c.fail("blocks of %d don't fit an input of the shape %v", b, x.shape)
	}
	batch := []aten.Dim{x.shape[0]}
	y := c.reshape(x, slices.Concat(batch, fixedAll(n, size[0]/b, b, size[1]/b, b)))
	y = c.transpose(y, []int{0, 3, 5, 1, 2, 4})
	c.product(append(slices.Clone(batch), fixedAll(n, b, b)...))
	return []*value{c.reshape(y, slices.Concat(batch, fixedAll(n*b*b, size[0]/b, size[1]/b)))}
}

// einsumRule sums products by an equation.
func einsumRule(c *call) []*value {
	equation := strings.ReplaceAll(c.text("equation", ""), " ", "")
	inputs, output, explicit := strings.Cut(equation, "->")
	terms := strings.Split(inputs, ",")
	if strings.Contains(equation, ".") || len(terms) != len(c.node.Inputs) || !explicit {
		c.fail("the equation %q is not supported; one with all axes as letters and -> is", equation)
	}
	sizes := map[rune]aten.Dim{}
	var operands []*value
	for i, term := range terms {
		x := c.in(i)
		if len([]rune(term)) != len(x.shape) {
			c.fail("the equation %q does not fit an input of the shape %v", equation, x.shape)
		}
		for a, letter := range []rune(term) {
			if d, ok := sizes[letter]; ok && d != x.shape[a] {
				c.fail("the axis %c of the equation %q has the sizes %v and %v", letter, equation, d, x.shape[a])
			}
			sizes[letter] = x.shape[a]
		}
		operands = append(operands, x)
	}
	shape := []aten.Dim{}
	for _, letter := range output {
		d, ok := sizes[letter]
		if !ok {
			c.fail("the axis %c of the result of %q is in no input", letter, equation)
		}
		shape = append(shape, d)
	}
	c.product(shape)
	return []*value{c.emit("einsum", args{"equation": ofText(equation), "tensors": c.tensors(operands...)}, operands[0].kind, shape)}
}

// isNaNRule is where a number differs from itself; isInfRule where its magnitude is infinite.
func isNaNRule(c *call) []*value {
	x := c.in(0)
	return []*value{c.emit("ne", args{"self": c.tensor(x), "other": c.tensor(x)}, "bool", x.shape)}
}

func isInfRule(c *call) []*value {
	x := c.in(0)
	return []*value{c.emit("eq", args{"self": c.tensor(c.unary("abs", x)), "other": ofNumber(math.Inf(1))}, "bool", x.shape)}
}

// rmsNormRule divides by the root of the mean square over the last axes.
func rmsNormRule(c *call) []*value {
	x := c.in(0)
	a := c.axis(c.int("axis", -1), len(x.shape))
	axes := following(a, len(x.shape)-a)
	mean := c.reduce("mean", c.binary("Mul", x, x), axes, true)
	y := c.binary("Div", x, c.unary("sqrt", c.binary("Add", mean, c.number(c.float("epsilon", 1e-5)))))
	return []*value{c.binary("Mul", y, c.in(1))}
}
