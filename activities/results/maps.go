package results

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"lossatlas/activities/curve"
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
	// Kind is that of the step, of one with weight decay what its grid is, or trajectory for a surface around the path of a training.
	Kind pipelines.Kind
	// Grid is nil for a spectrum, and as long as no point is there. Of several pairs of directions it is that of the first.
	Grid *surface.Grid
	// Draws is how many pairs of directions the map has.
	Draws int
	// Done says that the map is finished: Grid or Spectrum is whole.
	Done     bool
	Spectrum *spectrum.Spectrum
	Path     *trajectory.Path // of a trajectory
	PathStep string           // its step
	Marks    []pipelines.Mark // of a comparison: the minimizers
	Curve    curve.Shape      // of the plane of a curve between two
	// Recipe is that of a map that is under way.
	Recipe artifacts.Recipe
}

// Notes are the notes on the values of a finished grid, "" for no note, and the eigenvalues of a spectrum. Between minimizers the center is one of several.
func (m Map) Notes() string {
	if m.Spectrum != nil {
		return m.Spectrum.Note()
	}
	if !m.Done || m.Grid == nil {
		return ""
	}
	notes := []string{m.Grid.Notes()}
	if m.Draws > 1 {
		notes = []string{fmt.Sprintf("draw 1 of %d", m.Draws), m.Grid.Notes()}
	}
	if len(m.Marks) == 0 {
		notes = append(notes, m.Grid.CenterNote())
	} else if b, err := m.Grid.Barrier(); err == nil {
		notes = append(notes, b.Note())
	}
	return strings.Join(slices.DeleteFunc(notes, func(n string) bool { return n == "" }), "; ")
}

// LossNames are the names of a map's loss and score by the parameters of its step: "" for plain cross-entropy, and for accuracy.
func LossNames(params json.RawMessage) (loss string, score trainlog.Score) {
	var p struct {
		Data  pipelines.MapData `json:"data"`
		Decay float64           `json:"decay"`
	}
	if json.Unmarshal(params, &p) != nil {
		return "", ""
	}
	of, err := problem.Parse([]byte(p.Data.Problem))
	if err != nil {
		return "", ""
	}
	loss = of.LossTitle()
	if p.Decay != 0 {
		loss = cmp.Or(loss, "loss") + " + weight decay"
	}
	return loss, of.ScoreTitle()
}

// Maps reads the maps among steps, which are those of one experiment or of one comparison.
func (s *Sweep) Maps(ctx context.Context, steps []pipelines.Step) ([]Map, error) {
	var out []Map
	for _, step := range steps {
		if step.At.Role != pipelines.RoleMap || step.At.Pair > 0 {
			continue
		}
		m := Map{Step: step, Kind: step.Kind}
		for _, other := range steps {
			if at := other.At; at.Role == pipelines.RoleMap && at.Map == step.At.Map && at.Split == step.At.Split {
				m.Draws = max(m.Draws, at.Pair+1)
			}
		}
		if of := s.comparison(step.At.Comparison); of != nil {
			m.Marks = of.Marks()
			if step.Kind == pipelines.KindSurface {
				m.Curve = curve.Shape(of.Curve)
			}
		}
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
	if m.Kind.IsSpectrum() {
		m.Kind = pipelines.KindSpectrum
		m.Spectrum, err = s.Spectrum(ctx, id)
		m.Done = m.Spectrum != nil
		return err
	}
	if m.Grid, err = s.Grid(ctx, id); err != nil {
		return err
	}
	if m.Done = m.Grid != nil; !m.Done {
		err = s.readBegun(ctx, m, steps)
	}
	if m.Kind == pipelines.KindDecay {
		m.Kind = kindOf(m.Grid)
	}
	return err
}

// kindOf is the kind of map that a grid is of.
func kindOf(g *surface.Grid) pipelines.Kind {
	switch {
	case g != nil && g.IsLine():
		return pipelines.KindLine
	case g != nil && g.Curvature != nil:
		return pipelines.KindHessian
	}
	return pipelines.KindSurface
}

// readBegun reads the points of a map that is under way.
// Of a map with weight decay they are without it.
func (s *Sweep) readBegun(ctx context.Context, m *Map, steps []pipelines.Step) error {
	if s.Numerics == "" {
		return nil
	}
	evaluated := m.Step
	for _, other := range steps {
		if other.ID == m.Step.Inputs[pipelines.OutGrid].Step {
			evaluated = other
		}
	}
	recipe, key, ok, err := s.Recipe(evaluated, s.Numerics)
	if err != nil || !ok {
		return err
	}
	m.Recipe = recipe
	m.Grid, err = s.Partial.Grid(ctx, s.Store, key, recipe)
	return err
}

// comparison finds a comparison by its name; nil if there is none with it.
func (s *Sweep) comparison(name string) *pipelines.Comparison {
	for i, c := range s.Graph.Comparisons {
		if c.Name == name {
			return &s.Graph.Comparisons[i]
		}
	}
	return nil
}
