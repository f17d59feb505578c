package nets

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/aten"
	"lossatlas/activities/aten/forward"
	"lossatlas/activities/conv"
	"lossatlas/activities/problem"
)

// program is the forward pass of a network from a file, in place of layers.
type program struct {
	*aten.Program
	digest [sha256.Size]byte
	cost   aten.Cost // of one example
	// toInput brings examples into the shape that the program takes, and toOutputs its result to [batch, Labels…, Outputs].
	toInput, toOutputs func(*graph.Node) *graph.Node
}

// FromProgram makes the network of a program for a problem. It computes in evaluation mode only. The error says how the
// examples or outputs of the problem differ from the program's, or which operation can't be computed.
func FromProgram(name string, p *aten.Program, of problem.Problem) (*Net, error) {
	net, err := fromProgram(name, p, of)
	if err != nil {
		return nil, fmt.Errorf("network %q: %w", name, err)
	}
	return net, nil
}

// TensorsOf lists the parameters and buffers of a program with the roles that they have in a network.
func TensorsOf(p *aten.Program) (params, buffers []Param) {
	role := roles(p)
	table := func(tensors []aten.Tensor) (out []Param) {
		for _, t := range tensors {
			out = append(out, Param{Name: t.Name, Shape: t.Shape, Offset: Length(out), Size: size(t.Shape)})
			role(t, &out[len(out)-1])
		}
		return out
	}
	return table(p.Params), table(p.Buffers)
}

func fromProgram(name string, p *aten.Program, of problem.Problem) (*Net, error) {
	if err := checkProblem(of); err != nil {
		return nil, err
	}
	b, err := p.Encode()
	if err != nil {
		return nil, err
	}
	n := &Net{Name: name, Problem: of, plan: planner{names: map[string]bool{}}, program: &program{Program: p, digest: sha256.Sum256(b)}}
	params, buffers := TensorsOf(p)
	for _, t := range params {
		i, err := n.plan.add(t.Name, t.Role, t.Shape...)
		if err != nil {
			return nil, err
		}
		n.plan.params[i].Axes, n.plan.params[i].Blocks = t.Axes, t.Blocks
	}
	for _, t := range buffers {
		if _, err := n.plan.addState(t.Name, t.Role, t.Shape...); err != nil {
			return nil, err
		}
	}
	if n.program.toInput, err = toInput(of, p.Input); err != nil {
		return nil, err
	}
	const batch = 3 // unlike most sizes, so that an axis of this size is the batch
	out, err := forward.Check(p, batch)
	if err != nil {
		return nil, err
	}
	one, err := forward.Shapes(p, 1)
	if err != nil {
		return nil, err
	}
	n.program.cost = p.Cost(one)
	n.plan.macs = n.program.cost.MACs
	n.program.toOutputs, err = toOutputs(of, out, batch)
	return n, err
}

// toInput brings normalized examples into the shape of a program's input. Images change the order of their axes, and lose or
// gain axes of size 1, as their problem and the program need it.
func toInput(of problem.Problem, in aten.Value) (func(*graph.Node) *graph.Node, error) {
	if isInteger := of.Type == problem.Int32; isInteger != (in.Type == "int64" || in.Type == "int32") {
		return nil, fmt.Errorf("it takes numbers of the type %s, and the examples are of the type %s", in.Type, of.Type)
	}
	var want []int
	for i, d := range in.Shape {
		if i > 0 && d.Each != 0 {
			return nil, fmt.Errorf("axis %d of its input depends on the batch (%v): export it with the batch as the first axis and all other sizes fixed", i, d)
		}
		want = append(want, d.Fixed)
	}
	want = want[1:]
	for _, order := range [][]int{nil, {2, 0, 1}, {1, 2, 0}} {
		have := of.Shape
		if order != nil {
			if !of.IsImage() || (order[0] == 2) == of.ChannelsFirst {
				continue
			}
			have = []int{of.Shape[order[0]], of.Shape[order[1]], of.Shape[order[2]]}
		}
		flat := len(want) == 1 && (order != nil || !of.IsImage() || of.ChannelsFirst) // features in the order of PyTorch
		if slices.Equal(withoutOnes(have), withoutOnes(want)) || flat && want[0] == of.Size() {
			return func(x *graph.Node) *graph.Node {
				if order != nil {
					x = graph.TransposeAllAxes(x, 0, 1+order[0], 1+order[1], 1+order[2])
				}
				if in.Type == "int64" {
					x = graph.ConvertDType(x, dtypes.Int64)
				}
				return graph.Reshape(x, append([]int{x.Shape().Dim(0)}, want...)...)
			}, nil
		}
	}
	return nil, fmt.Errorf("it takes examples of the shape %v, but the data have %v: %s", want, of.Shape, shapeRemedy(of, want))
}

// withoutOnes is a shape without its axes of size 1.
func withoutOnes(shape []int) []int {
	return slices.DeleteFunc(slices.Clone(shape), func(n int) bool { return n == 1 })
}

