package results

import (
	"context"
	"encoding/json"

	"lossatlas/activities/problem"
	"lossatlas/activities/spectrum"
	"lossatlas/activities/surface"
	"lossatlas/activities/trainlog"
	"lossatlas/activities/trajectory"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// Map is the numbers of a map over one split, as far as they are computed.
type Map struct {
	Step pipelines.Step
	// Kind is that of the step, or trajectory for a surface around the path of a training.
	Kind pipelines.Kind
	// Grid is nil for a spectrum, and as long as no point is there. Of several pairs of directions it is that of the first.
	Grid *surface.Grid
	// Done says that the map is finished: Grid or Spectrum is whole.
	Done     bool
	Spectrum *spectrum.Spectrum
	Path     *trajectory.Path // of a trajectory
	PathStep string           // its step
	Marks    []pipelines.Mark // of a comparison: the minimizers
	// Recipe is that of a map that is under way.
	Recipe artifacts.Recipe
}

// Loss and score are the names of a map's loss and score, as of problem.Problem.
func (m Map) Names() (loss string, score trainlog.Score) {
	var p pipelines.MapParams
	if json.Unmarshal(m.Step.Params, &p) != nil {
		return "", ""
	}
	of, err := problem.Parse([]byte(p.Data.Problem))
	if err != nil {
		return "", ""
	}
	return of.LossTitle(), of.ScoreTitle()
}

// Maps reads the maps among steps, which are those of one experiment or of one comparison.
func (s *Sweep) Maps(ctx context.Context, steps []pipelines.Step) ([]Map, error) {
	var out []Map
	for _, step := range steps {
		if step.At.Role != pipelines.RoleMap || step.At.Pair > 0 {
			continue
		}
		m := Map{Step: step, Kind: step.Kind, Marks: s.marks(step.At.Comparison)}
		if err := s.readMap(ctx, &m, steps); err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

func (s *Sweep) readMap(ctx context.Context, m *Map, steps []pipelines.Step) (err error) {
	for _, other := range steps {
		if other.At.Role == pipelines.RolePath && other.At.Map == m.Step.At.Map {
			m.Kind, m.PathStep = other.Kind, other.ID
			if m.Path, err = s.Path(ctx, other.ID); err != nil {
				return err
			}
		}
	}
	id := m.Step.ID
	if m.Kind == pipelines.KindSpectrum {
		m.Spectrum, err = s.Spectrum(ctx, id)
		m.Done = m.Spectrum != nil
		return err
	}
	if m.Grid, err = s.Grid(ctx, id); err != nil || m.Grid != nil {
		m.Done = m.Grid != nil
		return err
	}
	return s.readBegun(ctx, m)
}

// readBegun reads the points of a map that is under way.
func (s *Sweep) readBegun(ctx context.Context, m *Map) error {
	if s.Numerics == "" {
		return nil
	}
	recipe, key, ok, err := s.Recipe(m.Step, s.Numerics)
	if err != nil || !ok {
		return err
	}
	m.Recipe = recipe
	m.Grid, err = s.Partial.Grid(ctx, s.Store, key, recipe)
	return err
}

// marks are the minimizers of a comparison; none of an experiment.
func (s *Sweep) marks(comparison string) []pipelines.Mark {
	for _, c := range s.Graph.Comparisons {
		if c.Name == comparison {
			return c.Marks()
		}
	}
	return nil
}
