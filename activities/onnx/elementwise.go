package onnx

import (
	"math"
	"slices"

	"lossatlas/activities/aten"
	"lossatlas/activities/onnx/proto"
)

// maxFolded is the number of elements up to which a result is computed while reading.
const maxFolded = 1 << 16

// binaryOp is an operator of two tensors: its name in ATen, that of the second
// argument, and its value for fixed numbers.
type binaryOp struct {
	op, other string
	fold      func(a, b float64) float64
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

var binaries = map[string]binaryOp{
	"Add":            {"add", "other", func(a, b float64) float64 { return a + b }},
	"Sub":            {"sub", "other", func(a, b float64) float64 { return a - b }},
	"Mul":            {"mul", "other", func(a, b float64) float64 { return a * b }},
	"Div":            {"div", "other", func(a, b float64) float64 { return a / b }},
	"Pow":            {"pow", "exponent", math.Pow},
	"Max":            {"maximum", "other", math.Max},
	"Min":            {"minimum", "other", math.Min},
	"Equal":          {"eq", "other", func(a, b float64) float64 { return truth(a == b) }},
	"Less":           {"lt", "other", func(a, b float64) float64 { return truth(a < b) }},
	"LessOrEqual":    {"le", "other", func(a, b float64) float64 { return truth(a <= b) }},
	"Greater":        {"gt", "other", func(a, b float64) float64 { return truth(a > b) }},
	"GreaterOrEqual": {"ge", "other", func(a, b float64) float64 { return truth(a >= b) }},
	"And":            {"logical_and", "other", func(a, b float64) float64 { return a * b }},
	"Or":             {"logical_or", "other", math.Max},
	"Xor":            {"logical_xor", "other", func(a, b float64) float64 { return truth(a != b) }},
	"Mod":            {"remainder", "other", func(a, b float64) float64 { return a - b*math.Floor(a/b) }},
}

// binaryRule applies an operator of two tensors.
func binaryRule(c *call) []*value {
	a, b := c.in(0), c.in(1)
	return []*value{c.binary(c.node.Op, a, b)}
}

// chainRule applies an operator of two tensors to all inputs from left to right.
func chainRule(c *call) []*value {
	v := c.in(0)
	for i := 1; i < len(c.node.Inputs); i++ {
		v = c.binary(c.node.Op, v, c.in(i))
	}
	return []*value{v}
}

// binary computes one operator while reading, if it can, and in the program otherwise.
func (c *call) binary(op string, a, b *value) *value {
	rule := binaries[op]
	shape, ok := broadcast(a.shape, b.shape)
	if !ok {
		c.fail("the shapes %v and %v don't fit together", a.shape, b.shape)
	}
	kind := a.kind
	if slices.Contains([]string{"eq", "lt", "le", "gt", "ge"}, rule.op) {
		kind = "bool"
	}
	if v := c.foldBinary(op, kind, shape, a, b); v != nil {
		return v
	}
	if commutes := slices.Contains([]string{"Add", "Mul"}, op); commutes && a.isScalar() && len(a.shape) <= len(b.shape) {
		a, b = b, a
	}
	arg := args{"self": c.tensor(a)}
	if b.isScalar() && len(b.shape) <= len(a.shape) && !slices.Contains([]string{"Max", "Min", "And", "Or", "Xor"}, op) {
		arg[rule.other] = c.scalarArg(b)
	} else {
		arg[rule.other] = c.tensor(b)
	}
	if op == "Div" && kind != "float32" {
		arg["rounding_mode"] = ofText("trunc")
	}
	if op == "Mod" && c.int("fmod", 0) == 1 { // the sign of the dividend: a − b·trunc(a/b)
		arg["rounding_mode"] = ofText("trunc")
		return c.binary("Sub", a, c.binary("Mul", b, c.emit("div", arg, kind, shape)))
	}
	return c.emit(rule.op, arg, kind, shape)
}

// isScalar says whether a value is one fixed number.
func (v *value) isScalar() bool {
	return len(v.known) == 1 && v.known[0].each == 0
}

func (c *call) scalarArg(v *value) aten.Arg {
	if v.kind == "float32" {
		return ofNumber(v.known[0].fixed)
	}
	return ofInt(saturate(v.known[0].fixed))
}

// foldBinary computes an operator while reading, or returns nil.
func (c *call) foldBinary(op, kind string, shape []aten.Dim, a, b *value) *value {
	sizes, ok := static(shape)
	if a.known == nil || b.known == nil || !ok || count(sizes) > maxFolded {
		return nil
	}
	as, _ := static(a.shape)
	bs, _ := static(b.shape)
	v := &value{kind: kind, shape: shape, known: []number{}}
	walk(sizes, func(index []int) {
		n, folds := foldNumbers(op, a.kind, a.known[offset(as, index)], b.known[offset(bs, index)])
		ok = ok && folds
		v.known = append(v.known, n)
	})
	if !ok {
		return nil
	}
	return v
}

// foldNumbers computes an operator of numbers that may depend on the batch.
func foldNumbers(op, kind string, a, b number) (number, bool) {
	if a.each != 0 || b.each != 0 {
		return foldBatch(op, a, b)
	}
	if kind != "float32" && (op == "Div" || op == "Mod") && b.fixed == 0 {
		return number{}, false
	}
	v := binaries[op].fold(a.fixed, b.fixed)
	if kind != "float32" && op == "Div" {
		v = math.Trunc(v)
	}
	return number{fixed: v}, true
}

// foldBatch computes an operator where the batch is a symbol. Comparisons are decided
// if their result is the same for each batch of at least one example.
func foldBatch(op string, a, b number) (number, bool) {
	switch op {
	case "Add":
		return number{a.fixed + b.fixed, a.each + b.each}, true
	case "Sub":
		return number{a.fixed - b.fixed, a.each - b.each}, true
	case "Mul":
		if a.each != 0 {
			a, b = b, a
		}
		return number{a.fixed * b.fixed, a.fixed * b.each}, a.each == 0
	case "Div":
		x, ok := a.dim()
		y, also := b.dim()
		if !ok || !also {
			return number{}, false
		}
		q, ok := over(x, y)
		return toNumber(q), ok
	case "Max", "Min":
		more, ok := foldCompare("GreaterOrEqual", number{a.fixed - b.fixed, a.each - b.each})
		if (more.fixed != 0) == (op == "Max") {
			return a, ok
		}
		return b, ok
	}
	return foldCompare(op, number{a.fixed - b.fixed, a.each - b.each})
}

// foldCompare compares a difference with 0.
func foldCompare(op string, d number) (number, bool) {
	rule, ok := binaries[op]
	first := d.fixed + d.each // for a batch of one example
	if !ok || !slices.Contains([]string{"eq", "lt", "le", "gt", "ge"}, rule.op) {
		return number{}, false
	}
	strict := rule.op == "lt" || rule.op == "ge" // whose answer for a first 0 is that for all above
	switch {
	case d.each == 0, d.each > 0 && (first > 0 || first == 0 && strict), d.each < 0 && first < 0:
		return number{fixed: rule.fold(first, 0)}, true
	}
	return number{}, false
}

// unaryOp is an operator of one tensor and its value for a number.
type unaryOp struct {
	op   string
	fold func(float64) float64
}

var unaries = map[string]unaryOp{
	"Relu":       {"relu", func(a float64) float64 { return max(a, 0) }},
	"Sigmoid":    {"sigmoid", func(a float64) float64 { return 1 / (1 + math.Exp(-a)) }},
	"Tanh":       {"tanh", math.Tanh},
	"Exp":        {"exp", math.Exp},
	"Log":        {"log", math.Log},
	"Sqrt":       {"sqrt", math.Sqrt},
	"Abs":        {"abs", math.Abs},
	"Neg":        {"neg", func(a float64) float64 { return -a }},
	"Floor":      {"floor", math.Floor},
	"Ceil":       {"ceil", math.Ceil},
	"Round":      {"round", math.RoundToEven},
	"Reciprocal": {"reciprocal", func(a float64) float64 { return 1 / a }},
	"Erf":        {"erf", math.Erf},
	"Sin":        {"sin", math.Sin},
	"Cos":        {"cos", math.Cos},
	"Sign":       {"sign", func(a float64) float64 { return truth(a > 0) - truth(a < 0) }},
	"Not":        {"logical_not", func(a float64) float64 { return 1 - a }},
}

func unaryRule(c *call) []*value {
	rule, x := unaries[c.node.Op], c.in(0)
	if x.known != nil && !slices.ContainsFunc(x.known, func(n number) bool { return n.each != 0 }) {
		v := &value{kind: x.kind, shape: x.shape, known: make([]number, len(x.known))}
		for i, n := range x.known {
			v.known[i].fixed = rule.fold(n.fixed)
		}
		return []*value{v}
	}
	return []*value{c.emit(rule.op, args{"self": c.tensor(x)}, x.kind, x.shape)}
}

// castRule changes the type. All floating-point types are one here.
func castRule(c *call) []*value {
	x, kind := c.in(0), proto.Kinds[c.int("to", 0)]
	if c.node.Op == "CastLike" {
		kind = c.in(1).kind
	}
	switch {
	case kind == "":
		c.fail("type %d of ONNX is not supported", c.int("to", 0))
	case kind == x.kind:
		return []*value{x}
	case x.known != nil:
		return []*value{castKnown(x, kind)}
	}
	return []*value{c.emit("_to_copy", args{"self": c.tensor(x), "dtype": ofText(kind)}, kind, x.shape)}
}

func castKnown(x *value, kind string) *value {
	v := &value{kind: kind, shape: x.shape, known: slices.Clone(x.known)}
	for i, n := range v.known {
		switch {
		case kind == "bool":
			v.known[i] = number{fixed: truth(n != number{})}
		case kind != "float32" && n.each == 0:
			v.known[i].fixed = math.Trunc(n.fixed)
		}
	}
	return v
}

// whereRule chooses between two tensors.
func whereRule(c *call) []*value {
	q, a, b := c.in(0), c.in(1), c.in(2)
	shape, ok := broadcast(a.shape, b.shape)
	if ok {
		shape, ok = broadcast(shape, q.shape)
	}
	if !ok {
		c.fail("the shapes %v, %v and %v don't fit together", q.shape, a.shape, b.shape)
	}
	sizes, ok := static(shape)
	if ok && q.known != nil && a.known != nil && b.known != nil && count(sizes) <= maxFolded {
		v := &value{kind: a.kind, shape: shape, known: []number{}}
		walk(sizes, func(index []int) {
			chosen := b
			qs, _ := static(q.shape)
			if q.known[offset(qs, index)].fixed != 0 {
				chosen = a
			}
			cs, _ := static(chosen.shape)
			v.known = append(v.known, chosen.known[offset(cs, index)])
		})
		return []*value{v}
	}
	return []*value{c.emit("where", args{"condition": c.tensor(q), "self": c.tensor(a), "other": c.tensor(b)}, a.kind, shape)}
}
