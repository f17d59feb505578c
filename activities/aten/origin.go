package aten

import (
	"slices"
)

// source is the parameter or buffer from which a value was rearranged.
type source struct {
	name string
	// axes are, for each axis of the value, the parameter's axes that it runs over; nil where unknown.
	axes  [][]int
	shape []int // of the value; nil where it is not known
}

// sourceOf is a parameter itself.
func sourceOf(t Tensor) source {
	s := source{name: t.Name, shape: t.Shape}
	for i := range t.Shape {
		s.axes = append(s.axes, []int{i})
	}
	return s
}

// union is the parameter's axes of some of the value's.
func (s source) union(axes ...int) (all []int) {
	for _, a := range axes {
		if a >= 0 && a < len(s.axes) {
			all = append(all, s.axes[a]...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// others is union of all axes but some.
func (s source) others(but []int) []int {
	var rest []int
	for i := range s.axes {
		if !slices.Contains(but, i) {
			rest = append(rest, i)
		}
	}
	return s.union(rest...)
}

// after is the source of the results of an operation that rearranges s.
func (s source) after(op *Op) source {
	at := func(name string, absent int) int {
		n := absent
		if a := op.Args[name].Int; a != nil {
			n = a.Fixed
		}
		if n < 0 {
			n += len(s.axes)
		}
		return n
	}
	rank := len(s.axes)
	order := make([]int, rank)
	for i := range order {
		order[i] = i
	}
	switch op.Name {
	case "contiguous", "clone", "alias", "detach", "to", "_to_copy":
		return s
	case "split", "chunk", "slice": // of other sizes
		return source{name: s.name, axes: s.axes}
	case "t", "numpy_T":
		slices.Reverse(order)
		return s.permuted(order)
	case "permute":
		order, _ = fixedSizes(op.Args["dims"], rank)
		return s.permuted(order)
	case "transpose", "swapaxes":
		i, j := at("dim0", at("axis0", 0)), at("dim1", at("axis1", 1))
		if i >= 0 && j >= 0 && i < rank && j < rank {
			order[i], order[j] = j, i
			return s.permuted(order)
		}
	case "select":
		if i := at("dim", 0); i >= 0 && i < rank {
			return s.permuted(slices.Delete(order, i, i+1))
		}
	case "view", "reshape", "_unsafe_view":
		a := op.Args["size"]
		if a.IsNone() {
			a = op.Args["shape"]
		}
		if target, ok := fixedSizes(a, 0); ok && s.shape != nil {
			return s.viewed(target)
		}
	}
	return source{name: s.name} // axes are lost
}

// fixedSizes are integers that do not depend on the batch, of which negative ones count from the end of a rank.
func fixedSizes(a Arg, rank int) (all []int, ok bool) {
	for _, d := range a.Ints {
		if d.Each != 0 {
			return nil, false
		}
		if d.Fixed < 0 {
			d.Fixed += rank
		}
		all = append(all, d.Fixed)
	}
	return all, len(all) > 0
}

// permuted is the source with the axes of the value in an order.
func (s source) permuted(order []int) source {
	out := source{name: s.name}
	for _, i := range order {
		if i < 0 || i >= len(s.axes) {
			return source{name: s.name}
		}
		out.axes = append(out.axes, s.axes[i])
		if s.shape != nil {
			out.shape = append(out.shape, s.shape[i])
		}
	}
	return out
}

// viewed is the source after a view in which axes are joined or divided.
func (s source) viewed(target []int) source {
	if i := slices.Index(target, -1); i >= 0 {
		rest := -product(target)
		if rest <= 0 || product(s.shape)%rest != 0 {
			return source{name: s.name}
		}
		target = slices.Clone(target)
		target[i] = product(s.shape) / rest
	}
	out := source{name: s.name, shape: target}
	for i, j := 0, 0; j < len(target); {
		fromI, fromJ, have, want := i, j, 1, target[j]
		for j++; have != want; {
			switch {
			case have < want && i < len(s.shape):
				have *= s.shape[i]
				i++
			case have > want && j < len(target):
				want *= target[j]
				j++
			default:
				return source{name: s.name}
			}
		}
		if i-fromI > 1 && j-fromJ > 1 { // they are mixed
			return source{name: s.name}
		}
		for range j - fromJ {
			out.axes = append(out.axes, slices.Concat(s.axes[fromI:i]...))
		}
	}
	return out
}

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}
