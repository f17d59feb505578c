package runner

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"lossatlas/activities/surface"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// drawnGrid stores x² · steepness over a lattice as the result of a map.
func (b *bench) drawnGrid(t *testing.T, steepness float64) Input {
	t.Helper()
	g := surface.NewGrid(surface.Lattice(-1, 1, 21), surface.Lattice(-1, 1, 21))
	for i := range g.Mask {
		x, y := g.X[i%21], g.Y[i/21]
		if err := g.Add([]surface.Point{{Index: i, Loss: steepness * (x*x + y*y)}}); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := g.EncodeNPZ()
	if err != nil {
		t.Fatal(err)
	}
	outputs, err := b.run(Job{}).put(t.Context(), map[string][]byte{pipelines.OutGrid: raw})
	if err != nil {
		t.Fatal(err)
	}
	return Input{Digest: outputs[pipelines.OutGrid].Digest}
}

// TestFlatnessOfPairs: the measures of two grids and their mean, and the
// report's table of them.
func TestFlatnessOfPairs(t *testing.T) {
	b := newBench(t)
	p := pipelines.FlatnessParams{Levels: []float64{0.5}, Radii: []float64{0.5}}
	in := b.step(t, pipelines.KindFlatness, p, map[string]Input{"grid-0": b.drawnGrid(t, 1), "grid-1": b.drawnGrid(t, 4)})
	made := b.made(t, in)
	var got surface.FlatnessResult
	if err := json.Unmarshal(b.get(t, made, pipelines.OutFlatness), &got); err != nil {
		t.Fatal(err)
	}
	want := (2*math.Sqrt(0.5) + 2*math.Sqrt(0.5/4)) / 2
	if len(got.Grids) != 2 || got.Levels[0] != 0.5 || got.Summary[0].Name != "width0.5" || math.Abs(got.Summary[0].Mean-want) > 0.01 || got.Summary[0].Count != 4 {
		t.Errorf("measured %+v, want a mean width of %g", got, want)
	}
	if s := got.Summary[3]; s.Name != "sharp0.5" || math.Abs(s.Mean-0.625) > 0.01 || math.Abs(s.Deviation-0.75/math.Sqrt2) > 0.01 {
		t.Errorf("the sharpness is %+v, want 0.25 and 1", s)
	}

	trained := b.made(t, b.step(t, pipelines.KindTrain, b.trainParams(1), nil))
	report := b.made(t, b.step(t, pipelines.KindReport, sweepOf(map[string][]pipelines.Step{"a": {
		{ID: "a/flat", Kind: pipelines.KindFlatness, At: pipelines.Address{Map: "surface", Split: "train", Role: pipelines.RoleFlatness}},
		{ID: "a/absent", Kind: pipelines.KindFlatness, At: pipelines.Address{Map: "surface", Split: "test", Role: pipelines.RoleFlatness}},
	}}, "a"), map[string]Input{"a/train/log": from(trained, pipelines.OutLog), "a/flat/flatness": from(made, pipelines.OutFlatness)}))
	page := string(b.get(t, report, pipelines.OutHTML))
	for _, want := range []string{"surface-train (2 draws)", "width0.5", "<td class=\"num\">100 ± 0</td>", "<dd>flatness</dd>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the report has no %q", want)
		}
	}

	for want, inputs := range map[string]map[string]Input{
		"BadStep": {"grid-0": b.drawnGrid(t, 1), "grid-2": b.drawnGrid(t, 1)},
		"BadGrid": {"grid-0": from(trained, pipelines.OutLog)},
	} {
		if _, err := b.do(t, b.step(t, pipelines.KindFlatness, p, inputs)); typeOf(err) != want {
			t.Errorf("error %v, want a %s", err, want)
		}
	}
	if _, err := b.Store.Lookup(t.Context(), artifacts.Key(in.Key)); err != nil {
		t.Error(err)
	}
}
