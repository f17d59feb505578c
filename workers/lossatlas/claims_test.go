package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The sweep files of two figures run from end to end in their smallest presets, and the page on the paper's claims is made of
// what they export: the same page from a second run, which computes nothing.
func TestClaims(t *testing.T) {
	home, exports := t.TempDir(), t.TempDir()
	var pages []map[string]string
	for again := range 2 {
		for _, fig := range []string{"fig2", "fig5"} {
			file, err := filepath.Abs("../../pipelines/" + fig + ".yaml")
			if err != nil {
				t.Fatal(err)
			}
			o := runSweep(t, home, file, "--preset", "ci")
			if again > 0 && o.Steps.Cached != o.Steps.Total {
				t.Errorf("%s: run again, %d of %d steps were there", fig, o.Steps.Cached, o.Steps.Total)
			}
			if stdout, stderr, code := invoke(t, home, "export", "sweep", fig, filepath.Join(exports, fig)); code != 0 {
				t.Fatalf("export ended with %d: %s%s", code, stdout, stderr)
			}
		}
		out := t.TempDir()
		if b, err := exec.Command("go", "run", "../claims", exports, out).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, b)
		}
		page := map[string]string{}
		entries, err := os.ReadDir(out)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			b, err := os.ReadFile(filepath.Join(out, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			page[e.Name()] = string(b)
		}
		pages = append(pages, page)
	}
	for _, want := range []string{"fig2-norms-without-decay.png", "fig5-multiples.png", "experiments.csv", "digests.csv", "interpolation.csv", "norms.csv"} {
		if pages[0][want] == "" || !strings.Contains(pages[0]["README.md"], want) {
			t.Errorf("the page has no %s:\n%s", want, pages[0]["README.md"])
		}
	}
	if len(pages[0]) != len(pages[1]) {
		t.Errorf("%d files at first, %d the second time", len(pages[0]), len(pages[1]))
	}
	for name, text := range pages[0] {
		if pages[1][name] != text {
			t.Errorf("%s is another one the second time", name)
		}
	}
}
