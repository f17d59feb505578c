package onnx

import (
	"slices"

	"lossatlas/activities/aten"
)

// recurrent is an operator over sequences: its name in ATen and the order of its
// gates there, as indices into ONNX's order.
type recurrent struct {
	op    string
	gates []int
}

var recurrents = map[string]recurrent{
	"LSTM": {"lstm", []int{0, 2, 3, 1}}, // input, output, forget, cell → input, forget, cell, output
	"GRU":  {"gru", []int{1, 0, 2}},     // update, reset, hidden → reset, update, hidden
	"RNN":  {"rnn_tanh", []int{0}},
}

// recurrentRule translates one layer. ONNX has its inputs as X [time, batch, features],
// W [directions, gates·hidden, features], R [directions, gates·hidden, hidden] and B
// [directions, 2·gates·hidden], and its output as [time, directions, batch, hidden].
func recurrentRule(c *call) []*value {
	rule := recurrents[c.node.Op]
	c.checkRecurrent()
	if c.node.Op == "RNN" && len(c.node.Attributes["activations"].All()) > 0 && c.node.Attributes["activations"].Texts[0] == "Relu" {
		rule.op = "rnn_relu"
	}
	x, swap := c.in(0), c.int("layout", 0) != 0
	if len(x.shape) != 3 {
		c.fail("its input has the shape %v; time, batch and features are needed", x.shape)
	}
	direction := c.text("direction", "forward")
	ways := 1
	if direction == "bidirectional" {
		ways = 2
	}
	hidden := c.int("hidden_size", 0)
	for slot, columns := range []aten.Dim{x.shape[2], fixed(hidden)} {
		want := []aten.Dim{fixed(ways), fixed(len(rule.gates) * hidden), columns}
		if hidden < 1 || !slices.Equal(c.in(slot+1).shape, want) {
			c.fail("its weights have the shape %v, but its attributes and input ask for %v", c.in(slot+1).shape, want)
		}
	}
	if swap {
		x = c.transpose(x, []int{1, 0, 2})
	}
	if direction == "reverse" {
		x = c.flip(x)
	}
	params := []*value{}
	for way := range ways {
		params = append(params, c.gates(1, way, rule.gates, hidden, 0), c.gates(2, way, rule.gates, hidden, 0))
		if c.has(3) {
			params = append(params, c.gates(3, way, rule.gates, hidden, 0), c.gates(3, way, rule.gates, hidden, 1))
		}
	}
	outs := c.emitRecurrent(rule, x, params, ways, hidden)
	if direction == "reverse" {
		outs[0] = c.flip(outs[0])
	}
	return c.recurrentOutputs(outs, ways, swap)
}

// checkRecurrent refuses what PyTorch's layers don't compute.
func (c *call) checkRecurrent() {
	usual := map[string][]string{"LSTM": {"Sigmoid", "Tanh", "Tanh"}, "GRU": {"Sigmoid", "Tanh"}, "RNN": {"Tanh"}}[c.node.Op]
	for i, a := range c.node.Attributes["activations"].All() {
		relu := c.node.Op == "RNN" && a == "Relu"
		if a != usual[i%len(usual)] && !relu {
			c.fail("the activation %s is not supported; %v are", a, usual)
		}
	}
	switch {
	case c.has(4) && !c.isFull(4):
		c.fail("sequences of different lengths (sequence_lens) are not supported")
	case c.has(7) && c.node.Op == "LSTM":
		c.fail("peephole weights are not supported")
	case c.node.Attributes["clip"] != nil || c.int("input_forget", 0) != 0:
		c.fail("clip and input_forget are not supported")
	case c.node.Op == "GRU" && c.int("linear_before_reset", 0) == 0:
		c.fail("a GRU that resets before its matrix product (linear_before_reset=0) is not supported; export one that resets after it: Keras's reset_after=True, PyTorch's only form")
	}
}

// isFull says whether all sequence lengths are known to be the whole length.
func (c *call) isFull(slot int) bool {
	v, x := c.in(slot), c.in(0)
	return v.known != nil && len(x.shape) == 3 && v.isAll(float64(x.shape[0].Fixed)) && x.shape[0].Each == 0
}

// flip reverses the time.
func (c *call) flip(x *value) *value {
	return c.emit("flip", args{"self": c.tensor(x), "dims": ofInts(0)}, x.kind, x.shape)
}

