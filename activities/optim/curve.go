package optim

import (
	"errors"
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/curve"
	"lossatlas/activities/engine"
)

// Curve makes the parameters of a training the bend θ of a curve φ between two fixed vectors, and its loss the expected one over t ~ U(0, 1)
// (Garipov et al. 2018, equation 2). Each step takes the gradient of its batch at φ(t) for one t, and multiplies it by ∂φ/∂θ.
// The training begins halfway between both, where the curve is the straight line. Weight decay, unless it is decoupled, is that of φ(t).
type Curve struct {
	Shape curve.Shape
	A, B  []float32
}

func (c Curve) check(of Config) error {
	if of.Average != nil {
		return errors.New("the bend of a curve has no average over its weights: leave the average out")
	}
	return c.Shape.Check()
}

// middle is halfway between both ends.
func (c Curve) middle() []float32 {
	out := make([]float32, len(c.A))
	for i, a := range c.A {
		out[i] = float32((float64(a) + float64(c.B[i])) / 2)
	}
	return out
}

// ofBend is the configuration of the update of a bend, whose gradient holds its weight decay already.
func (c Config) ofBend() Config {
	if c.Curve != nil && (c.Adam == nil || !c.Adam.Decoupled) {
		c.WeightDecay = 0
	}
	return c
}

// curvePrograms are what steps on a curve run next to gradients.
type curvePrograms struct {
	a, b *engine.Buffer
	// point makes φ of a, θ, b and their weights; slope makes the gradient by θ, w(g + λφ), of g, φ and the weight w of θ.
	point, slope *engine.Program
}

func compileCurve(backend *engine.Backend, c Config, number dtypes.DType) (*curvePrograms, error) {
	n, vector, weight := len(c.Curve.A), shapes.Make(number, len(c.Curve.A)), shapes.Make(number)
	decay := 0.0
	if c.ofBend().WeightDecay == 0 {
		decay = c.WeightDecay
	}
	var p curvePrograms
	var err error
	p.point, err = backend.Compile(fmt.Sprintf("curve-%d-%s", n, number), []shapes.Shape{vector, vector, vector, weight, weight, weight}, func(in []*graph.Node) []*graph.Node {
		return []*graph.Node{graph.Add(graph.Add(graph.Mul(in[0], in[3]), graph.Mul(in[1], in[4])), graph.Mul(in[2], in[5]))}
	})
	if err != nil {
		return nil, err
	}
	p.slope, err = backend.Compile(fmt.Sprintf("curve-slope-%d-%s-%g", n, number, decay), []shapes.Shape{vector, vector, weight}, func(in []*graph.Node) []*graph.Node {
		return []*graph.Node{graph.Mul(graph.Add(in[0], graph.MulScalar(in[1], decay)), in[2])}
	})
	if err != nil {
		return nil, err
	}
	if p.a, err = engine.Upload(backend, c.Curve.A, n); err != nil {
		return nil, err
	}
	p.b, err = engine.Upload(backend, c.Curve.B, n)
	return &p, err
}

// enter replaces the bend by φ(t) for the gradient of one step. leave restores the bend and multiplies the sum of gradients at φ(t) by
// ∂φ/∂θ.
func (t *Trainer) enter(at float64) (leave func() error, err error) {
	a, bend, b := t.config.Curve.Shape.At(at)
	weights := make([]*engine.Buffer, 3)
	free := func() {
		for _, w := range weights {
			w.Free()
		}
	}
	for i, w := range []float64{a, bend, b} {
		if weights[i], err = engine.Upload(t.backend, []float32{float32(w)}); err != nil {
			free()
			return nil, err
		}
	}
	out, err := t.curve.point.Run(append([]*engine.Buffer{t.curve.a, t.theta, t.curve.b}, weights...)...)
	if err != nil {
		free()
		return nil, err
	}
	theta := t.theta
	t.theta = out[0]
	return func() error {
		defer free()
		defer replace(&t.theta, theta)
		out, err := t.curve.slope.Run(t.sum, t.theta, weights[1])
		if err == nil {
			replace(&t.sum, out[0])
		}
		return err
	}, nil
}
