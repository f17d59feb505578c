package export_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"testing"

	"lossatlas/activities/surface"
	"lossatlas/workers/internal/export"
)

// python is an interpreter with NumPy, VTK and safetensors: $PYTHON, or python3. Without one the test
// is skipped, except under continuous integration, which installs them.
func python(t *testing.T) string {
	t.Helper()
	python := cmp.Or(os.Getenv("PYTHON"), "python3")
	out, err := exec.Command(python, "-c", "import numpy, safetensors, vtkmodules").CombinedOutput()
	if err == nil {
		return python
	}
	say := t.Skipf
	if os.Getenv("CI") == "true" {
		say = t.Fatalf
	}
	say("%s can't import numpy, safetensors and vtk (pip install them, and let PYTHON name the interpreter): %v\n%s", python, err, out)
	return ""
}

// array is one array as testdata/readback.py prints it.
type array struct {
	Shape  []int
	Values []string
	Text   string
}

func (a array) floats(t *testing.T) []float64 {
	t.Helper()
	out := make([]float64, len(a.Values))
	for i, s := range a.Values {
		var err error
		if out[i], err = strconv.ParseFloat(s, 64); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// same compares to the last bit; all NaNs are equal.
func same(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(x, y float64) bool { return x == y || math.IsNaN(x) && math.IsNaN(y) })
}

// TestReadBack exports a sweep and reads all of it with NumPy, VTK and the safetensors package.
func TestReadBack(t *testing.T) {
	python := python(t)
	s := newSample(t)
	dir := t.TempDir()
	if _, err := export.Folder(t.Context(), dir, s.sweep); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "testdata/readback.py", dir)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil || errs.Len() > 0 {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	var files map[string]map[string]array
	if err := json.Unmarshal(out, &files); err != nil {
		t.Fatal(err)
	}
	want := func(file, name string, shape []int, values []float64) {
		t.Helper()
		a, ok := files["lr=0.1,net=a/"+file][name]
		if !ok {
			t.Fatalf("%s has no %s: there are %d files, and in it %v", file, name, len(files), files["lr=0.1,net=a/"+file])
		}
		if got := a.floats(t); !slices.Equal(a.Shape, shape) || !same(got, values) {
			t.Errorf("%s, %s: shape %v and %v, want %v and %v", file, name, a.Shape, got, shape, values)
		}
	}
	grids := map[string]*surface.Grid{"surface-train": s.surface, "line-train": s.line, "hessian-train": s.curve}
	for name, g := range grids {
		nx, ny := len(g.X), len(g.Y)
		mask, xs, ys, points := make([]float64, nx*ny), make([]float64, nx*ny), make([]float64, nx*ny), []float64{}
		for i, done := range g.Mask {
			if done {
				mask[i] = 1
			}
			xs[i], ys[i] = g.X[i%nx], g.Y[i/nx]
			points = append(points, xs[i], ys[i], 0)
		}
		values := map[string][]float64{"loss": g.Loss, "accuracy": g.Accuracy}
		if g.Curvature != nil {
			values["lambda_min"], values["lambda_max"] = g.Curvature.LambdaMin, g.Curvature.LambdaMax
			values["residual_min"], values["residual_max"] = g.Curvature.ResidualMin, g.Curvature.ResidualMax
		}
		for array, v := range values {
			want(name+".npz", array, []int{ny, nx}, v)
			want(name+".csv", array, []int{nx * ny}, v)
			want(name+".vts", array, []int{nx * ny}, v)
		}
		want(name+".npz", "x", []int{nx}, g.X)
		want(name+".npz", "y", []int{ny}, g.Y)
		want(name+".npz", "mask", []int{ny, nx}, mask)
		want(name+".csv", "x", []int{nx * ny}, xs)
		want(name+".csv", "y", []int{nx * ny}, ys)
		want(name+".csv", "evaluated", []int{nx * ny}, mask)
		want(name+".vts", "mask", []int{nx * ny}, mask)
		want(name+".vts", "points", []int{nx * ny, 3}, points)
		want(name+".vts", "dimensions", []int{3}, []float64{float64(nx), float64(ny), 1})
	}
	want("path-path.csv", "epoch", []int{3}, []float64{0, 1, 2})
	want("path-path.csv", "pc2", []int{3}, []float64{0.5, 0.125, 0})
	want("path-train.vtp", "points", []int{3, 3}, []float64{-1, 0.5, 0, 0.25, 0.125, 0, 0, 0, 0})
	want("path-train.vtp", "cells", []int{2}, []float64{3, 1})
	want("path-train.vtp", "line", []int{3}, []float64{0, 1, 2})
	want("path-train.vtp", "epoch", []int{3}, []float64{0, 1, 2})
	want("path-train.vtp", "rate_change", []int{3}, []float64{0, 1, 0})
	g := s.surface
	inside := 0.75*(g.Loss[7]+g.Loss[8])/2 + 0.25*(g.Loss[12]+g.Loss[13])/2 // at (0.25, 0.125): halfway in x, a quarter of the way in y
	want("path-train.vtp", "loss", []int{3}, []float64{g.Loss[10], inside, g.Loss[7]})
	want("spectrum-train.npz", "lambda_max", []int{1}, []float64{5})
	want("spectrum-train.npz", "nodes", []int{1, 2}, []float64{-1, 5})
	xs, density, _ := s.spectrum.Curve()
	none := slices.Repeat([]float64{math.NaN()}, len(xs))
	ends := []float64{s.spectrum.LambdaMax, s.spectrum.LambdaMin}
	rows := len(xs) + 4 // two eigenvalues and two nodes stand before the density
	want("spectrum-train.csv", "x", []int{rows}, slices.Concat(ends, []float64{-1, 5}, xs))
	want("spectrum-train.csv", "density", []int{rows}, slices.Concat(none[:4], density))
	want("spectrum-train.csv", "weight", []int{rows}, slices.Concat(none[:2], s.spectrum.Density.Probes[0].Weights, none))
	want("spectrum-train.csv", "residual", []int{rows}, slices.Concat([]float64{s.spectrum.ResidualMax, s.spectrum.ResidualMin}, none[:2], none))
	want("train-weights.safetensors", "conv.weight", []int{2, 1, 1, 2}, []float64{1, 2, 3, 4.5})
	want("train-weights.safetensors", "fc.bias", []int{1}, []float64{float64(float32(-0.1))})
	want("surface-directions.safetensors", "x/conv.weight", []int{2, 1, 1, 2}, []float64{0, 1, 0, 1})
	if meta := files["lr=0.1,net=a/surface-train.npz"]["meta"].Text; meta != string(s.surface.Meta) {
		t.Errorf("the meta of the grid is %q", meta)
	}
}
