package onnx

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"lossatlas/activities/aten"
	"lossatlas/activities/onnx/proto"
)

// value is the known properties of a tensor of the graph: its type and shape, and its
// elements if they depend on the batch at most, or the initializer that it is, with
// its axes in the order perm.
type value struct {
	kind   string
	shape  []aten.Dim
	known  []number
	weight *weight
	perm   []int
	list   []*value // of a list of tensors, else nil
	name   string   // in the program; "" as long as no operation needs it there
}

// translator makes a program of a graph.
type translator struct {
	*proto.Model
	folder  string
	program *aten.Program
	values  map[string]*value // by the graph's names
	weights []*weight
	uses    map[string][]use
	taken   map[string]bool // names of the program
	serial  int
	steps   int // nodes that were translated
	notes   []string
	twins   []string // parameters that had the values of another one
	named   int      // the notes before those on missing names
}

// use is one place where a value is read.
type use struct {
	op   string
	slot int
}

func newTranslator(m *proto.Model, folder string) *translator {
	return &translator{
		Model: m, folder: folder, program: &aten.Program{},
		values: map[string]*value{}, uses: map[string][]use{}, taken: map[string]bool{},
	}
}

func (t *translator) note(format string, a ...any) {
	if text := fmt.Sprintf(format, a...); !slices.Contains(t.notes, text) {
		t.notes = append(t.notes, text)
	}
}

// translate fills the program. The input already has its shape.
func (t *translator) translate(in *value) error {
	nodes, err := t.needed()
	if err != nil {
		return err
	}
	t.taken[in.name] = true
	t.values[in.name] = in
	t.program.Input = aten.Value{Name: in.name, Type: in.kind, Shape: in.shape}
	for _, i := range t.Graph.Initializers {
		if err := t.initialize(i); err != nil {
			return err
		}
	}
	for _, n := range nodes {
		if err := t.node(n); err != nil {
			return err
		}
	}
	return t.finish(nodes)
}

// needed are the nodes that the first output depends on, in order. The others are
// left out: training outputs, sizes that nothing reads.
func (t *translator) needed() ([]*proto.Node, error) {
	want := map[string]bool{t.Graph.Outputs[0].Name: true}
	var nodes []*proto.Node
	for _, n := range slices.Backward(t.Graph.Nodes) {
		if !slices.ContainsFunc(n.Outputs, func(o string) bool { return o != "" && want[o] }) {
			continue
		}
		nodes = append(nodes, n)
		t.use(n, want)
	}
	slices.Reverse(nodes)
	if len(t.Graph.Outputs) > 1 {
		var others []string
		for _, o := range t.Graph.Outputs[1:] {
			others = append(others, o.Name)
		}
		t.note("The network's output is %s; the other outputs (%s) are ignored.", t.Graph.Outputs[0].Name, strings.Join(others, ", "))
	}
	return nodes, nil
}

// use marks the values that a node and the graphs inside it read.
func (t *translator) use(n *proto.Node, want map[string]bool) {
	for slot, i := range n.Inputs {
		if i != "" {
			want[i] = true
			t.uses[i] = append(t.uses[i], use{n.Op, slot})
		}
	}
	for _, a := range n.Attributes {
		if a.Graph == nil {
			continue
		}
		for _, inner := range a.Graph.Nodes {
			t.use(inner, want)
		}
		for _, o := range a.Graph.Outputs {
			want[o.Name] = true
			t.uses[o.Name] = append(t.uses[o.Name], use{n.Op, 0})
		}
	}
}

// node translates one node and stores the known properties of its outputs.
func (t *translator) node(n *proto.Node) error {
	if t.steps++; t.steps > maxSteps {
		return fmt.Errorf("the network has more than %d operations", maxSteps)
	}
	rule, ok := rules[n.Op]
	if !ok || n.Domain != "" {
		return t.unsupported(n)
	}
	outs, err := t.apply(rule, n)
	if err != nil {
		return fmt.Errorf("%s %s: %w", n.Op, n.At(), err)
	}
	for i, name := range n.Outputs {
		if name == "" {
			continue
		}
		if i >= len(outs) || outs[i] == nil {
			if len(t.uses[name]) > 0 {
				return fmt.Errorf("%s %s: its output %d (%s) is used, which is not supported", n.Op, n.At(), i+1, name)
			}
			continue
		}
		if t.values[name] != nil {
			return fmt.Errorf("%s %s: the value %s is set twice", n.Op, n.At(), name)
		}
		t.values[name] = outs[i]
	}
	return nil
}

// failure is the panic value of a rule that can't translate its node.
type failure struct{ error }

// apply calls a rule and turns its failure into an error.
func (t *translator) apply(rule func(*call) []*value, n *proto.Node) (outs []*value, err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case failure:
			err = r.error
		default:
			panic(r)
		}
	}()
	return rule(&call{translator: t, node: n}), nil
}

// finish names the output and checks its shape.
func (t *translator) finish(nodes []*proto.Node) error {
	name := t.Graph.Outputs[0].Name
	out := t.values[name]
	if out == nil {
		return fmt.Errorf("no operation sets the output %s", name)
	}
	if out.known != nil || out.weight != nil || out.list != nil || len(t.program.Ops) == 0 {
		return errors.New("the output does not depend on the input")
	}
	t.program.Output = out.name
	if len(nodes) > 0 && slices.Contains([]string{"Softmax", "LogSoftmax", "Sigmoid"}, nodes[len(nodes)-1].Op) {
		last := nodes[len(nodes)-1].Op
		t.note("The last operation is %s. Cross-entropy takes logits, to which it applies its own softmax: export the network without its last activation.", last)
	}
	t.declare()
	if len(out.shape) == 0 || out.shape[0].Each == 0 {
		return fmt.Errorf("the output %s has the shape %v, whose first axis is not the batch", name, out.shape)
	}
	return nil
}

// file is the result.
func (t *translator) file() *File {
	f := &File{Program: t.program, Stored: map[string]Layout{}, producer: t.Producer}
	t.noteWeights()
	for _, w := range t.weights {
		switch {
		case w.value == "":
			continue
		case w.buffer:
			f.Buffers = append(f.Buffers, w.declared())
		default:
			f.Params = append(f.Params, w.declared())
		}
		if !isIdentity(w.perm) || w.flat {
			f.Stored[w.name] = Layout{w.shape, w.perm}
		}
	}
	f.Notes, f.nameNotes = t.notes[:t.named:t.named], t.notes[t.named:]
	f.Notes = append(f.Notes, f.nameNotes...)
	return f
}
