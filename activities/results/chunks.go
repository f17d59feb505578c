package results

import (
	"encoding/json"
	"errors"
	"fmt"

	"lossatlas/activities/refine"
	"lossatlas/activities/surface"
	"lossatlas/activities/trajectory"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// A map is computed in chunks of points, which are parts of its step until they are joined.

const chunkPrefix = "points-"

// ChunkPart is the name of the part with a chunk of a map.
func ChunkPart(i int) string { return fmt.Sprintf(chunkPrefix+"%05d", i) }

// Fit lays the axes of a map around the path that it is to show, or over the range that was found for it. input reads an input of its step.
func Fit(p pipelines.MapParams, inputs map[string]artifacts.Digest, input func(name string) ([]byte, error)) (pipelines.MapParams, error) {
	if p.Fit == nil {
		return p, nil
	}
	name := pipelines.OutPath
	if _, ok := inputs[pipelines.OutRange]; ok {
		name = pipelines.OutRange
	}
	b, err := input(name)
	if err != nil {
		return p, err
	}
	var around interface {
		Range(axis int, margin float64) (lo, hi float64)
	}
	if name == pipelines.OutRange {
		around, err = refine.DecodeRange(b)
	} else {
		around, err = trajectory.DecodePath(b)
	}
	if err != nil {
		return p, fmt.Errorf("input %s: %w", name, err)
	}
	if p.Fit.X {
		p.X.Min, p.X.Max = around.Range(0, p.Fit.Margin)
	}
	if p.Fit.Y && p.Y != nil {
		y := *p.Y
		y.Min, y.Max = around.Range(1, p.Fit.Margin)
		p.Y = &y
	}
	return p, nil
}

// Lattice returns the coordinates along both axes of a map; a line has the single β = 0.
func Lattice(p pipelines.MapParams) (xs, ys []float64) {
	xs, ys = surface.Lattice(p.X.Min, p.X.Max, p.X.N), []float64{0}
	if p.Y != nil {
		ys = surface.Lattice(p.Y.Min, p.Y.Max, p.Y.N)
	}
	return xs, ys
}

// NewGrid is the empty grid of a map whose axes are laid, with its provenance.
func NewGrid(key artifacts.Key, recipe artifacts.Recipe, p pipelines.MapParams) (*surface.Grid, error) {
	meta, err := json.Marshal(map[string]any{"key": key, "recipe": recipe})
	if err != nil {
		return nil, err
	}
	g := surface.NewGrid(Lattice(p))
	g.Meta = meta
	if pipelines.Kind(recipe.Kind) == pipelines.KindHessian {
		g.Curvature = surface.NewCurvature(len(g.Mask))
	}
	if p.Population > p.Data.To-p.Data.From {
		g.SampledFrom(p.Data.To-p.Data.From, p.Population)
	}
	return g, nil
}

// AddChunk puts the points of an encoded chunk of a kind of map into its grid.
func AddChunk(grid *surface.Grid, kind pipelines.Kind, b []byte) error {
	if kind == pipelines.KindHessian {
		points, err := surface.DecodeCurved(b)
		if err != nil {
			return err
		}
		return grid.AddCurved(points)
	}
	points, parts, err := surface.DecodeParts(b)
	if err != nil {
		return err
	}
	if len(points) == 0 {
		for k := range parts {
			grid.Subset = k.Subset
		}
	}
	return errors.Join(grid.AddSampled(points), grid.AddParts(parts))
}
