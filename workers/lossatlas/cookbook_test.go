package main_test

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lossatlas/activities/npz"
)

// TestCookbook runs every file of the cookbook in its preset tiny. Files that name others find them next to the file.
func TestCookbook(t *testing.T) {
	files, err := filepath.Glob("../../pipelines/cookbook/*.yaml")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files in the cookbook, want at least 10 (%v)", len(files), err)
	}
	home, dir := t.TempDir(), t.TempDir()
	if !runPython(t, dir) {
		writePoints(t, filepath.Join(dir, "points.npz"))
	}
	first := copied(t, dir, files[0])
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			if filepath.Base(file) == "my-weights.yaml" {
				runSweep(t, home, copied(t, dir, filepath.Join(filepath.Dir(file), "stated-error.yaml")), "--preset", "tiny")
				if _, stderr, code := invoke(t, home, "export", "weights", "stated-error/train", filepath.Join(dir, "weights.safetensors")); code != 0 {
					t.Fatalf("export ended with %d:\n%s", code, stderr)
				}
			}
			o := runSweep(t, home, copied(t, dir, file), "--preset", "tiny")
			if o.Steps.Ran == 0 && filepath.Base(file) != "stated-error.yaml" || o.Steps.Failed > 0 {
				t.Errorf("steps: %+v", o.Steps)
			}
			if b, err := os.ReadFile(o.Report); err != nil || len(b) == 0 {
				t.Errorf("the report %s: %d bytes, %v", o.Report, len(b), err)
			}
		})
	}
	if o := runSweep(t, home, first, "--preset", "tiny"); o.Steps.Ran > 0 {
		t.Errorf("the second run of %s computed %d steps again", first, o.Steps.Ran)
	}
}

// runPython runs the page's Python, which makes points.npz, in a folder if PYTHON names a program.
func runPython(t *testing.T, dir string) bool {
	t.Helper()
	page, err := os.ReadFile("../../pipelines/cookbook.md")
	if err != nil {
		t.Fatal(err)
	}
	_, code, found := strings.Cut(string(page), "```python\n")
	code, _, ended := strings.Cut(code, "```")
	if !found || !ended {
		t.Fatal("the cookbook has no Python")
	}
	python := os.Getenv("PYTHON")
	if python == "" {
		return false
	}
	cmd := exec.CommandContext(t.Context(), python, "-c", code)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	return true
}

// copied copies a sweep file into a folder.
func copied(t *testing.T, dir, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, filepath.Base(file))
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// writePoints writes 120 points in the plane, of three classes by angle.
func writePoints(t *testing.T, path string) {
	t.Helper()
	points := npz.Array{Name: "x", Shape: []int{120, 2}}
	labels := npz.Array{Name: "y", Shape: []int{120}}
	x, y := make([]float32, 240), make([]int64, 120)
	for i := range y {
		angle := 0.1 * float64(i)
		x[2*i], x[2*i+1] = float32(math.Cos(angle)), float32(math.Sin(angle))
		y[i] = int64(math.Mod(angle, 2*math.Pi) * 3 / (2 * math.Pi))
	}
	points.Data, labels.Data = x, y
	b, err := npz.Encode([]npz.Array{points, labels})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}
