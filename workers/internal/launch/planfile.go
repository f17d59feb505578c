package launch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/export"
)

const (
	// PlanFormat is the version of the format of plan files.
	PlanFormat = 1
	// planMark is the beginning of a plan file in every format.
	planMark = `"lossatlas_plan"`
	// maxPlan is the maximum size of a plan in bytes.
	maxPlan = 256 << 20
)

// PlanFile is a saved plan, to be run unchanged.
type PlanFile struct {
	Format  int       `json:"lossatlas_plan"`
	Program string    `json:"program"`
	Made    time.Time `json:"made"`
	// File is the sweep file that was read, in Folder.
	File   artifacts.RootFile `json:"file"`
	Folder string             `json:"folder"`
	// The keys of the steps depend on the following.
	Numerics string                 `json:"numerics"`
	Versions map[pipelines.Kind]int `json:"versions"`
	Data     string                 `json:"data"` // digest
	Imports  []PlanImport           `json:"imports,omitempty"`
	Graph    artifacts.Digest       `json:"graph"` // of the expanded sweep, as JSON
	// Plan is the plan of a run at the time.
	Plan *pipelines.Plan `json:"plan"`

	path string
}

// PlanImport is a file that the sweep imports.
type PlanImport struct {
	File   string `json:"file"`
	Digest string `json:"digest"` // of its content as steps store it
}

// PlanPath returns the absolute path for a plan's file, as services may change the working directory. A file there that is no
// plan is an error.
func PlanPath(path string) (string, error) {
	if b, err := os.ReadFile(path); err == nil && !isPlan(b) {
		return "", exit.Usagef("%s exists and is no plan: name another file for the plan", path)
	}
	return filepath.Abs(path)
}

// SavePlan saves a plan.
func SavePlan(path, program string, s *sweepfile.Sweep, g *pipelines.Graph, numerics string, plan *pipelines.Plan) error {
	f, err := planFile(s, g)
	if err != nil {
		return err
	}
	f.Program, f.Made, f.Numerics, f.Plan = program, time.Now().UTC(), numerics, plan
	b, err := json.MarshalIndent(f, "", " ")
	if err != nil {
		return err
	}
	return export.WriteFile(path, append(b, '\n'))
}

// planFile returns the part of a plan's file that a sweep and its graph determine.
func planFile(s *sweepfile.Sweep, g *pipelines.Graph) (*PlanFile, error) {
	f := &PlanFile{
		Format: PlanFormat, File: artifacts.RootFile{Name: filepath.Base(s.File), Preset: s.Preset, Text: string(s.Source)}, Folder: s.Folder,
		Versions: map[pipelines.Kind]int{},
	}
	for _, p := range g.All() {
		f.Versions[p.Step.Kind] = p.Step.Kind.Version()
		var params struct{ Data struct{ Digest string } }
		if err := json.Unmarshal(p.Step.Params, &params); err == nil && params.Data.Digest != "" {
			f.Data = params.Data.Digest
		}
	}
	for _, i := range s.Imports() {
		f.Imports = append(f.Imports, PlanImport{i.File, s.Imported(i)})
	}
	b, err := json.Marshal(g)
	if err != nil {
		return nil, err
	}
	f.Graph = artifacts.Of(b)
	return f, nil
}

// isPlan reports whether a file is a plan, by its beginning.
func isPlan(b []byte) bool {
	rest, ok := bytes.CutPrefix(bytes.TrimSpace(b), []byte("{"))
	return ok && bytes.HasPrefix(bytes.TrimSpace(rest), []byte(planMark))
}

// ReadPlan reads a plan's file; nil for another file.
func ReadPlan(path string) (*PlanFile, error) {
	info, err := os.Stat(path)
	if err != nil || info.IsDir() || info.Size() > maxPlan {
		return nil, nil // Read explains the error
	}
	b, err := os.ReadFile(path)
	if err != nil || !isPlan(b) {
		return nil, nil
	}
	f := &PlanFile{path: path}
	if err := json.Unmarshal(b, f); err != nil {
		return nil, exit.Usagef("the plan %s is damaged (%w): make it again with `lossatlas plan`", path, err)
	}
	if f.Format != PlanFormat {
		return nil, exit.Usagef("the plan %s has format %d; this program reads format %d: make it again with this program", path, f.Format, PlanFormat)
	}
	if f.Plan == nil || f.File.Text == "" {
		return nil, exit.Usagef("the plan %s is incomplete: make it again with `lossatlas plan`", path)
	}
	return f, nil
}

