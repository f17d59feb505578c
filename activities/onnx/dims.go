package onnx

import (
	"math"

	"lossatlas/activities/aten"
	"lossatlas/activities/onnx/proto"
)

// number is an element that is known while reading: fixed + each·batch. Elements of
// floating-point tensors have each = 0.
type number struct{ fixed, each float64 }

// numbersOf are the elements of a tensor of the file, or the error of reading it.
func numbersOf(elements []float64, err error) ([]number, error) {
	out := make([]number, len(elements))
	for i, v := range elements {
		out[i].fixed = v
	}
	return out, err
}

// dim is the number as a size, if it is an integer.
func (n number) dim() (aten.Dim, bool) {
	d := aten.Dim{Fixed: saturate(n.fixed), Each: saturate(n.each)}
	return d, n.each == math.Trunc(n.each) && n.fixed == math.Trunc(n.fixed)
}

// saturate converts to an integer of at most maxElements in magnitude: the ends of
// slices are often the largest int64.
func saturate(f float64) int {
	return int(max(-proto.MaxElements, min(proto.MaxElements, f)))
}

func toNumber(d aten.Dim) number { return number{float64(d.Fixed), float64(d.Each)} }

// fixed is a size that does not depend on the batch.
func fixed(n int) aten.Dim { return aten.Dim{Fixed: n} }

func fixedAll(sizes ...int) []aten.Dim {
	out := make([]aten.Dim, len(sizes))
	for i, n := range sizes {
		out[i] = fixed(n)
	}
	return out
}

// times multiplies two sizes. Products that are quadratic in the batch or too large are not possible.
func times(a, b aten.Dim) (aten.Dim, bool) {
	if a.Each != 0 && b.Each != 0 {
		return aten.Dim{}, false
	}
	if b.Each != 0 {
		a, b = b, a
	}
	if math.Abs(float64(a.Fixed)*float64(b.Fixed))+math.Abs(float64(a.Each)*float64(b.Fixed)) > proto.MaxElements {
		return aten.Dim{}, false
	}
	return aten.Dim{Fixed: a.Fixed * b.Fixed, Each: a.Each * b.Fixed}, true
}

// over divides two sizes if the quotient is a whole size for each batch.
func over(a, b aten.Dim) (aten.Dim, bool) {
	if b.Each == 0 {
		if b.Fixed == 0 || a.Fixed%b.Fixed != 0 || a.Each%b.Fixed != 0 {
			return aten.Dim{}, false
		}
		return aten.Dim{Fixed: a.Fixed / b.Fixed, Each: a.Each / b.Fixed}, true
	}
	if a.Each%b.Each != 0 {
		return aten.Dim{}, false
	}
	q := a.Each / b.Each
	return fixed(q), q*b.Fixed == a.Fixed
}

// product is the number of elements of a shape.
func product(shape []aten.Dim) (aten.Dim, bool) {
	p, ok := fixed(1), true
	for _, d := range shape {
		if p, ok = times(p, d); !ok {
			return p, false
		}
	}
	return p, true
}

// broadcast is the shape that two tensors have together.
func broadcast(a, b []aten.Dim) ([]aten.Dim, bool) {
	if len(a) < len(b) {
		a, b = b, a
	}
	out := append([]aten.Dim{}, a...)
	for i, d := range b {
		k := len(a) - len(b) + i
		switch {
		case out[k] == d || d == fixed(1):
		case out[k] == fixed(1):
			out[k] = d
		default:
			return nil, false
		}
	}
	return out, true
}

// static is a shape without the batch.
func static(shape []aten.Dim) ([]int, bool) {
	out := make([]int, len(shape))
	for i, d := range shape {
		if d.Each != 0 {
			return nil, false
		}
		out[i] = d.Fixed
	}
	return out, true
}

// count is the product of fixed sizes.
func count(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// walk calls visit with each index of a shape, in C order. The slice is reused.
func walk(shape []int, visit func(index []int)) {
	index := make([]int, len(shape))
	for range count(shape) {
		visit(index)
		for a := len(shape) - 1; a >= 0; a-- {
			if index[a]++; index[a] < shape[a] {
				break
			}
			index[a] = 0
		}
	}
}

// offset is the place of an index in C order. Axes that the shape lacks in front are
// ignored and axes of length 1 are repeated, as broadcasting does.
func offset(shape, index []int) int {
	at, index := 0, index[len(index)-len(shape):]
	for a, d := range shape {
		at *= d
		if d != 1 {
			at += index[a]
		}
	}
	return at
}

// permuted is the data of a tensor with its axes in another order: axis i of the
// result is axis perm[i] of the data.
func permuted[T any](data []T, shape, perm []int) []T {
	to, step, at := make([]int, len(shape)), make([]int, len(shape)), 1
	for a := len(shape) - 1; a >= 0; a-- {
		step[a], at = at, at*shape[a]
	}
	for i, a := range perm {
		to[i] = shape[a]
	}
	out := make([]T, 0, len(data))
	walk(to, func(index []int) {
		k := 0
		for i, a := range perm {
			k += index[i] * step[a]
		}
		out = append(out, data[k])
	})
	return out
}
