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
	estimated := plane(17, 289)
	estimated.Estimate = &surface.Estimate{Error: 0.02, Evaluated: make([]bool, 289), Examples: make([]int64, 289)}
	for i := range 124 {
		if estimated.Estimate.Examples[i] = 33; i < 108 {
			estimated.Estimate.Evaluated[i], estimated.Estimate.Examples[i] = true, 64
		}
	}
	maps := []results.Map{
		{Step: step("a", "surface", "a/surface"), Grid: plane(17, 289), Done: true},
		{Step: step("a", "line", "a/line"), Grid: line, Done: true},
		{Step: step("a-name-that-is-too-long", "surface", "b/surface"), Grid: plane(17, 40)},
		{Step: step("c", "surface", "c/surface")},
		{Step: step("e", "estimate", "e/estimate"), Grid: estimated, Done: true},
		{Step: step("d", "density", "d/density"), Kind: pipelines.KindSpectrum, Done: true},
		{Step: pipelines.Step{ID: "cmp/line", At: pipelines.Address{Comparison: "cmp", Map: "line"}}},
	}
	names := map[int]string{80: "a-name-that-is-too-long 40/289", 30: "a-name-tha…s-too-long 40/289"} // the rest of the line is for the name
	for width, blocks := range map[int]int{80: 2, 30: 3} {
		var out bytes.Buffer
		if err := drawMaps(&out, maps, sketch.Plain, width); err != nil {
			t.Fatal(err)
		}
		text := out.String()
		for _, want := range []string{
			"surface-train  loss 1 .:-=+*#%@ 289 (logarithmic); · not computed; 1 not begun\n", names[width] + "\n",
			"n/m: points evaluated of all, and the cost as a share of an exact map's; error ≤ 2 %", "\n  e 108/289 = 40 %\n",
			"line-train  loss 1 ▁▂▃▄▅▆▇█ 3 (logarithmic)\n  a  ", "least 1 at 1\n", "cmp/line  not computed yet\n",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("width %d: no %q in\n%s", width, want, text)
			}
		}
		if n := strings.Count(text, "\n"); n != 2+2+blocks*10+3+2 {
			t.Errorf("width %d: %d lines, want the surfaces in %d rows of blocks:\n%s", width, n, blocks, text)
		}
		if strings.Contains(text, "density") || strings.Contains(text, "\x1b") {
			t.Errorf("width %d: more than was asked for in\n%s", width, text)
		}
	}
}

// TestNamesOfMaps: names next to each other are whole, or all are shortened alike where whole ones would take a block from the row.
func TestNamesOfMaps(t *testing.T) {
	var maps []results.Map
	for _, name := range []string{"batch_size=16,lr=0.05", "batch_size=128,lr=0.4", "batch_size=256,lr=0.4"} {
		g := surface.NewGrid([]float64{0, 1}, []float64{0, 1})
		for i := range g.Loss {
			g.Loss[i], g.Mask[i] = float64(i+1), true
		}
		maps = append(maps, results.Map{Step: pipelines.Step{ID: name + "/surface-train", At: pipelines.Address{Experiment: name, Map: "surface", Split: "train"}}, Grid: g, Done: true})
	}
	for _, c := range []struct{ width, of, cut int }{{80, 2, 0}, {80, 3, 0}, {44, 2, 2}, {23, 2, 0}} {
		var out bytes.Buffer
		if err := drawMaps(&out, maps[:c.of], sketch.Plain, c.width); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(out.String(), "…"); n != c.cut {
			t.Errorf("width %d: %d of %d names are shortened, want %d:\n%s", c.width, n, c.of, c.cut, out.String())
		}
	}
}
