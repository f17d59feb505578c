package results

import (
	"context"
	"fmt"
	"strings"

	"lossatlas/activities/surface"
	"lossatlas/activities/work"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// Map is a line, surface or Hessian map of a sweep, as far as it is there.
type Map struct {
	Step pipelines.Step
	// Owner is the experiment or comparison, Name the map within it ("surface-train").
	Owner, Name string
	Comparison  bool
	Grid        *surface.Grid // nil where nothing of it is there
	Done        bool
}

// IsMap says whether a kind of step makes a grid.
func IsMap(k pipelines.Kind) bool {
	return k == pipelines.KindLine || k == pipelines.KindSurface || k == pipelines.KindHessian
}

// Input is what a step is started with, as soon as all that it needs is there.
func Input(s pipelines.Step, done map[string]artifacts.RootStep, numerics string) (in work.Job, ok bool, err error) {
	inputs := make(map[string]work.Input, len(s.Inputs))
	for name, ref := range s.Inputs {
		blob, ok := done[ref.Step].Outputs[ref.Output]
		if !ok {
			return in, false, nil
		}
		inputs[name] = work.Input{Digest: blob.Digest, Producer: done[ref.Step].Key}
	}
	in, err = work.NewJob(s, inputs, numerics)
	return in, err == nil, err
}

// Maps reads the maps of a sweep. Of those that are not finished it takes what the store has;
// numerics is the class in which they are computed, "" to leave them out.
func Maps(ctx context.Context, store *artifacts.Store, g *pipelines.Graph, steps map[string]artifacts.RootStep, numerics string) ([]Map, error) {
	var out []Map
	var partial work.PartialMaps
	for _, p := range g.All() {
		s := p.Step
		if !IsMap(s.Kind) {
			continue
		}
		m := Map{Step: s, Owner: p.Experiment}
		if m.Owner == "" {
			m.Owner, _, m.Comparison = strings.Cut(s.ID, "/")
		}
		m.Name = short(m.Owner, s.ID)
		if blob, ok := steps[s.ID].Outputs[pipelines.OutGrid]; ok {
			b, err := store.Get(ctx, blob.Digest)
			if err == nil {
				m.Grid, err = surface.DecodeNPZ(b)
			}
			if err != nil {
				return nil, fmt.Errorf("the grid of %s: %w", s.ID, err)
			}
			m.Done = true
		} else if numerics != "" {
			in, ok, err := Input(s, steps, numerics)
			if err != nil {
				return nil, err
			}
			if ok {
				if m.Grid, err = partial.Grid(ctx, store, in); err != nil {
					return nil, err
				}
			}
		}
		out = append(out, m)
	}
	return out, nil
}
