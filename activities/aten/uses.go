package aten

import (
	"slices"
	"strings"
)

// Use says what an operation does with a parameter or buffer, which decides how
// directions are normalized.
type Use string

// The uses of parameters and buffers.
const (
	ConvolutionWeight Use = "convolution weight" // [out, in/groups, …]; of transposed convolutions [in, out/groups, …]
	LinearWeight      Use = "linear weight"      // [out, in]; of matrix products also [in, out], see Consumer.Outputs
	Embedding         Use = "embedding"          // [entries, size]
	Bias              Use = "bias"               // of a convolution or linear layer
	NormScale         Use = "norm scale"
	NormShift         Use = "norm shift"
	RecurrentWeight   Use = "recurrent weight" // [gates·size, in]
	RecurrentBias     Use = "recurrent bias"
	RunningMean       Use = "running mean"
	RunningVariance   Use = "running variance"
	OtherUse          Use = "other"
	Unused            Use = "unused"
)

// Consumer is an operation that reads a parameter or buffer, directly or after
// its elements were only rearranged.
type Consumer struct {
	Use Use
	Op  int // index in Program.Ops
	// Outputs are the axes of the parameter along which the outputs of its layer lie, and
	// so its filters: [0] of [out, in], [1] of the W in x·W. nil where they are not known.
	Outputs []int
	// Groups is the number of parts of the first axis that have outputs of their own, of a
	// transposed convolution with groups; else 0.
	Groups int
}

// useOf gives the use of an argument: of operations by name, and of arguments by theirs.
var useOf = map[string]map[string]Use{
	"linear":        {"weight": LinearWeight, "bias": Bias},
	"embedding":     {"weight": Embedding},
	"batch_norm":    normUses,
	"instance_norm": normUses, "native_batch_norm": normUses, "_native_batch_norm_legit_no_training": normUses,
	"layer_norm": normUses, "native_layer_norm": normUses, "group_norm": normUses, "native_group_norm": normUses, "rms_norm": normUses,
	"conv1d": convUses, "conv2d": convUses, "conv3d": convUses, "convolution": convUses, "conv_transpose1d": convUses, "conv_transpose2d": convUses,
	"mm": {"mat2": LinearWeight, "self": LinearWeight}, "matmul": {"other": LinearWeight, "self": LinearWeight}, "bmm": {"mat2": LinearWeight, "self": LinearWeight},
	"addmm": {"self": Bias, "mat2": LinearWeight, "mat1": LinearWeight}, "addmv": {"self": Bias, "mat": LinearWeight},
	"baddbmm": {"self": Bias, "batch2": LinearWeight, "batch1": LinearWeight},
	"prelu":   {}, "einsum": {"tensors": LinearWeight},
}

var (
	normUses = map[string]Use{"weight": NormScale, "bias": NormShift, "running_mean": RunningMean, "running_var": RunningVariance}
	convUses = map[string]Use{"weight": ConvolutionWeight, "bias": Bias}
)

// rearranging are operations that keep the elements of a parameter.
var rearranging = map[string]bool{"view": true, "reshape": true, "_unsafe_view": true, "flatten": true, "unflatten": true, "squeeze": true, "unsqueeze": true,
	"permute": true, "transpose": true, "t": true, "numpy_T": true, "contiguous": true, "clone": true, "alias": true, "detach": true, "expand": true,
	"to": true, "_to_copy": true, "swapaxes": true, "split": true, "chunk": true, "slice": true, "select": true}

// Uses lists the consumers of each parameter and buffer, by its name in the
// state_dict. One without any is not in the map.
func (p *Program) Uses() map[string][]Consumer {
	origin := map[string]source{}
	for _, t := range slices.Concat(p.Params, p.Buffers) {
		origin[t.Value] = sourceOf(t)
	}
	uses := map[string][]Consumer{}
	for i := range p.Ops {
		op := &p.Ops[i]
		args := make([]string, 0, len(op.Args))
		for name := range op.Args {
			args = append(args, name)
		}
		slices.Sort(args)
		for _, arg := range args {
			for _, v := range op.Args[arg].Tensors() {
				from, ok := origin[v]
				if !ok {
					continue
				}
				if arg == "self" && rearranging[op.Name] {
					for _, out := range op.Out {
						origin[out] = from.after(op)
					}
					continue
				}
				uses[from.name] = append(uses[from.name], consumer(i, op, arg, v, from))
			}
		}
	}
	return uses
}

// Tensors are the names of the tensors of an argument.
func (a Arg) Tensors() []string {
	if a.Value != "" {
		return []string{a.Value}
	}
	return a.Values
}

// consumer is what op does with a value that is its argument.
func consumer(i int, op *Op, arg, value string, from source) Consumer {
	c := Consumer{Use: OtherUse, Op: i}
	switch use, ok := useOf[op.Name][arg]; {
	case ok:
		c.Use = use
	case arg == "params":
		c.Use = recurrentUse(op, value)
	}
	switch c.Use {
	case ConvolutionWeight:
		flag := op.Args["transposed"].Flag
		if flag != nil && *flag || op.Name == "conv_transpose1d" || op.Name == "conv_transpose2d" {
			c.Outputs = from.union(1)
			if g := op.Args["groups"].Int; g != nil && g.Fixed > 1 {
				c.Groups = g.Fixed
			}
			break
		}
		c.Outputs = from.union(0)
	case LinearWeight:
		c.Outputs = from.others(contracted(op, arg, value, len(from.axes)))
	case Embedding, RecurrentWeight:
		c.Outputs = from.union(0)
	}
	return c
}

// contracted are the axes of a weight of a given rank over which a product sums.
func contracted(op *Op, arg, value string, rank int) (axes []int) {
	switch {
	case op.Name == "einsum":
		left, out, _ := strings.Cut(strings.ReplaceAll(op.Args["equation"].Text, " ", ""), "->")
		if terms, i := strings.Split(left, ","), slices.Index(op.Args["tensors"].Values, value); i < len(terms) {
			for axis, letter := range terms[i] {
				if !strings.ContainsRune(out, letter) {
					axes = append(axes, axis)
				}
			}
		}
		return axes
	case arg == "mat2" || arg == "other" || arg == "batch2": // on the right, [in, out]
		return []int{max(rank-2, 0)}
	}
	return []int{rank - 1} // [out, in]
}

// recurrentUse distinguishes weights from biases by their place: two weights, then two biases, if any.
func recurrentUse(op *Op, value string) Use {
	biases := op.Args["has_biases"].Flag
	if biases != nil && *biases && slices.Index(op.Args["params"].Values, value)%4 >= 2 {
		return RecurrentBias
	}
	return RecurrentWeight
}
