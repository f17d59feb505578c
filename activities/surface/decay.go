package surface

import "math"

// AddDecay adds weight decay to the loss of a grid over θ + αδ + βη: ½λ‖θ + αδ + βη‖² at each point, and λ to the eigenvalues of
// the Hessian, to which it adds λI. η is nil for a line.
func (g *Grid) AddDecay(lambda float64, theta, delta, eta []float32) {
	tt, td, te := dot(theta, theta), dot(theta, delta), dot(theta, eta)
	dd, de, ee := dot(delta, delta), dot(delta, eta), dot(eta, eta)
	g.Decay = make([]float64, len(g.Mask))
	for i, done := range g.Mask {
		if !done {
			g.Decay[i] = math.NaN()
			continue
		}
		a, b := g.X[i%len(g.X)], g.Y[i/len(g.X)]
		g.Decay[i] = lambda / 2 * (tt + 2*a*td + 2*b*te + a*a*dd + 2*a*b*de + b*b*ee)
		g.Loss[i] += g.Decay[i]
	}
	if c := g.Curvature; c != nil {
		for i := range c.LambdaMin {
			c.LambdaMin[i] += lambda
			c.LambdaMax[i] += lambda
		}
	}
}

// dot is the product of two vectors in float64; a nil one is 0.
func dot(v, w []float32) (sum float64) {
	if v == nil || w == nil {
		return 0
	}
	for i, x := range v {
		sum += float64(x) * float64(w[i])
	}
	return sum
}
