package module

import "fmt"

// Deviation is the standard deviation of initial weights of embeddings, attentions, and linear layers on
// tokens, as in GPT-2 and ViT.
const Deviation = 0.02

func (f Fields) deviation() float64 {
	if f.Init != 0 {
		return f.Init
	}
	return Deviation
}

// tokens makes the pixels of an image, row by row, a sequence of as many tokens.
func tokens(f Fields, in Shape) (*Module, error) {
	if err := in.Spatial(f.title()); err != nil {
		return nil, err
	}
	m := floats(Shape{Length: in.Height * in.Width, Channels: in.Channels})
	m.do("view", args{"self": tensor(input), "size": sizes(each, fixed(m.Out.Length), fixed(in.Channels))})
	return m, nil
}

// classToken puts a learned token in front of the sequence (Dosovitskiy et al. 2020).
func classToken(f Fields, in Shape) (*Module, error) {
	if err := in.sequence(f.title()); err != nil {
		return nil, err
	}
	m := floats(Shape{Length: in.Length + 1, Channels: in.Channels})
	w := m.param(Param{Suffix: ".weight", Role: Embedding, Shape: []int{1, in.Channels}, Deviation: f.deviation()})
	one := m.do("expand", args{"self": w, "size": sizes(each, fixed(1), fixed(in.Channels))})
	m.do("cat", args{"tensors": {Values: []string{one.Value, input}}, "dim": integer(1)})
	return m, nil
}

// pick keeps one token of the sequence, as features.
func pick(f Fields, in Shape) (*Module, error) {
	if err := in.sequence(f.title()); err != nil {
		return nil, err
	}
	if f.Index < -in.Length || f.Index >= in.Length {
		return nil, fmt.Errorf("pick: there is no token %d among %d: the first is 0, and the last %d or -1", f.Index, in.Length, in.Length-1)
	}
	m := floats(Shape{Channels: in.Channels, Flat: true})
	m.do("select", args{"self": tensor(input), "dim": integer(1), "index": integer(f.Index)})
	return m, nil
}

// embedding gives each index its vector of Out features.
func embedding(f Fields, in Shape) (*Module, error) {
	if !in.IsIndices() {
		return nil, fmt.Errorf("%s needs indices, which are examples of int32, but gets %v", f.title(), in)
	}
	m := start("int32", Shape{Length: in.Length, Channels: f.Out})
	w := m.param(Param{Suffix: ".weight", Role: Embedding, Shape: []int{f.Entries, f.Out}, Deviation: f.deviation()})
	m.do("embedding", args{"weight": w, "indices": tensor(input)})
	return m, nil
}

// positional adds a learned vector to each token, by its place in the sequence.
func positional(f Fields, in Shape) (*Module, error) {
	if err := in.sequence(f.title()); err != nil {
		return nil, err
	}
	m := floats(in)
	w := m.param(Param{Suffix: ".weight", Role: Embedding, Shape: []int{in.Length, in.Channels}, Deviation: f.deviation()})
	m.do("add", args{"self": tensor(input), "other": w})
	return m, nil
}
