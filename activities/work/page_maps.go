package work

import (
	"context"
	"fmt"

	"lossatlas/activities/atlas"
	"lossatlas/activities/spectrum"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// maps are the numbers of an experiment's maps; without those that are not there, if diverged.
func (r reporter) maps(ctx context.Context, shown []pipelines.ReportMap, diverged bool) ([]atlas.Map, error) {
	var out []atlas.Map
	for _, m := range shown {
		if diverged && !r.has(m.Data) {
			continue // the note says why
		}
		made, err := r.oneMap(ctx, m)
		if err != nil {
			return nil, err
		}
		out = append(out, made)
	}
	return out, nil
}

func (r reporter) oneMap(ctx context.Context, m pipelines.ReportMap) (atlas.Map, error) {
	out := atlas.Map{Name: m.Name, Kind: m.Kind, Split: m.Split}
	for _, mark := range m.Marks {
		out.Marks = append(out.Marks, atlas.Mark{X: mark.X, Y: mark.Y, Label: mark.Label})
	}
	var err error
	if r.has(m.Path) {
		if out.Path, err = r.path(ctx, m.Path); err != nil {
			return out, err
		}
	}
	if !r.has(m.Data) {
		return out, r.begun(ctx, m, &out)
	}
	if m.Kind == "spectrum" {
		if out.Spectrum, err = r.spectrum(ctx, m.Data); err != nil {
			return out, err
		}
	} else {
		if out.Grid, err = r.grid(ctx, m.Data); err != nil {
			return out, err
		}
		if out.Plane, err = r.plane(ctx, m.Data); err != nil {
			return out, err
		}
	}
	out.Provenance, err = r.origins(ctx, m.Data, m.Path)
	return out, err
}

// plane names the centre and the directions of a grid by their digests.
func (r reporter) plane(ctx context.Context, name string) (string, error) {
	action, err := r.Store.Lookup(ctx, r.Producers[name])
	if err != nil {
		return "", fmt.Errorf("provenance of %s: %w", name, err)
	}
	return planeOf(action.Recipe), nil
}

func planeOf(recipe artifacts.Recipe) string {
	return fmt.Sprint(recipe.Inputs[pipelines.OutWeights], recipe.Inputs[pipelines.OutDirections])
}

// begun shows as much as there is of a map that is not finished.
func (r reporter) begun(ctx context.Context, m pipelines.ReportMap, out *atlas.Map) error {
	out.Note = r.absent("This map", m.Data)
	job, ok := r.opt.Running[m.Data]
	if !ok || m.Kind == "spectrum" {
		return nil
	}
	grid, err := r.opt.Partial.Grid(ctx, r.Store, job)
	if err != nil || grid == nil {
		return err
	}
	done := len(grid.Mask) - len(grid.Missing())
	out.Grid, out.Plane = grid, planeOf(job.Recipe)
	out.Note = fmt.Sprintf("%d of %d points are there.", done, len(grid.Mask))
	return nil
}

func (r reporter) spectrum(ctx context.Context, name string) (*atlas.Spectrum, error) {
	b, err := r.input(ctx, name)
	if err != nil {
		return nil, err
	}
	s, err := spectrum.DecodeNPZ(b)
	if err != nil {
		return nil, Permanent("BadSpectrum", fmt.Errorf("%s: input %s: %w", r.Label, name, err))
	}
	out := &atlas.Spectrum{LambdaMin: s.LambdaMin, LambdaMax: s.LambdaMax}
	out.X, out.Density, _ = s.Curve()
	out.Trace, out.TraceError = s.Density.Trace()
	return out, nil
}
