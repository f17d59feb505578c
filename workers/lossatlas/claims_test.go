package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestClaims runs two of the paper's sweeps from end to end in their smallest presets, which have every kind of map that the claims are judged
// by, and makes the page of what they export: the same page from a second export. `go test ./pipelines/sweepfile` expands the others.
func TestClaims(t *testing.T) {
	home, exports := t.TempDir(), t.TempDir()
	tool := filepath.Join(t.TempDir(), "claims")
	if b, err := exec.Command("go", "build", "-o", tool, "../claims").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	var pages []string
	for again := range 2 {
		out := t.TempDir()
		for _, sweep := range []string{"table1", "curvature"} {
			file, err := filepath.Abs("../../pipelines/" + sweep + ".yaml")
			if err != nil {
				t.Fatal(err)
			}
			if again == 0 {
				runSweep(t, home, file, "--preset", "ci")
			}
			if stdout, stderr, code := invoke(t, home, "export", "sweep", sweep, filepath.Join(exports, sweep)); code != 0 {
				t.Fatalf("export ended with %d: %s%s", code, stdout, stderr)
			}
			if b, err := exec.Command(tool, "collect", filepath.Join(exports, sweep), out).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, b)
			}
		}
		if b, err := exec.Command(tool, "page", out).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, b)
		}
		b, err := os.ReadFile(filepath.Join(out, "README.md"))
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, string(b))
	}
	if pages[0] != pages[1] {
		t.Error("the page is another one the second time")
	}
	for _, want := range []string{"**can't be told**", "**not computed yet**", "table1-norms.png", "curvature-multiples.png", "run pipelines/table1.yaml --preset ci", "0 of 1"} {
		if !strings.Contains(pages[0], want) {
			t.Errorf("the page has no %q:\n%s", want, pages[0])
		}
	}
}
