package main_test

import (
	"math"
	"os"
	"strings"
	"testing"
)

// repeatedFile has the trainings of divergingFile, each twice, and no maps.
var repeatedFile = strings.Replace(divergingFile, "maps: [{kind: line, points: 3}]", "repeats: 2\nplots: []\npresets: {once: {repeats: }}", 1)

// TestRepeats: repetitions add to what was computed once, and their means say
// what they are means of: of what diverged, there is none.
func TestRepeats(t *testing.T) {
	home, file := t.TempDir(), writeSweep(t, repeatedFile)
	var once, got outcome
	for _, run := range []struct {
		to   *outcome
		args []string
	}{{&once, []string{"--preset", "once"}}, {&got, nil}} {
		stdout, stderr, code := invoke(t, home, append([]string{"run", file, "--output", "json"}, run.args...)...)
		if code != 3 {
			t.Fatalf("run %v ended with %d:\n%s", run.args, code, stderr)
		}
		decode(t, stdout, run.to)
		if run.to != &once {
			continue
		}
		if _, stderr, code := invoke(t, home, "show", "diverging", "--means"); code != 2 || !strings.Contains(stderr, "sweep diverging has no repetitions") {
			t.Errorf("means of a sweep without repetitions: %d:\n%s", code, stderr)
		}
	}
	// All of the first run but its report, whose page has other experiments.
	if want := once.Steps.Ran - 1; got.Steps.Cached != want {
		t.Errorf("the repetitions find %d steps done, want the %d of the first run", got.Steps.Cached, want)
	}
	stdout, stderr, code := invoke(t, home, "show", "diverging", "--means", "--format", "json")
	if code != 0 {
		t.Fatalf("show ended with %d:\n%s", code, stderr)
	}
	var groups []struct {
		Group       string
		Repetitions int
		States      map[string]int
		Measures    []struct {
			Name     string
			Mean, SD *float64
			Count    int
		}
	}
	decode(t, stdout, &groups)
	if len(groups) != 2 || groups[0].States["done"] != 2 || groups[1].States["diverged"] != 2 {
		t.Fatalf("the groups are %+v", groups)
	}
	for _, m := range groups[0].Measures {
		if m.Name == "train_loss" && (m.Count != 2 || m.Mean == nil || m.SD == nil || *m.SD <= 0 || math.Abs(*m.Mean) > 10) {
			t.Errorf("the training loss of two trainings is %+v", m)
		}
	}
	for _, m := range groups[1].Measures {
		if m.Count != 0 || m.Mean != nil {
			t.Errorf("of trainings that diverged, %s is %+v", m.Name, m)
		}
	}
	if stdout, _, _ := invoke(t, home, "show", "diverging"); !strings.Contains(stdout, "\ngroup      ") || !strings.Contains(stdout, " ± ") {
		t.Errorf("show has no means:\n%s", stdout)
	}
	page, err := os.ReadFile(got.Report)
	if err != nil || !strings.Contains(string(page), "Means over repetitions") || !strings.Contains(string(page), "0 of 2") {
		t.Errorf("the report has no means (%v)", err)
	}
}
