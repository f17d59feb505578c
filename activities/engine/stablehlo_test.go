package engine_test

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"lossatlas/activities/data"
	"lossatlas/activities/data/files"
	"lossatlas/activities/engine"
	"lossatlas/activities/hlo"
	"lossatlas/activities/hlo/folder"
	"lossatlas/activities/nets"
	"lossatlas/activities/problem"
)

const convnet = "../hlo/testdata/convnet"

// stablehlo is what JAX computes in float64 with the network of hlo/testdata.
type stablehlo struct {
	Loss, Accuracy           float64
	V, Gradient, HV          []float64
	Eigenvalues              []float64
	Line                     map[string]float64
	program                  *hlo.Program
	examples                 data.Split
	net                      *nets.Net
	theta, state, directions []float32
}

func readStableHLO(t *testing.T) stablehlo {
	t.Helper()
	var s stablehlo
	text, err := os.ReadFile("../hlo/testdata/reference.json")
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		t.Fatal(err)
	}
	set, err := files.Open("../hlo/testdata/data.npz", files.Options{Loss: problem.Program})
	if err != nil {
		t.Fatal(err)
	}
	if s.examples, err = set.Load(data.Train, 0, 21); err != nil {
		t.Fatal(err)
	}
	var values map[string][]float32
	if s.program, values, err = folder.Read(convnet); err != nil {
		t.Fatal(err)
	}
	s.net = s.build(t)
	for _, p := range s.net.Params() {
		s.theta = append(s.theta, values[p.Name]...)
	}
	for _, p := range s.net.State() {
		s.state = append(s.state, values[p.Name]...)
	}
	for _, x := range s.V {
		s.directions = append(s.directions, float32(x))
	}
	return s
}

func (s stablehlo) build(t *testing.T) *nets.Net {
	t.Helper()
	net, err := nets.FromStableHLO("convnet", s.program, s.examples.Problem)
	if err != nil {
		t.Fatal(err)
	}
	return net
}

func (s stablehlo) evaluator(t *testing.T, b *engine.Backend) *engine.Evaluator {
	t.Helper()
	e, err := engine.NewEvaluator(b, s.net, s.examples, 128) // the program's batches are of 8
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	if err := errors.Join(e.SetCenter(s.theta, s.state), e.SetDirections(s.directions, nil)); err != nil {
		t.Fatal(err)
	}
	return e
}

