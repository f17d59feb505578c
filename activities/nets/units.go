package nets

import (
	"fmt"
	"slices"
)

// Units is a set of hidden units that compute the same function in any order: all places that belong to them are permuted together.
type Units struct {
	// N is the number of units.
	N int
	// Params are their places in θ, and State those in the running statistics.
	Params, State []Place
}

// Place is where units stand along an axis of a tensor: unit u at the Each indices from From + u·Each on.
type Place struct {
	Tensor           int // in the table of parameters, or of running statistics
	Axis, From, Each int
}

// Units finds the sets of hidden units that may be permuted, in the order of the layers that make them. A skip connection ties the units of all
// layers that add to the same activations. Units keep their order in inputs and outputs, and where a layer treats them differently, as grouped
// convolutions and attention do. It is an error for networks from files.
func (n *Net) Units() ([]Units, error) {
	if n.program != nil || n.foreign != nil {
		return nil, fmt.Errorf("network %s comes from a file: units can be permuted in built-in networks and lists of layers only", n.Name)
	}
	in, err := inputShape(n.Problem)
	if err != nil {
		return nil, err
	}
	w := &unitWalk{}
	out, _, err := w.sequence(n.layers, fixedUnits(in.Channels), in)
	if err != nil {
		return nil, err
	}
	fix(out)
	return w.collect(n), nil
}

// unitSet is a set of units while tensors are assigned to it. Tied sets have one root. A set that is tied in parts to several others is split.
type unitSet struct {
	n     int
	fixed bool // the units keep their order
	root  *unitSet
	parts []*unitSet
}

// stretch is consecutive activations: the units of a set, each repeated each times in succession.
type stretch struct {
	set  *unitSet
	each int
}

// stretches are the channels or features of activations, in their order.
type stretches []stretch

func newUnits(n int) stretches   { return stretches{{&unitSet{n: n}, 1}} }
func fixedUnits(n int) stretches { return stretches{{&unitSet{n: n, fixed: true}, 1}} }

// leaves are the same activations in sets that are neither tied to an earlier one nor split.
func (s stretches) leaves() (out stretches) {
	for _, one := range s {
		set := one.set
		for set.root != nil {
			set = set.root
		}
		if set.parts == nil {
			out = append(out, stretch{set, one.each})
			continue
		}
		for _, part := range set.parts {
			out = append(out, stretches{{part, one.each}}.leaves()...)
		}
	}
	return out
}

func fix(s stretches) {
	for _, one := range s.leaves() {
		one.set.fixed = true
	}
}

// tie makes units of two activations that are added the same units.
func tie(a, b stretches) {
	for {
		a, b = a.leaves(), b.leaves()
		if len(a) == 0 || len(b) == 0 {
			return
		}
		x, y := a[0], b[0]
		switch {
		case x.each != y.each:
			fix(a)
			fix(b)
			return
		case x.set.n > y.set.n:
			x.set.split(y.set.n)
			continue
		case x.set.n < y.set.n:
			y.set.split(x.set.n)
			continue
		case x.set != y.set:
			y.set.root, x.set.fixed = x.set, x.set.fixed || y.set.fixed
		}
		a, b = a[1:], b[1:]
	}
}

func (s *unitSet) split(first int) {
	s.parts = []*unitSet{{n: first, fixed: s.fixed}, {n: s.n - first, fixed: s.fixed}}
}

// unitWalk goes through the layers and notes the order of which activations the axes of tensors have.
type unitWalk struct{ seen []seenAxis }

type seenAxis struct {
	tensor string
	axis   int
	order  stretches
}

func (w *unitWalk) note(order stretches, axis int, tensors ...string) {
	for _, t := range tensors {
		w.seen = append(w.seen, seenAxis{t, axis, order})
	}
}

