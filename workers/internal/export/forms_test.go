package export_test

import (
	"strings"
	"testing"

	"lossatlas/activities/surface"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/export"
)

// TestMeshes: a surface is written as a mesh when that is asked for, and not by the export of a sweep; a line is none.
func TestMeshes(t *testing.T) {
	plane, line := surface.NewGrid([]float64{0, 1}, []float64{0, 1}), surface.NewGrid([]float64{0, 1}, []float64{0})
	for _, g := range []*surface.Grid{plane, line} {
		for i := range g.Loss {
			g.Loss[i], g.Accuracy[i], g.Mask[i] = float64(i), 0, true
		}
	}
	for ext, begins := range map[string]string{".glb": "glTF", ".obj": "#", ".stl": "loss surface"} {
		b, err := export.As(pipelines.OutGrid, must(plane.EncodeNPZ()), ext)
		if err != nil || !strings.HasPrefix(string(b), begins) {
			t.Errorf("%s: %.20q, %v", ext, b, err)
		}
		if _, err := export.As(pipelines.OutGrid, must(line.EncodeNPZ()), ext); err == nil || !strings.HasPrefix(err.Error(), "meshes are of surfaces; a line is written as .npz, .csv or .vts, ") {
			t.Errorf("a line as %s: %v", ext, err)
		}
	}
	if got := strings.Join(export.Forms(pipelines.OutGrid), " "); got != ".npz .csv .vts" {
		t.Errorf("a sweep's grids are written as %s", got)
	}
	if _, err := export.As(pipelines.OutGrid, nil, ".x"); err == nil || !strings.Contains(err.Error(), ".npz, .csv, .vts, .glb, .obj or .stl") {
		t.Errorf("an unknown form: %v", err)
	}
}
