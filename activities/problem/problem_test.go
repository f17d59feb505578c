package problem_test

import (
	"math"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"lossatlas/activities/problem"
)

func small() problem.Problem {
	return problem.Problem{Shape: []int{2, 2, 2}, Type: problem.Float32, Mean: []float64{1, 2}, Deviation: []float64{2, 4}, Outputs: 3, Loss: problem.CrossEntropy}
}

// TestJSON: a problem comes back from its text, and equal problems have equal texts.
func TestJSON(t *testing.T) {
	p := small()
	back, err := problem.Parse([]byte(p.String()))
	if err != nil || !back.Equal(p) || back.String() != p.String() {
		t.Errorf("%v came back as %v (%v)", p, back, err)
	}
	for _, text := range []string{"", "null", "{", `{"outputs":3}`} {
		if _, err := problem.Parse([]byte(text)); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

// TestCheck: impossible values are named, with the allowed ones.
func TestCheck(t *testing.T) {
	if err := small().Check(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		change func(*problem.Problem)
		want   string
	}{
		{func(p *problem.Problem) { p.Shape = nil }, "at least one size"},
		{func(p *problem.Problem) { p.Shape = []int{3, 0} }, "[3 0]"},
		{func(p *problem.Problem) { p.Type = "int8" }, `"int8": choose uint8, float32 or int32`},
		{func(p *problem.Problem) { p.Outputs = 0 }, "0 outputs"},
		{func(p *problem.Problem) { p.Loss = "exponential" }, `"exponential": choose one of binary-cross-entropy, cross-entropy, hinge, huber, l1, mse`},
		{func(p *problem.Problem) { p.Mean = []float64{1} }, "1 means and 2 deviations for the normalization of 2 channels"},
		{func(p *problem.Problem) { p.Deviation = []float64{1, 0} }, "channel 1"},
		{func(p *problem.Problem) { p.Mean = []float64{math.NaN(), 0} }, "channel 0"},
	} {
		p := small()
		c.change(&p)
		if err := p.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", p, err, c.want)
		}
	}
}

// TestInputs: sizes and shapes follow from type, shape and loss.
func TestInputs(t *testing.T) {
	p := small()
	examples, labels := p.Inputs(5)
	if examples.String() != "(Float32)[5, 2, 2, 2]" || labels.String() != "(Int32)[5]" || p.Size() != 8 || p.Bytes() != 32 || !p.IsImage() {
		t.Errorf("classes: %v and %v, %d numbers in %d bytes", examples, labels, p.Size(), p.Bytes())
	}
	p.Shape, p.Type, p.Loss = []int{7}, problem.Uint8, problem.MeanSquaredError
	examples, labels = p.Inputs(5)
	if examples.String() != "(Uint8)[5, 7]" || labels.String() != "(Float32)[5, 3]" || p.Bytes() != 7 || p.IsImage() || !p.HasTargets() {
		t.Errorf("targets: %v and %v, %d bytes", examples, labels, p.Bytes())
	}
}

// run evaluates a graph of two inputs on the pure-Go backend.
func run(t *testing.T, build func(a, b *graph.Node) []*graph.Node, a, b any) [][]float32 {
	t.Helper()
	backend, err := gobackend.New("")
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	exec, err := graph.NewExec(backend, func(in []*graph.Node) []*graph.Node { return build(in[0], in[1]) })
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	out, err := exec.Call(a, b)
	if err != nil {
		t.Fatal(err)
	}
	var values [][]float32
	for _, o := range out {
		values = append(values, tensors.MustCopyFlatData[float32](o))
	}
	return values
}

func near(a float32, b float64) bool { return math.Abs(float64(a)-b) < 1e-6 }

// TestLossAndScore compares both losses with values worked out by hand.
func TestLossAndScore(t *testing.T) {
	got := run(t, func(outputs, labels *graph.Node) []*graph.Node {
		loss, score := problem.Problem{Loss: problem.CrossEntropy}.LossAndScore(outputs, labels)
		return []*graph.Node{loss, score}
	}, [][]float32{{0, 0, 0}, {1, 3, 2}}, []int32{1, 1})
	second := math.Log(math.Exp(1)+math.Exp(3)+math.Exp(2)) - 3
	if !near(got[0][0], math.Log(3)) || !near(got[0][1], second) || got[1][0] != 0 || got[1][1] != 1 {
		t.Errorf("cross-entropy %v, want ln 3 and %g; scores %v, want 0 and 1", got[0], second, got[1])
	}
	got = run(t, func(outputs, labels *graph.Node) []*graph.Node {
		loss, score := problem.Problem{Loss: problem.MeanSquaredError}.LossAndScore(outputs, labels)
		return []*graph.Node{loss, score}
	}, [][]float32{{1, 2}, {0, 0}}, [][]float32{{3, 1}, {0, 0}})
	if got[0][0] != 2.5 || got[0][1] != 0 || !math.IsNaN(float64(got[1][0])) {
		t.Errorf("mean squared errors %v, want 2.5 and 0; scores %v, want none", got[0], got[1])
	}
}

// TestNormalize: each channel has its own mean and deviation, and none leave the numbers unchanged.
func TestNormalize(t *testing.T) {
	with, without := small(), small()
	with.Shape, without.Shape = []int{2}, []int{2}
	without.Mean, without.Deviation = nil, nil
	got := run(t, func(a, b *graph.Node) []*graph.Node {
		return []*graph.Node{with.Normalize(a, dtypes.Float32), without.Normalize(b, dtypes.Float32)}
	}, [][]float32{{3, 10}}, [][]uint8{{3, 10}})
	if got[0][0] != 1 || got[0][1] != 2 || got[1][0] != 3 || got[1][1] != 10 {
		t.Errorf("normalized to %v and %v, want 1 2 and 3 10", got[0], got[1])
	}
}

// TestProgramLoss: the loss of a network's own program has means over examples, and labels of either kind.
func TestProgramLoss(t *testing.T) {
	p := problem.Problem{Shape: []int{4}, Type: problem.Float32, Outputs: 3, Labels: []int{2}, Loss: problem.Program}
	if err := p.Check(); err != nil || p.HasTargets() {
		t.Errorf("classes: %v", err)
	}
	totals := p.Totals([]int32{0, 1, 2, 0, 1, 1}, nil)
	if loss, score := p.Means(6, 1.5, totals); loss != 2 || score != 50 {
		t.Errorf("3 examples with the sums 6 and 1.5 have the means %g and %g", loss, score)
	}
	p.Labels, p.Targets = nil, true
	if err := p.Check(); err != nil || !p.HasTargets() {
		t.Errorf("targets: %v", err)
	}
	if loss, _ := p.Means(6, 1, p.Totals(nil, make([]float32, 6))); loss != 3 {
		t.Errorf("2 examples with the sum 6 have the mean %g", loss)
	}
	p.Labels = []int{2}
	if p.Check() == nil {
		t.Error("targets at several places were accepted")
	}
	p.Labels, p.Loss = nil, problem.CrossEntropy
	if p.Check() == nil {
		t.Error("targets of cross-entropy were accepted")
	}
}
