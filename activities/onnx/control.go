package onnx

import (
	"slices"

	"lossatlas/activities/aten"
	"lossatlas/activities/onnx/proto"
)

const (
	maxSteps      = 1_000_000 // translated nodes, where nodes of loops count once for each round
	maxIterations = 4096      // of one loop
)

// ifRule translates the branch that is taken, which must be known while reading.
func ifRule(c *call) []*value {
	branch := "else_branch"
	if c.scalar(0) != 0 {
		branch = "then_branch"
	}
	g := c.body(branch)
	c.run(g)
	return c.outputs(g)
}

// body is the graph of an attribute.
func (c *call) body(name string) *proto.Graph {
	a := c.node.Attributes[name]
	if a == nil || a.Graph == nil {
		c.fail("it has no %s", name)
	}
	return a.Graph
}

// run translates the nodes of an inner graph. What an earlier round set is set anew.
func (c *call) run(g *proto.Graph) {
	for _, i := range g.Initializers {
		if c.values[i.Name] == nil {
			if err := c.initialize(i); err != nil {
				c.fail("%w", err)
			}
		}
	}
	for _, n := range g.Nodes {
		for _, o := range n.Outputs {
			delete(c.values, o)
		}
		if err := c.translator.node(n); err != nil {
			c.fail("%w", err)
		}
	}
}

func (c *call) outputs(g *proto.Graph) []*value {
	var outs []*value
	for _, o := range g.Outputs {
		v := c.values[o.Name]
		if v == nil {
			c.fail("its graph does not set %s", o.Name)
		}
		outs = append(outs, v)
	}
	return outs
}

// loopRule repeats a graph as often as is known while reading. The graph takes the
// round, a condition and the carried values, and gives the next condition, the
// carried values and one slice for each output that is put together from all rounds.
func loopRule(c *call) []*value {
	g := c.body("body")
	rounds, goes := maxIterations+1, true
	if c.has(0) {
		rounds = saturate(c.scalar(0))
	}
	if c.has(1) {
		goes = c.scalar(1) != 0
	}
	var carried []*value
	for i := 2; i < len(c.node.Inputs); i++ {
		carried = append(carried, c.in(i))
	}
	if len(g.Inputs) != len(carried)+2 || len(g.Outputs) < len(carried)+1 {
		c.fail("its graph has %d inputs and %d outputs, which don't fit %d carried values", len(g.Inputs), len(g.Outputs), len(carried))
	}
	slicesOf := make([][]*value, len(g.Outputs)-1-len(carried))
	for round := 0; round < rounds && goes; round++ {
		if round == maxIterations {
			c.fail("it has more than %d rounds", maxIterations)
		}
		outs := c.round(g, round, carried)
		if goes = outs[0].isScalar() && outs[0].known[0].fixed != 0; !goes && !outs[0].isScalar() {
			c.fail("how often it repeats depends on the data, which is not supported")
		}
		carried = outs[1 : 1+len(carried)]
		for k := range slicesOf {
			slicesOf[k] = append(slicesOf[k], outs[1+len(carried)+k])
		}
	}
	for _, rows := range slicesOf {
		carried = append(slices.Clip(carried), c.stack(rows))
	}
	return carried
}

// round translates a loop's graph once.
func (c *call) round(g *proto.Graph, round int, carried []*value) []*value {
	c.values[g.Inputs[0].Name] = &value{kind: "int64", shape: []aten.Dim{}, known: []number{{fixed: float64(round)}}}
	c.values[g.Inputs[1].Name] = &value{kind: "bool", shape: []aten.Dim{}, known: []number{{fixed: 1}}}
	for i, v := range carried {
		c.values[g.Inputs[2+i].Name] = v
	}
	c.run(g)
	return c.outputs(g)
}

// stack joins values along a new first axis.
func (c *call) stack(rows []*value) *value {
	if len(rows) == 0 {
		c.fail("it repeats no time at all")
	}
	var parts []*value
	known := true
	for _, r := range rows {
		if len(r.shape) >= proto.MaxRank || r.list != nil {
			c.fail("its output can't be put together")
		}
		p := c.reshape(r, slices.Concat(fixedAll(1), r.shape))
		parts, known = append(parts, p), known && p.known != nil
	}
	return c.concat(0, known, parts...)
}
