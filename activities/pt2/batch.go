package pt2

import (
	"errors"
	"fmt"
	"slices"

	"lossatlas/activities/aten"
	"lossatlas/activities/aten/forward"
)

// This file makes the batch of a network free that was exported for batches of one size. A number in the operations is replaced by a
// multiple of the batch only where no other reading is possible: a view keeps the order of the elements, which says which of its axes
// is the batch, and a tensor of fixed size is made as large as the batch only where an operation could not be computed otherwise.

// sizeArguments are the arguments that are shapes, by operation.
var sizeArguments = map[string]string{
	"view": "size", "_unsafe_view": "size", "reshape": "shape", "expand": "size", "repeat": "repeats",
	"full": "size", "zeros": "size", "ones": "size", "empty": "size", "new_full": "size", "new_zeros": "size", "new_ones": "size",
}

// isView says whether an operation rearranges elements in their order.
func isView(op *aten.Op) bool {
	return op.Name == "view" || op.Name == "_unsafe_view" || op.Name == "reshape"
}

// freeBatch replaces the size of the batch in the program. It is called with a program whose input has the batch as its first size already.
func (t *reader) freeBatch() error {
	f := &freeing{Program: t.file.Program, size: t.symbols.fixed, inner: map[string]int{}}
	f.Output = t.current(t.doc.Module.Graph.Outputs[0].Tensor.Name)
	if err := f.run(); err != nil {
		return fmt.Errorf("the network was exported for batches of %s, and that can't be undone (%w): export it with a dynamic batch, and recurrent networks without run_decompositions(), which fixes it: %s", examples(f.size), err, exportLine)
	}
	t.note("The network was exported for batches of %s. Its operations need that number only as the size of the batch, so that batches of any size are computed.", examples(f.size))
	return nil
}

func examples(n int) string {
	if n == 1 {
		return "1 example"
	}
	return fmt.Sprintf("%d examples", n)
}

// freeing is the work on one program.
type freeing struct {
	*aten.Program
	size int // of the batch in the file
	// inner is, for values that have the batch as a later factor of an axis, the product of the factors before it.
	inner map[string]int
}

// run does the views, then the tensors of fixed size that operations need, until all operations can be computed for another batch.
func (f *freeing) run() error {
	for done := -1; ; {
		_, err := forward.Shapes(f.Program, f.size+1)
		var at *aten.OpError
		last := len(f.Ops) - 1
		if errors.As(err, &at) {
			last = at.Index
		} else if err != nil {
			return err
		}
		for i := done + 1; i <= last; i++ { // all before them can be computed
			if err := f.view(i); err != nil {
				return err
			}
		}
		if err == nil {
			return f.check()
		}
		if _, again := forward.Shapes(f.Program, f.size+1); !isBeyond(again, last) {
			if err := f.enlarge(last); err != nil {
				return err
			}
		}
		done = max(done, last-1)
	}
}

// isBeyond says whether operations up to the i-th can be computed.
func isBeyond(err error, i int) bool {
	var at *aten.OpError
	return err == nil || errors.As(err, &at) && at.Index > i
}

// set makes one size of an operation a multiple of the batch.
func (f *freeing) set(i, axis int) {
	op := &f.Ops[i]
	name := sizeArguments[op.Name]
	sizes := slices.Clone(op.Args[name].Ints)
	sizes[axis] = aten.Dim{Each: sizes[axis].Fixed / f.size}
	op.Args[name] = aten.Arg{Ints: sizes}
}

// enlarge finds the tensors of fixed size before the i-th operation that this needs as large as the batch: the nearest, with those made
// in the same way, with which it can be computed, such as both first states of an LSTM.
func (f *freeing) enlarge(i int) error {
	_, cause := forward.Shapes(f.Program, f.size+1)
	for k := i - 1; k >= 0; k-- {
		op := &f.Ops[k]
		name, ok := sizeArguments[op.Name]
		if !ok || isView(op) {
			continue
		}
		sizes := op.Args[name].Ints
		for axis, d := range sizes {
			if d.Each != 0 || d.Fixed <= 0 || d.Fixed%f.size != 0 {
				continue
			}
			var alike []int
			for j := range i {
				if o := &f.Ops[j]; o.Name == op.Name && slices.Equal(o.Args[name].Ints, sizes) {
					alike = append(alike, j)
				}
			}
			for _, j := range alike {
				f.set(j, axis)
			}
			if _, err := forward.Shapes(f.Program, f.size+1); isBeyond(err, i) {
				return nil
			}
			for _, j := range alike {
				f.Ops[j].Args[name] = aten.Arg{Ints: sizes}
			}
		}
	}
	return cause
}
