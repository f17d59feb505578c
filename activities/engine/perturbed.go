package engine

import "context"

// Perturbed is the loss as a function of a perturbation of the weights of a Hessian's subset, with weight decay. It takes over the directions of the
// evaluator, whose centre the weights are.
type Perturbed struct {
	*Hessian
	Weights []float64 // without a perturbation
	decay   float64
	rest    float64 // the squares of the parameters that are not perturbed
}

// NewPerturbed is the loss around theta, with ½·decay·‖θ‖² over all parameters added.
func NewPerturbed(h *Hessian, theta []float32, decay float64) *Perturbed {
	p := &Perturbed{Hessian: h, Weights: h.Gather(theta), decay: decay}
	for _, x := range theta {
		p.rest += float64(float64(x) * float64(x))
	}
	for _, x := range p.Weights {
		p.rest -= float64(x * x)
	}
	return p
}

// At is the loss at w + ε.
func (p *Perturbed) At(ctx context.Context, epsilon []float64) (float64, error) {
	if err := p.SetDirections(p.Scatter(epsilon), nil); err != nil {
		return 0, err
	}
	v, err := p.Evaluator.At(ctx, 1, 0)
	return v.Loss + p.penalty(epsilon), err
}

// Gradient puts the gradient at w + ε into dst, of length Dim, and returns the loss.
func (p *Perturbed) Gradient(ctx context.Context, dst, epsilon []float64) (float64, error) {
	if err := p.SetDirections(p.Scatter(epsilon), nil); err != nil {
		return 0, err
	}
	if err := p.MoveTo(1, 0); err != nil {
		return 0, err
	}
	loss, err := p.Hessian.Gradient(ctx, dst)
	if p.decay != 0 {
		for i := range dst {
			dst[i] += float64(p.decay * (p.Weights[i] + epsilon[i]))
		}
	}
	return loss + p.penalty(epsilon), err
}

// penalty is the weight decay at w + ε.
func (p *Perturbed) penalty(epsilon []float64) float64 {
	if p.decay == 0 {
		return 0
	}
	sum := p.rest
	for i, e := range epsilon {
		at := p.Weights[i] + e
		sum += float64(at * at)
	}
	return p.decay / 2 * sum
}
