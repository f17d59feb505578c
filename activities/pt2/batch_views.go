package pt2

import (
	"fmt"
	"slices"

	"lossatlas/activities/aten"
	"lossatlas/activities/aten/forward"
)

// view makes the batch free in the shape that the i-th operation views or expands a tensor of the batch to, and notes where the batch is in
// its result.
func (f *freeing) view(i int) error {
	op := &f.Ops[i]
	sizes := op.Args[sizeArguments[op.Name]].Ints
	isFree := slices.ContainsFunc(sizes, func(d aten.Dim) bool { return d.Each != 0 })
	switch {
	case isFree: // it was done before
		return nil
	case !isView(op) && op.Name != "expand" && op.Name != "flatten" && op.Name != "unflatten":
		f.inherit(op)
		return nil
	}
	fail := func(format string, args ...any) error {
		return &aten.OpError{Index: i, Name: op.Name, At: op.At, Err: fmt.Errorf(format, args...)}
	}
	self := op.Args["self"].Value
	before := *f.Program
	before.Ops, before.Output = f.Ops[:i], self
	now, err := forward.Shapes(&before, f.size)
	if err != nil {
		return err
	}
	other, err := forward.Shapes(&before, f.size+1)
	if err != nil {
		return err
	}
	from := now[self]
	axis := slices.IndexFunc(indices(from), func(a int) bool { return from[a] != other[self][a] })
	switch {
	case axis < 0:
		return nil
	case op.Name == "unflatten" && axisOf(op, len(from)) == axis:
		return fail("it splits the batch of %v", from)
	case op.Name == "unflatten":
		f.inherit(op)
		return nil
	case op.Name == "expand":
		f.inherit(op)
		to := axis + len(sizes) - len(from)
		if to < axis {
			return fail("it expands %v to fewer axes", from)
		}
		if sizes[to].Fixed != -1 {
			f.set(i, to)
		}
		return nil
	case op.Name == "flatten":
		before.Ops, before.Output = f.Ops[:i+1], op.Out[0]
		if now, err = forward.Shapes(&before, f.size); err != nil {
			return err
		}
		for _, n := range now[op.Out[0]] {
			sizes = append(sizes, aten.Dim{Fixed: n})
		}
	}
	shape := filled(sizes, product(from))
	to, inner := f.place(shape, product(from[:axis])*max(1, f.inner[self]))
	if to < 0 {
		return fail("it views %v as %v, which does not say where the batch is", from, shape)
	}
	f.inner[op.Out[0]] = inner
	if isView(op) {
		for k, n := range shape { // a size that is not given would be ambiguous
			sizes[k] = aten.Dim{Fixed: n}
		}
		f.set(i, to)
	}
	return nil
}

// inherit notes that the batch is where it is in an argument.
func (f *freeing) inherit(op *aten.Op) {
	for _, arg := range op.Args {
		for _, value := range append(slices.Clone(arg.Values), arg.Value) {
			for _, out := range op.Out {
				if n := f.inner[value]; n > 1 {
					f.inner[out] = n
				}
			}
		}
	}
}

// place is the axis of a view that holds the batch, with front elements before it, and the factors of the axis before the batch: the only axis that
// is the batch alone, else the first that begins with it and is not the last, which has features, else the first that can hold it; −1 where
// there are several of the first kind. A view keeps the order of the
// elements, so that for every size of the batch shape[k] = inner·size·m holds it if front = shape[0]·…·shape[k−1]·inner.
func (f *freeing) place(shape []int, front int) (axis, inner int) {
	axis, alone := -1, 0
	for k, n := range shape {
		before := product(shape[:k])
		if before == 0 || front%before != 0 || n%(front/before*f.size) != 0 {
			continue
		}
		isAlone := n == f.size && before == front
		if isAlone {
			alone++
		}
		leads := before == front && k < len(shape)-1
		if axis < 0 || isAlone || alone == 0 && leads && inner > 1 {
			axis, inner = k, front/before
		}
	}
	if alone > 1 {
		return -1, 0
	}
	return axis, inner
}

// filled is a shape of n elements, with the size that is given as −1.
func filled(sizes []aten.Dim, n int) []int {
	shape, rest, open := make([]int, len(sizes)), n, -1
	for i, d := range sizes {
		if shape[i] = d.Fixed; d.Fixed < 0 {
			open = i
		} else {
			rest /= max(1, d.Fixed)
		}
	}
	if open >= 0 {
		shape[open] = rest
	}
	return shape
}

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

func indices(shape []int) []int {
	all := make([]int, len(shape))
	for i := range all {
		all[i] = i
	}
	return all
}