// toOutputs brings a program's result for a batch, of shape out, to [batch, Labels…, Outputs]. Classes are its last axis, or
// the second as in PyTorch for several labels.
func toOutputs(of problem.Problem, out []int, batch int) (func(*graph.Node) *graph.Node, error) {
	want := slices.Concat([]int{batch}, of.Labels, []int{of.Outputs})
	switch {
	case slices.Equal(out, want):
		return func(y *graph.Node) *graph.Node { return y }, nil
	case len(of.Labels) > 0 && slices.Equal(out, slices.Concat([]int{batch, of.Outputs}, of.Labels)):
		return func(y *graph.Node) *graph.Node {
			axes := []int{0}
			for i := 2; i < y.Rank(); i++ {
				axes = append(axes, i)
			}
			return graph.TransposeAllAxes(y, append(axes, 1)...)
		}, nil
	case len(of.Labels) == 0 && len(out) > 0 && out[0] == batch && size(out) == batch*of.Outputs:
		return func(y *graph.Node) *graph.Node { return graph.Reshape(y, y.Shape().Dim(0), of.Outputs) }, nil
	}
	return nil, fmt.Errorf("it returns the shape %v for %d examples, and the loss %s of the data needs %v: %s", out, batch, of.Loss, want, remedy(of, out))
}

// shapeRemedy says how examples of another shape come to that of a program.
func shapeRemedy(of problem.Problem, want []int) string {
	if of.IsImage() && len(want) == 3 {
		switch height, width, channels := of.Image(); {
		case want[0] == channels && (want[1] != height || want[2] != width):
			return fmt.Sprintf("scale the images to %d×%d pixels (`resize: [%d, %d]` does it for a folder of images), or export the network for images of %d×%d", want[1], want[2], want[1], want[2], height, width)
		case want[1] == height && want[2] == width:
			return fmt.Sprintf("save the images with %d channels in place of %d", want[0], channels)
		}
	}
	return "save the examples in that shape, or export the network for theirs"
}

func size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// remedy says what may be wrong where a program returns other shapes than the labels ask for.
func remedy(of problem.Problem, out []int) string {
	if !of.HasTargets() && len(out) == 2 && len(of.Labels) == 0 && out[1] > of.Outputs {
		return fmt.Sprintf("say `classes: %d`, if the labels are classes of which not all occur", out[1])
	}
	if of.Loss == problem.MeanSquaredError && of.Outputs == 1 && len(out) == 2 && out[1] > 1 {
		return fmt.Sprintf("if the labels are classes, say `loss: %s`, or `loss: %s` for squared errors", problem.CrossEntropy, problem.OneHot)
	}
	if last := len(out) - 1; !of.HasTargets() && last > 0 && out[last] < of.Outputs {
		return fmt.Sprintf("the labels are classes up to %d, and the network tells %d classes apart: give it the labels that it was trained on", of.Outputs-1, out[last])
	}
	return "the labels are of another task: give the network those that it was trained on"
}

// evaluate adds the forward pass to a graph.
func (p *program) evaluate(f conv.Formulation, params, state []*graph.Node, examples *graph.Node) *graph.Node {
	return p.toOutputs(forward.Add(p.Program, f, params, state, p.toInput(examples)))
}

// evaluateByBatch is evaluate by the statistics of the batch, which it returns in the places of the running ones.
func (p *program) evaluateByBatch(f conv.Formulation, params, state []*graph.Node, examples *graph.Node) (outputs *graph.Node, statistics []*graph.Node) {
	y, statistics := forward.AddByBatch(p.Program, f, params, state, p.toInput(examples))
	return p.toOutputs(y), statistics
}

// roles gives the parameters and buffers of a program the roles, and weights the axes of filters, that they have by the
// operation that reads them: a filter is what makes one output of a convolution or matrix product, or a row of an
// embedding. Scales and shifts of normalizations and biases are none, whatever their shapes. Other tensors of two axes or
// more are weights whose filters lie along the first axis that is longer than 1, and the rest are biases.
func roles(p *aten.Program) func(t aten.Tensor, out *Param) {
	uses := p.Uses()
	return func(t aten.Tensor, out *Param) {
		by := aten.Consumer{Use: aten.OtherUse}
		for _, c := range uses[t.Name] {
			if by = c; c.Use != aten.OtherUse {
				break
			}
		}
		role, known := map[aten.Use]Role{
			aten.RunningMean: RunningMean, aten.RunningVariance: RunningVar, aten.NormScale: BNScale, aten.NormShift: BNShift,
			aten.Bias: Bias, aten.RecurrentBias: Bias, aten.ConvolutionWeight: Conv, aten.Embedding: Embedding,
		}[by.Use]
		switch {
		case known:
			out.Role = role
		case len(t.Shape) >= 2:
			out.Role = Linear
		default:
			out.Role = Bias
		}
		switch first := slices.IndexFunc(t.Shape, func(n int) bool { return n > 1 }); {
		case !out.Role.IsWeight():
		case by.Use == aten.OtherUse && first > 0:
			out.Axes = []int{first}
		case len(by.Outputs) > 0 && !slices.Equal(by.Outputs, []int{0}):
			out.Axes, out.Blocks = by.Outputs, by.Groups
		}
	}
}
