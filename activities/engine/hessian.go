package engine

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/nets"
)

// Subset names the parameters over which second derivatives are taken.
type Subset string

// The subsets.
const (
	AllParams   Subset = "all"
	WeightsOnly Subset = "weights" // kernels of convolutions and linear layers, without biases and batch normalisation
)

// Hessian is the matrix of second derivatives of the loss at one point of an
// evaluator's plane, over the evaluator's examples, as an operator: it
// multiplies vectors and is never written out. Batch normalisation uses stored
// statistics, or those of each batch if the evaluator does. It works on the evaluator's examples and centre, and serves one
// goroutine at a time, the evaluator included.
type Hessian struct {
	*Evaluator
	subset    []nets.Param // the parameters that vary
	dim       int
	product   *Program // by the Hessian, or the Matrix in its place
	at        *Buffer  // θ; the evaluator's own at the centre
	gradient  []float32
	direction []float32
}

// NewHessian compiles the product for the evaluator's network and batch size, over those parameters of the subset that belong
// to layers, as of nets.Within.
// The point is the evaluator's centre until MoveTo. Close frees what the
// Hessian itself keeps, not the evaluator.
func NewHessian(e *Evaluator, subset Subset, layers string) (*Hessian, error) {
	return NewMatrix(e, SecondDerivatives, subset, layers)
}

// NewGradient is a Hessian that has gradients and no products, for networks without second derivatives as well.
func NewGradient(e *Evaluator, subset Subset, layers string) (*Hessian, error) {
	if subset != AllParams && subset != WeightsOnly {
		return nil, fmt.Errorf("derivatives over the parameters %q: choose %q or %q", subset, AllParams, WeightsOnly)
	}
	if e.norm.Recompute != nil {
		return nil, fmt.Errorf("derivatives of network %s are not defined with recomputed running statistics: use `batchnorm: running` or `batchnorm: {batch: N}`", e.net.Name)
	}
	params, err := subset.within(e.net, layers)
	if err != nil {
		return nil, err
	}
	n := e.net.NumParams()
	h := &Hessian{Evaluator: e, subset: params, gradient: make([]float32, n), direction: make([]float32, n)}
	for _, p := range params {
		h.dim += p.Size
	}
	return h, nil
}

// of are the parameters of a network that the subset has.
func (s Subset) of(net *nets.Net) []nets.Param {
	return slices.DeleteFunc(slices.Clone(net.Params()), func(p nets.Param) bool { return s == WeightsOnly && !p.Role.IsWeight() })
}

// within are those that belong to layers.
func (s Subset) within(net *nets.Net, layers string) ([]nets.Param, error) {
	params, err := nets.Within(s.of(net), layers)
	if err == nil && len(params) == 0 {
		err = fmt.Errorf("network %s has no parameters in the subset %q", net.Name, s)
	}
	return params, err
}

// SubsetSize is the number of parameters of a network that a subset has within layers.
func SubsetSize(net *nets.Net, subset Subset, layers string) (size int, err error) {
	params, err := subset.within(net, layers)
	for _, p := range params {
		size += p.Size
	}
	return size, err
}

// SubsetNorm is the norm of the parameters of a subset within layers, and their number.
func SubsetNorm(net *nets.Net, subset Subset, layers string, theta []float32) (norm float64, size int, err error) {
	params, err := subset.within(net, layers)
	for _, p := range params {
		size += p.Size
		for _, x := range p.Of(theta) {
			norm += float64(float64(x) * float64(x))
		}
	}
	return math.Sqrt(norm), size, err
}

// lossGradient adds ∇ Σ loss with respect to θ, [NumParams], and Σ loss over a
// batch to a graph with the inputs of compile.
func (h *Hessian) lossGradient(in []*graph.Node) []*graph.Node {
	params := h.net.Split(in[0])
	loss, _ := h.lossAndScore(params, in)
	return []*graph.Node{nets.Join(graph.Gradient(loss, params...)), loss}
}

// Dim is the number of parameters in the subset: the matrix is Dim×Dim.
func (h *Hessian) Dim() int { return h.dim }

