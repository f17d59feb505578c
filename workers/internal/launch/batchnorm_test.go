package launch

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"lossatlas/activities/data"
	"lossatlas/activities/engine"
	"lossatlas/activities/runner"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

const normedMaps = `sweep: {train.seed: [1, 2]}
plots: [line, contour]
maps:
  - {kind: line, points: 5, splits: test}
  - {kind: line, name: by, points: 5, splits: test, batchnorm: {batch: 8}}
  - {kind: line, name: anew, points: 5, splits: test, batchnorm: {recompute: 40}}
  - {kind: surface, resolution: 3, images: 16, batchnorm: {recompute: 24}}
  - {kind: trajectory, resolution: 2, images: 16, batchnorm: {batch: 16}}
  - {kind: hessian, resolution: 2, images: 16, tolerance: 0.1, batchnorm: {batch: 8}}
  - {kind: spectrum, images: 16, probes: 2, steps: 3, batchnorm: {batch: 8}}
  - {kind: line, name: along, points: 2, splits: test, directions: hessian, batchnorm: {batch: 8}}
compare:
  - {kind: interpolation, between: [{train.seed: 1}, {train.seed: 2}], points: 3, splits: test, batchnorm: {recompute: 32}}
`

// TestBatchNormOfMaps: maps with other statistics of batch normalization are what the engine computes at their points, each point the same whichever
// were computed before it.
func TestBatchNormOfMaps(t *testing.T) {
	d := do(t, nil, tinySweep+normedMaps)
	net, theta, delta := d.around("seed=1/line-directions")
	b, err := engine.Open(engine.Options{Backend: "go"})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	src, err := data.Open(data.Shapes10, data.Options{})
	if err != nil {
		t.Fatal(err)
	}
	load := func(split string, n int) data.Split {
		s, err := src.Load(split, 0, n)
		if err == nil {
			s, err = s.WithProblem(net.Problem)
		}
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	_, state, err := net.Decode(d.output("seed=1/train", pipelines.OutWeights))
	if err != nil {
		t.Fatal(err)
	}
	train := load(data.Train, 40)
	for name, c := range map[string]struct {
		norm engine.Norm
		size int
	}{"by-test": {engine.Norm{ByBatch: true}, 8}, "anew-test": {engine.Norm{Recompute: &train, Size: 40}, 16}} {
		e, err := engine.NewNormEvaluator(b, net, load(data.Test, 16), c.size, c.norm)
		if err == nil {
			err = e.SetCenter(theta, state)
		}
		if err == nil {
			err = e.SetDirections(delta, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		g, plain := d.grid("seed=1/"+name), d.grid("seed=1/line-test")
		for i := len(g.X) - 1; i >= 0; i-- {
			v, err := e.At(t.Context(), g.X[i], 0)
			if err != nil || v.Loss != g.Loss[i] || g.Loss[i] == plain.Loss[i] {
				t.Errorf("%s: the loss at %g is %g, the engine's %g (%v), with running statistics %g", name, g.X[i], g.Loss[i], v.Loss, err, plain.Loss[i])
			}
		}
		e.Close()
	}
	t.Run("in any order", d.inAnyOrder)
	// Between minimizers the ends are those of each with its own recomputed statistics, and the middle is no longer of mixed ones.
	if s := step(t, d.graph, "interpolation/test"); !strings.Contains(string(s.Params), `"batchnorm":{"recompute":32,"size":32}`) {
		t.Errorf("the interpolation has %s", s.Params)
	}
	if s := step(t, d.graph, "interpolation/plot"); s.Caption != "Loss, statistics recomputed from 32 images and accuracy between two minimizers" {
		t.Errorf("its caption is %q", s.Caption)
	}
}

// inAnyOrder computes the chunks of maps once more on another worker, the last one first, and wants the same numbers.
func (d done) inAnyOrder(t *testing.T) {
	class, err := engine.Class(engine.Options{Backend: "go"})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"seed=1/surface-train", "seed=1/by-test", "seed=1/hessian-train"} {
		s := step(t, d.graph, name)
		inputs := map[string]runner.Input{}
		for in, ref := range s.Inputs {
			inputs[in] = runner.Input{Digest: d.made[ref.Step].Outputs[ref.Output].Digest}
		}
		job, err := runner.NewJob(s, inputs, class)
		if err != nil {
			t.Fatal(err)
		}
		other := &runner.Machine{Store: d.store, Engine: engine.Options{Backend: "go"}}
		r := &runner.Run{Job: job, Machine: other, Pulse: quiet{}}
		r.Recipe.Version++ // the same step under another key
		if r.Key, err = r.Recipe.Key(); err != nil {
			t.Fatal(err)
		}
		plan, err := r.Plan(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		slices.Reverse(plan.Missing)
		for _, i := range plan.Missing {
			if _, err := r.Chunk(t.Context(), i, false); err != nil {
				t.Fatal(err)
			}
		}
		made, err := r.Make(t.Context(), "test", artifacts.Provenance{})
		other.Close()
		if err != nil {
			t.Fatal(err)
		}
		again, err := d.store.Get(t.Context(), made.Outputs[pipelines.OutGrid].Digest)
		if err != nil {
			t.Fatal(err)
		}
		first := d.output(name, pipelines.OutGrid)
		if g, h := mustGrid(t, first), mustGrid(t, again); !slices.Equal(g.Loss, h.Loss) || g.Curvature != nil && !slices.Equal(g.Curvature.LambdaMax, h.Curvature.LambdaMax) {
			t.Errorf("%s: another worker computes %v, and not %v", name, h.Loss, g.Loss)
		}
	}
}

// TestMistakesOfBatchNorm are reported at their field.
func TestMistakesOfBatchNorm(t *testing.T) {
	for says, want := range map[string]string{
		"{kind: line, batchnorm: off}":                                     "5:32: maps.batchnorm: want running, {batch: N} or {recompute: N}, got off",
		"{kind: line, batchnorm: {batch: 1}}":                              "maps.batchnorm.batch: want a whole number from 2 to",
		"{kind: line, images: 16, batchnorm: {batch: 10}}":                 "the map's 16 images of train are not a multiple of the batch size 10; take images: 10, or another batch",
		"{kind: line, batchnorm: {batch: 128}}":                            "not a multiple of the batch size 128; take a smaller batch",
		"{kind: line, batchnorm: {recompute: 100}}":                        "maps.batchnorm: recompute asks for 100 images of the training split, and dataset.train has 48",
		"{kind: hessian, batchnorm: {recompute: 10}}":                      "derivatives, as of a map of kind hessian, have no recomputed statistics",
		"{kind: surface, directions: hessian, batchnorm: {recompute: 10}}": "directions: hessian takes second derivatives",
	} {
		_, err := readText(t, tinySweep+"maps: ["+says+"]\n")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v, want %q", says, err, want)
		}
	}
	_, err := readText(t, tinySweep+"sweep: {train.seed: [1, 2]}\ncompare: [{kind: interpolation, between: [{train.seed: 1}, {train.seed: 2}], states: false, batchnorm: {recompute: 16}}]\n")
	if err == nil || !strings.Contains(err.Error(), "compare.states has no effect with batchnorm: recompute") {
		t.Errorf("states next to recomputed statistics: %v", err)
	}
	plain := step(t, expandFile(t, tinySweep+"maps: [{kind: surface}]\n"), "/surface-train")
	spelled := step(t, expandFile(t, tinySweep+"maps: [{kind: surface, batchnorm: running, weight_decay: false}]\n"), "/surface-train")
	if !bytes.Equal(plain.Params, spelled.Params) || !json.Valid(plain.Params) {
		t.Errorf("running statistics that are spelled out make %s of %s", spelled.Params, plain.Params)
	}
}
