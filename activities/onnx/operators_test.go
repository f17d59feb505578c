package onnx_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"lossatlas/activities/internal/numtest"
	"lossatlas/activities/onnx"
)

// example is a model with an input and the outputs that its own framework computes.
type example struct {
	Name  string
	Model []byte
	Batch int
	X     []float32
	Y     []float64
}

func readExamples(t testing.TB, file string) (all []example) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", file))
	if err == nil {
		err = json.Unmarshal(b, &all)
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestOperators compares each operator with ONNX's reference evaluator, both in
// double precision. The models are stored in single precision, and so are numbers
// in attributes.
func TestOperators(t *testing.T) {
	for _, e := range readExamples(t, "operators.json") {
		t.Run(e.Name, func(t *testing.T) { compareExample(t, e, 1e-7) })
	}
}

func compareExample(t *testing.T, e example, tolerance float64) {
	f, err := onnx.Parse(e.Model, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r := newRun(t, f)
	r.input(numtest.Widen(e.X), e.Batch)
	near(t, "output", r.logits(t), e.Y, tolerance)
}
