package onnx

import (
	"fmt"
	"slices"
)

// KeepLine exports a PyTorch model so that its parameters keep their names and
// nothing is merged into them.
const KeepLine = `torch.onnx.export(model, (x,), file, dynamo=True, optimize=False, dynamic_shapes=({0: torch.export.Dim("batch")},))`

// KerasLine does that for a model of Keras with its PyTorch backend (KERAS_BACKEND=torch).
const KerasLine = `torch.onnx.export(model, (x,), file, dynamo=True, optimize=False, dynamic_shapes=(({0: torch.export.Dim("batch")},),))`

// State is a floating-point tensor of the model from which a file was exported, such
// as an entry of its state_dict.
type State struct {
	Name  string
	Shape []int
	Data  []float32 // in C order; nil where the values are not known
}

// Match finds out which parameters of the model the file's are. Parameters whose
// names the exporter dropped get the name of the tensor that has the same values, in
// the same order of axes or transposed, or else of the only one with the same shape;
// Stored then says how that tensor is brought to the declared shape, and Notes which
// names were found. Tensors of the state that the file lacks were merged into others:
// the error names them, and the call that exports the model without merging. Where nothing was merged, they are tensors
// that the network does not use. Running statistics become buffers.
func (f *File) Match(state []State) error {
	m := matcher{file: f, byName: map[string]*State{}, used: map[string]bool{}}
	for i := range state {
		m.byName[state[i].Name] = &state[i]
	}
	m.keepNames()
	m.find(state, sameValues)
	m.find(state, onlyShape)
	if err := m.missing(state); err != nil {
		return err
	}
	f.Notes = f.Notes[:len(f.Notes)-len(f.nameNotes)]
	f.separateStatistics()
	if len(m.found) > 0 {
		f.Notes = append(f.Notes, "Parameters without a name of the model were recognized: "+some(m.found)+".")
	}
	return nil
}

// matcher is one comparison with a state.
type matcher struct {
	file   *File
	byName map[string]*State
	used   map[string]bool // names of the state
	open   []int           // parameters of the program without a name of the state
	found  []string
}

// keepNames marks the tensors whose names the file has.
func (m *matcher) keepNames() {
	for i, p := range m.file.Program.Params {
		s := m.byName[p.Name]
		if s == nil || !slices.Equal(withoutOnes(s.Shape), withoutOnes(p.Shape)) {
			m.open = append(m.open, i)
			continue
		}
		m.used[p.Name] = true
		delete(m.file.Stored, p.Name)
		if !slices.Equal(s.Shape, p.Shape) {
			m.file.Stored[p.Name] = Layout{s.Shape, identity(len(s.Shape))}
		}
	}
	for _, b := range m.file.Program.Buffers {
		m.used[b.Name] = true
	}
}

// find gives names to open parameters by a test, which returns the order of the
// state's axes in the declared shape, or nil.
func (m *matcher) find(state []State, test func(m *matcher, s *State, param int) []int) {
	var open []int
	for _, i := range m.open {
		p := &m.file.Program.Params[i]
		var perm []int
		at := slices.IndexFunc(state, func(s State) bool {
			if m.used[s.Name] || count(s.Shape) != count(p.Shape) {
				return false
			}
			perm = test(m, &s, i)
			return perm != nil
		})
		if at < 0 {
			open = append(open, i)
			continue
		}
		s := state[at]
		m.used[s.Name] = true
		m.found = append(m.found, fmt.Sprintf("%s is %s", p.Name, s.Name))
		delete(m.file.Stored, p.Name)
		p.Name = s.Name
		if !isIdentity(perm) || !slices.Equal(s.Shape, p.Shape) {
			m.file.Stored[s.Name] = Layout{s.Shape, perm}
		}
	}
	m.open = open
}

// orders are the orders of axes in which programs store the same weights: those of
// PyTorch, and of Keras from [inputs, outputs], [width, inputs, outputs], [height,
// width, inputs, outputs] and, by channel, [height, width, channels, 1].
var orders = [][]int{{1, 0}, {2, 1, 0}, {3, 2, 0, 1}, {2, 3, 0, 1}}

// sameValues tests whether a tensor has a parameter's values in one of the orders of axes.
func sameValues(m *matcher, s *State, param int) []int {
	if s.Data == nil {
		return nil
	}
	want := m.file.Params[param]
	if slices.Equal(s.Data, want) {
		return identity(len(s.Shape))
	}
	shape := withoutOnes(m.file.Program.Params[param].Shape)
	for _, perm := range orders {
		if len(perm) != len(s.Shape) || !slices.Equal(withoutOnes(permuteShape(s.Shape, perm)), shape) {
			continue
		}
		if slices.Equal(permuted(s.Data, s.Shape, perm), want) {
			return perm
		}
	}
	return nil
}

// onlyShape tests whether a tensor is the only open one with the shape of a parameter
// that is the only open one with it.
func onlyShape(m *matcher, s *State, param int) []int {
	shape := withoutOnes(m.file.Program.Params[param].Shape)
	if !slices.Equal(withoutOnes(s.Shape), shape) {
		return nil
	}
	n := 0
	for name, other := range m.byName {
		if !m.used[name] && slices.Equal(withoutOnes(other.Shape), shape) {
			n++
		}
	}
	for _, i := range m.open {
		if slices.Equal(withoutOnes(m.file.Program.Params[i].Shape), shape) {
			n++
		}
	}
	if n != 2 {
		return nil
	}
	return identity(len(s.Shape))
}

// missing names the tensors of the state that no parameter or buffer is. Tensors with
// the values of another one of the state are shared by two modules.
func (m *matcher) missing(state []State) error {
	var lost []string
	for _, s := range state {
		shared := slices.ContainsFunc(state, func(o State) bool {
			return m.used[o.Name] && s.Data != nil && len(s.Shape) > 1 && slices.Equal(o.Shape, s.Shape) && slices.Equal(o.Data, s.Data)
		})
		if !m.used[s.Name] && !shared {
			lost = append(lost, s.Name)
		}
	}
	if len(lost) == 0 && (len(m.open) == 0 || len(state) == 0) {
		return nil
	}
	if len(m.open) == 0 { // batch normalizations among them are an error where the weights are read
		m.file.Notes = append(m.file.Notes, "The network does not use these tensors of the weights: "+some(lost)+".")
		return nil
	}
	var into []string
	for _, i := range m.open {
		into = append(into, m.file.Program.Params[i].Name)
	}
	text := fmt.Sprintf("the file has parameters of which the weights have no equals: %s", some(into))
	if len(lost) > 0 {
		text = fmt.Sprintf("the ONNX file lacks parameters of the model: %s; its exporter merged parameters into others, or the weights belong to another export; the file has instead: %s", some(lost), some(into))
	}
	switch {
	case isKeras(state):
		text += ".\n  Export the model again with these weights, KERAS_BACKEND=torch and " + KerasLine
	case m.file.producer == "pytorch":
		text += ".\n  Export the model again with " + KeepLine
	}
	return fmt.Errorf("%s", text)
}

// withoutOnes is a shape without its axes of length 1.
func withoutOnes(shape []int) []int {
	out := []int{}
	for _, d := range shape {
		if d != 1 {
			out = append(out, d)
		}
	}
	return out
}

func permuteShape(shape, perm []int) []int {
	out := make([]int, len(perm))
	for i, a := range perm {
		out[i] = shape[a]
	}
	return out
}
