package optim

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/activities/curve"
	"lossatlas/activities/engine"
	"lossatlas/activities/internal/shared"
	"lossatlas/activities/nets"
)

// TestCurveResumesExactly: a bend that is trained in two parts ends with the bits of one that is trained at once.
func TestCurveResumesExactly(t *testing.T) {
	c := recipe
	c.Curve = &Curve{Shape: curve.Bezier}
	c.Curve.A, _ = tiny(t).Init(1)
	c.Curve.B, _ = tiny(t).Init(2)
	c.SAM = &SAM{Rho: 0.1}
	resumes(t, c)
}

// TestCurveGradient compares a step of plain gradient descent on the bend with finite differences of the loss at φ(t), with weight decay, for both shapes.
func TestCurveGradient(t *testing.T) {
	b := open(t, "xla")
	net, err := nets.Of(`[{"kind": "flatten"}, {"kind": "linear", "name": "a", "out": 4}, {"kind": "tanh"}, {"kind": "linear", "name": "b", "out": 10}]`, "smooth", shared.Problem)
	if err != nil {
		t.Fatal(err)
	}
	images := noise(8)
	e, err := engine.NewEvaluator(b, net, images, 8)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	ends := Curve{}
	ends.A, _ = net.Init(1)
	ends.B, _ = net.Init(2)
	for _, shape := range []curve.Shape{curve.Bezier, curve.Polygon} {
		ends.Shape = shape
		c := Config{LR: 5, WeightDecay: 0.1, BatchSize: 8, Seed: 3, Curve: &ends}
		trainer, err := New(b, net, images, c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(trainer.Close)
		bend := checkpoint(t, trainer).Theta
		epochs(t, trainer, 1) // of one step
		moved := checkpoint(t, trainer).Theta
		place := newStream(c, 0, images).place()
		a, w, z := shape.At(place)
		// loss is that at φ(t) for the bend moved by s along the step.
		loss := func(s float64) float64 {
			phi, decay := make([]float32, len(bend)), 0.0
			for i := range phi {
				v := a*float64(ends.A[i]) + w*(float64(bend[i])+s*(float64(moved[i])-float64(bend[i]))) + z*float64(ends.B[i])
				phi[i] = float32(v)
				decay += c.WeightDecay / 2 * v * v
			}
			if err := e.SetCenter(phi, nil); err != nil {
				t.Fatal(err)
			}
			v, err := e.At(t.Context(), 0, 0)
			if err != nil {
				t.Fatal(err)
			}
			return v.Loss + decay
		}
		const h = 0.05
		square := 0.0 // of the step, which is −η times the gradient
		for i := range bend {
			square += math.Pow(float64(moved[i])-float64(bend[i]), 2)
		}
		got, want := (loss(h)-loss(-h))/(2*h), -square/c.LR
		if math.Abs(got-want) > 2e-3*math.Abs(want) || want == 0 {
			t.Errorf("%s at t = %v: the loss changes by %v along the step, the gradient says %v", shape, place, got, want)
		}
	}
}

// TestCurveEnds: the curve begins and ends with the bits of both networks, and is at first their straight line.
func TestCurveEnds(t *testing.T) {
	c := recipe
	c.Curve = &Curve{}
	c.Curve.A, _ = tiny(t).Init(1)
	c.Curve.B, _ = tiny(t).Init(2)
	for _, c.Curve.Shape = range []curve.Shape{curve.Bezier, curve.Polygon} {
		trainer := start(t, open(t, "go"), c, noise(45))
		at := func(place float64) []float32 {
			bend := checkpoint(t, trainer).Theta
			leave, err := trainer.enter(place)
			if err != nil {
				t.Fatal(err)
			}
			point := checkpoint(t, trainer).Theta
			if err := leave(); err != nil {
				t.Fatal(err)
			}
			if !cmp.Equal(checkpoint(t, trainer).Theta, bend) {
				t.Errorf("%s: the bend is another one after a step's gradient", c.Curve.Shape)
			}
			return point
		}
		for i, v := range at(0.25) {
			if a, b := c.Curve.A[i], c.Curve.B[i]; math.Abs(float64(v-(0.75*a+0.25*b))) > 1e-6 {
				t.Fatalf("%s: before training the curve at 1/4 is %v between %v and %v", c.Curve.Shape, v, a, b)
			}
		}
		epochs(t, trainer, 1)
		if !cmp.Equal(at(0), c.Curve.A) || !cmp.Equal(at(1), c.Curve.B) {
			t.Errorf("%s: the ends of the curve are not the networks", c.Curve.Shape)
		}
	}
	c.Curve.Shape = "circle"
	if _, err := New(open(t, "go"), tiny(t), noise(45), c); err == nil {
		t.Error("a circle is a curve")
	}
	c.Curve.Shape, c.Curve.B = curve.Bezier, c.Curve.B[1:]
	if _, err := New(open(t, "go"), tiny(t), noise(45), c); err == nil {
		t.Error("an end of another size is taken")
	}
}
