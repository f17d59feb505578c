package report

import (
	"context"
	"fmt"
	"strings"

	"lossatlas/activities/atlas"
	"lossatlas/activities/curve"
	"lossatlas/activities/results"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// mapOrigins are the outputs that a map is made of.
func mapOrigins(m results.Map) []pipelines.Ref {
	return []pipelines.Ref{{Step: m.Step.ID, Output: m.Step.MapOutput()}, {Step: m.PathStep, Output: pipelines.OutPath}}
}

// showMap is a map in the form that the page draws.
func (p page) showMap(ctx context.Context, m results.Map) (atlas.Map, error) {
	out := atlas.Map{Name: m.Step.At.Map, Kind: string(m.Kind), Split: m.Step.At.Split, Path: m.Path, Grid: m.Grid, Marks: m.Marks, Draws: m.Draws, Curve: through(m.Curve), Directions: m.Step.Directions}
	if !m.Done {
		out.Loss, out.Score = results.LossNames(m.Recipe.Params)
		out.Norm = results.NormMode(m.Recipe.Params)
		out.Note = p.absent("This map", m.Step.ID)
		if m.Grid != nil {
			out.Plane = plane(m.Recipe)
			out.Note = fmt.Sprintf("%d of %d points are there.", len(m.Grid.Mask)-len(m.Grid.Missing()), len(m.Grid.Mask))
			switch {
			case m.Grid.Estimate != nil:
				out.Note = m.Grid.EstimateNote() + " so far; more points follow where the error is larger than asked for."
			case results.StatedError(m.Recipe).Error > 0:
				out.Note += " Most of the others are estimated when the first round is there."
			}
		}
		return out, nil
	}
	action, err := p.action(ctx, m.Step.ID)
	if err != nil {
		return out, err
	}
	out.Loss, out.Score = results.LossNames(action.Recipe.Params)
	out.Norm = results.NormMode(action.Recipe.Params)
	if m.Spectrum != nil {
		out.Spectrum = &atlas.Spectrum{LambdaMin: m.Spectrum.LambdaMin, LambdaMax: m.Spectrum.LambdaMax}
		out.Spectrum.X, out.Spectrum.Density, _ = m.Spectrum.Curve()
		out.Spectrum.Trace, out.Spectrum.TraceError = m.Spectrum.Trace()
		out.Spectrum.Matrix = m.Spectrum.MatrixName()
	} else {
		out.Note = mapNotes(m)
		out.Plane = plane(action.Recipe)
	}
	out.Provenance, err = p.origins(ctx, mapOrigins(m)...)
	return out, err
}

// curvePieces is in how many pieces a page draws a curve; an even number has the bend of a polygon as a point.
const curvePieces = 64

// through are points of a curve in its plane; nil for "".
func through(s curve.Shape) (points [][2]float64) {
	if s == "" {
		return nil
	}
	for i := range curvePieces + 1 {
		_, bend, b := s.At(float64(i) / curvePieces)
		points = append(points, [2]float64{b, bend})
	}
	return points
}

// mapNotes are the page's notes on a finished grid.
func mapNotes(m results.Map) string {
	if notes := m.Notes(); notes != "" {
		return strings.ToUpper(notes[:1]) + notes[1:] + "."
	}
	return ""
}

// plane names the centre and the directions of a map by their digests.
func plane(recipe artifacts.Recipe) string {
	return fmt.Sprint(recipe.Inputs[pipelines.OutWeights], recipe.Inputs[pipelines.OutDirections])
}

// numbers are the path and the grid behind a picture of a trajectory, as files; none of another map.
func (p page) numbers(ctx context.Context, m results.Map) ([]atlas.File, error) {
	if m.Path == nil {
		return nil, nil
	}
	raw, err := m.Path.Encode()
	if err != nil {
		return nil, err
	}
	table, err := m.Path.CSV()
	if err != nil {
		return nil, err
	}
	out := []atlas.File{
		{Label: "path (JSON)", Ext: "path.json", Type: "application/json", Data: raw},
		{Label: "path (CSV)", Ext: "path.csv", Type: "text/csv", Data: table},
	}
	grid, err := p.Bytes(ctx, m.Step.ID, pipelines.OutGrid)
	if err != nil || grid == nil {
		return out, err
	}
	return append(out, atlas.File{Label: "grid (NPZ)", Ext: "npz", Type: "application/octet-stream", Data: grid}), nil
}
