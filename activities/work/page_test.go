package work

import (
	"strings"
	"testing"

	"lossatlas/activities/data"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// TestPageOfAnUnfinishedSweep: what is there is on it, what is not is said to come, and with the address of
// a Temporal UI the runs are linked.
func TestPageOfAnUnfinishedSweep(t *testing.T) {
	b := newBench(t)
	trained := b.made(t, b.step(t, pipelines.KindTrain, b.trainParams(1), nil))
	p := pipelines.ReportParams{Sweep: "s", Title: "t", Experiments: []pipelines.ReportExperiment{
		{Name: "a", Log: "log", Pictures: []pipelines.ReportPicture{{Title: "Surface", SVG: "svg", PNG: "png"}}},
		{Name: "b", Log: "another"},
		{Name: "c", Log: "log", Maps: []pipelines.ReportMap{
			{Name: "surface", Kind: "surface", Split: "test", Data: "grid"}, {Name: "waiting", Kind: "surface", Split: "test", Data: "later"},
		}},
	}}
	inputs := map[string]Input{"log": from(trained, pipelines.OutLog)}
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
	mp.X.N = 5
	waiting := b.step(t, pipelines.KindSurface, mp, weights)
	page, err := Page(t.Context(), b.Store, p, inputs, PageOptions{
		UI: "http://127.0.0.1:8233/", Unfinished: true, Running: map[string]Job{"grid": begun, "later": waiting},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"This picture is not there yet.", "The training is not done yet.", "4 of 9 points are there.", "This map is not there yet.",
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
	for _, name := range []string{pipelines.OutSVG, pipelines.OutPNG} {
		log[name] = Input{Digest: outputs[name].Digest, Producer: in.Key}
	}
	page, err := Page(t.Context(), b.Store, pipelines.ReportParams{Sweep: "s", Title: "t", Experiments: []pipelines.ReportExperiment{{
		Name: "a", Log: "log", Pictures: []pipelines.ReportPicture{{Title: "Training", SVG: pipelines.OutSVG, PNG: pipelines.OutPNG}},
	}}}, log, PageOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if want := `download="s-a-training.pdf" href="data:application/pdf;base64,JVBERi0xLjc=">PDF<`; !strings.Contains(string(page), want) {
		t.Errorf("the page has no %s", want)
	}
}