// Sweep returns the planned sweep. Its imports are in the same folder, or next to the plan if that folder is missing.
func (f *PlanFile) Sweep() (*sweepfile.Sweep, error) {
	s, err := sweepfile.Parse(f.File.Name, []byte(f.File.Text), Catalog(), f.File.Preset)
	if err != nil {
		return nil, err
	}
	s.Source, s.Folder = []byte(f.File.Text), f.Folder
	if _, err := os.Stat(f.Folder); errors.Is(err, fs.ErrNotExist) {
		if s.Folder, err = filepath.Abs(filepath.Dir(f.path)); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// CheckGraph is an error unless the sweep still expands to the planned steps.
func (f *PlanFile) CheckGraph(s *sweepfile.Sweep, g *pipelines.Graph, numerics string) error {
	now, err := planFile(s, g)
	if err != nil {
		return err
	}
	var why []string
	add := func(format string, args ...any) { why = append(why, fmt.Sprintf(format, args...)) }
	if f.Numerics != numerics && numericsMatter(g) {
		add("it was made for the numerics class %s, and this program computes in %s", f.Numerics, numerics)
	}
	if f.Data != now.Data {
		add("the data set has the digest %.19s, and had %.19s", now.Data, f.Data)
	}
	for _, i := range f.Imports {
		if !slices.Contains(now.Imports, i) {
			add("the content of %s has changed", i.File)
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(now.Versions)) {
		if was, version := f.Versions[kind], kind.Version(); was != version && was != 0 {
			add("%s steps have version %d in this program, and had %d", kind, version, was)
		}
	}
	if len(why) == 0 && f.Graph != now.Graph {
		add("this program expands the sweep file to other steps than %s", f.Program)
	}
	return f.stale(why)
}

// numericsMatter reports whether the key of a step depends on the numerics class.
func numericsMatter(g *pipelines.Graph) bool {
	return slices.ContainsFunc(g.All(), func(p pipelines.Placed) bool { return p.Step.Kind.Numeric() && !p.Step.AnyNumerics })
}

// CheckPlan is an error if a run would repeat steps that were stored when the plan was made, or run other steps than planned.
// Steps that other runs finished meanwhile don't matter.
func (f *PlanFile) CheckPlan(now *pipelines.Plan) error {
	was := make(map[string]pipelines.PlannedStep, len(f.Plan.Steps))
	for _, s := range f.Plan.Steps {
		was[s.ID] = s
	}
	var why []string
	more := 0
	add := func(format string, args ...any) {
		if len(why) == 3 {
			more++
			return
		}
		why = append(why, fmt.Sprintf(format, args...))
	}
	for _, s := range now.Steps {
		switch old := was[s.ID]; {
		case old.State == pipelines.StateCached && s.State == pipelines.StateRun && s.Key == old.Key:
			gone := ""
			if s.Why.Type == pipelines.WhyBlobMissing {
				gone = " in part (" + s.Reason + ")"
			}
			add("the result of %s was stored, and is gone%s", s.ID, gone)
		case !old.Key.IsZero() && !s.Key.IsZero() && s.Key != old.Key:
			add("%s would be made from other results than was planned", s.ID)
		}
	}
	if more > 0 {
		why = append(why, fmt.Sprintf("the same for %d more steps", more))
	}
	return f.stale(why)
}

// stale is the error of a plan that can no longer be run, nil without a reason.
func (f *PlanFile) stale(why []string) error {
	if len(why) == 0 {
		return nil
	}
	name := filepath.Join(f.Folder, f.File.Name)
	again := "lossatlas plan " + name
	if f.File.Preset != "" {
		again += " --preset " + f.File.Preset
	}
	return fmt.Errorf("the plan %s is stale, and nothing was run: %s; make a new one (`%s -o %s`), or run the sweep file itself", f.path, strings.Join(why, "; "), again, f.path)
}
