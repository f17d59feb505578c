package onnx

import "math"

// leakyRule covers activations with numbers as attributes.
func leakyRule(c *call) []*value {
	x := c.in(0)
	a := args{"self": c.tensor(x)}
	op := "elu"
	switch c.node.Op {
	case "LeakyRelu":
		op, a["negative_slope"] = "leaky_relu", ofNumber(c.float("alpha", 0.01))
	case "Elu":
		a["alpha"], a["scale"], a["input_scale"] = ofNumber(c.float("alpha", 1)), ofNumber(1), ofNumber(1)
	case "Celu":
		alpha := c.float("alpha", 1)
		a["alpha"], a["scale"], a["input_scale"] = ofNumber(alpha), ofNumber(1), ofNumber(1/alpha)
	case "Selu": // the defaults are PyTorch's
		alpha, scale := 1.6732632423543772, 1.0507009873554805
		if c.node.Attributes["alpha"] != nil {
			alpha = c.float("alpha", 0)
		}
		if c.node.Attributes["gamma"] != nil {
			scale = c.float("gamma", 0)
		}
		a["alpha"], a["scale"], a["input_scale"] = ofNumber(alpha), ofNumber(scale), ofNumber(1)
	case "Softplus":
		op, a["beta"], a["threshold"] = "softplus", ofNumber(1), ofNumber(20)
	case "Gelu":
		op, a["approximate"] = "gelu", ofText(c.text("approximate", "none"))
	}
	return []*value{c.emit(op, a, x.kind, x.shape)}
}

// clamp limits a value to a range; infinite ends do not limit.
func (c *call) clamp(x *value, low, high float64) *value {
	a := args{"self": c.tensor(x), "min": {}, "max": {}}
	if low > -math.MaxFloat32 {
		a["min"] = ofNumber(low)
	}
	if high < math.MaxFloat32 {
		a["max"] = ofNumber(high)
	}
	if low <= -math.MaxFloat32 && high >= math.MaxFloat32 {
		return x
	}
	return c.emit("clamp", a, x.kind, x.shape)
}

func clipRule(c *call) []*value {
	low, high := c.float("min", -math.MaxFloat32), c.float("max", math.MaxFloat32)
	if c.has(1) {
		low = c.scalar(1)
	}
	if c.has(2) {
		high = c.scalar(2)
	}
	x := c.in(0)
	if x.known != nil {
		v := &value{kind: x.kind, shape: x.shape}
		for _, n := range x.known {
			if n.each != 0 {
				c.fail("a size that depends on the batch is limited")
			}
			v.known = append(v.known, number{fixed: max(low, min(high, n.fixed))})
		}
		return []*value{v}
	}
	return []*value{c.clamp(x, low, high)}
}

// hardRule covers the piecewise linear versions of the sigmoid: clip(α·x + β, 0, 1),
// and x times that with α = 1/6 and β = 1/2.
func hardRule(c *call) []*value {
	x := c.in(0)
	alpha, beta := c.float("alpha", 0.2), c.float("beta", 0.5)
	if alpha == shortest(1.0/6) {
		alpha = 1.0 / 6
	}
	if c.node.Op == "HardSwish" {
		alpha, beta = 1.0/6, 0.5
	}
	y := c.clamp(c.binary("Add", c.scaled(x, alpha), c.number(beta)), 0, 1)
	if c.node.Op == "HardSwish" {
		y = c.binary("Mul", x, y)
	}
	return []*value{y}
}

// mishRule is x·tanh(softplus(x)).
func mishRule(c *call) []*value {
	x := c.in(0)
	s := c.emit("softplus", args{"self": c.tensor(x), "beta": ofNumber(1), "threshold": ofNumber(20)}, x.kind, x.shape)
	return []*value{c.binary("Mul", x, c.unary("tanh", s))}
}

// softsignRule is x / (1 + |x|).
func softsignRule(c *call) []*value {
	x := c.in(0)
	return []*value{c.binary("Div", x, c.binary("Add", c.unary("abs", x), c.number(1)))}
}

// swishRule is x·sigmoid(α·x).
func swishRule(c *call) []*value {
	x := c.in(0)
	return []*value{c.binary("Mul", x, c.unary("sigmoid", c.scaled(x, c.float("alpha", 1))))}
}

// pReluRule multiplies negative numbers by a slope, which is a parameter.
func pReluRule(c *call) []*value {
	x, slope := c.in(0), c.in(1)
	if shape, ok := broadcast(x.shape, slope.shape); !ok || len(shape) != len(x.shape) {
		c.fail("slopes of the shape %v don't fit an input of the shape %v", slope.shape, x.shape)
	}
	return []*value{c.chooseAbove(x, 0, x, c.binary("Mul", x, slope))}
}

// thresholdRule is x where it is above α, and 0 elsewhere.
func thresholdRule(c *call) []*value {
	x := c.in(0)
	return []*value{c.chooseAbove(x, c.float("alpha", 1), x, c.number(0))}
}

// chooseAbove is one value where x is above a number and another one elsewhere.
func (c *call) chooseAbove(x *value, above float64, yes, no *value) *value {
	q := c.emit("gt", args{"self": c.tensor(x), "other": ofNumber(above)}, "bool", x.shape)
	return c.emit("where", args{"condition": c.tensor(q), "self": c.tensor(yes), "other": c.tensor(no)}, x.kind, x.shape)
}

// dropoutRule leaves its input unchanged, as in evaluation.
func dropoutRule(c *call) []*value {
	if c.has(2) && c.values[c.node.Inputs[2]] != nil && c.in(2).isAll(1) {
		c.note("The file was exported in training mode. Dropout is left out nevertheless.")
	}
	return []*value{c.in(0)}
}