func (w *unitWalk) sequence(layers []Layer, x stretches, in Shape) (stretches, Shape, error) {
	for _, l := range layers {
		_, out, err := l.plan(&planner{names: map[string]bool{}}, in)
		if err != nil {
			return nil, Shape{}, err
		}
		if x, err = w.layer(l, x, in, out); err != nil {
			return nil, Shape{}, err
		}
		in = out
	}
	return x, in, nil
}

// layer returns the activations behind a layer.
func (w *unitWalk) layer(l Layer, x stretches, in, out Shape) (stretches, error) {
	switch l := l.(type) {
	case ReLU, MaxPool, AvgPool, Dropout:
		return x, nil
	case Convolution:
		return w.product(l.Name, l.Bias, x, l.Out), nil
	case FullyConnected:
		return w.product(l.Name, true, x, l.Out), nil
	case BatchNorm:
		w.note(x, 0, l.Name+".weight", l.Name+".bias", l.Name+".running_mean", l.Name+".running_var")
		return x, nil
	case Flatten:
		return flattened(x, in), nil
	case Dense:
		y, _, err := w.sequence(l.Body, x, in)
		return slices.Concat(y, x), err
	case Residual:
		y, _, err := w.sequence(l.Body, x, in)
		if err != nil {
			return nil, err
		}
		around, _, err := w.sequence(l.Shortcut, x, in)
		if l.Pad { // as padShortcut
			front := (out.Channels - in.Channels) / 2
			around = slices.Concat(newUnits(front), x, newUnits(out.Channels-in.Channels-front))
		}
		tie(y, around)
		return y, err
	case Translated:
		return w.translated(l, x, out), nil
	}
	fix(x)
	return fixedUnits(out.Channels), nil
}

// product is a layer that makes new units of all that come in.
func (w *unitWalk) product(name string, bias bool, x stretches, n int) stretches {
	y := newUnits(n)
	w.note(y, 0, name+".weight")
	w.note(x, 1, name+".weight")
	if bias {
		w.note(y, 0, name+".bias")
	}
	return y
}

// flattened are images in the order channel, row, column, or tokens one after another.
func flattened(x stretches, in Shape) (out stretches) {
	if in.IsSequence() {
		return slices.Repeat(x, in.Length)
	}
	for _, s := range x {
		out = append(out, stretch{s.set, s.each * in.Height * in.Width})
	}
	return out
}

// translated is a layer of package module. Layers that are not listed here keep the order of their units.
func (w *unitWalk) translated(l Translated, x stretches, out Shape) stretches {
	switch l.Kind {
	case "gelu", "silu", "tanh", "sigmoid", "hardswish", "hardsigmoid", "relu6", "leakyrelu", "elu", "maxpool", "avgpool", "tokens", "pick":
		return x
	case "layernorm", "instancenorm":
		if l.Affine {
			w.note(x, 0, l.Name+".weight", l.Name+".bias")
		}
		return x
	case "conv":
		if l.Groups <= 1 {
			return w.product(l.Name, l.Bias, x, l.Fields.Out)
		}
	}
	fix(x)
	return fixedUnits(out.Channels)
}

// collect are the sets of more than one unit that are free, with their places, in the order of their first.
func (w *unitWalk) collect(n *Net) (out []Units) {
	at := map[*unitSet]int{}
	for _, seen := range w.seen {
		from := 0
		for _, s := range seen.order.leaves() {
			place := Place{Axis: seen.axis, From: from, Each: s.each}
			from += s.set.n * s.each
			if s.set.fixed || s.set.n < 2 {
				continue
			}
			k, ok := at[s.set]
			if !ok {
				k, at[s.set], out = len(out), len(out), append(out, Units{N: s.set.n})
			}
			named := func(p Param) bool { return p.Name == seen.tensor }
			if place.Tensor = slices.IndexFunc(n.plan.params, named); place.Tensor >= 0 {
				out[k].Params = append(out[k].Params, place)
			} else if place.Tensor = slices.IndexFunc(n.plan.state, named); place.Tensor >= 0 {
				out[k].State = append(out[k].State, place)
			}
		}
	}
	return out
}
