package export

import (
	"fmt"

	"lossatlas/activities/surface"
	"lossatlas/activities/trajectory"
	"lossatlas/pipelines"
)

// Track writes a path as VTK polygonal data in the plane of its surface, with
// epoch, norm, distance, changes of the learning rate, and, given the grid of that
// surface, the loss on it. Where the grid has no loss, it is NaN.
func Track(path, grid []byte) ([]byte, error) {
	p, err := trajectory.DecodePath(path)
	if err != nil {
		return nil, err
	}
	n := len(p.Epochs)
	epochs, changed := make([]float64, n), make([]float64, n)
	var ends []int
	if len(p.Others) > 0 {
		for _, part := range p.Parts() {
			ends = append(ends, part.To)
		}
	}
	for i, e := range p.Epochs {
		epochs[i] = float64(e)
		if p.Changed(i) {
			changed[i] = 1
		}
	}
	t := surface.Track{Points: p.PCA, Ends: ends, Values: []surface.TrackValues{
		{Name: "epoch", Values: epochs}, {Name: "norm", Values: p.Norm}, {Name: "distance", Values: p.Distance}, {Name: "rate_change", Values: changed},
	}}
	if grid == nil {
		return t.VTP()
	}
	g, err := surface.DecodeNPZ(grid)
	if err != nil {
		return nil, fmt.Errorf("the surface of the path: %w", err)
	}
	loss := make([]float64, n)
	for i, c := range p.PCA {
		loss[i] = g.At(c[0], c[1])
	}
	t.Values = append(t.Values, surface.TrackValues{Name: "loss", Values: loss})
	return t.VTP()
}

// surfacesOf are the steps that map the plane of a path, by their ID, in the
// order of the graph.
func surfacesOf(g *pipelines.Graph, path string) []string {
	var out []string
	for _, p := range g.All() {
		if (p.Step.Kind == pipelines.KindSurface || p.Step.Kind == pipelines.KindDecay) && p.Step.At.Role != pipelines.RoleLoss && p.Step.Inputs[pipelines.OutDirections] == (pipelines.Ref{Step: path, Output: pipelines.OutDirections}) {
			out = append(out, p.Step.ID)
		}
	}
	return out
}

// SurfaceOf is the first step that maps the plane of a path, "" if no step does.
func SurfaceOf(g *pipelines.Graph, path string) string {
	for _, id := range surfacesOf(g, path) {
		return id
	}
	return ""
}
