package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/data"
	"lossatlas/activities/nets"
	"lossatlas/activities/problem"
)

// Eval is the loss and score of a network over a set of examples.
type Eval struct {
	Loss float64 // mean over the examples; may be infinite or NaN
	// Score is the mean score in percent: for classification the share of correct examples, NaN (missing)
	// if any logit of any example is not finite; NaN for a problem without a score. The logits decide and
	// not the loss: a sum of losses may overflow although all logits are finite.
	Score float64
	Count int // examples
}

// Evaluator computes f(α, β) = L(θ + αδ + βη), the surface of Li et al. 2018
// (section 2), with batch normalisation by stored statistics unless its Norm says otherwise. Examples, θ, δ and
// η stay on the device; for each point only α and β go there and a pair of
// sums for each batch comes back. It serves one goroutine at a time.
type Evaluator struct {
	backend  *Backend
	net      *nets.Net
	forward  *Program
	size     int // of a batch, padding included
	examples data.Split
	totals   problem.Totals // of the examples
	batches  []batch        // the first of the examples, on the device

	norm          Norm
	statistics    []statisticsPart   // of which running statistics are recomputed
	atCenter      *PerExample        // nil until standard errors are asked for
	weights       *perExampleWeights // of the examples, once they are needed
	params, state plane              // the running statistics move along with θ where their plane has directions
}

// residentBytes is how many bytes of examples an evaluator keeps on the device.
// Further batches are sent to the device again for each point.
var residentBytes = 1 << 30

// NewEvaluator puts the examples onto the device, a gigabyte of them at most, and
// compiles the forward pass for batches of the given size, or that of the network's StableHLO programs; the last is padded.
// Evaluators of the same network and batch size share one compiled program.
func NewEvaluator(b *Backend, net *nets.Net, examples data.Split, size int) (*Evaluator, error) {
	return NewNormEvaluator(b, net, examples, size, Norm{})
}

// NewNormEvaluator is NewEvaluator with batch normalisation by other statistics.
func NewNormEvaluator(b *Backend, net *nets.Net, examples data.Split, size int, norm Norm) (*Evaluator, error) {
	if size < 1 {
		return nil, fmt.Errorf("evaluation in batches of %d images: the batch size is at least 1", size)
	}
	if examples.Len() == 0 {
		return nil, fmt.Errorf("evaluation of network %s over no images", net.Name)
	}
	if err := CheckExamples(net, examples); err != nil {
		return nil, err
	}
	if p := net.StableHLO(); p != nil {
		var err error
		if b, err = b.forStableHLO(net.Name); err != nil {
			return nil, err
		}
		size = p.Batch
	}
	e := &Evaluator{backend: b, net: net, size: size, examples: examples, totals: examples.Totals(), norm: norm}
	if err := e.prepareNorm(); err != nil {
		e.Close()
		return nil, err
	}
	if err := e.compileForward(); err != nil {
		return nil, err
	}
	for from := 0; from < examples.Len() && from*examples.Problem.Bytes() < residentBytes; from += size {
		next, err := e.upload(from)
		if err != nil {
			e.Close()
			return nil, err
		}
		e.batches = append(e.batches, next)
	}
	return e, nil
}

// compile compiles a program of some kind over a batch, or takes it from the network's StableHLO programs. Its inputs are θ, the state,
// examples, labels, the number of examples, and others.
func (e *Evaluator) compile(kind string, build func(in []*graph.Node) []*graph.Node, others ...shapes.Shape) (*Program, error) {
	examples, labels := e.net.Problem.Inputs(e.size)
	key := fmt.Sprintf("%s%s-%s-%d %s", kind, e.norm.suffix(), e.net.Name, e.size, e.net.Signature())
	if e.net.StableHLO() != nil {
		return e.backend.compileStableHLO(key, kind, e.net)
	}
	inputs := []shapes.Shape{Float32(e.net.NumParams()), Float32(e.net.NumState()), examples, labels, shapes.Make(dtypes.Int32)}
	return e.backend.Compile(key, append(inputs, others...), build)
}

func (e *Evaluator) compileForward() (err error) {
	e.forward, err = e.compile("evaluate", func(in []*graph.Node) []*graph.Node {
		loss, score := e.perExample(e.net.Split(in[0]), in)
		return []*graph.Node{graph.Stack([]*graph.Node{maskedSum(loss, in[4]), maskedSum(score, in[4])}, 0), graph.Stack([]*graph.Node{loss, score}, 0)}
	})
	return err
}

// lossAndScore adds the sums of the losses and scores of a batch to a graph with the inputs
// of compile, of which params are θ cut into tensors.
func (e *Evaluator) lossAndScore(params, in []*graph.Node) (loss, score *graph.Node) {
	loss, score = e.perExample(params, in)
	return maskedSum(loss, in[4]), maskedSum(score, in[4])
}

// perExample adds the losses and scores [batch] themselves.
func (e *Evaluator) perExample(params, in []*graph.Node) (loss, score *graph.Node) {
	p := e.net.Problem
	return p.LossAndScore(e.outputs(params, in[1], p.Normalize(in[2], dtypes.Float32)), in[3])
}

