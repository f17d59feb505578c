package checks

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"lossatlas/activities/conv"
	"lossatlas/activities/data"
	"lossatlas/activities/nets"
	"lossatlas/activities/trainlog"
)

// GradientExamples is the number of examples that CheckGradient takes at most.
const GradientExamples = 4

// Of the check: the directions for each role, the step h relative to the norm of the parameters of the role, and the number of
// parameters above which it is skipped.
const (
	eachRole      = 2
	step          = 1e-6
	maxParameters = 20_000_000
)

// CheckGradient compares the gradient of the mean loss over the first examples of a split, at most 4, with its central differences
// along random directions, two for each role of parameters. Where that takes more than maxMACs it is skipped, as it is for StableHLO programs.
func CheckGradient(ctx context.Context, net *nets.Net, theta, state []float32, s data.Split) (trainlog.Gradient, error) {
	if net.StableHLO() != nil {
		return trainlog.Gradient{Skipped: "StableHLO programs are computed in their own precision"}, nil
	}
	roles := rolesOf(net.Params())
	passes := int64(3 + 2*eachRole*len(roles))
	n := min(GradientExamples, int64(s.Len()), maxMACs/max(1, passes*net.MACs()))
	if n == 0 || len(theta) > maxParameters {
		return trainlog.Gradient{Skipped: fmt.Sprintf("that would take more than a few seconds for %d parameters and %d multiply-adds for an example", len(theta), net.MACs())}, nil
	}
	b, err := backend()
	if err != nil {
		return trainlog.Gradient{}, err
	}
	defer b.Finalize()
	l, err := newLoss(b, net, widened(state), s.Slice(0, int(n)))
	if err != nil {
		return trainlog.Gradient{}, err
	}
	defer l.close()
	at := widened(theta)
	g, err := l.gradient.call(append([]any{vector(at)}, l.fixed...)...)
	if err != nil {
		return trainlog.Gradient{}, err
	}
	out := trainlog.Gradient{Examples: int(n)}
	for _, role := range roles {
		d, err := l.compare(ctx, at, g, role)
		if err != nil {
			return trainlog.Gradient{}, err
		}
		if math.IsNaN(d) || math.IsInf(d, 0) {
			return trainlog.Gradient{Skipped: "the loss or its gradient is not finite"}, nil
		}
		if d > out.Difference || out.Role == "" {
			out.Difference, out.Role = d, role.String()
		}
	}
	return out, nil
}

// rolesOf are the roles that occur.
func rolesOf(table []nets.Param) (roles []nets.Role) {
	for _, p := range table {
		if !slices.Contains(roles, p.Role) {
			roles = append(roles, p.Role)
		}
	}
	return roles
}

// loss is the mean loss over examples as a function of θ, and its gradient.
type loss struct {
	net             *nets.Net
	fixed           []any // state, examples and labels
	value, gradient function
}

// function runs a graph that gives one tensor.
type function struct{ *graph.Exec }

func (f function) call(in ...any) ([]float64, error) {
	out, err := f.Call(in...)
	if err != nil {
		return nil, err
	}
	return tensors.MustCopyFlatData[float64](out[0]), nil
}

func newLoss(b compute.Backend, net *nets.Net, state []float64, s data.Split) (*loss, error) {
	examples, labels, err := batch(s)
	if err != nil {
		return nil, err
	}
	weight := s.Totals().Weight
	mean := func(theta *graph.Node, in []*graph.Node) *graph.Node {
		x := net.Problem.Normalize(in[1], dtypes.Float64)
		each, _ := net.Problem.LossAndScore(net.Evaluate(conv.Product, net.Split(theta), in[0], x), in[2])
		return graph.DivScalar(graph.ReduceAllSum(each), weight)
	}
	if len(state) == 0 {
		state = []float64{0} // which no parameter of the table reads
	}
	l := &loss{net: net, fixed: []any{vector(state), examples, labels}}
	if l.value.Exec, err = graph.NewExec(b, func(in []*graph.Node) *graph.Node { return mean(in[0], in[1:]) }); err != nil {
		return nil, err
	}
	l.gradient.Exec, err = graph.NewExec(b, func(in []*graph.Node) *graph.Node { return graph.Gradient(mean(in[0], in[1:]), in[0])[0] })
	return l, err
}

func (l *loss) close() {
	l.value.Finalize()
	l.gradient.Finalize()
}

// compare is the relative difference along random directions over the parameters of a role.
func (l *loss) compare(ctx context.Context, at, g []float64, role nets.Role) (float64, error) {
	random := rand.New(rand.NewPCG(1, uint64(role)))
	var apart, size float64
	for range eachRole {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		d := make([]float64, len(at))
		var norm, length float64
		for _, p := range l.net.Params() {
			if p.Role != role {
				continue
			}
			for i := p.Offset; i < p.Offset+p.Size; i++ {
				d[i] = random.NormFloat64()
				length += d[i] * d[i]
				norm += at[i] * at[i]
			}
		}
		slope := 0.0
		for i := range d {
			d[i] /= math.Sqrt(length)
			slope += g[i] * d[i]
		}
		h := step * max(math.Sqrt(norm), 1)
		difference, err := l.difference(at, d, h)
		if err != nil {
			return 0, err
		}
		apart += (slope - difference) * (slope - difference)
		size += math.Pow(max(math.Abs(slope), math.Abs(difference)), 2)
	}
	if apart == 0 {
		return 0, nil
	}
	return math.Sqrt(apart / size), nil
}

// difference is (L(θ + h·d) − L(θ − h·d))/2h.
func (l *loss) difference(at, d []float64, h float64) (float64, error) {
	var values [2]float64
	for k, sign := range []float64{h, -h} {
		moved := slices.Clone(at)
		for i := range moved {
			moved[i] += sign * d[i]
		}
		v, err := l.value.call(append([]any{vector(moved)}, l.fixed...)...)
		if err != nil {
			return 0, err
		}
		values[k] = v[0]
	}
	return (values[0] - values[1]) / (2 * h), nil
}

func vector(v []float64) *tensors.Tensor { return tensors.FromFlatDataAndDimensions(v, len(v)) }

// batch are the examples and labels of a split, in the shapes of Problem.Inputs.
func batch(s data.Split) (examples, labels *tensors.Tensor, err error) {
	raw := make([]byte, s.Len()*s.Problem.Bytes())
	if err := s.Read(raw, 0); err != nil {
		return nil, nil, err
	}
	x, y := s.Problem.Inputs(s.Len())
	switch x.DType {
	case dtypes.Uint8:
		examples = tensors.FromFlatDataAndDimensions(raw, x.Dimensions...)
	case dtypes.Int32:
		examples, err = decoded[int32](raw, x.Dimensions)
	default:
		examples, err = decoded[float32](raw, x.Dimensions)
	}
	if s.Problem.HasTargets() {
		labels = tensors.FromFlatDataAndDimensions(s.Targets, y.Dimensions...)
	} else {
		labels = tensors.FromFlatDataAndDimensions(s.Classes, y.Dimensions...)
	}
	return examples, labels, err
}

// decoded are numbers in little-endian bytes.
func decoded[E int32 | float32](raw []byte, dims []int) (*tensors.Tensor, error) {
	numbers := make([]E, len(raw)/4)
	_, err := binary.Decode(raw, binary.LittleEndian, numbers)
	return tensors.FromFlatDataAndDimensions(numbers, dims...), err
}