// gates are the weights of one direction with the gates in PyTorch's order. part
// chooses between the two halves of a bias.
func (c *call) gates(slot, way int, order []int, hidden, part int) *value {
	v := c.in(slot)
	n := len(order) * hidden
	if slot == 3 && !slices.Equal(v.shape, []aten.Dim{v.shape[0], fixed(2 * n)}) {
		c.fail("its bias has the shape %v, but 2·%d numbers are needed", v.shape, n)
	}
	rows := make([]int, 0, n)
	for _, g := range order {
		rows = append(rows, following(part*n+g*hidden, hidden)...)
	}
	if v.weight != nil && isIdentity(v.perm) {
		p := newPart(v.weight, way, rows)
		if part == 1 && !slices.ContainsFunc(p.data, func(f float32) bool { return f != 0 }) {
			return &value{kind: "float32", shape: fixedAll(n), known: make([]number, n)} // Keras has one bias only
		}
		return c.part(v.weight, p)
	}
	v = c.slice(v, cut{0, 1, way, fixed(1)})
	v = c.reshape(v, v.shape[1:])
	var parts []*value
	for i := 0; i < n; i += hidden {
		parts = append(parts, c.slice(v, cut{0, 1, rows[i], fixed(hidden)}))
	}
	return c.concat(0, false, parts...)
}

// part declares a parameter of its own that is a part of an initializer.
func (c *call) part(w, part *weight) *value {
	for _, known := range c.weights {
		if known.of == w && known.name == part.name {
			return known.whole()
		}
	}
	part.value = c.fresh()
	at := slices.Index(c.weights, w)
	for at+1 < len(c.weights) && c.weights[at+1].of == w {
		at++
	}
	c.weights = slices.Insert(c.weights, at+1, part)
	return part.whole()
}

// whole is a weight declared in its stored shape, as a value.
func (w *weight) whole() *value {
	return &value{kind: "float32", shape: fixedAll(w.shape...), weight: w, perm: identity(len(w.shape)), name: w.value}
}

// emitRecurrent adds the operation with zeros as the default initial state.
func (c *call) emitRecurrent(rule recurrent, x *value, params []*value, ways, hidden int) []*value {
	states := 1
	if rule.op == "lstm" {
		states = 2
	}
	state := []aten.Dim{fixed(ways), x.shape[1], fixed(hidden)}
	hx := make([]*value, states)
	for i := range hx {
		if !c.has(5 + i) {
			hx[i] = c.full("float32", state, 0)
			continue
		}
		hx[i] = c.in(5 + i)
		if c.int("layout", 0) != 0 {
			hx[i] = c.transpose(hx[i], []int{1, 0, 2})
		}
		if !slices.Equal(hx[i].shape, state) {
			c.fail("its initial state has the shape %v, but %v is needed", hx[i].shape, state)
		}
	}
	a := args{
		"input": c.tensor(x), "params": c.tensors(params...), "has_biases": ofFlag(c.has(3)), "num_layers": ofInt(1),
		"dropout": ofNumber(0), "train": ofFlag(false), "bidirectional": ofFlag(ways == 2), "batch_first": ofFlag(false),
	}
	if states == 2 {
		a["hx"] = c.tensors(hx...)
	} else {
		a["hx"] = c.tensor(hx[0])
	}
	outs := []*value{c.emit(rule.op, a, x.kind, []aten.Dim{x.shape[0], x.shape[1], fixed(ways * hidden)})}
	op := &c.program.Ops[len(c.program.Ops)-1]
	for range states {
		v := &value{kind: x.kind, shape: state, name: c.fresh()}
		op.Out, outs = append(op.Out, v.name), append(outs, v)
	}
	return outs
}

// recurrentOutputs brings the outputs to ONNX's layouts.
func (c *call) recurrentOutputs(outs []*value, ways int, swap bool) []*value {
	y := outs[0]
	y = c.reshape(y, []aten.Dim{y.shape[0], y.shape[1], fixed(ways), fixed(y.shape[2].Fixed / ways)})
	if swap {
		outs[0] = c.transpose(y, []int{1, 0, 2, 3})
		for i, s := range outs[1:] {
			if i+1 < len(c.node.Outputs) && len(c.uses[c.node.Outputs[i+1]]) > 0 {
				outs[i+1] = c.transpose(s, []int{1, 0, 2})
			}
		}
		return outs
	}
	if ways == 1 { // the axes of batch and directions change places without moving numbers
		outs[0] = c.reshape(y, []aten.Dim{y.shape[0], fixed(1), y.shape[1], y.shape[3]})
	} else {
		outs[0] = c.transpose(y, []int{0, 2, 1, 3})
	}
	return outs
}
