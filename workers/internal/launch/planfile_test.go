package launch

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile"
)

const plannedSweep = `name: one
dataset: {name: shapes10, train: 256, test: 64}
train: {net: small, epochs: 1}
`

// kept writes a plan of the sweep file and reads it back.
func kept(t *testing.T) (*PlanFile, *pipelines.Graph) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "one.yaml")
	if err := os.WriteFile(file, []byte(plannedSweep), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Read(file, "")
	if err != nil {
		t.Fatal(err)
	}
	g := expand(t, s, "sha256:data")
	plan := &pipelines.Plan{Sweep: "one"}
	for _, p := range g.All() {
		plan.Steps = append(plan.Steps, pipelines.PlannedStep{
			ID: p.Step.ID, Kind: p.Step.Kind, State: pipelines.StateCached, Reason: "done", Key: artifacts.Key(artifacts.Of([]byte(p.Step.ID))),
		})
	}
	path := filepath.Join(dir, "plan")
	if err := SavePlan(path, "lossatlas 1.0", s, g, "go:1", plan); err != nil {
		t.Fatal(err)
	}
	f, err := ReadPlan(path)
	if err != nil || f == nil {
		t.Fatalf("the plan can't be read: %v", err)
	}
	return f, g
}

func expand(t *testing.T, s *sweepfile.Sweep, data string) *pipelines.Graph {
	t.Helper()
	g, err := s.Expand(data)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestPlanFileIsRefused: where its keys would not be those of the plan, a run
// refuses, and names what is not as it was.
func TestPlanFileIsRefused(t *testing.T) {
	for want, change := range map[string]func(f *PlanFile) (numerics, data string){
		"":                        func(*PlanFile) (string, string) { return "go:1", "sha256:data" },
		"the numerics class go:1": func(*PlanFile) (string, string) { return "xla:2", "sha256:data" },
		"the data set has the digest sha256:other, and had sha256:data": func(*PlanFile) (string, string) { return "go:1", "sha256:other" },
		fmt.Sprintf("train steps have version %d in this program, and had 99", pipelines.KindTrain.Version()): func(f *PlanFile) (string, string) {
			f.Versions[pipelines.KindTrain] = 99
			return "go:1", "sha256:data"
		},
		"weights.npz has changed": func(f *PlanFile) (string, string) {
			f.Imports = []PlanImport{{"weights.npz", "sha256:1"}}
			return "go:1", "sha256:data"
		},
		"expands the sweep file to other steps than lossatlas 1.0": func(f *PlanFile) (string, string) {
			f.Graph = artifacts.Of(nil)
			return "go:1", "sha256:data"
		},
	} {
		f, _ := kept(t)
		numerics, data := change(f)
		s, err := f.Sweep()
		if err != nil {
			t.Fatal(err)
		}
		err = f.CheckGraph(s, expand(t, s, data), numerics)
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "lossatlas plan "+f.Folder)) {
			t.Errorf("got %v, want %q and the command that makes a new plan", err, want)
		}
	}
}

// TestPlanFileHolds: what others did meanwhile is no reason to refuse, what is
// gone or would be made from something else is.
func TestPlanFileHolds(t *testing.T) {
	f, g := kept(t)
	now := func(change func(*pipelines.PlannedStep)) *pipelines.Plan {
		p := &pipelines.Plan{Steps: append([]pipelines.PlannedStep(nil), f.Plan.Steps...)}
		change(&p.Steps[0])
		return p
	}
	gone := now(func(s *pipelines.PlannedStep) {
		s.State, s.Why = pipelines.StateRun, &pipelines.Why{Type: pipelines.WhyNeverRun}
	})
	if err := f.CheckPlan(gone); err == nil || !strings.Contains(err.Error(), "one/train was stored, and is gone") {
		t.Errorf("a result that is gone: %v", err)
	}
	other := now(func(s *pipelines.PlannedStep) { s.Key[0]++ })
	if err := f.CheckPlan(other); err == nil || !strings.Contains(err.Error(), "one/train would be made from other results") {
		t.Errorf("a result under another key: %v", err)
	}
	f.Plan.Steps[0].State = pipelines.StateRun
	if err := f.CheckPlan(now(func(s *pipelines.PlannedStep) { s.State = pipelines.StateCached })); err != nil {
		t.Errorf("a step that others finished: %v", err)
	}
	if len(g.All()) != len(f.Plan.Steps) {
		t.Errorf("%d steps are planned of %d", len(f.Plan.Steps), len(g.All()))
	}
}

// TestPlanFileOnly: a plan is no sweep file and takes no other file's place; a
// damaged one is named as such.
func TestPlanFileOnly(t *testing.T) {
	f, _ := kept(t)
	if _, err := Read(f.path, ""); err == nil || !strings.Contains(err.Error(), "lossatlas run "+f.path) {
		t.Errorf("a plan read as a sweep file: %v", err)
	}
	if _, err := PlanPath(filepath.Join(f.Folder, "one.yaml")); err == nil {
		t.Error("a plan may replace a sweep file")
	}
	if _, err := PlanPath(f.path); err != nil {
		t.Errorf("a plan in place of a plan: %v", err)
	}
	if f, err := ReadPlan(filepath.Join(f.Folder, "one.yaml")); f != nil || err != nil {
		t.Errorf("a sweep file read as a plan: %v, %v", f, err)
	}
	b, err := os.ReadFile(f.path)
	if err != nil {
		t.Fatal(err)
	}
	for name, damaged := range map[string]string{
		"cut":          string(b[:len(b)/2]),
		"of tomorrow":  strings.Replace(string(b), `"lossatlas_plan": 1`, `"lossatlas_plan": 2`, 1),
		"without plan": `{"lossatlas_plan": 1}`,
	} {
		if err := os.WriteFile(f.path, []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadPlan(f.path); err == nil || !strings.Contains(err.Error(), "make it again") {
			t.Errorf("a plan %s: %v", name, err)
		}
	}
	// The folder that it was made in may be gone: imports are then looked for next to it.
	moved := &PlanFile{path: f.path, File: f.File, Folder: "/nowhere"}
	if s, err := moved.Sweep(); err != nil || s.Folder != filepath.Dir(f.path) {
		t.Errorf("a plan from elsewhere: %+v, %v", s, err)
	}
}
