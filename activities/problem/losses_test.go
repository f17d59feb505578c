package problem_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"lossatlas/activities/problem"
	"lossatlas/activities/tangent"
)

// lossCase is a loss of PyTorch's, from testdata/losses.py.
type lossCase struct {
	Problem            problem.Problem
	Dims               []int
	Outputs, Labels, V []float64
	Loss               float64
	Gradient, Product  []float64
}

// TestLossesOfPyTorch compares each loss, its gradient and its Hessian-vector product in float64 with PyTorch's. Labels are
// float32, hence 1e-7; the derivatives of log-sum-exp lose some digits.
func TestLossesOfPyTorch(t *testing.T) {
	text, err := os.ReadFile("testdata/losses.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []lossCase
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		c.Problem.Shape, c.Problem.Type = []int{1}, problem.Float32
		t.Run(c.Problem.String(), func(t *testing.T) {
			if err := c.Problem.Check(); err != nil {
				t.Fatal(err)
			}
			got := c.evaluate(t)
			for i, want := range [][]float64{{c.Loss}, c.Gradient, c.Product} {
				for k := range want {
					if math.Abs(got[i][k]-want[k]) > 1e-7*(1+math.Abs(want[k])) {
						t.Errorf("%s %d is %.12g, PyTorch has %.12g", []string{"loss", "gradient", "product"}[i], k, got[i][k], want[k])
					}
				}
			}
		})
	}
}

// evaluate returns the mean loss, its gradient and the product with V.
func (c lossCase) evaluate(t *testing.T) (values [][]float64) {
	t.Helper()
	backend, err := gobackend.New("")
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	exec, err := graph.NewExec(backend, func(in []*graph.Node) []*graph.Node {
		loss, _ := c.Problem.LossAndScore(in[0], in[1])
		sum := graph.ReduceAllSum(loss)
		gradient := graph.Gradient(sum, in[0])
		return []*graph.Node{sum, gradient[0], tangent.Along(gradient, in[:1], in[2:])[0]}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	var classes []int32
	var targets []float32
	for _, y := range c.Labels {
		classes, targets = append(classes, int32(y)), append(targets, float32(y))
	}
	var labels *tensors.Tensor
	if c.Problem.HasTargets() {
		classes, labels = nil, tensors.FromFlatDataAndDimensions(targets, c.Dims...)
	} else {
		targets, labels = nil, tensors.FromFlatDataAndDimensions(classes, c.Dims[:len(c.Dims)-1]...)
	}
	out, err := exec.Call(tensors.FromFlatDataAndDimensions(c.Outputs, c.Dims...), labels, tensors.FromFlatDataAndDimensions(c.V, c.Dims...))
	if err != nil {
		t.Fatal(err)
	}
	weight := c.Problem.Totals(classes, targets).Weight
	for _, o := range out {
		v := tensors.MustCopyFlatData[float64](o)
		for i := range v {
			v[i] /= weight
		}
		values = append(values, v)
	}
	return values
}

// TestScores: top five, ignored places, signs of logits and the coefficient of determination, worked out by hand.
func TestScores(t *testing.T) {
	ignored := int32(9)
	for _, c := range []struct {
		name    string
		problem problem.Problem
		outputs any
		labels  any
		classes []int32
		targets []float32
		want    float64
	}{
		{"top five", problem.Problem{Outputs: 6, Loss: problem.CrossEntropy, Score: problem.TopFive},
			[][]float32{{6, 5, 4, 3, 2, 1}, {6, 5, 4, 3, 2, 1}}, []int32{4, 5}, []int32{4, 5}, nil, 50},
		{"tokens", problem.Problem{Outputs: 2, Labels: []int{3}, Loss: problem.CrossEntropy, LossOptions: problem.LossOptions{Ignore: &ignored}},
			[][][]float32{{{1, 0}, {1, 0}, {0, 1}}}, [][]int32{{0, 1, 9}}, []int32{0, 1, 9}, nil, 50},
		{"signs", problem.Problem{Outputs: 2, Loss: problem.BinaryCrossEntropy}, [][]float32{{1, -1}, {-1, -1}}, [][]float32{{1, 0}, {1, 0}}, nil, []float32{1, 0, 1, 0}, 75},
		{"determination", problem.Problem{Outputs: 1, Loss: problem.MeanSquaredError, Score: problem.Determination},
			[][]float32{{1}, {2}, {4}}, [][]float32{{1}, {2}, {3}}, nil, []float32{1, 2, 3}, 50},
	} {
		sum := 0.0
		got := run(t, func(outputs, labels *graph.Node) []*graph.Node {
			_, score := c.problem.LossAndScore(outputs, labels)
			return []*graph.Node{score}
		}, c.outputs, c.labels)
		for _, s := range got[0] {
			sum += float64(s)
		}
		if _, score := c.problem.Means(0, sum, c.problem.Totals(c.classes, c.targets)); math.Abs(score-c.want) > 1e-5 {
			t.Errorf("%s: %g %%, want %g %%", c.name, score, c.want)
		}
	}
}