// maskedSum is the sum of v [batch] over the first count (a scalar, int32)
// rows. The others are excluded by selection, so that their content doesn't matter.
func maskedSum(v, count *graph.Node) *graph.Node {
	row := graph.Iota(v.Graph(), shapes.Make(dtypes.Int32, v.Shape().Dim(0)), 0)
	return graph.ReduceAllSum(graph.Where(graph.LessThan(row, count), v, graph.ZerosLike(v)))
}

// each calls do for every batch, in order, and uploads those that aren't on the
// device for as long as that takes. It ends with the context, which is looked at
// between batches, or the first error.
func (e *Evaluator) each(ctx context.Context, do func(batch) error) error {
	for from := 0; from < e.examples.Len(); from += e.size {
		if err := ctx.Err(); err != nil {
			return err
		}
		if i := from / e.size; i < len(e.batches) {
			if err := do(e.batches[i]); err != nil {
				return err
			}
			continue
		}
		b, err := e.upload(from)
		if err != nil {
			return err
		}
		err = do(b)
		b.free()
		if err != nil {
			return err
		}
	}
	return nil
}

// SetCenter sets θ and the running statistics, the origin of the plane.
func (e *Evaluator) SetCenter(theta, state []float32) error {
	if err := e.net.Check(theta, state); err != nil {
		return err
	}
	e.atCenter = nil
	return errors.Join(e.backend.replace(&e.params.from, theta), e.backend.replace(&e.state.from, append([]float32{}, state...)))
}

// SetDirections sets δ and η, which span the plane; η is nil for a line. The
// running statistics stay at their values of the centre.
func (e *Evaluator) SetDirections(delta, eta []float32) error {
	if n := e.net.NumParams(); len(delta) != n || eta != nil && len(eta) != n {
		return fmt.Errorf("directions of %d and %d numbers for network %s, which has %d parameters", len(delta), len(eta), e.net.Name, n)
	}
	return errors.Join(e.params.span(e.backend, delta, eta), e.state.span(e.backend, nil, nil))
}

// SetStateDirections also moves the running statistics of batch normalisation,
// along delta and eta, which is nil for a line: between two minimizers (1 − α)a +
// αb holds for them as for θ. Where a running variance so becomes negative, by more
// than batch normalisation adds to it, the loss is NaN. It follows SetDirections.
func (e *Evaluator) SetStateDirections(delta, eta []float32) error {
	if n := e.net.NumState(); len(delta) != n || eta != nil && len(eta) != n {
		return fmt.Errorf("directions of %d and %d running statistics for network %s, which has %d", len(delta), len(eta), e.net.Name, n)
	}
	if e.params.delta == nil || (eta == nil) != (e.params.eta == nil) {
		return errors.New("directions of running statistics without the same number of directions of the parameters")
	}
	if len(delta) == 0 {
		return nil // a network without batch normalisation
	}
	return e.state.span(e.backend, delta, eta)
}

// At evaluates one point of the plane; α and β are rounded to float32.
// Without directions only the centre, α = β = 0, can be evaluated. It returns
// an error when the context ends, which is looked at between batches. The sums
// of the batches are float32, their sums are float64.
func (e *Evaluator) At(ctx context.Context, alpha, beta float64) (Eval, error) {
	return e.evaluate(ctx, alpha, beta, nil)
}

// evaluate is At, and adds the values of each example to each, if it is not nil.
func (e *Evaluator) evaluate(ctx context.Context, alpha, beta float64, each *PerExample) (Eval, error) {
	if !e.centred() {
		return Eval{}, fmt.Errorf("evaluation of network %s before its centre was set", e.net.Name)
	}
	point, err := e.point(alpha, beta)
	if err != nil {
		return Eval{}, err
	}
	if point != e.params.from {
		defer point.Free()
	}
	state, err := e.stateAt(ctx, point, alpha, beta)
	if err != nil {
		return Eval{}, err
	}
	if state != e.state.from {
		defer state.Free()
	}
	var loss, score float64
	err = e.each(ctx, func(b batch) error {
		out, err := e.forward.Run(point, state, b.Examples, b.Labels, b.count)
		if err != nil {
			return err
		}
		defer func() {
			for _, o := range out {
				o.Free()
			}
		}()
		var sums [2]float32
		if err := Download(out[0], sums[:]); err != nil {
			return err
		}
		loss += float64(sums[0])
		score += float64(sums[1])
		if each == nil {
			return nil
		}
		values, err := Read(out[1])
		if err == nil {
			each.add(values[:b.examples], values[e.size:][:b.examples])
		}
		return err
	})
	if err != nil {
		return Eval{}, err
	}
	result := Eval{Count: e.examples.Len()}
	result.Loss, result.Score = e.net.Problem.Means(loss, score, e.totals)
	return result, nil
}

// centred reports whether SetCenter was called.
func (e *Evaluator) centred() bool { return e.params.from != nil && e.state.from != nil }

// point returns θ + αδ + βη on the device, or θ itself at the centre.
func (e *Evaluator) point(alpha, beta float64) (*Buffer, error) {
	if alpha != 0 && e.params.delta == nil || beta != 0 && e.params.eta == nil {
		return nil, fmt.Errorf("evaluation at (%g, %g) without a direction to go in", alpha, beta)
	}
	return e.params.at(e.backend, alpha, beta)
}

// Close frees the evaluator's memory on the device.
func (e *Evaluator) Close() {
	for _, b := range e.batches {
		b.free()
	}
	e.batches = nil
	e.closeNorm()
	e.params.free()
	e.state.free()
}
