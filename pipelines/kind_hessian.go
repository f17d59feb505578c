package pipelines

import (
	"time"
)

// KindHessian maps the extreme eigenvalues of the Hessian.
const KindHessian Kind = "hessian"

// EndsProducts is the usual number of Hessian-vector products for the two extreme eigenvalues,
// and ProductPasses the cost of one product in forward passes over the same images.
const (
	EndsProducts  = 35
	ProductPasses = 12
)

// hessianSpec: a row of a deep network's map over many images takes days.
var hessianSpec = Spec{
	Version: 8, Numeric: true, Long: true, Unit: "point", Attempt: 14 * 24 * time.Hour,
	Outputs: []string{OutGrid},
	Label:   typed(func(p HessianParams) string { return p.label() }),
	Cost: typed(func(p HessianParams) Cost {
		c := products(p.Net, p.Data, EndsProducts*p.evaluations())
		c.Pace = 1. / 5 // warm starts need fewer products
		return c
	}),
}

// products is the cost of n Hessian-vector products.
func products(net Network, d MapData, n int) Cost {
	return Cost{Net: net, Problem: d.Problem, Passes: float64(ProductPasses*n) * float64(d.images()), Pace: 1. / 2, Program: "product " + net.String()}
}

// HessianParams is a map of the extreme eigenvalues of the Hessian of the same
// loss, over a surface's lattice. Inputs: weights, directions. Output: grid.
type HessianParams struct {
	MapParams
	Subset    string  `json:"subset"`    // "all" parameters, or "weights" without biases and batch normalization
	Tolerance float64 `json:"tolerance"` // residual allowed to each eigenvalue, relative to its size
	// Layers are patterns, divided by commas, of the modules over whose parameters derivatives are taken; "" is all.
	Layers string `json:"layers,omitempty"`
}
