package pt2

import (
	"errors"
	"slices"
	"strings"

	"lossatlas/activities/aten"
	"lossatlas/activities/aten/forward"
)

// check refuses programs that mix examples: what these compute may depend on the size of the batch in other ways.
func (f *freeing) check() error {
	now, err := forward.Shapes(f.Program, f.size)
	if err != nil {
		return err
	}
	other, err := forward.Shapes(f.Program, f.size+1)
	if err != nil {
		return err
	}
	batch := func(value string) (axes []int) {
		for a := range now[value] {
			if now[value][a] != other[value][a] {
				axes = append(axes, a)
			}
		}
		return axes
	}
	for i := range f.Ops {
		op := &f.Ops[i]
		for name, arg := range op.Args {
			for _, value := range append(slices.Clone(arg.Values), arg.Value) {
				axes := batch(value)
				if len(axes) == 0 {
					continue
				}
				if len(axes) > 1 || len(batch(op.Out[0])) != 1 || mixes(op, name, axes[0], len(now[value])) {
					return &aten.OpError{Index: i, Name: op.Name, At: op.At, Err: errors.New("it mixes examples")}
				}
			}
		}
	}
	if axes := batch(f.Output); len(axes) != 1 || axes[0] != 0 || f.inner[f.Output] > 1 {
		return errors.New("the first axis of the output is not the batch")
	}
	return nil
}

// along are operations that compare or join what lies along their axis dim, and perExample begin the names of those that take the batch as
// the first axis.
var (
	along      = []string{"slice", "select", "narrow", "split", "split_with_sizes", "chunk", "unbind", "index_select", "gather", "cat", "roll", "flip", "cumsum", "topk", "sort", "softmax", "_softmax", "log_softmax", "_log_softmax"}
	perExample = []string{"conv", "max_pool", "avg_pool", "adaptive", "batch_norm", "_native_batch_norm", "_batch_norm", "group_norm", "native_group_norm", "instance_norm", "upsample", "pixel"}
	recurrent  = []string{"lstm", "gru", "rnn_tanh", "rnn_relu"}
)

// mixes says whether an operation reads across the examples of an argument of so many axes, of which the given one is the batch.
func mixes(op *aten.Op, argument string, axis, rank int) bool {
	isFirst := argument == "input" || argument == "self"
	switch {
	case slices.Contains(along, op.Name):
		return axisOf(op, rank) == axis && !isWhole(op)
	case slices.Contains(recurrent, op.Name) && isFirst:
		first := op.Args["batch_first"].Flag
		return (first != nil && *first) != (axis == 0)
	case strings.Contains(op.Name, "attention"):
		return axis >= rank-2
	}
	return isFirst && axis != 0 && slices.ContainsFunc(perExample, func(p string) bool { return strings.HasPrefix(op.Name, p) })
}

// axisOf is the axis that an operation names, the first by default.
func axisOf(op *aten.Op, rank int) int {
	dim := 0
	if d := op.Args["dim"].Int; d != nil {
		dim = d.Fixed
	}
	return (dim + rank) % rank
}

// isWhole says whether a slice takes all of its axis.
func isWhole(op *aten.Op) bool {
	start, end := op.Args["start"].Int, op.Args["end"].Int
	return op.Name == "slice" && (start == nil || start.Fixed == 0) && (end == nil || end.Fixed >= 1<<31)
}
