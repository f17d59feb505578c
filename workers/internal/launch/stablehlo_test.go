package launch_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lossatlas/activities/problem"
	"lossatlas/pipelines/sweepfile"
	"lossatlas/workers/internal/launch"
)

const exportedSweep = `name: jax
dataset: {name: data.npz, loss: program}
train: {net: ./convnet}
maps:
  - {kind: line, points: 5}
  - {kind: spectrum}
  - {kind: surface, resolution: 3, directions: hessian}
`

// exported is a folder with a network from JAX, its data and a sweep file, and the path of the last.
func exported(t *testing.T) (folder, file string) {
	t.Helper()
	folder = t.TempDir()
	if err := os.CopyFS(folder, os.DirFS("../../../activities/hlo/testdata")); err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(folder, "jax.yaml")
	if err := os.WriteFile(file, []byte(exportedSweep), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder, file
}

// TestSweepOfStableHLO: a folder is a network of a sweep file, which the pure-Go backend is not asked to compute. Without the
// products with the Hessian, the maps that need them are refused in their lines, with the line of Python that exports them.
func TestSweepOfStableHLO(t *testing.T) {
	folder, file := exported(t)
	s, err := launch.Read(file, "")
	if err != nil {
		t.Fatal(err)
	}
	const xla, pure = "xla:1:f32:cpu-amd64-avx2:v1", "go:1:f32:cpu-amd64-avx2:simd:v1"
	if class, err := launch.Class(s, xla, "", nil); err != nil || class != xla {
		t.Errorf("the class is %q (%v)", class, err)
	}
	if _, err := launch.Class(s, pure, "", nil); err == nil || !strings.Contains(err.Error(), "./convnet consists of StableHLO programs, which only XLA computes") {
		t.Errorf("pure Go is refused by %v", err)
	}
	before := s.Networks()[0].Network
	if err := os.Remove(filepath.Join(folder, "convnet", "hvp.mlir")); err != nil {
		t.Fatal(err)
	}
	_, err = launch.Read(file, "")
	if err == nil {
		t.Fatal("second derivatives of a network without hvp.mlir were accepted")
	}
	for _, want := range []string{"jax.yaml:6:", "jax.yaml:7:", "hvp.mlir", "jax.jvp(lambda q: jax.grad(loss)"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "jax.yaml:5:") {
		t.Errorf("the line was refused, too:\n%v", err)
	}
	lines := strings.Split(exportedSweep, "\n")
	if err := os.WriteFile(file, []byte(strings.Join(lines[:5], "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err = launch.Read(file, ""); err != nil || s.Networks()[0].Network == before {
		t.Errorf("without hvp.mlir it is another network, and a line can be drawn: %v", err)
	}
}

// TestDescribeStableHLO: the loss is that of the network and the data are taken unchanged; what does not fit is refused.
func TestDescribeStableHLO(t *testing.T) {
	folder, _ := exported(t)
	s, err := launch.Describe(folder, "./convnet", sweepfile.Import{}, sweepfile.DataChoices{Name: "./data.npz"})
	if err != nil || s.Problem.Loss != problem.Program || s.Data.Loss != "" || s.Net.NumParams() != 104 {
		t.Errorf("described as %+v (%v)", s, err)
	}
	for want, c := range map[string]sweepfile.DataChoices{
		"say `loss: program`":                   {Name: "shapes10", Loss: problem.CrossEntropy},
		"write `normalization: none`":           {Name: "./data.npz", Mean: []float64{1}, Deviation: []float64{2}},
		"but the data have [32 32 3] and uint8": {Name: "shapes10"},
	} {
		if _, err := launch.Describe(folder, "./convnet", sweepfile.Import{}, c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: the error is %v, and should say %q", c, err, want)
		}
	}
	m, err := launch.ReadModel(filepath.Join(folder, "convnet"))
	if err != nil || len(m.Params) != 7 || len(m.Buffers) != 2 || strings.Join(m.Input, " ") != "8 5 4 2" || len(m.Notes) != 0 {
		t.Errorf("the folder reads as %+v (%v)", m, err)
	}
}
