package engine_test

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"lossatlas/activities/data"
	"lossatlas/activities/engine"
	"lossatlas/activities/internal/numtest"
	"lossatlas/activities/nets"
	"lossatlas/activities/problem"
)

// perceptron is a network of one hidden layer of tanh, whose outputs are written out in float64.
type perceptron struct {
	net                   *nets.Net
	theta                 []float32
	examples              [][]float64
	split                 data.Split
	inputs, hidden, width int
}

func newPerceptron(t *testing.T, p problem.Problem, n int) perceptron {
	t.Helper()
	out := perceptron{inputs: 3, hidden: 4, width: p.Outputs, split: data.Split{Name: "train", Problem: p}}
	layers, err := nets.Parse([]byte(`[{"kind":"linear","name":"first","out":4},{"kind":"tanh"},{"kind":"linear","name":"last","out":3}]`))
	if err == nil {
		out.net, err = nets.New("perceptron", layers, p)
	}
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for range out.net.NumParams() {
		out.theta = append(out.theta, float32(rng.NormFloat64()))
	}
	for range n {
		x := make([]float64, out.inputs)
		for j := range x {
			v := float32(rng.NormFloat64())
			x[j] = float64(v)
			out.split.Examples = binary.LittleEndian.AppendUint32(out.split.Examples, math.Float32bits(v))
		}
		out.examples = append(out.examples, x)
		if p.HasTargets() {
			for range p.Outputs {
				out.split.Targets = append(out.split.Targets, float32(rng.NormFloat64()))
			}
		} else {
			out.split.Classes = append(out.split.Classes, int32(rng.IntN(p.Outputs)))
		}
	}
	return out
}

// outputs are those of example i, of weights [out, in] before biases.
func (p perceptron) outputs(theta []float64, i int) []float64 {
	x := p.examples[i]
	for layer, out := range []int{p.hidden, p.width} {
		w, b := theta[:out*len(x)], theta[out*len(x):][:out]
		theta = theta[out*len(x)+out:]
		y := make([]float64, out)
		for r := range y {
			y[r] = b[r]
			for c, v := range x {
				y[r] += w[r*len(x)+c] * v
			}
			if layer == 0 {
				y[r] = math.Tanh(y[r])
			}
		}
		x = y
	}
	return x
}

// slopeAndBend are the gradient and the Hessian of the loss of example i in its outputs, by their formulas.
func (p perceptron) slopeAndBend(z []float64, i int) (*mat.VecDense, *mat.Dense) {
	k := len(z)
	g, h := mat.NewVecDense(k, nil), mat.NewDense(k, k, nil)
	if p.split.Problem.HasTargets() { // the mean of (z − y)²
		for j := range z {
			g.SetVec(j, 2*(z[j]-float64(p.split.Targets[i*k+j]))/float64(k))
			h.Set(j, j, 2/float64(k))
		}
		return g, h
	}
	sum := 0.0
	for _, v := range z {
		sum += math.Exp(v)
	}
	weight := 1.0
	if w := p.split.Problem.ClassWeights; w != nil {
		weight = w[p.split.Classes[i]]
	}
	for j := range z {
		q := math.Exp(z[j]) / sum
		g.SetVec(j, weight*q)
		for l := range z {
			h.Set(j, l, -weight*q*math.Exp(z[l])/sum)
		}
		h.Set(j, j, h.At(j, j)+weight*q)
	}
	y := int(p.split.Classes[i])
	g.SetVec(y, g.AtVec(y)-weight)
	return g, h
}

// dense are the Gauss-Newton and the empirical Fisher matrix, from Jacobians by central differences in float64.
func (p perceptron) dense() (gaussNewton, fisher *mat.Dense) {
	theta := numtest.Widen(p.theta)
	n := len(theta)
	gaussNewton, fisher = mat.NewDense(n, n, nil), mat.NewDense(n, n, nil)
	for i := range p.examples {
		j := mat.NewDense(p.width, n, nil)
		for c := range n {
			const step = 1e-5
			at := theta[c]
			theta[c] = at + step
			up := p.outputs(theta, i)
			theta[c] = at - step
			for r, down := range p.outputs(theta, i) {
				j.Set(r, c, (up[r]-down)/(2*step))
			}
			theta[c] = at
		}
		g, h := p.slopeAndBend(p.outputs(theta, i), i)
		var one mat.Dense
		one.Product(j.T(), h, j)
		gaussNewton.Add(gaussNewton, &one)
		var slope mat.VecDense
		slope.MulVec(j.T(), g)
		one.Outer(1, &slope, &slope)
		fisher.Add(fisher, &one)
	}
	weight := p.split.Totals().Weight
	gaussNewton.Scale(1/weight, gaussNewton)
	fisher.Scale(1/weight, fisher)
	return gaussNewton, fisher
}

