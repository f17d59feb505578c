package pt2

import (
	"errors"
	"fmt"
	"maps"
	"strings"

	"lossatlas/activities/aten"
)

// operations translates the nodes of the graph.
func (t *reader) operations() error {
	t.views = newViews(t.doc.Module.Graph.Nodes, t.doc.Module.Graph.Outputs)
	for i := range t.doc.Module.Graph.Nodes {
		n := &t.doc.Module.Graph.Nodes[i]
		if isCheck(n.Target) || onlySymbols(n) {
			continue
		}
		op, err := t.operation(n)
		if err == nil {
			err = t.add(i, n, op)
		}
		if err != nil {
			return &aten.OpError{Index: i, Name: n.Target, At: module(n.Meta.Modules), Err: err}
		}
	}
	return nil
}

// add enters an operation into the program. One that changes its first argument
// in place is followed by those that put the result into the tensors of which the
// argument is a part, and all of these stand for the old ones from then on.
func (t *reader) add(i int, n *node, op *aten.Op) error {
	ops := &t.file.Program.Ops
	*ops = append(*ops, *op)
	if op.Name == "slice" || op.Name == "select" {
		t.parts[op.Out[0]] = *op
	}
	if !n.inPlace() {
		return nil
	}
	self, value := op.Args["self"].Value, op.Out[0]
	if op.Args["self"].Value == "" {
		self = op.Args["input"].Value
	}
	chain := map[string]string{self: value}
	for part, ok := t.parts[self]; ok; part, ok = t.parts[self] {
		t.parts[value] = part
		whole := t.current(part.Args["self"].Value)
		put := aten.Op{Name: part.Name + "_scatter", Args: maps.Clone(part.Args), Out: []string{fmt.Sprintf("%s.%d", whole, i)}, At: op.At}
		put.Args["self"], put.Args["src"] = aten.Arg{Value: whole}, aten.Arg{Value: value}
		*ops = append(*ops, put)
		self, value = whole, put.Out[0]
		chain[self] = value
	}
	if err := t.views.changed(i, n, t.current, chain); err != nil {
		return err
	}
	maps.Copy(t.alias, chain)
	return nil
}

// inPlace reports whether a node changes its first argument, as relu_ does and __and__ does not.
func (n *node) inPlace() bool {
	name, _, _ := strings.Cut(strings.TrimPrefix(n.Target, "torch.ops.aten."), ".")
	return strings.HasSuffix(name, "_") && !strings.HasPrefix(name, "__")
}

// isCheck reports whether an operation only checks something.
func isCheck(target string) bool {
	name := strings.TrimPrefix(target, "torch.ops.aten.")
	return strings.HasPrefix(name, "_assert_") || strings.HasPrefix(name, "sym_constrain_range")
}

// onlySymbols reports whether a node computes sizes, whose values the file gives.
func onlySymbols(n *node) bool {
	for _, o := range n.Outputs {
		if o.SymInt == nil && o.SymBool == nil && o.SymFloat == nil && o.Int == nil && o.Bool == nil {
			return false
		}
	}
	return len(n.Outputs) > 0
}

// module is the innermost module of a stack "id,path,class;id,path,class".
func module(stack string) string {
	parts := strings.Split(stack[strings.LastIndex(stack, ";")+1:], ",")
	if len(parts) < 3 {
		return ""
	}
	return parts[1]
}

// operation translates one node.
func (t *reader) operation(n *node) (*aten.Op, error) {
	full, ok := strings.CutPrefix(n.Target, "torch.ops.aten.")
	switch {
	case strings.HasPrefix(n.Target, "torch.ops.higher_order.wrap_with_"):
		return nil, errors.New("code under autocast or no_grad is not supported: export with ep = ep.run_decompositions()")
	case strings.HasPrefix(n.Target, "torch.ops.higher_order."):
		return nil, errors.New("control flow is not supported: trace the model without it")
	case !ok:
		return nil, errors.New("operations of other libraries than PyTorch's own are not supported")
	}
	name, overload, _ := strings.Cut(full, ".")
	op := &aten.Op{Name: name, Args: map[string]aten.Arg{}, At: module(n.Meta.Modules)}
	if n.inPlace() {
		op.Name = strings.TrimSuffix(name, "_")
	}
	for _, in := range n.Inputs {
		arg, err := t.argument(in.Arg)
		if err != nil {
			return nil, fmt.Errorf("the argument %s: %w", in.Name, err)
		}
		if !ignored[in.Name] {
			op.Args[in.Name] = arg
		}
	}
	if err := t.results(op, n); err != nil {
		return nil, err
	}
	return op, t.adapt(op, overload, n)
}

// ignored are arguments that change where and how a tensor lies in memory, not its values.
var ignored = map[string]bool{"memory_format": true, "layout": true, "device": true, "pin_memory": true, "non_blocking": true,
	"copy": true, "cudnn_enabled": true, "cudnn_enable": true, "sparse": true, "sparse_grad": true, "scale_grad_by_freq": true, "implicit": true}

