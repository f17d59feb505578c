package torch

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// tensor is a view of a storage: the element [i, j, …] stands at offset + i·strides[0] + j·strides[1] + …
type tensor struct {
	storage
	kind    string // a key of kinds
	shape   []int
	strides []int // in elements, like offset
	offset  int64
	err     error // why it can't be read
}

// check compares the tensor with its storage, without reading a number.
func (t *tensor) check() error {
	switch {
	case t.err != nil:
		return t.err
	case kinds[t.kind].size == 0:
		return fmt.Errorf("it has the type %s, which is not read: store it as float32", t.kind)
	case len(t.shape) != len(t.strides):
		return fmt.Errorf("it has %d dimensions but %d strides", len(t.shape), len(t.strides))
	}
	if _, err := elements(t.shape); err != nil {
		return err
	}
	last, err := t.last()
	switch have := t.size / kinds[t.kind].size; {
	case err != nil:
		return err
	case t.text: // its length is known once it is read
		return nil
	case last >= have:
		return fmt.Errorf("it needs the element %d of a storage that has %d", last, have)
	}
	return nil
}

// elements is the number of elements of a shape.
func elements(shape []int) (int, error) {
	n := 1
	for _, d := range shape {
		if d < 0 || d > 0 && n > math.MaxInt32/d {
			return 0, fmt.Errorf("its shape %v is not possible", shape)
		}
		n *= d
	}
	return n, nil
}

// last is the place of its last element, −1 if it is missing.
func (t *tensor) last() (int64, error) {
	if slices.Contains(t.shape, 0) {
		return -1, nil
	}
	last := t.offset
	for i, d := range t.shape {
		if s := t.strides[i]; s < 0 || s > math.MaxInt32 {
			return 0, fmt.Errorf("its strides %v are not possible", t.strides)
		}
		// Each product is below 2⁶² and the sum so far at most 2⁶²: a sum that overflows is negative.
		last += int64(d-1) * int64(t.strides[i])
		if last < 0 || last > math.MaxInt64/2 {
			return 0, errors.New("it lies outside of its storage")
		}
	}
	if t.offset < 0 {
		return 0, errors.New("it begins before its storage")
	}
	return last, nil
}

// read converts the elements in C order. It walks along the strides from the
// largest to the smallest, so that a transposed tensor too is read front to back.
func (t *tensor) read(put func(i int, x float64)) error {
	if err := t.check(); err != nil {
		return err
	}
	s, err := t.decoded()
	if err != nil {
		return err
	}
	k := kinds[t.kind]
	if last, _ := t.last(); last >= s.size/k.size {
		return fmt.Errorf("it needs the element %d of an array that has %d", last, s.size/k.size)
	}
	w := &window{storage: s}
	for to, from := range t.places() {
		b, err := w.bytes(from*k.size, k.size)
		if err != nil {
			return err
		}
		put(to, k.convert(s.order, b))
	}
	return nil
}

// axis is a dimension with its strides in C order and in the storage.
type axis struct {
	size, to int
	from     int64
}

// places yields each element's place in C order and in the storage.
func (t *tensor) places() func(yield func(to int, from int64) bool) {
	axes, n := make([]axis, len(t.shape)), 1
	for i := len(t.shape) - 1; i >= 0; i-- {
		axes[i] = axis{t.shape[i], n, int64(t.strides[i])}
		n *= t.shape[i]
	}
	slices.SortStableFunc(axes, func(a, b axis) int { return int(b.from - a.from) })
	return func(yield func(int, int64) bool) {
		index, to, from := make([]int, len(axes)), 0, t.offset
		for range n {
			if !yield(to, from) {
				return
			}
			for k := len(axes) - 1; k >= 0; k-- {
				a := axes[k]
				to, from = to+a.to, from+a.from
				if index[k]++; index[k] < a.size {
					break
				}
				index[k], to, from = 0, to-a.size*a.to, from-int64(a.size)*a.from
			}
		}
	}
}
