package main_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// everything lists all objects of a home's store.
func everything(t *testing.T, home string) []string {
	t.Helper()
	var all []string
	for _, kind := range []string{"actions", "cas", "parts", "roots"} {
		if _, err := os.Stat(filepath.Join(bucket(home), kind)); err == nil {
			all = append(all, objects(t, home, kind)...)
		}
	}
	slices.Sort(all)
	return all
}

// TestPlansAndTrials: a plan that was kept is run as it is or refused, a trial
// leaves the store as it was, and a plan of a changed sweep says what changed and
// how long it will take.
func TestPlansAndTrials(t *testing.T) {
	home, file := t.TempDir(), writeSweep(t, storeSweep)
	kept := filepath.Join(t.TempDir(), "kept.plan")
	plan := func(file string, args ...string) (steps map[string]plannedStep, estimate float64) {
		t.Helper()
		stdout, stderr, code := invoke(t, home, append([]string{"plan", file, "--output", "json"}, args...)...)
		if code != 0 {
			t.Fatalf("plan ended with %d: %s", code, stderr)
		}
		var p struct {
			Steps    []plannedStep
			Estimate float64 `json:"estimate_s"`
		}
		decode(t, stdout, &p)
		steps = map[string]plannedStep{}
		for _, s := range p.Steps {
			steps[s.ID] = s
		}
		return steps, p.Estimate
	}
	if steps, estimate := plan(file, "-o", kept); steps["kept/train"].Why.Type != "never-run" || estimate != 0 {
		t.Errorf("before anything ran, the training is planned as %+v, and all in %g s", steps["kept/train"], estimate)
	}
	if _, stderr, code := invoke(t, home, "plan", file, "-o", file); code != 2 {
		t.Errorf("a plan in place of the sweep file ended with %d: %s", code, stderr)
	}

	killed := command(t.Context(), home, "run", file, "--no-cache-write")
	if err := killed.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(5 * time.Second)
	if err := killed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = killed.Wait() // it was killed
	trial := runSweep(t, home, file, "--no-cache-write")
	if trial.Steps.Ran != trial.Steps.Total {
		t.Errorf("the trial: %+v", trial.Steps)
	}
	if page, err := os.ReadFile(trial.Report); err != nil || !strings.Contains(string(page), "kept") {
		t.Errorf("the trial's report %q: %v", trial.Report, err)
	}
	if left := everything(t, home); len(left) != 0 {
		t.Errorf("the trial left %v", left)
	}
	if rest, err := filepath.Glob(bucket(home) + "?*"); err != nil || len(rest) != 0 {
		t.Errorf("buckets are left: %v, %v", rest, err)
	}

	first := runSweep(t, home, kept)
	same(t, trial, first)
	before := everything(t, home)
	changed := writeSweep(t, strings.Replace(storeSweep, "resolution: 3", "resolution: 5", 1))
	steps, estimate := plan(changed)
	surface := steps["kept/surface-train"]
	if w := surface.Why; surface.State != "run" || w.Type != "parameter" || w.Since != "kept/surface-train" || len(w.Changes) == 0 || w.Changes[0] != (change{"x.n", "3", "5"}) {
		t.Errorf("the surface with another resolution is planned as %+v", surface)
	}
	if picture := steps["kept/surface-train-contour"]; !(surface.Estimate > 0) || !(picture.Estimate > 0) || !(estimate >= surface.Estimate+picture.Estimate) {
		t.Errorf("planned in %g s, of which the surface %g s and its picture %g s", estimate, surface.Estimate, picture.Estimate)
	}
	if second := runSweep(t, home, changed, "--no-cache-write"); second.Steps.Ran == 0 || second.Steps.Cached == 0 {
		t.Errorf("the trial of the changed sweep: %+v", second.Steps)
	}
	if after := everything(t, home); !slices.Equal(before, after) {
		t.Errorf("the trial changed the store from\n%v to\n%v", before, after)
	}

	plan(file, "-o", kept)
	if again := runSweep(t, home, kept); again.Steps.Cached != again.Steps.Total {
		t.Errorf("a plan of what was done: %+v", again.Steps)
	}
	grid := first.digests()["kept/surface-train/grid"]
	if err := os.Remove(filepath.Join(bucket(home), "cas", "sha256", grid[7:9], grid[7:])); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := invoke(t, home, "run", kept); code != 1 || !strings.Contains(stderr, "kept/surface-train was stored, and is gone in part (blob missing: grid)") {
		t.Errorf("a plan that counts on a blob which is gone ended with %d: %s", code, stderr)
	}
	if _, stderr, code := invoke(t, home, "run", kept, "--backend", "xla", "--plugin", binary); code != 1 {
		t.Errorf("a plan for other arithmetic ended with %d: %s", code, stderr)
	}
	same(t, first, runSweep(t, home, file))
}

// plannedStep is one step of `plan --output json`.
type plannedStep struct {
	ID, State, Reason string
	Why               struct {
		Type, Since string
		Changes     []change
	}
	Estimate float64 `json:"estimate_s"`
}

type change struct{ Name, From, To string }
