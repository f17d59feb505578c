package engine

import (
	"context"
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/data"
	"lossatlas/activities/nets"
)

// Norm says by which statistics batch normalisation normalises. The zero value is the stored ones. It is a function of the point
// alone: which examples make a batch depends on neither the order nor the number of points.
type Norm struct {
	// ByBatch normalises each batch of examples by its own mean and variance, as in training. The number of examples must be a multiple of
	// the batch size.
	ByBatch bool
	// Recompute are the examples from which the running statistics are computed anew at each point, in batches of Size and a
	// smaller last one: the means over the batches of their means and unbiased variances, each batch normalised by its own (Izmailov et al.
	// 2018; torch.optim.swa_utils.update_bn). nil recomputes nothing.
	Recompute *data.Split
	Size      int
}

// suffix distinguishes compiled programs.
func (n Norm) suffix() string {
	if n.ByBatch {
		return "-by-batch"
	}
	return ""
}

// statisticsPart is a batch of the examples that statistics are computed from, with the program for its size.
type statisticsPart struct {
	Batch
	program *Program
}

// prepareNorm checks the mode, and puts the examples of recomputed statistics onto the device.
func (e *Evaluator) prepareNorm() error {
	n := e.norm
	if n == (Norm{}) {
		return nil
	}
	if err := e.net.CheckBatchNorm(); err != nil {
		return err
	}
	if count := e.examples.Len(); n.ByBatch && count%e.size != 0 {
		return fmt.Errorf("batch normalisation of network %s by batches of %d images, of which %d are no multiple", e.net.Name, e.size, count)
	}
	if n.Recompute == nil {
		return nil
	}
	if err := CheckExamples(e.net, *n.Recompute); err != nil {
		return err
	}
	if n.Size < 1 || n.Recompute.Len() == 0 {
		return fmt.Errorf("running statistics of network %s from %d images in batches of %d", e.net.Name, n.Recompute.Len(), n.Size)
	}
	for from := 0; from < n.Recompute.Len(); from += n.Size {
		images := n.Recompute.Slice(from, min(from+n.Size, n.Recompute.Len()))
		program, err := compileStatistics(e.backend, e.net, images.Len())
		if err != nil {
			return err
		}
		p := statisticsPart{program: program}
		if p.Batch, err = UploadBatch(e.backend, images, images.Len()); err != nil {
			return err
		}
		e.statistics = append(e.statistics, p)
	}
	return nil
}

// compileStatistics compiles the statistics of a batch, of θ, the state and its examples.
func compileStatistics(b *Backend, net *nets.Net, size int) (*Program, error) {
	examples, _ := net.Problem.Inputs(size)
	key := fmt.Sprintf("statistics-%s-%d %s", net.Name, size, net.Signature())
	return b.Compile(key, []shapes.Shape{Float32(net.NumParams()), Float32(net.NumState()), examples}, func(in []*graph.Node) []*graph.Node {
		_, statistics := net.EvaluateByBatch(b.Formulation(), net.Split(in[0]), in[1], net.Problem.Normalize(in[2], dtypes.Float32))
		return []*graph.Node{statistics}
	})
}

// Statistics returns the means and unbiased variances of one batch of examples at θ, in the layout of the state; the
// state itself has no influence. A network without batch normalization has no such state.
func Statistics(b *Backend, net *nets.Net, examples data.Split, theta, state *Buffer) ([]float32, error) {
	program, err := compileStatistics(b, net, examples.Len())
	if err != nil {
		return nil, err
	}
	batch, err := UploadBatch(b, examples, examples.Len())
	if err != nil {
		return nil, err
	}
	defer batch.Free()
	out, err := program.Run(theta, state, batch.Examples)
	if err != nil {
		return nil, err
	}
	defer out[0].Free()
	return Read(out[0])
}

// outputs adds the forward pass on normalized examples to a graph.
func (e *Evaluator) outputs(params []*graph.Node, state, examples *graph.Node) *graph.Node {
	if !e.norm.ByBatch {
		return e.net.Evaluate(e.backend.Formulation(), params, state, examples)
	}
	outputs, _ := e.net.EvaluateByBatch(e.backend.Formulation(), params, state, examples)
	return outputs
}

// stateAt is the state at a point: recomputed, or on its own plane.
func (e *Evaluator) stateAt(ctx context.Context, point *Buffer, alpha, beta float64) (*Buffer, error) {
	n := e.net.NumState()
	if e.norm.Recompute == nil || n == 0 {
		return e.state.at(e.backend, alpha, beta)
	}
	sum, one := make([]float64, n), make([]float32, n)
	for _, p := range e.statistics {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		out, err := p.program.Run(point, e.state.from, p.Examples)
		if err != nil {
			return nil, err
		}
		err = Download(out[0], one)
		out[0].Free()
		if err != nil {
			return nil, err
		}
		for i, v := range one {
			sum[i] += float64(v) / float64(len(e.statistics))
		}
	}
	for i, v := range sum {
		one[i] = float32(v)
	}
	return Upload(e.backend, one, n)
}

func (e *Evaluator) closeNorm() {
	for _, p := range e.statistics {
		p.Free()
	}
	e.statistics = nil
}
