// Package results is the model of what a sweep has found. It reads the outputs of a sweep's steps, and takes them together: as
// the row of each experiment, as maps, as means over repetitions, as differences between experiments. Reports, live pages, tables,
// exports and comparisons are views of it.
//
// Which experiment, map and split an output belongs to is said by the address of its step.
package results

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"lossatlas/activities/pairs"
	"lossatlas/activities/spectrum"
	"lossatlas/activities/surface"
	"lossatlas/activities/trainlog"
	"lossatlas/activities/trajectory"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// Store is what results are read from.
type Store interface {
	// Get returns a blob. It fails with [artifacts.ErrNotFound].
	Get(ctx context.Context, d artifacts.Digest) ([]byte, error)
	// Lookup returns the record of a step. It fails with [artifacts.ErrNotFound] and *[artifacts.IncompleteError].
	Lookup(ctx context.Context, k artifacts.Key) (artifacts.Action, error)
	// Parts lists what a step that is under way has stored, and GetPart returns one of them.
	Parts(ctx context.Context, k artifacts.Key) ([]string, error)
	GetPart(ctx context.Context, k artifacts.Key, name string) ([]byte, error)
}

// Sweep is a sweep with what its steps have made so far.
type Sweep struct {
	Store Store
	Graph *pipelines.Graph
	Steps map[string]artifacts.RootStep
	// Numerics is the class in which steps that are under way are computed; "" to leave their points out.
	Numerics string
	// Partial remembers the points of maps that are under way; nil reads them each time.
	Partial *PartialMaps
}

// Graph reads the graph of a recorded sweep.
func Graph(ctx context.Context, store Store, root artifacts.Root) (*pipelines.Graph, error) {
	b, err := store.Get(ctx, root.Graph.Digest)
	if err != nil {
		return nil, fmt.Errorf("the steps of sweep %s: %w", root.Sweep, err)
	}
	var g pipelines.Graph
	if err = json.Unmarshal(b, &g); err == nil {
		err = g.Check()
	}
	if err != nil {
		return nil, fmt.Errorf("the steps of sweep %s: %w", root.Sweep, err)
	}
	return &g, nil
}

// Step is the state of a step, waiting where nothing is recorded of it.
func (s *Sweep) Step(id string) artifacts.RootStep {
	st := s.Steps[id]
	if st.State == "" {
		st.State = artifacts.StateWaiting
	}
	return st
}

// Has says whether a step has written an output.
func (s *Sweep) Has(id, output string) bool {
	_, ok := s.Steps[id].Outputs[output]
	return ok
}

// Final are the steps of a comparison.
func (s *Sweep) Final(comparison string) []pipelines.Step {
	return slices.DeleteFunc(slices.Clone(s.Graph.Final), func(st pipelines.Step) bool { return st.At.Comparison != comparison })
}

// Recipe is the recipe of a step; ok says whether all of its inputs are available.
func (s *Sweep) Recipe(step pipelines.Step, numerics string) (recipe artifacts.Recipe, key artifacts.Key, ok bool, err error) {
	inputs := make(map[string]artifacts.Digest, len(step.Inputs))
	for name, ref := range step.Inputs {
		blob, there := s.Steps[ref.Step].Outputs[ref.Output]
		if !there {
			return recipe, key, false, nil
		}
		inputs[name] = blob.Digest
	}
	if recipe, err = step.Recipe(inputs, numerics); err == nil {
		key, err = recipe.Key()
	}
	return recipe, key, err == nil, err
}

// Parts counts what a map that is under way has stored of its points.
func (s *Sweep) Parts(ctx context.Context, step pipelines.Step) (int, error) {
	if s.Numerics == "" || step.At.Role != pipelines.RoleMap && step.At.Role != pipelines.RoleLoss {
		return 0, nil
	}
	_, key, ok, err := s.Recipe(step, s.Numerics)
	if err != nil || !ok {
		return 0, err
	}
	parts, err := s.Store.Parts(ctx, key)
	return len(parts), err
}

// Cause is what keeps a step from its result: its own failure, or that of the step that it waits for.
func (s *Sweep) Cause(id string) string {
	st := s.Steps[id]
	if st.State == artifacts.StateFailed {
		return fmt.Sprintf("%s failed: %s", id, st.Error)
	}
	for _, p := range s.Graph.All() {
		if p.Step.ID != id {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(p.Step.Inputs)) {
			before := p.Step.Inputs[name].Step
			if state := s.Steps[before].State; state == artifacts.StateFailed || state == artifacts.StateNotRun {
				return s.Cause(before)
			}
		}
	}
	return st.Error
}

// DecodeError is the error of an output that can't be decoded as its kind.
type DecodeError struct {
	Step, Output string
	Err          error
}

// Error names the step and its output.
func (e *DecodeError) Error() string { return fmt.Sprintf("the %s of %s: %v", e.Output, e.Step, e.Err) }

// Unwrap is the decoder's error.
func (e *DecodeError) Unwrap() error { return e.Err }

// Bytes are those of an output; nil where the step has not written it.
func (s *Sweep) Bytes(ctx context.Context, id, output string) ([]byte, error) {
	blob, ok := s.Steps[id].Outputs[output]
	if !ok {
		return nil, nil
	}
	b, err := s.Store.Get(ctx, blob.Digest)
	if err != nil {
		return nil, fmt.Errorf("the %s of %s: %w", output, id, err)
	}
	return b, nil
}

// Read decodes an output; nil where the step has not written it.
func Read[T any](ctx context.Context, s *Sweep, id, output string, decode func([]byte) (*T, error)) (*T, error) {
	b, err := s.Bytes(ctx, id, output)
	if err != nil || b == nil {
		return nil, err
	}
	v, err := decode(b)
	if err != nil {
		return nil, &DecodeError{Step: id, Output: output, Err: err}
	}
	return v, nil
}

// Log is the course of a training, or of an import.
func (s *Sweep) Log(ctx context.Context, id string) (*trainlog.Log, error) {
	return Read(ctx, s, id, pipelines.OutLog, trainlog.Decode)
}

// Grid are the numbers of a line, surface or Hessian map.
func (s *Sweep) Grid(ctx context.Context, id string) (*surface.Grid, error) {
	return Read(ctx, s, id, pipelines.OutGrid, surface.DecodeNPZ)
}

// Path is that of a training.
func (s *Sweep) Path(ctx context.Context, id string) (*trajectory.Path, error) {
	return Read(ctx, s, id, pipelines.OutPath, trajectory.DecodePath)
}

// Spectrum is that of a Hessian.
func (s *Sweep) Spectrum(ctx context.Context, id string) (*spectrum.Spectrum, error) {
	return Read(ctx, s, id, pipelines.OutSpectrum, spectrum.DecodeNPZ)
}

// Pairs are those of a comparison of many minimizers over one split.
func (s *Sweep) Pairs(ctx context.Context, id string) (*pairs.Result, error) {
	return Read(ctx, s, id, pipelines.OutPairs, pairs.Decode)
}

// Flatness is that of a map and split.
func (s *Sweep) Flatness(ctx context.Context, id string) (*surface.FlatnessResult, error) {
	return Read(ctx, s, id, pipelines.OutFlatness, surface.DecodeFlatness)
}

// Weights is the step that an experiment's weights come from; nil where it has none.
func Weights(e pipelines.Experiment) *pipelines.Step {
	for i := range e.Steps {
		if e.Steps[i].At.Role == pipelines.RoleWeights {
			return &e.Steps[i]
		}
	}
	return nil
}
