package show

import (
	"bytes"
	"strings"
	"testing"

	"lossatlas/activities/results"
	"lossatlas/activities/surface"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/sketch"
)

// TestDrawMaps: maps of one name stand next to each other on one scale, as many
// as fit, and say how far they are.
func TestDrawMaps(t *testing.T) {
	plane := func(n, points int) *surface.Grid {
		g := surface.NewGrid(surface.Lattice(-1, 1, n), surface.Lattice(-1, 1, n))
		for i := range points {
			g.Loss[i], g.Mask[i] = float64(1+i), true
		}
		return g
	}
	line := surface.NewGrid([]float64{-1, 0, 1}, []float64{0})
	for i := range 3 {
		line.Loss[i], line.Mask[i] = float64(3-i), true
	}
	step := func(owner, name, id string) pipelines.Step {
		return pipelines.Step{ID: id, At: pipelines.Address{Experiment: owner, Map: name, Split: "train"}}
	}
	maps := []results.Map{
		{Step: step("a", "surface", "a/surface"), Grid: plane(17, 289), Done: true},
		{Step: step("a", "line", "a/line"), Grid: line, Done: true},
		{Step: step("a-name-that-is-too-long", "surface", "b/surface"), Grid: plane(17, 40)},
		{Step: step("c", "surface", "c/surface")},
		{Step: step("d", "density", "d/density"), Kind: pipelines.KindSpectrum, Done: true},
		{Step: pipelines.Step{ID: "cmp/line", At: pipelines.Address{Comparison: "cmp", Map: "line"}}},
	}
	for width, blocks := range map[int]int{80: 1, 30: 2} {
		var out bytes.Buffer
		if err := drawMaps(&out, maps, sketch.Plain, width); err != nil {
			t.Fatal(err)
		}
		text := out.String()
		for _, want := range []string{
			"surface-train  loss 1 .:-=+#%@ 289 (logarithmic); · not computed; 1 not begun\n", "a-name-that-… 40/289",
			"line-train  loss 1 .:-=+#%@ 3 (logarithmic)\n  a  ", "least 1 at 1\n", "cmp/line  not computed yet\n",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("width %d: no %q in\n%s", width, want, text)
			}
		}
		if n := strings.Count(text, "\n"); n != 2+blocks*10+3+2 {
			t.Errorf("width %d: %d lines, want the surfaces in %d rows of blocks:\n%s", width, n, blocks, text)
		}
		if strings.Contains(text, "density") || strings.Contains(text, "\x1b") {
			t.Errorf("width %d: more than was asked for in\n%s", width, text)
		}
	}
}
