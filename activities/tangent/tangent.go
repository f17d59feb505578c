// Package tangent computes directional derivatives of finished graphs, in
// forward mode: it visits the nodes in the order in which they were made and
// gives each its tangent, by one rule for each type of operation.
//
// Applied to the nodes that graph.Gradient adds, it yields Hessian-vector
// products, H·v = d/dt ∇L(θ + tv) at t = 0 (Pearlmutter 1994), of any loss
// whose gradient the graph library can build, custom gradients included.
// Forward mode over reverse mode is the only order that is right: the reverse
// of a tangent would call the closures of custom gradients a second time.
package tangent

import (
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/core/graph"
)

// Along adds to the graph the derivatives of outputs at t = 0 when each of the
// inputs moves from x to x + t·v, v being the direction of the same index. The
// results have the shapes of the outputs.
//
// StopGradient does not stop a tangent: these are derivatives of values. Inputs
// may be any nodes of the graph; what they were computed from stays fixed.
//
// Like the graph library, it panics on what it cannot build: here an operation
// without a rule, which the message names.
func Along(outputs, inputs, directions []*graph.Node) []*graph.Node {
	tangents := map[*graph.Node]*graph.Node{}
	for i, x := range inputs {
		tangents[x] = directions[i]
	}
	needed := ancestors(outputs)
	for _, n := range slices.Clone(outputs[0].Graph().Nodes()) { // a copy: rules add nodes
		if !needed[n] || tangents[n] != nil || !n.DType().IsFloat() {
			continue
		}
		in := n.Inputs()
		dot, moves := make([]*graph.Node, len(in)), false
		for i, x := range in {
			dot[i] = tangents[x]
			moves = moves || dot[i] != nil
		}
		if !moves {
			continue
		}
		rule, ok := rules[n.Type()]
		if !ok {
			panic(fmt.Errorf("no rule for the tangent of the operation %s", n.Type()))
		}
		if t := rule(n, in, dot); t != nil {
			tangents[n] = t
		}
	}
	moved := make([]*graph.Node, len(outputs))
	for i, y := range outputs {
		moved[i] = filled(tangents[y], y)
	}
	return moved
}

// ancestors are the nodes that outputs are computed from, themselves included.
func ancestors(outputs []*graph.Node) map[*graph.Node]bool {
	found := map[*graph.Node]bool{}
	for stack := slices.Clone(outputs); len(stack) > 0; {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if !found[n] {
			found[n] = true
			stack = append(stack, n.Inputs()...)
		}
	}
	return found
}