// results enters the names of a node's outputs.
func (t *reader) results(op *aten.Op, n *node) error {
	for _, o := range n.Outputs {
		switch {
		case o.Tensor != nil:
			op.Out = append(op.Out, o.Tensor.Name)
		case o.Tensors != nil:
			for _, x := range *o.Tensors {
				op.Out = append(op.Out, x.Name)
			}
		case o.OptionalTensor != nil && o.OptionalTensor.Tensor != nil:
			op.Out = append(op.Out, o.OptionalTensor.Tensor.Name)
		case o.None != nil, o.OptionalTensor != nil:
			op.Out = append(op.Out, "")
		default:
			return errors.New("it has a result that is no tensor")
		}
	}
	return nil
}

// current is the value that stands for a name now.
func (t *reader) current(name string) string {
	for range len(t.alias) + 1 {
		next, ok := t.alias[name]
		if !ok {
			return name
		}
		name = next
	}
	return name
}

// argument translates an argument.
func (t *reader) argument(a argument) (aten.Arg, error) {
	switch {
	case a.Tensor != nil:
		return aten.Arg{Value: t.current(a.Tensor.Name)}, nil
	case a.Tensors != nil:
		var all []string
		for _, x := range *a.Tensors {
			all = append(all, t.current(x.Name))
		}
		return aten.Arg{Values: all}, nil
	case a.OptionalTensor != nil:
		return aten.Arg{Value: t.optional(*a.OptionalTensor)}, nil
	case a.OptionalTensors != nil:
		var all []string
		for _, x := range a.OptionalTensors {
			all = append(all, t.optional(x))
		}
		return aten.Arg{Values: all}, nil
	case a.SymInt != nil:
		d, err := t.size(*a.SymInt)
		return aten.Arg{Int: &d}, err
	case a.SymInts != nil:
		all := make([]aten.Dim, len(a.SymInts))
		for i, s := range a.SymInts {
			var err error
			if all[i], err = t.size(s); err != nil {
				return aten.Arg{}, err
			}
		}
		return aten.Arg{Ints: all}, nil
	case a.SymBool != nil, a.SymFloat != nil, a.Graph != nil:
		return aten.Arg{}, errors.New("it depends on the batch or on other code in a way that is not supported")
	}
	return plain(a), nil
}

// plain translates an argument that is a number, a text or a flag.
func plain(a argument) aten.Arg {
	switch {
	case a.Int != nil:
		return aten.Arg{Int: &aten.Dim{Fixed: *a.Int}}
	case a.Ints != nil:
		all := make([]aten.Dim, len(*a.Ints))
		for i, n := range *a.Ints {
			all[i].Fixed = n
		}
		return aten.Arg{Ints: all}
	case a.Float != nil:
		f := aten.Number(*a.Float)
		return aten.Arg{Number: &f}
	case a.Bool != nil:
		return aten.Arg{Flag: a.Bool}
	case a.Text != nil:
		return aten.Arg{Text: *a.Text}
	case a.Type != nil:
		return aten.Arg{Text: scalarTypes[*a.Type]}
	}
	return aten.Arg{} // None, and settings of memory
}

func (t *reader) optional(x optionalTensor) string {
	if x.Tensor == nil {
		return ""
	}
	return t.current(x.Tensor.Name)
}

// size resolves a size that is an argument.
func (t *reader) size(s symArgument) (aten.Dim, error) {
	if s.Int != nil {
		return aten.Dim{Fixed: *s.Int}, nil
	}
	v, ok := t.doc.Module.Graph.SymInts[s.Name]
	if !ok {
		return aten.Dim{}, fmt.Errorf("the file does not say what %s is", s.Name)
	}
	return t.symbols.resolve(v)
}

// adapt brings overloads with other arguments into the form of their operation.
func (t *reader) adapt(op *aten.Op, overload string, n *node) error {
	switch {
	case strings.HasSuffix(op.Name, "dropout") && op.Args["self"].Value != "": // in place
		op.Args["input"] = op.Args["self"]
		delete(op.Args, "self")
	case strings.HasPrefix(op.Name, "conv") && op.Args["padding"].Text != "":
		op.Args["mode"] = op.Args["padding"]
		delete(op.Args, "padding")
	case strings.HasPrefix(op.Name, "upsample_") && overload == "vec":
		return t.resize(op, n)
	case op.Name == "to" && overload == "other":
		op.Name = "type_as"
		delete(op.Args, "dtype")
	}
	return nil
}

// resize replaces scales by the size that the result has, and by the scales of each axis.
func (t *reader) resize(op *aten.Op, n *node) error {
	op.Args["self"] = op.Args["input"]
	delete(op.Args, "input")
	delete(op.Args, "scale_factors")
	shape, err := t.dims(t.doc.Module.Graph.Tensors[op.Out[0]])
	if err != nil || len(shape) < 3 {
		return fmt.Errorf("the shape of the result is not known: %w", err)
	}
	op.Args["output_size"] = aten.Arg{Ints: shape[2:]}
	for _, in := range n.Inputs {
		for i, f := range in.Arg.Floats {
			name := [][]string{{"scales"}, {"scales_h", "scales_w"}}[min(1, max(0, len(shape)-3))]
			if in.Name == "scale_factors" && i < len(name) {
				scale := aten.Number(f)
				op.Args[name[i]] = aten.Arg{Number: &scale}
			}
		}
	}
	return nil
}
