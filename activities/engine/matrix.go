package engine

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/nets"
	"lossatlas/activities/tangent"
)

// Matrix names a symmetric matrix of curvature, whose products with vectors a [Hessian] computes.
type Matrix string

// The matrices, for a mean loss (1/W) Σᵢ ℓᵢ over examples i with outputs fᵢ(θ), of Jacobian Jᵢ. W is the sum of the weights of all labels, the
// number of examples unless labels are weighted, ignored or several.
const (
	// SecondDerivatives is the Hessian.
	SecondDerivatives Matrix = "hessian"
	// GaussNewton is (1/W) Σᵢ Jᵢᵀ Hᵢ Jᵢ with Hᵢ the Hessian of ℓᵢ in the outputs (Schraudolph 2002). For a cross-entropy or a squared error it
	// is the Fisher information of the model's own labels (Martens 2020), and has no negative eigenvalue.
	GaussNewton Matrix = "gauss-newton"
	// Fisher is the empirical Fisher matrix (1/W) Σᵢ ∇ℓᵢ ∇ℓᵢᵀ, of the labels of the examples (Kunstner, Hennig and Balles 2019). Its rank is at most the
	// number of examples.
	Fisher Matrix = "fisher"
)

// Matrices are the values that NewMatrix accepts.
func Matrices() []Matrix { return []Matrix{SecondDerivatives, GaussNewton, Fisher} }

// NewMatrix is NewHessian for another matrix in the place of the Hessian; "" is the Hessian. Gradient is that of the loss for all.
func NewMatrix(e *Evaluator, m Matrix, subset Subset, layers string) (*Hessian, error) {
	h, err := NewGradient(e, subset, layers)
	if err != nil {
		return nil, err
	}
	builds := map[Matrix]func([]*graph.Node) []*graph.Node{
		"": h.hessianProduct, SecondDerivatives: h.hessianProduct, GaussNewton: h.gaussNewtonProduct, Fisher: h.fisherProduct,
	}
	build, ok := builds[m]
	if !ok {
		return nil, fmt.Errorf("there is no matrix %q: choose one of %v", m, Matrices())
	}
	if m == "" {
		m = SecondDerivatives
	}
	if p := e.net.StableHLO(); p != nil {
		if err := p.CheckHVP(); err != nil {
			return nil, err
		}
		if m != SecondDerivatives {
			return nil, fmt.Errorf("network %s is of programs that compute products with the Hessian alone, and the matrix is %s: choose %s", e.net.Name, m, SecondDerivatives)
		}
	}
	h.product, err = e.compile(string(m), build, Float32(e.net.NumParams()))
	return h, err
}

// hessianProduct adds Σ Hv, the derivative of ∇ Σ loss along v, to a graph with the inputs of compile and v.
func (h *Hessian) hessianProduct(in []*graph.Node) []*graph.Node {
	return tangent.Along(h.lossGradient(in)[:1], in[:1], in[5:])
}

// gaussNewtonProduct adds Σ Jᵀ(H(Jv)): forwards to the outputs, through the Hessian of the loss in them, and backwards.
func (h *Hessian) gaussNewtonProduct(in []*graph.Node) []*graph.Node {
	params, p := h.net.Split(in[0]), h.net.Problem
	outputs := h.outputs(params, in[1], p.Normalize(in[2], dtypes.Float32))
	moved := tangent.Along([]*graph.Node{outputs}, in[:1], in[5:])[0]
	at := graph.Identity(outputs)
	loss, _ := p.LossAndScore(at, in[3])
	slope := graph.Gradient(maskedSum(loss, in[4]), at)
	bent := tangent.Along(slope, []*graph.Node{at}, []*graph.Node{moved})[0]
	return []*graph.Node{nets.Join(graph.Gradient(graph.ReduceAllSum(graph.Mul(outputs, graph.StopGradient(bent))), params...))}
}

// fisherProduct adds Σ ∇ℓᵢ(∇ℓᵢ·v): the derivatives of the examples' losses along v are the weights of their gradients.
func (h *Hessian) fisherProduct(in []*graph.Node) []*graph.Node {
	params := h.net.Split(in[0])
	losses, _ := h.perExample(params, in)
	slopes := tangent.Along([]*graph.Node{losses}, in[:1], in[5:])[0]
	return []*graph.Node{nets.Join(graph.Gradient(maskedSum(graph.Mul(losses, graph.StopGradient(slopes)), in[4]), params...))}
}