// TestStableHLO: loss, score, line, gradient and Hv of programs from JAX agree with its values in float64, over a data set
// whose last batch is padded; the same loss in portable bytecode gives the same bits.
func TestStableHLO(t *testing.T) {
	s := readStableHLO(t)
	b := openXLA(t)
	e := s.evaluator(t, b)
	at, err := e.At(t.Context(), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("loss %.9g, JAX %.9g", at.Loss, s.Loss)
	if math.Abs(at.Loss-s.Loss) > 1e-6*s.Loss || math.Abs(at.Score-s.Accuracy) > 1e-4 || at.Count != 21 {
		t.Errorf("%+v; JAX has the loss %g and the accuracy %g over 21 examples", at, s.Loss, s.Accuracy)
	}
	for alpha, want := range map[float64]float64{-1: s.Line["-1.0"], -0.5: s.Line["-0.5"], 0.5: s.Line["0.5"], 1: s.Line["1.0"]} {
		if v, err := e.At(t.Context(), alpha, 0); err != nil || math.Abs(v.Loss-want) > 2e-6*want {
			t.Errorf("at %g the loss is %g (%v), and JAX has %g", alpha, v.Loss, err, want)
		}
	}
	h, err := engine.NewHessian(e, engine.AllParams, "")
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	got := make([]float64, h.Dim())
	if loss, err := h.Gradient(t.Context(), got); err != nil || math.Abs(loss-s.Loss) > 1e-6*s.Loss {
		t.Errorf("with the gradient the loss is %g (%v)", loss, err)
	}
	near(t, "gradient", got, s.Gradient)
	if err := h.Product(t.Context(), got, s.V); err != nil {
		t.Fatal(err)
	}
	near(t, "Hv", got, s.HV)

	if s.program.Loss, err = os.ReadFile("../hlo/testdata/loss-portable.mlir"); err != nil {
		t.Fatal(err)
	}
	s.net = s.build(t)
	if v, err := s.evaluator(t, b).At(t.Context(), 0, 0); err != nil || v != at {
		t.Errorf("in bytecode the program gives %+v (%v), in text %+v", v, err, at)
	}
}

// near fails unless two vectors agree within 3e-6 of the length of the second.
func near(t *testing.T, what string, got, want []float64) {
	t.Helper()
	var distance, length float64
	for i, w := range want {
		distance += (got[i] - w) * (got[i] - w)
		length += w * w
	}
	t.Logf("%s differs by %.2g of its length", what, math.Sqrt(distance/length))
	if !(distance <= 9e-12*length) || length == 0 || len(got) != len(want) {
		t.Errorf("%s differs by %g of %g", what, math.Sqrt(distance), math.Sqrt(length))
	}
}

// TestStableHLOFrees: nothing stays on the device.
func TestStableHLOFrees(t *testing.T) {
	s, b := readStableHLO(t), openXLA(t)
	e := s.evaluator(t, b)
	h, err := engine.NewHessian(e, engine.WeightsOnly, "")
	if err != nil {
		t.Fatal(err)
	}
	v := make([]float64, h.Dim())
	v[0] = 1
	if err := errors.Join(h.MoveTo(0.5, 0), h.Product(t.Context(), v, v)); err != nil {
		t.Fatal(err)
	}
	if n, _ := b.InUse(); n == 0 {
		t.Error("an open evaluator has nothing on the device")
	}
	h.Close()
	e.Close()
	if n, bytes := b.InUse(); n != 0 {
		t.Errorf("%d buffers of %d bytes stay", n, bytes)
	}
}

// TestStableHLOMistakes: programs that can't be computed give errors that no retry can fix, and that say why.
func TestStableHLOMistakes(t *testing.T) {
	portable, err := os.ReadFile("../hlo/testdata/loss-portable.mlir")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, backend, want string
		change              func(*hlo.Program)
	}{
		{"pure Go", "go", "only XLA computes", func(*hlo.Program) {}},
		{"an unknown operation", "xla", "can't compile loss.mlir", func(p *hlo.Program) {
			p.Loss = []byte(strings.ReplaceAll(string(p.Loss), "stablehlo.tanh", "stablehlo.arc_of_tomorrow"))
		}},
		{"a newer version", "xla", "loss.mlir is written in StableHLO 9.15.0, and the XLA plugin reads up to 1.", func(p *hlo.Program) {
			p.Loss = slices.Concat(portable[:len("ML\xefR\rStableHLO_v")], []byte("9"), portable[len("ML\xefR\rStableHLO_v1"):])
		}},
		{"damaged bytecode", "xla", "can't compile loss.mlir", func(p *hlo.Program) { p.Loss = portable[:len(portable)/2] }},
		{"bytecode of another function", "xla", "loss.mlir returns 2 arrays, and it should return 1", func(p *hlo.Program) { p.Loss, p.Score = portable, false }},
		{"bytecode for other examples", "xla", "loss.mlir", func(p *hlo.Program) { p.Loss, p.Batch, p.Gradient, p.HVP = portable, 16, nil, nil }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := readStableHLO(t)
			s.program.Gradient, s.program.HVP = nil, nil
			c.change(s.program)
			s.net = s.build(t)
			b := openXLA(t)
			if c.backend == "go" {
				b = open(t, "go")
			}
			e, err := engine.NewEvaluator(b, s.net, s.examples, 8)
			if err == nil {
				defer e.Close()
				err = e.SetCenter(s.theta, s.state)
			}
			if err == nil {
				_, err = e.At(t.Context(), 0, 0)
			}
			var permanent *engine.ProgramError
			if !errors.As(err, &permanent) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, and should say %q", err, c.want)
			}
		})
	}
	s := readStableHLO(t)
	s.program.HVP = nil
	s.net = s.build(t)
	if _, err := engine.NewHessian(s.evaluator(t, openXLA(t)), engine.AllParams, ""); err == nil || !strings.Contains(err.Error(), "jax.jvp(") {
		t.Errorf("without hvp.mlir the Hessian is refused by %v", err)
	}
}

// openXLA opens the xla backend, and skips where there is no plugin, under continuous integration, too: nothing else computes StableHLO.
func openXLA(t *testing.T) *engine.Backend {
	t.Helper()
	if os.Getenv("LOSSATLAS_PLUGIN") == "" {
		t.Skip("no numeric plugin: LOSSATLAS_PLUGIN is not set")
	}
	return open(t, "xla")
}
