package onnx

import (
	"slices"

	"lossatlas/activities/aten"
)

// matMulRule multiplies matrices, over all leading axes.
func matMulRule(c *call) []*value {
	a, b := c.in(0), c.in(1)
	if len(a.shape) == 0 || len(b.shape) == 0 {
		c.fail("a scalar is no matrix")
	}
	rows, columns := len(a.shape) > 1, len(b.shape) > 1
	if !rows {
		a = c.reshape(a, []aten.Dim{fixed(1), a.shape[0]})
	}
	if !columns {
		b = c.reshape(b, []aten.Dim{b.shape[0], fixed(1)})
	}
	y := c.matMul(a, b)
	shape, n := slices.Clone(y.shape), len(y.shape)
	switch {
	case !rows && !columns:
		c.fail("the product of two vectors is not supported; write it as a sum of products")
	case !rows:
		shape = slices.Delete(shape, n-2, n-1)
	case !columns:
		shape = shape[:n-1]
	}
	return []*value{c.reshape(y, shape)}
}

// matMul is the product of [… rows, k] and [… k, columns].
func (c *call) matMul(a, b *value) *value {
	m, n := len(a.shape), len(b.shape)
	if a.shape[m-1] != b.shape[n-2] {
		c.fail("matrices of the shapes %v and %v have no product", a.shape, b.shape)
	}
	if n == 2 {
		b = c.filters(b, 1, 0)
		flat := c.reshape(a, []aten.Dim{c.product(a.shape[:m-1]), a.shape[m-1]})
		y := c.mm(flat, b)
		return c.reshape(y, slices.Concat(a.shape[:m-1], b.shape[1:]))
	}
	lead, ok := broadcast(a.shape[:m-2], b.shape[:n-2])
	if !ok {
		c.fail("matrices of the shapes %v and %v have no product", a.shape, b.shape)
	}
	all := c.product(lead)
	batch := func(v *value) *value {
		tail := v.shape[len(v.shape)-2:]
		return c.reshape(c.expand(v, slices.Concat(lead, tail)), slices.Concat([]aten.Dim{all}, tail))
	}
	x, z := batch(a), batch(b)
	shape := []aten.Dim{all, x.shape[1], z.shape[2]}
	y := c.emit("bmm", args{"self": c.tensor(x), "mat2": c.tensor(z)}, a.kind, shape)
	return c.reshape(y, slices.Concat(lead, shape[1:]))
}

func (c *call) mm(a, b *value) *value {
	return c.emit("mm", args{"self": c.tensor(a), "mat2": c.tensor(b)}, a.kind, []aten.Dim{a.shape[0], b.shape[1]})
}

// gemmRule computes α·A·B + β·C.
func gemmRule(c *call) []*value {
	a, b := c.matrix(0, "transA"), c.matrix(1, "transB")
	if a.shape[1] != b.shape[0] {
		c.fail("matrices of the shapes %v and %v have no product", a.shape, b.shape)
	}
	a, b = c.filters(a, 0, 1), c.filters(b, 1, 0)
	alpha, beta := c.float("alpha", 1), c.float("beta", 1)
	shape := []aten.Dim{a.shape[0], b.shape[1]}
	if c.has(2) && len(c.in(2).shape) == 1 && c.in(2).shape[0] == shape[1] {
		return []*value{c.emit("addmm", args{
			"self": c.tensor(c.in(2)), "mat1": c.tensor(a), "mat2": c.tensor(b), "beta": ofNumber(beta), "alpha": ofNumber(alpha),
		}, a.kind, shape)}
	}
	y := c.scaled(c.mm(a, b), alpha)
	if c.has(2) {
		y = c.binary("Add", y, c.scaled(c.in(2), beta))
	}
	return []*value{y}
}

// matrix is an input of two axes, which are exchanged if an attribute says so.
func (c *call) matrix(slot int, flag string) *value {
	v := c.in(slot)
	if len(v.shape) != 2 {
		c.fail("its input %d has the shape %v and is no matrix", slot+1, v.shape)
	}
	if c.int(flag, 0) != 0 {
		return c.transpose(v, []int{1, 0})
	}
	return v
}

// number is one number as a value.
func (c *call) number(f float64) *value {
	return &value{kind: "float32", shape: []aten.Dim{}, known: []number{{fixed: f}}}
}

// scaled is a value times a number.
func (c *call) scaled(v *value, by float64) *value {
	if by == 1 {
		return v
	}
	return c.binary("Mul", v, c.number(by))
}
