package surface

import (
	"math"
	"testing"
)

// TestAddDecay: at each evaluated point it is half λ times the square of the norm of the weights there, and λ in the eigenvalues.
func TestAddDecay(t *testing.T) {
	theta, delta, eta := []float32{3, -1, 0.5}, []float32{1, 2, 0}, []float32{0, -1, 4}
	g := NewGrid([]float64{-1, 0, 2}, []float64{0, 0.5})
	for i := range g.Loss {
		if i == 5 {
			continue // not evaluated
		}
		g.Loss[i], g.Accuracy[i], g.Mask[i] = float64(i), 50, true
	}
	g.Loss[2] = math.Inf(1)
	g.Curvature = NewCurvature(len(g.Mask))
	g.Curvature.LambdaMin[0], g.Curvature.LambdaMax[0] = -2, 7
	g.AddDecay(0.1, theta, delta, eta)
	for i := range g.Loss {
		a, b, norm := g.X[i%3], g.Y[i/3], 0.0
		for k := range theta {
			x := float64(theta[k]) + a*float64(delta[k]) + b*float64(eta[k])
			norm += x * x
		}
		want := 0.05 * norm
		switch {
		case i == 5:
			if !math.IsNaN(g.Decay[i]) || !math.IsNaN(g.Loss[i]) {
				t.Errorf("a point that was not evaluated has the decay %g and the loss %g", g.Decay[i], g.Loss[i])
			}
		case i == 2:
			if !math.IsInf(g.Loss[i], 1) || math.Abs(g.Decay[i]-want) > 1e-12 {
				t.Errorf("an infinite loss becomes %g with the decay %g", g.Loss[i], g.Decay[i])
			}
		case math.Abs(g.Decay[i]-want) > 1e-12 || math.Abs(g.Loss[i]-float64(i)-want) > 1e-12:
			t.Errorf("point %d: decay %g and loss %g, want %g and %g", i, g.Decay[i], g.Loss[i], want, float64(i)+want)
		}
	}
	if g.Curvature.LambdaMin[0] != -1.9 || g.Curvature.LambdaMax[0] != 7.1 || !math.IsNaN(g.Curvature.LambdaMin[1]) {
		t.Errorf("the eigenvalues are %v and %v", g.Curvature.LambdaMin, g.Curvature.LambdaMax)
	}
	b, err := g.EncodeNPZ()
	if err != nil {
		t.Fatal(err)
	}
	back, err := DecodeNPZ(b)
	if err != nil || back.Decay[0] != g.Decay[0] || len(back.Decay) != len(g.Decay) {
		t.Errorf("read back, the decay is %v (%v), want %v", back.Decay, err, g.Decay)
	}
	line := NewGrid([]float64{-1, 0, 2}, []float64{0})
	if err := line.Add([]Point{{Index: 0, Loss: 1}}); err != nil {
		t.Fatal(err)
	}
	if line.AddDecay(2, theta, delta, nil); line.Decay[0] != 4+9+0.25 {
		t.Errorf("on a line the decay is %g, want 13.25", line.Decay[0])
	}
}
