package trainlog

import "fmt"

// Gradient says how far the gradient of the loss is from central differences of it.
type Gradient struct {
	Examples int `json:"examples"` // of the batch
	// Skipped says why nothing was compared, "" where it was.
	Skipped string `json:"skipped,omitempty"`
	// Difference is the largest over the roles of parameters of √(Σ_k (g·d_k − δ_k)² / Σ_k max(|g·d_k|, |δ_k|)²), where d_k are
	// random directions of unit length over the parameters of a role, and δ_k = (L(θ + h·d_k) − L(θ − h·d_k))/2h.
	Difference float64 `json:"difference"`
	Role       string  `json:"role,omitempty"` // of the largest difference
}

// gradientTolerance is the largest difference that the kinks of piecewise linear networks explain.
const gradientTolerance = 1e-2

// String is a sentence.
func (g Gradient) String() string {
	switch {
	case g.Skipped != "":
		return "gradient not compared with differences of the loss: " + g.Skipped
	case g.Differs():
		return fmt.Sprintf("the gradient DIFFERS from differences of the loss by %.0e along parameters of the role %s: losses are right, but don't trust the Hessian's eigenvalues. "+
			"Does the network round numbers, or cut its gradients?", g.Difference, g.Role)
	}
	return fmt.Sprintf("gradient agrees with differences of the loss to %.0e", max(g.Difference, 1e-16))
}

// Differs says that the gradient is not that of the loss.
func (g Gradient) Differs() bool { return g.Difference > gradientTolerance }