// MoveTo makes θ + αδ + βη the point, as Evaluator.At does.
func (h *Hessian) MoveTo(alpha, beta float64) error {
	if !h.centred() {
		return fmt.Errorf("Hessian of network %s before the evaluator's centre was set", h.net.Name)
	}
	if h.state.delta != nil {
		return fmt.Errorf("Hessian of network %s along directions that move its running statistics, which are no parameters", h.net.Name)
	}
	at, err := h.point(alpha, beta)
	if err != nil {
		return err
	}
	h.leave()
	if at != h.params.from {
		h.at = at
	}
	return nil
}

// leave frees the point, unless it is the evaluator's.
func (h *Hessian) leave() {
	h.at.Free()
	h.at = nil
}

// here is θ at the point.
func (h *Hessian) here() *Buffer {
	if h.at != nil {
		return h.at
	}
	return h.params.from
}

// Product puts Hv into dst, where H is the Hessian of the mean loss. Both have
// length Dim, and may be the same slice. v is rounded to float32 and so is the
// work on each batch; batches are added in float64. Overflow gives infinities
// and NaN. The context is looked at between batches.
func (h *Hessian) Product(ctx context.Context, dst, v []float64) error {
	if h.product == nil {
		return fmt.Errorf("product with a matrix of network %s, of which gradients alone were asked for", h.net.Name)
	}
	if len(dst) != h.dim || len(v) != h.dim {
		return fmt.Errorf("product of a Hessian of %d rows with a vector of %d numbers into one of %d", h.dim, len(v), len(dst))
	}
	h.scatter(h.direction, v)
	direction, err := Upload(h.backend, h.direction, len(h.direction))
	if err != nil {
		return err
	}
	defer direction.Free()
	_, err = h.sum(ctx, dst, h.product, direction)
	return err
}

// Gradient puts the gradient of the mean loss over the subset into dst, of
// length Dim, and returns the loss.
func (h *Hessian) Gradient(ctx context.Context, dst []float64) (loss float64, err error) {
	if len(dst) != h.dim {
		return 0, fmt.Errorf("gradient over %d parameters into a vector of %d numbers", h.dim, len(dst))
	}
	program, err := h.compile("loss-gradient", h.lossGradient)
	if err != nil {
		return 0, err
	}
	return h.sum(ctx, dst, program)
}

// sum runs a program on every batch and puts the mean over the examples of its
// first output, restricted to the subset, into dst. It returns the mean of the
// second output, if there is one.
func (h *Hessian) sum(ctx context.Context, dst []float64, program *Program, extra ...*Buffer) (second float64, err error) {
	if !h.centred() {
		return 0, fmt.Errorf("Hessian of network %s before the evaluator's centre was set", h.net.Name)
	}
	clear(dst)
	err = h.each(ctx, func(b batch) error {
		out, err := program.Run(append([]*Buffer{h.here(), h.state.from, b.Examples, b.Labels, b.count}, extra...)...)
		if err != nil {
			return err
		}
		err = Download(out[0], h.gradient)
		var scalar [1]float32
		if err == nil && len(out) > 1 {
			err = Download(out[1], scalar[:])
		}
		for _, o := range out {
			o.Free()
		}
		if err != nil {
			return err
		}
		h.collect(dst)
		second += float64(scalar[0])
		return nil
	})
	if err != nil {
		return 0, err
	}
	for i := range dst {
		dst[i] /= h.totals.Weight
	}
	return second / h.totals.Weight, nil
}

// collect adds the subset of the downloaded values to dst.
func (h *Hessian) collect(dst []float64) {
	from := 0
	for _, p := range h.subset {
		for i, x := range p.Of(h.gradient) {
			dst[from+i] += float64(x)
		}
		from += p.Size
	}
}

// Gather takes the subset out of a vector over all parameters.
func (h *Hessian) Gather(flat []float32) []float64 {
	out := make([]float64, 0, h.dim)
	for _, p := range h.subset {
		for _, x := range p.Of(flat) {
			out = append(out, float64(x))
		}
	}
	return out
}

// Scatter spreads a vector over the subset to one over all parameters, zero outside the subset.
func (h *Hessian) Scatter(v []float64) []float32 {
	flat := make([]float32, h.net.NumParams())
	h.scatter(flat, v)
	return flat
}

func (h *Hessian) scatter(flat []float32, v []float64) {
	from := 0
	for _, p := range h.subset {
		for i, x := range v[from : from+p.Size] {
			flat[p.Offset+i] = float32(x)
		}
		from += p.Size
	}
}

// Close frees the point. The evaluator stays open.
func (h *Hessian) Close() { h.leave() }
