package optim

import (
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/floats"

	"lossatlas/activities/data"
	"lossatlas/activities/engine"
	"lossatlas/activities/nets"
	"lossatlas/activities/problem"
)

// other is a problem that is not that of CIFAR-10, with a network for it. The
// network has no kinks, so that differences find its derivatives.
type other struct {
	net  *nets.Net
	data data.Split
}

// newOther makes 40 examples of float32 numbers: label says, for random x, which
// class it has, or which target.
func newOther(t *testing.T, p problem.Problem, layers []nets.Layer, label func(s *data.Split, x []float64)) other {
	t.Helper()
	net, err := nets.New("other", layers, p)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	s := data.Split{Name: "train", Problem: p}
	for range 40 {
		x := make([]float64, p.Size())
		for i := range x {
			x[i] = rng.NormFloat64()
		}
		label(&s, x)
		for _, v := range x {
			s.Examples = binary.LittleEndian.AppendUint32(s.Examples, math.Float32bits(float32(v)))
		}
	}
	return other{net, s}
}

// stripes are images of 8×8×1 in three classes, which have a bright column each.
func stripes(t *testing.T) other {
	p := problem.Problem{Shape: []int{8, 8, 1}, Type: problem.Float32, Mean: []float64{0.5}, Deviation: []float64{2}, Outputs: 3, Loss: problem.CrossEntropy}
	return newOther(t, p, []nets.Layer{
		nets.Convolution{Name: "conv", Out: 2, Kernel: 3, Stride: 2, Padding: 1, Bias: true}, nets.BatchNorm{Name: "bn"},
		nets.Flatten{}, nets.FullyConnected{Name: "fc", Out: 3},
	}, func(s *data.Split, x []float64) {
		class := len(s.Classes) % 3
		for row := range 8 {
			x[row*8+2*class+1] += 4
		}
		s.Classes = append(s.Classes, int32(class))
	})
}

// plane are vectors of five features with two targets, which are linear in them.
func plane(t *testing.T) other {
	p := problem.Problem{Shape: []int{5}, Type: problem.Float32, Outputs: 2, Loss: problem.MeanSquaredError}
	return newOther(t, p, []nets.Layer{
		nets.FullyConnected{Name: "a", Out: 4}, nets.BatchNorm{Name: "bn"}, nets.FullyConnected{Name: "b", Out: 2},
	}, func(s *data.Split, x []float64) {
		s.Targets = append(s.Targets, float32(1+2*x[0]-x[3]), float32(x[1]+x[2]))
	})
}

func others(t *testing.T, test func(t *testing.T, b *engine.Backend, o other)) {
	for name, of := range map[string]func(*testing.T) other{"stripes": stripes, "plane": plane} {
		t.Run(name, func(t *testing.T) { eachBackend(t, func(t *testing.T, b *engine.Backend) { test(t, b, of(t)) }) })
	}
}

// point is a place away from the initial one, where nothing is zero.
func (o other) point() (theta, state []float32) {
	theta, state = o.net.Init(1)
	for i := range theta {
		theta[i] += float32(math.Sin(float64(3*i))) / 3
	}
	return theta, state
}

func evaluator(t *testing.T, b *engine.Backend, o other, theta, state []float32) *engine.Evaluator {
	t.Helper()
	e, err := engine.NewEvaluator(b, o.net, o.data, 16) // 16, 16 and 8
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	if err := e.SetCenter(theta, state); err != nil {
		t.Fatal(err)
	}
	return e
}

