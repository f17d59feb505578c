package runner

import (
	"math"
	"strings"
	"testing"

	"lossatlas/activities/data"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// TestSamplingError: a map over a sample of the examples has their standard errors, also at points that it takes from a coarser map; a map
// over all of them has none. A stated error leaves the standard errors of evaluated points.
func TestSamplingError(t *testing.T) {
	of := func(b *bench, around func(int, float64) Job, n, population int, relative float64) Job {
		t.Helper()
		p, err := params[pipelines.MapParams](around(n, relative))
		if err != nil {
			t.Fatal(err)
		}
		p.Y.Max, p.Population = 1, population
		inputs := map[string]Input{}
		for name, digest := range around(n, 0).Recipe.Inputs {
			inputs[name] = Input{Digest: digest}
		}
		return b.step(t, pipelines.KindSurface, p, inputs)
	}
	b := newBench(t)
	around := b.around(t, 4)
	coarse := b.made(t, of(b, around, 5, 16, 0))
	fine := b.read(t, b.made(t, of(b, around, 9, 16, 0)))
	other := newBench(t)
	alone := other.read(t, other.made(t, of(other, other.around(t, 4), 9, 16, 0)))
	half := b.read(t, b.made(t, of(b, around, 5, 8, 0)))
	s := fine.Sampling
	if s == nil || s.Images != 4 || s.Population != 16 || !strings.HasPrefix(fine.SamplingNote(), "4 of all 16 test examples, standard error ≤ ") {
		t.Fatalf("the sampling is %+v, the note %q", s, fine.SamplingNote())
	}
	for i := range fine.Mask {
		if math.Float64bits(s.LossSE[i]) != math.Float64bits(alone.Sampling.LossSE[i]) || s.RiseSE[i] != alone.Sampling.RiseSE[i] {
			t.Fatalf("point %d has the standard errors %v and %v, and %v and %v without the coarser map", i, s.LossSE[i], s.RiseSE[i], alone.Sampling.LossSE[i], alone.Sampling.RiseSE[i])
		}
		if !(s.LossSE[i] > 0) || !(s.AccuracySE[i] >= 0) {
			t.Errorf("point %d: standard errors %v and %v", i, s.LossSE[i], s.AccuracySE[i])
		}
	}
	if s.RiseSE[40] != 0 || !(s.RiseSE[41] > 0 && s.RiseSE[41] < s.LossSE[41]) {
		t.Errorf("standard errors of the rise are %v at the center, %v next to it, where that of the loss is %v", s.RiseSE[40], s.RiseSE[41], s.LossSE[41])
	}
	if ratio := half.Sampling.LossSE[12] / s.LossSE[40]; math.Abs(ratio-math.Sqrt(0.5/0.75)) > 1e-12 {
		t.Errorf("half of all examples have %v of the error of a quarter", ratio)
	}
	if whole := b.read(t, b.made(t, of(b, around, 5, 0, 0))); whole.Sampling != nil || whole.SamplingNote() != "" {
		t.Errorf("a map over all examples has the sampling %+v", whole.Sampling)
	}
	for _, c := range []struct {
		made      artifacts.Action
		want, not string
	}{
		{coarse, "network model.pt2, data pictures", "images of the"}, // the note on the standard error counts the examples
		{b.made(t, of(b, around, 5, 0, 0)), "network model.pt2, data pictures, computed from 4 images of the", "standard error"},
	} {
		p := pipelines.RenderParams{Plot: "contour", Names: map[string]string{"small": "model.pt2", data.Shapes10: "pictures"}}
		picture := string(b.get(t, b.made(t, b.step(t, pipelines.KindRender, p, map[string]Input{"grid": from(c.made, pipelines.OutGrid)})), pipelines.OutSVG))
		if !strings.Contains(picture, c.want) || strings.Contains(picture, c.not) {
			t.Errorf("the picture does not say %q, or it says %q", c.want, c.not)
		}
	}
	stated, _ := b.finish(t, of(b, around, 25, 16, 0.05))
	for i, grid := 0, b.read(t, stated); i < len(grid.Mask); i++ {
		if se := grid.Sampling.LossSE[i]; grid.IsEvaluated(i) != (se > 0) {
			t.Fatalf("point %d, evaluated %v, has the standard error %v", i, grid.IsEvaluated(i), se)
		}
	}
}
