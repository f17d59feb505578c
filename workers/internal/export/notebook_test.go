package export_test

import (
	"cmp"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"lossatlas/deploy/docs"
	"lossatlas/workers/internal/export"
)

// TestNotebookReader runs the reader of workers/notebooks.md on an exported sweep: it finds the experiment, and the arrays of each step with numbers.
func TestNotebookReader(t *testing.T) {
	page, err := os.ReadFile("../../notebooks.md")
	if err != nil {
		t.Fatal(err)
	}
	var reader string
	for _, b := range docs.Blocks(string(page)) {
		if b.Language == "python" {
			reader = b.Text
			break
		}
	}
	if n := strings.Count(strings.TrimSpace(reader), "\n"); n < 5 || n > 12 {
		t.Fatalf("a reader of %d lines", n+1)
	}
	python := cmp.Or(os.Getenv("PYTHON"), "python3")
	if out, err := exec.Command(python, "-c", "import numpy").CombinedOutput(); err != nil {
		t.Skipf("%s can't import numpy (pip install it, and let PYTHON name the interpreter): %s", python, out)
	}
	s, dir := newSample(t), t.TempDir()
	if _, err := export.Folder(t.Context(), dir, s.sweep); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(python, "-c", reader+`
import sys
sweep, arrays = read(sys.argv[1])
print(json.dumps({"experiment": sweep["experiments"][0]["name"], "error": sweep["experiments"][0]["test_error"], "steps": sorted(arrays),
    "loss": float(arrays["lr=0.1,net=a/surface-train"]["loss"][1, 3]), "shape": arrays["lr=0.1,net=a/surface-train"]["mask"].shape}))
`, dir).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var got struct {
		Experiment string
		Error      float64
		Steps      []string
		Loss       float64
		Shape      []int
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	steps := "between/train lr=0.1,net=a/hessian-train lr=0.1,net=a/line-train lr=0.1,net=a/path-train lr=0.1,net=a/spectrum-train lr=0.1,net=a/surface-train"
	if got.Experiment != "lr=0.1,net=a" || got.Error != 10 || strings.Join(got.Steps, " ") != steps || got.Loss != s.surface.Loss[8] || got.Shape[0] != 3 || got.Shape[1] != 5 {
		t.Errorf("the reader finds %+v", got)
	}
}