func lossAt(t *testing.T, e *engine.Evaluator, alpha float64) engine.Eval {
	t.Helper()
	v, err := e.At(context.Background(), alpha, 0)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestOtherProblemsForward: without weights the loss is that of outputs of 0, which
// is known: ln 3 with the first class, and the mean square of the targets.
func TestOtherProblemsForward(t *testing.T) {
	others(t, func(t *testing.T, b *engine.Backend, o other) {
		_, state := o.net.Init(1)
		got := lossAt(t, evaluator(t, b, o, make([]float32, o.net.NumParams()), state), 0)
		want, accuracy := math.Log(3), 100*14.0/40
		if o.data.Problem.HasTargets() {
			want, accuracy = 0, math.NaN()
			for _, v := range o.data.Targets {
				want += float64(v) * float64(v) / float64(len(o.data.Targets))
			}
		}
		if math.Abs(got.Loss-want) > 1e-6*want || got.Count != 40 || math.Abs(got.Score-accuracy) > 1e-9 || math.IsNaN(got.Score) != math.IsNaN(accuracy) {
			t.Errorf("loss %g, accuracy %g of %d; want %g, %g of 40", got.Loss, got.Score, got.Count, want, accuracy)
		}
	})
}

// TestOtherProblemsDerivatives compares the gradient with central differences of
// losses, and every column of the Hessian with central differences of gradients.
// Losses are of order 1 with errors of 1e-7, gradients likewise; the steps of 1e-2
// and 2e-2 leave 1e-5 of that, and truncation of order h².
func TestOtherProblemsDerivatives(t *testing.T) {
	others(t, func(t *testing.T, b *engine.Backend, o other) {
		theta, state := o.point()
		e := evaluator(t, b, o, theta, state)
		h, err := engine.NewHessian(e, engine.AllParams, "")
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		n := h.Dim()
		gradientAt := func(alpha float64) []float64 {
			if err := h.MoveTo(alpha, 0); err != nil {
				t.Fatal(err)
			}
			g := make([]float64, n)
			if _, err := h.Gradient(context.Background(), g); err != nil {
				t.Fatal(err)
			}
			return g
		}
		gradient := gradientAt(0)
		matrix := make([][]float64, n)
		largest, worstGradient, worstHessian := 0.0, 0.0, 0.0
		for i := range n {
			unit := make([]float64, n)
			unit[i] = 1
			matrix[i] = make([]float64, n)
			if err := e.SetDirections(h.Scatter(unit), nil); err != nil {
				t.Fatal(err)
			}
			const small, wide = 1e-2, 2e-2
			slope := (lossAt(t, e, small).Loss - lossAt(t, e, -small).Loss) / (2 * small)
			worstGradient = max(worstGradient, math.Abs(slope-gradient[i]))
			above, below := gradientAt(wide), gradientAt(-wide)
			if err := h.MoveTo(0, 0); err != nil {
				t.Fatal(err)
			}
			if err := h.Product(context.Background(), matrix[i], unit); err != nil {
				t.Fatal(err)
			}
			for j := range n {
				largest = max(largest, math.Abs(matrix[i][j]))
				worstHessian = max(worstHessian, math.Abs(matrix[i][j]-(above[j]-below[j])/(2*wide)))
			}
		}
		if scale := floats.Norm(gradient, math.Inf(1)); worstGradient > 1e-3*scale {
			t.Errorf("the gradient is %.1e of its largest entry off", worstGradient/scale)
		}
		if worstHessian > 2e-3*largest {
			t.Errorf("the Hessian is %.1e of its largest entry off", worstHessian/largest)
		}
		// A product with any vector is that with the whole matrix.
		v, want, got := make([]float64, n), make([]float64, n), make([]float64, n)
		for i := range v {
			v[i] = math.Cos(float64(i))
			floats.AddScaled(want, v[i], matrix[i])
		}
		if err := h.Product(context.Background(), got, v); err != nil {
			t.Fatal(err)
		}
		if d := floats.Distance(got, want, 2) / floats.Norm(want, 2); d > 1e-5 {
			t.Errorf("a product is %.1e off that with the whole matrix", d)
		}
	})
}

// TestOtherProblemsTrain: some epochs lower the loss to a quarter, and for classes find nearly all.
func TestOtherProblemsTrain(t *testing.T) {
	others(t, func(t *testing.T, b *engine.Backend, o other) {
		c := Config{LR: 0.1, Momentum: 0.9, BatchSize: 10, Seed: 1}
		trainer, err := New(b, o.net, o.data, c)
		if err != nil {
			t.Fatal(err)
		}
		defer trainer.Close()
		stats := epochs(t, trainer, 20)
		first, last := stats[0], stats[len(stats)-1]
		if !(last.Loss < first.Loss/4) {
			t.Errorf("the loss went from %g to %g", first.Loss, last.Loss)
		}
		if o.data.Problem.HasTargets() != math.IsNaN(last.Accuracy) || last.Accuracy < 95 {
			t.Errorf("the accuracy is %g", last.Accuracy)
		}
		c.Augment = true
		augmented, err := New(b, o.net, o.data, c)
		if o.data.Problem.IsImage() {
			if err != nil {
				t.Fatal(err)
			}
			epochs(t, augmented, 1)
			augmented.Close()
		} else if err == nil || !strings.Contains(err.Error(), "augment: false") {
			t.Errorf("vectors are augmented: %v", err)
		}
	})
}

// TestProblemsShareNoProgram evaluates one network for problems that differ in one
// respect each, on one backend, and wants the losses that it has on a backend of its own.
func TestProblemsShareNoProgram(t *testing.T) {
	base := plane(t)
	problems := map[string]func(p *problem.Problem, s *data.Split){
		"unchanged": func(*problem.Problem, *data.Split) {},
		"normalization": func(p *problem.Problem, _ *data.Split) {
			p.Mean, p.Deviation = []float64{1, 1, 1, 1, 1}, []float64{2, 2, 2, 2, 2}
		},
		"loss": func(p *problem.Problem, s *data.Split) {
			p.Loss, s.Targets, s.Classes = problem.CrossEntropy, nil, make([]int32, 40)
		},
		"type": func(p *problem.Problem, s *data.Split) {
			p.Type, s.Examples = problem.Uint8, s.Examples[:40*5]
		},
	}
	together := open(t, "go")
	seen, signatures := map[float64]string{}, map[string]bool{}
	for name, change := range problems {
		p, o := base.data.Problem, other{data: base.data}
		change(&p, &o.data)
		o.data.Problem = p
		var err error
		if o.net, err = nets.New("same", []nets.Layer{nets.FullyConnected{Name: "a", Out: 2}}, p); err != nil {
			t.Fatal(err)
		}
		theta, state := o.point()
		got, want := lossAt(t, evaluator(t, together, o, theta, state), 0).Loss, lossAt(t, evaluator(t, open(t, "go"), o, theta, state), 0).Loss
		if got != want {
			t.Errorf("%s: loss %g next to other problems, %g alone", name, got, want)
		}
		if twin, ok := seen[got]; ok {
			t.Errorf("%s and %s have the same loss %g", name, twin, got)
		}
		seen[got], signatures[o.net.Signature()] = name, true
	}
	if len(signatures) != len(problems) {
		t.Errorf("%d signatures of %d problems", len(signatures), len(problems))
	}
}

// TestTrainingRefusesOtherProblems: examples of another problem, or classes that it does not have.
func TestTrainingRefusesOtherProblems(t *testing.T) {
	b, o := open(t, "go"), stripes(t)
	if _, err := New(b, o.net, plane(t).data, Config{LR: 0.1, BatchSize: 10}); err == nil || !strings.Contains(err.Error(), "[8,8,1]") {
		t.Errorf("vectors for images: %v", err)
	}
	o.data.Classes[7] = 3
	if _, err := New(b, o.net, o.data, Config{LR: 0.1, BatchSize: 10}); err == nil || !strings.Contains(err.Error(), "example 7 of \"train\" has the label 3: labels must be classes from 0 to 2") {
		t.Errorf("a fourth class: %v", err)
	}
}
