package onnx

import (
	"slices"

	"lossatlas/activities/aten"
	"lossatlas/activities/onnx/proto"
)

// constantRule is a tensor that stands in the graph itself.
func constantRule(c *call) []*value {
	name := c.node.Outputs[0]
	for key, a := range c.node.Attributes {
		switch key {
		case "value":
			if a.Tensor == nil {
				c.fail("it has no value")
			}
			a.Tensor.Name = name
			if err := c.initialize(a.Tensor); err != nil {
				c.fail("%w", err)
			}
			v := c.values[name]
			delete(c.values, name)
			return []*value{v}
		case "value_float":
			return []*value{c.number(shortest(a.Float))}
		case "value_int":
			return []*value{{kind: "int64", shape: []aten.Dim{}, known: []number{{fixed: float64(a.Int)}}}}
		case "value_ints":
			v := &value{kind: "int64", shape: fixedAll(len(a.Ints)), known: []number{}}
			for _, n := range a.Ints {
				v.known = append(v.known, number{fixed: float64(n)})
			}
			return []*value{v}
		case "value_floats":
			v := &value{kind: "float32", known: []number{}}
			for _, f := range a.List() {
				v.known = append(v.known, number{fixed: f})
			}
			v.shape = fixedAll(len(v.known))
			return []*value{v}
		}
	}
	c.fail("its value has a type that is not supported")
	return nil
}

func constantOfShapeRule(c *call) []*value {
	shape := c.dims(0)
	if len(shape) > proto.MaxRank {
		c.fail("%d axes are too many", len(shape))
	}
	c.product(shape)
	kind, with := "float32", number{}
	if a := c.node.Attributes["value"]; a != nil && a.Tensor != nil {
		n, err := numbersOf(a.Tensor.Numbers(c.folder))
		if err != nil || len(n) != 1 {
			c.fail("its value must be one number")
		}
		kind, with = proto.Kinds[a.Tensor.Kind], n[0]
	}
	one := &value{kind: kind, shape: []aten.Dim{}, known: []number{with}}
	if v := moved(one, shape, func([]int) int { return 0 }); v != nil {
		return []*value{v}
	}
	return []*value{c.full(kind, shape, with.fixed)}
}

// full is a tensor of one number.
func (c *call) full(kind string, shape []aten.Dim, with float64) *value {
	a := args{"size": ofDims(shape), "fill_value": ofNumber(with), "dtype": ofText(kind)}
	return c.emit("full", a, kind, shape)
}

// rangeRule lists numbers from a start, by a step, up to a limit.
func rangeRule(c *call) []*value {
	start, limit, step := c.scalar(0), c.scalar(1), c.scalar(2)
	v := &value{kind: c.in(0).kind, known: []number{}}
	if step == 0 || (limit-start)/step > maxFolded {
		c.fail("a range from %v to %v by %v is too long", start, limit, step)
	}
	for i := 0; float64(i) < (limit-start)/step; i++ {
		v.known = append(v.known, number{fixed: start + float64(i)*step})
	}
	v.shape = fixedAll(len(v.known))
	return []*value{v}
}

// triluRule keeps the part of matrices above or below a diagonal.
func triluRule(c *call) []*value {
	x := c.in(0)
	diagonal, upper := 0, c.int("upper", 1) != 0
	if c.has(1) {
		diagonal = int(max(-proto.MaxElements, min(proto.MaxElements, c.scalar(1))))
	}
	if len(x.shape) < 2 {
		c.fail("its input has the shape %v and holds no matrices", x.shape)
	}
	if x.known != nil {
		return []*value{triluKnown(x, diagonal, upper)}
	}
	op := "tril"
	if upper {
		op = "triu"
	}
	return []*value{c.emit(op, args{"self": c.tensor(x), "diagonal": ofInt(diagonal)}, x.kind, x.shape)}
}

func triluKnown(x *value, diagonal int, upper bool) *value {
	v := &value{kind: x.kind, shape: x.shape, known: slices.Clone(x.known)}
	at := 0
	walk(x.sizes(), func(index []int) {
		row, column := index[len(index)-2], index[len(index)-1]
		if upper && column-row < diagonal || !upper && column-row > diagonal {
			v.known[at] = number{}
		}
		at++
	})
	return v
}
