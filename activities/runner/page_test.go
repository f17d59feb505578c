package runner

import (
	"strings"
	"testing"

	"lossatlas/activities/data"
	"lossatlas/activities/report"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// TestPageOfAnUnfinishedSweep: what is there is on it, what is not is said to come, and with the address of
// a Temporal UI the runs are linked.
func TestPageOfAnUnfinishedSweep(t *testing.T) {
	b := newBench(t)
	trained := b.made(t, b.step(t, pipelines.KindTrain, b.trainParams(1), nil))
	// A surface of one experiment has begun; the other one has not.
	grid, later := mapStep("c/grid", pipelines.KindSurface, "surface", "test"), mapStep("c/later", pipelines.KindSurface, "waiting", "test")
	// Of one map, the corners are evaluated; of another, nothing.
	weights := map[string]Input{pipelines.OutWeights: from(trained, pipelines.OutWeights)}
	dirs := b.made(t, b.step(t, pipelines.KindDirections, pipelines.DirectionsParams{Net: "small", Problem: shapesProblem, Normalize: "filter", Ignore: "biasbn", Seed: 1, Axes: 2}, weights))
	weights[pipelines.OutDirections] = from(dirs, pipelines.OutDirections)
	mp := pipelines.MapParams{
		Net: "small", Data: pipelines.MapData{Name: data.Shapes10, Digest: b.digest, Problem: shapesProblem, Split: "test", To: 16},
		X: pipelines.Axis{Min: -1, Max: 1, N: 3}, Y: &pipelines.Axis{Min: -1, Max: 1, N: 3}, Batch: 16,
	}
	begun := b.step(t, pipelines.KindSurface, mp, weights)
	b.chunk(t, begun, 0)
	of := map[string]pipelines.Ref{pipelines.OutWeights: {Step: "c/train", Output: pipelines.OutWeights}, pipelines.OutDirections: {Step: "c/dirs", Output: pipelines.OutDirections}}
	grid.Inputs, grid.Params, later.Inputs = of, begun.Recipe.Params, of
	mp.X.N = 5
	later.Params = b.step(t, pipelines.KindSurface, mp, weights).Recipe.Params
	g := sweepOf(map[string][]pipelines.Step{
		"a": {pictureStep("a/surface-plot", "Surface", "surface", "train")},
		"c": {{ID: "c/dirs", Kind: pipelines.KindDirections, At: pipelines.Address{Map: "surface", Role: pipelines.RoleDirections}}, grid, later},
	}, "a", "b", "c")
	found := b.resultsOf(g, map[string]artifacts.Action{"a/train": trained, "c/train": trained, "c/dirs": dirs})
	found.Numerics = b.class
	page, err := report.Page(t.Context(), found, report.Options{UI: "http://127.0.0.1:8233/", Unfinished: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"This picture is not computed yet.", "The training is not done yet.", "4 of 9 points are there.", "This map is not computed yet.",
		"Not there yet: 1 of 3 trainings, 1 of 2 maps, 1 of 1 pictures, 1 of 2 maps in part.", `"mask":"AQABAAAAAQAB"`, `href="http://127.0.0.1:8233/namespaces/default/workflows/`} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page has no %q", want)
		}
	}
}

// TestPageOffersOtherForms: what a picture's step wrote beside SVG and PNG can be downloaded.
func TestPageOffersOtherForms(t *testing.T) {
	b := newBench(t)
	trained := b.made(t, b.step(t, pipelines.KindTrain, b.trainParams(1), nil))
	log := map[string]Input{"log": from(trained, pipelines.OutLog)}
	in := b.step(t, pipelines.KindRender, pipelines.RenderParams{Plot: "training", Title: "x"}, log)
	drawn := b.made(t, in)
	outputs, err := b.run(Job{}).put(t.Context(), map[string][]byte{"pdf": []byte("%PDF-1.7")})
	if err != nil {
		t.Fatal(err)
	}
	outputs[pipelines.OutSVG], outputs[pipelines.OutPNG] = drawn.Outputs[pipelines.OutSVG], drawn.Outputs[pipelines.OutPNG]
	in.Recipe.Version += 100
	if in.Key, err = in.Recipe.Key(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Store.PutAction(t.Context(), artifacts.Action{Key: in.Key, Recipe: in.Recipe, Outputs: outputs}); err != nil {
		t.Fatal(err)
	}
	g := sweepOf(map[string][]pipelines.Step{"a": {pictureStep("a/training", "Training", "", "")}}, "a")
	page, err := report.Page(t.Context(), b.resultsOf(g, map[string]artifacts.Action{"a/train": trained, "a/training": {Key: in.Key, Outputs: outputs}}), report.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if want := `download="s-a-training.pdf" href='data:application/pdf;base64,JVBERi0xLjc='>PDF<`; !strings.Contains(string(page), want) {
		t.Errorf("the page has no %s", want)
	}
}
