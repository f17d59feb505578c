package forward

import (
	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/internal/nodes"
)

// recurrentOps are recurrent networks, written out step by step.
var recurrentOps = map[string]builder{
	"lstm":     lstm,
	"gru":      func(c *call) []*graph.Node { return recurrent(c, 3, gruStep) },
	"rnn_tanh": func(c *call) []*graph.Node { return recurrent(c, 1, simpleStep(graph.Tanh)) },
	"rnn_relu": func(c *call) []*graph.Node { return recurrent(c, 1, simpleStep(relu)) },
}

// maxSteps is the largest product of the length of a sequence and the number of
// layers: each step of each is operations of its own.
const maxSteps = 4096

// cell computes one step: from the input's part of the gates and the state before
// (h, and c of LSTM) the state after. recur is h·W + b.
type cell func(gates *graph.Node, state []*graph.Node, recur func(h *graph.Node) *graph.Node) []*graph.Node

func lstm(c *call) []*graph.Node {
	return recurrent(c, 4, func(gates *graph.Node, state []*graph.Node, recur func(h *graph.Node) *graph.Node) []*graph.Node {
		g := quarters(graph.Add(gates, recur(state[0])), 4)
		next := graph.Add(graph.Mul(graph.Sigmoid(g[1]), state[1]), graph.Mul(graph.Sigmoid(g[0]), graph.Tanh(g[2])))
		return []*graph.Node{graph.Mul(graph.Sigmoid(g[3]), graph.Tanh(next)), next}
	})
}

func gruStep(gates *graph.Node, state []*graph.Node, recur func(h *graph.Node) *graph.Node) []*graph.Node {
	x, h := quarters(gates, 3), quarters(recur(state[0]), 3)
	reset, update := graph.Sigmoid(graph.Add(x[0], h[0])), graph.Sigmoid(graph.Add(x[1], h[1]))
	fresh := graph.Tanh(graph.Add(x[2], graph.Mul(reset, h[2])))
	return []*graph.Node{graph.Add(fresh, graph.Mul(update, graph.Sub(state[0], fresh)))}
}

func simpleStep(f func(x *graph.Node) *graph.Node) cell {
	return func(gates *graph.Node, state []*graph.Node, recur func(h *graph.Node) *graph.Node) []*graph.Node {
		return []*graph.Node{f(graph.Add(gates, recur(state[0])))}
	}
}

// quarters cuts the last axis into n equal parts.
func quarters(x *graph.Node, n int) []*graph.Node {
	a := x.Rank() - 1
	return cutEvenly(x, a, nodes.Dims(x)[a]/n)
}

// recurrent runs all layers and directions. The results are the outputs of all
// steps, and the last states.
func recurrent(c *call, gates int, step cell) []*graph.Node {
	x, states, params := c.tensor("input"), c.tensors("hx"), c.tensors("params")
	if h := c.tensor("hx"); h != nil {
		states = []*graph.Node{h}
	}
	layers, directions, each := c.int("num_layers", 1), 1, 2
	if c.flag("bidirectional", false) {
		directions = 2
	}
	if c.flag("has_biases", true) {
		each = 4
	}
	want := map[bool]int{true: 2, false: 1}[c.op.Name == "lstm"]
	if layers < 1 || layers > maxParts || len(params) != layers*directions*each || len(states) != want {
		fail("%d parameters and %d states do not fit %d layers: projections are not supported", len(params), len(states), layers)
	}
	if x.Rank() != 3 || c.flag("train", false) && c.number("dropout", 0) > 0 {
		fail("the input %v must be a batch of sequences, and dropout off: call model.eval() before the export", nodes.Dims(x))
	}
	if c.flag("batch_first", false) {
		x = nodes.Swap(x, 0, 1)
	}
	r := &unrolled{gates: gates, step: step, last: make([][]*graph.Node, len(states))}
	for layer := range layers {
		var sides []*graph.Node
		for side := range directions {
			k := layer*directions + side
			start := make([]*graph.Node, len(states))
			for i, s := range states {
				start[i] = r.start(s, k, layers*directions, x)
			}
			sides = append(sides, r.run(x, start, params[k*each:(k+1)*each], side == 1))
		}
		x = sides[0]
		if directions == 2 {
			x = graph.Concatenate(sides, 2)
		}
	}
	if c.flag("batch_first", false) {
		x = nodes.Swap(x, 0, 1)
	}
	results := []*graph.Node{x}
	for _, l := range r.last {
		results = append(results, graph.Concatenate(l, 0))
	}
	return results
}

// unrolled is a recurrent network under construction.
type unrolled struct {
	gates int
	step  cell
	steps int             // that were added until now
	last  [][]*graph.Node // for each kind of state, one for each layer and direction, [1, batch, size]
}

// start is the first state of a layer and direction, [batch, size].
func (r *unrolled) start(s *graph.Node, k, n int, x *graph.Node) *graph.Node {
	if s == nil || s.Rank() != 3 || nodes.Dims(s)[0] != n || nodes.Dims(s)[1] != nodes.Dims(x)[1] {
		fail("a first state does not fit %d layers and directions and an input of %v", n, nodes.Dims(x))
	}
	return nodes.Select(s, 0, k)
}

// run is one layer in one direction over x [steps, batch, features].
func (r *unrolled) run(x *graph.Node, state, params []*graph.Node, backwards bool) *graph.Node {
	steps := nodes.Dims(x)[0]
	size := nodes.Dims(state[0])[1]
	if r.steps += steps; r.steps > maxSteps {
		fail("a sequence of %d steps in this number of layers is longer than the %d that are supported together", steps, maxSteps)
	}
	for i, p := range params {
		if p == nil || nodes.Dims(p)[0] != r.gates*size || i < 2 && p.Rank() != 2 {
			fail("parameters do not fit a state of %d numbers: projections are not supported", size)
		}
	}
	var inputBias, stateBias *graph.Node
	if len(params) == 4 {
		inputBias, stateBias = params[2], params[3]
	}
	gates := linearOf(x, params[0], inputBias)
	recur := func(h *graph.Node) *graph.Node { return linearOf(h, params[1], stateBias) }
	out := make([]*graph.Node, steps)
	for i := range steps {
		at := i
		if backwards {
			at = steps - 1 - i
		}
		state = r.step(nodes.Select(gates, 0, at), state, recur)
		out[at] = nodes.InsertAxis(state[0], 0)
	}
	for i, s := range state {
		r.last[i] = append(r.last[i], nodes.InsertAxis(s, 0))
	}
	return graph.Concatenate(out, 0)
}
