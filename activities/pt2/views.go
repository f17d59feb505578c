package pt2

import (
	"fmt"
	"strings"
)

// views follows which tensors may share memory. An operation that changes a tensor
// in place, such as relu_, becomes one that makes a new tensor, which takes the
// old one's place. That is right as long as nothing reads the old memory
// through another tensor afterwards.
type views struct {
	group map[string]string // the tensor whose memory a tensor may share, itself at the root
	made  map[string]int    // the node that makes a tensor; not of inputs and parameters
	uses  map[string]int    // the last node that reads a tensor
}

// viewOps are operations whose result may share the memory of their first argument.
var viewOps = map[string]bool{"view": true, "reshape": true, "flatten": true, "unflatten": true, "squeeze": true, "unsqueeze": true,
	"permute": true, "transpose": true, "t": true, "expand": true, "contiguous": true, "alias": true, "detach": true, "dropout": true,
	"slice": true, "select": true, "narrow": true, "split": true, "split_with_sizes": true, "chunk": true, "unbind": true, "to": true,
	"movedim": true, "swapaxes": true, "view_as": true, "reshape_as": true, "expand_as": true, "numpy_T": true, "type_as": true}

func newViews(nodes []node, outputs []argument) views {
	v := views{group: map[string]string{}, made: map[string]int{}, uses: map[string]int{}}
	for i := range nodes {
		n := &nodes[i]
		for _, in := range n.Inputs {
			for _, name := range in.Arg.names() {
				v.uses[name] = i
			}
		}
		for _, o := range n.Outputs {
			for _, out := range o.names() {
				v.made[out] = i
			}
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(n.Target, "torch.ops.aten."), ".")
		if len(n.Inputs) == 0 || n.Inputs[0].Arg.Tensor == nil || !viewOps[name] && !n.inPlace() {
			continue
		}
		for _, o := range n.Outputs {
			for _, out := range o.names() {
				v.group[out] = v.root(n.Inputs[0].Arg.Tensor.Name)
			}
		}
	}
	for _, o := range outputs {
		for _, name := range o.names() {
			v.uses[name] = len(nodes)
		}
	}
	return v
}

func (v views) root(name string) string {
	if r, ok := v.group[name]; ok {
		return r
	}
	return name
}

// names are the tensors of an argument.
func (a argument) names() []string {
	var all []string
	if a.Tensor != nil {
		all = append(all, a.Tensor.Name)
	}
	if a.Tensors != nil {
		for _, x := range *a.Tensors {
			all = append(all, x.Name)
		}
	}
	for _, x := range a.OptionalTensors {
		if x.Tensor != nil {
			all = append(all, x.Tensor.Name)
		}
	}
	if a.OptionalTensor != nil && a.OptionalTensor.Tensor != nil {
		all = append(all, a.OptionalTensor.Tensor.Name)
	}
	return all
}

// changed is called for node i, which changes its first argument in place. It is
// an error where an older tensor that may share the memory is read later. Names
// that stand for the tensor itself by now, or for one in replaced, are fine.
func (v views) changed(i int, n *node, current func(name string) string, replaced map[string]string) error {
	if len(n.Inputs) == 0 || n.Inputs[0].Arg.Tensor == nil || len(n.Outputs) != 1 || n.Outputs[0].Tensor == nil {
		return fmt.Errorf("it changes something in place that is not one tensor")
	}
	self := n.Inputs[0].Arg.Tensor.Name
	for name, last := range v.uses {
		_, known := replaced[current(name)]
		if last > i && v.made[name] < i && v.root(name) == v.root(self) && !known {
			return fmt.Errorf("it changes %s in place while %s, which may share its memory, is still needed: export with ep = ep.run_decompositions()", self, name)
		}
	}
	return nil
}