// TestMatrices compares the products with the Gauss-Newton and the empirical Fisher matrix with matrices written out, over batches of which the
// last is padded.
func TestMatrices(t *testing.T) {
	features := problem.Problem{Shape: []int{3}, Type: problem.Float32, Outputs: 3, Loss: problem.CrossEntropy}
	weighted, squares := features, features
	weighted.ClassWeights = []float64{0.5, 1, 2}
	squares.Loss = problem.MeanSquaredError
	eachBackend(t, func(t *testing.T, b *engine.Backend) {
		for name, p := range map[string]problem.Problem{"cross-entropy": features, "weighted": weighted, "mse": squares} {
			t.Run(name, func(t *testing.T) {
				net := newPerceptron(t, p, 11)
				e, err := engine.NewEvaluator(b, net.net, net.split, 4)
				if err != nil {
					t.Fatal(err)
				}
				defer e.Close()
				if err := e.SetCenter(net.theta, nil); err != nil {
					t.Fatal(err)
				}
				gaussNewton, fisher := net.dense()
				for m, want := range map[engine.Matrix]*mat.Dense{engine.GaussNewton: gaussNewton, engine.Fisher: fisher} {
					h, err := engine.NewMatrix(e, m, engine.AllParams, "")
					if err != nil {
						t.Fatal(err)
					}
					defer h.Close()
					v, expected := make([]float64, h.Dim()), mat.NewVecDense(h.Dim(), nil)
					for i := range v {
						v[i] = float64(float32(math.Sin(float64(3 * i))))
					}
					expected.MulVec(want, mat.NewVecDense(len(v), v))
					if d := numtest.Distance(product(t, h, v), expected.RawVector().Data); d > 1e-5 {
						t.Errorf("%s: the product is %.1e of its largest number off", m, d)
					}
				}
			})
		}
	})
}

// TestGaussNewtonOfConvolutions compares the Gauss-Newton matrix with the Hessian over the last layer of a convolutional network, of which the outputs
// are a linear function, and checks that it is symmetric over all layers.
func TestGaussNewtonOfConvolutions(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *engine.Backend) {
		net, theta, state := tiny(t)
		e, err := engine.NewEvaluator(b, net, noise(10), 8)
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		if err := e.SetCenter(theta, state); err != nil {
			t.Fatal(err)
		}
		operator := func(m engine.Matrix, layers string) *engine.Hessian {
			h, err := engine.NewMatrix(e, m, engine.AllParams, layers)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(h.Close)
			return h
		}
		wave := func(n, phase int) []float64 {
			v := make([]float64, n)
			for i := range v {
				v[i] = math.Sin(float64(phase * (i + 1)))
			}
			return v
		}
		last := operator(engine.GaussNewton, "linear")
		if d := numtest.Distance(product(t, last, wave(last.Dim(), 1)), product(t, operator(engine.SecondDerivatives, "linear"), wave(last.Dim(), 1))); d > 1e-4 {
			t.Errorf("over the last layer the products are %.1e apart", d)
		}
		for _, m := range []engine.Matrix{engine.GaussNewton, engine.Fisher} {
			all := operator(m, "")
			v, w := wave(all.Dim(), 1), wave(all.Dim(), 2)
			av, aw := product(t, all, v), product(t, all, w)
			if vw, wv := floats.Dot(av, w), floats.Dot(aw, v); math.Abs(vw-wv) > 1e-4*floats.Norm(av, 2)*floats.Norm(w, 2) || floats.Dot(av, v) <= 0 {
				t.Errorf("%s: ⟨Av, w⟩ is %g and ⟨Aw, v⟩ %g, ⟨Av, v⟩ %g", m, vw, wv, floats.Dot(av, v))
			}
		}
	})
}

// TestPerturbed compares gradients at a perturbation, weight decay included, with differences of the loss, and the loss with that of weights that were moved.
func TestPerturbed(t *testing.T) {
	net := newPerceptron(t, problem.Problem{Shape: []int{3}, Type: problem.Float32, Outputs: 3, Loss: problem.CrossEntropy}, 11)
	e, err := engine.NewEvaluator(open(t, "go"), net.net, net.split, 4)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := e.SetCenter(net.theta, nil); err != nil {
		t.Fatal(err)
	}
	h, err := engine.NewGradient(e, engine.WeightsOnly, "last")
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	const decay = 0.3
	p := engine.NewPerturbed(h, net.theta, decay)
	epsilon, gradient := make([]float64, p.Dim()), make([]float64, p.Dim())
	for i := range epsilon {
		epsilon[i] = 0.3 * math.Sin(float64(i+1))
	}
	theta, squares := numtest.Widen(net.theta), 0.0
	for _, param := range net.net.Params() {
		if param.Name == "last.weight" {
			for i := range epsilon {
				theta[param.Offset+i] += epsilon[i]
			}
		}
	}
	want := 0.0
	for i := range net.examples {
		z, sum := net.outputs(theta, i), 0.0
		for _, v := range z {
			sum += math.Exp(v)
		}
		want += (math.Log(sum) - z[net.split.Classes[i]]) / float64(len(net.examples))
	}
	for _, v := range theta {
		squares += v * v
	}
	want += decay / 2 * squares
	loss, err := p.Gradient(t.Context(), gradient, epsilon)
	if err != nil || math.Abs(loss-want) > 1e-5*want {
		t.Errorf("the loss is %g, %v, want %g", loss, err, want)
	}
	for i := range epsilon {
		const step = 1e-2
		at, sum := epsilon[i], 0.0
		for sign := -1.0; sign <= 1; sign += 2 {
			epsilon[i] = at + sign*step
			v, err := p.At(t.Context(), epsilon)
			if err != nil {
				t.Fatal(err)
			}
			sum += sign * v / (2 * step)
		}
		if epsilon[i] = at; math.Abs(sum-gradient[i]) > 1e-3 {
			t.Errorf("weight %d: the gradient is %g, and by differences %g", i, gradient[i], sum)
		}
	}
	if err := p.Product(t.Context(), gradient, epsilon); err == nil {
		t.Error("a product without second derivatives")
	}
}
