package runner

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lossatlas/activities/data"
	"lossatlas/activities/render/compare"
	"lossatlas/activities/runner/networks"
	"lossatlas/activities/surface"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// TestFiguresOverExperiments draws each kind of figure over a training, its map and one that has no result, and
// puts them on the sweep's page.
func TestFiguresOverExperiments(t *testing.T) {
	b := newBench(t)
	trained := b.made(t, b.step(t, pipelines.KindTrain, b.trainParams(2), nil))
	weights := map[string]Input{pipelines.OutWeights: from(trained, pipelines.OutWeights)}
	dirs := b.made(t, b.step(t, pipelines.KindDirections,
		pipelines.DirectionsParams{Net: "small", Problem: shapesProblem, Normalize: "filter", Ignore: "biasbn", Seed: 1, Axes: 2}, weights))
	weights[pipelines.OutDirections] = from(dirs, pipelines.OutDirections)
	mapped := func(kind pipelines.Kind, y *pipelines.Axis) artifacts.Action {
		in := b.step(t, kind, pipelines.MapParams{
			Net: "small", Data: pipelines.MapData{Name: data.Shapes10, Digest: b.digest, Problem: shapesProblem, Split: "test", To: 16},
			X: pipelines.Axis{Min: -1, Max: 1, N: 3}, Y: y, Batch: 16,
		}, weights)
		return b.made(t, in)
	}
	plane, line := mapped(pipelines.KindSurface, &pipelines.Axis{Min: -1, Max: 1, N: 3}), mapped(pipelines.KindLine, nil)
	flat := b.made(t, b.step(t, pipelines.KindFlatness, pipelines.FlatnessParams{Levels: []float64{0.5}, Radii: []float64{0.5}},
		map[string]Input{pipelines.InGrid(0): from(plane, pipelines.OutGrid)}))

	log := from(trained, pipelines.OutLog)
	inputs := map[string]Input{}
	g := sweepOf(map[string][]pipelines.Step{"a": {mapStep("a/plane", pipelines.KindSurface, "plane", "test")}}, "a")
	g.Experiments[0].Steps[len(g.Experiments[0].Steps)-1].Directions = "along filter-normalized random directions (seed 1)"
	inputs["a/plane/grid"] = from(plane, pipelines.OutGrid)
	for _, c := range []struct {
		kind, plot string
		inputs     map[string]Input
		style      *pipelines.Style
	}{
		{"multiples", "contour", map[string]Input{"0/log": log, "0/grid": from(plane, pipelines.OutGrid)}, nil},
		{"multiples", "surface3d", map[string]Input{"0/log": log, "0/grid": from(plane, pipelines.OutGrid)}, &pipelines.Style{Cut: 3, Open: true, Width: 5, DPI: 100}},
		{"multiples", "line", map[string]Input{"0/log": log, "0/test": from(line, pipelines.OutGrid)}, nil},
		{"lines", "", map[string]Input{"0/test": from(line, pipelines.OutGrid)}, nil},
		{"norms", "", map[string]Input{"0/log": log}, nil},
		{"curves", "", map[string]Input{"0/log": log}, &pipelines.Style{Scale: "log"}},
		{"histogram", "", map[string]Input{"0/weights": from(trained, pipelines.OutWeights)}, nil},
		{"scatter", "", map[string]Input{"0/log": log, "0/flatness": from(flat, pipelines.OutFlatness)}, nil},
		{"scatter", "", nil, nil},
	} {
		name := c.kind + c.plot
		figure := pipelines.FigureParams{Plot: c.plot, Columns: 2, Measure: "width0.5", Panels: []pipelines.FigurePanel{
			{Title: "batch_size=16", Net: "small", Problem: shapesProblem}, {Title: "batch_size=64", Net: "small", Problem: shapesProblem, Column: 1},
		}}
		made := b.made(t, b.step(t, pipelines.KindRender,
			pipelines.RenderParams{Plot: c.kind, Title: name, Style: c.style, Figure: &figure}, c.inputs))
		for output, head := range map[string]string{pipelines.OutPNG: "\x89PNG", pipelines.OutSVG: "<?xml", pipelines.OutPDF: "%PDF-1."} {
			if got := b.get(t, made, output); !bytes.HasPrefix(got, []byte(head)) {
				t.Errorf("%s: the output %s begins %q", name, output, got[:min(8, len(got))])
			}
		}
		inputs[name+"/svg"], inputs[name+"/png"] = from(made, pipelines.OutSVG), from(made, pipelines.OutPNG)
		g.Final = append(g.Final, pipelines.Step{ID: name, Kind: pipelines.KindRender, Caption: "Figure " + name, At: pipelines.Address{Figure: name, Role: pipelines.RoleFigure}})
	}
	inputs["a/train/log"] = log
	report := b.made(t, b.step(t, pipelines.KindReport, g, inputs))
	page := string(b.get(t, report, pipelines.OutHTML))
	for _, s := range g.Final {
		if !strings.Contains(page, s.Caption) {
			t.Errorf("the report has no picture %q", s.Caption)
		}
	}
	of := "Network small, data shapes10, trained on 32 images and tested on 16"
	for figure, want := range map[string]string{"multiplescontour": of + "; computed from 16 images of the test set.", "norms": of + "."} {
		if want = "<strong>Figure " + figure + "</strong><br>" + want + "</p>"; !strings.Contains(page, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	if want := `"directions":"along filter-normalized random directions (seed 1)"`; !strings.Contains(page, want) {
		t.Errorf("the page has no %s", want)
	}
}

// TestCommonTraining: captions of trainings name what all share, networks by their names, and the seeds.
func TestCommonTraining(t *testing.T) {
	training := func(epochs int, seed uint64) pipelines.FigurePanel {
		raw, err := json.Marshal(pipelines.TrainParams{Net: "digest", Data: pipelines.TrainData{Name: "shapes10", Train: 64, Test: 32}, Optimizer: pipelines.Optimizer{Kind: "sgd", LR: 0.1}, Epochs: epochs, BatchSize: 16, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		return pipelines.FigurePanel{Training: raw}
	}
	imported := pipelines.FigurePanel{Training: json.RawMessage(`{"net": "digest", "weights": "x", "data": {"name": "shapes10", "train": 64, "test": 32}}`)}
	of := "network mine, data shapes10, "
	trained := of + "trained on 64 images and tested on 32, sgd with learning rate 0.1, batches of 16, "
	for want, panels := range map[string][]pipelines.FigurePanel{
		"": {{}},
		of + "training set of 64 and test set of 32 images": {imported, imported},
		trained + "2 epochs, seed 1":                        {training(2, 1), {}},
		trained + "seeds 1, 2 and 3":                        {training(2, 1), training(3, 2), training(2, 3)},
		trained + "1 epoch, 5 seeds":                        {training(1, 1), training(1, 2), training(1, 3), training(1, 4), training(1, 5)},
	} {
		if got, err := commonTraining(panels, map[string]string{"digest": "mine"}); got != want || err != nil {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
}

// TestHistogramCountsWeightsAlone: biases and batch normalization are left out.
func TestHistogramCountsWeightsAlone(t *testing.T) {
	b := newBench(t)
	trained := b.made(t, b.step(t, pipelines.KindTrain, b.trainParams(1), nil))
	in := b.step(t, pipelines.KindRender, pipelines.RenderParams{Plot: "histogram"}, map[string]Input{"0/weights": from(trained, pipelines.OutWeights)})
	f := panels{Run: b.run(in), p: pipelines.FigureParams{Panels: []pipelines.FigurePanel{{Net: "small", Problem: shapesProblem}}}}
	got, err := f.weights(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	net, err := networks.Of("small", shapesProblem)
	if err != nil {
		t.Fatal(err)
	}
	want := 0
	for _, p := range net.Params() {
		if len(p.Shape) > 1 { // of a convolution or a linear layer
			want += p.Size
		}
	}
	if len(got) != want || want >= net.NumParams() {
		t.Errorf("%d weights, want %d of %d parameters", len(got), want, net.NumParams())
	}
}

// TestStyleReachesThePicture: what a sweep says of a picture changes it.
func TestStyleReachesThePicture(t *testing.T) {
	b := newBench(t)
	g := surface.NewGrid(surface.Lattice(-1, 1, 9), surface.Lattice(-1, 1, 9))
	for i := range g.Loss {
		x, y := g.X[i%9], g.Y[i/9]
		g.Loss[i], g.Accuracy[i], g.Mask[i] = math.Exp(3*(x*x+y*y)), 50, true
	}
	raw, err := g.EncodeNPZ()
	if err != nil {
		t.Fatal(err)
	}
	blob, err := b.Store.Put(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	draw := func(plot string, style *pipelines.Style) string {
		made := b.made(t, b.step(t, pipelines.KindRender, pipelines.RenderParams{Plot: plot, Style: style}, map[string]Input{"grid": {Digest: blob.Digest}}))
		svg := string(b.get(t, made, pipelines.OutSVG))
		return svg[:strings.Index(svg, "<metadata>")] + svg[strings.Index(svg, "</metadata>"):] // the recipe differs in any case
	}
	for _, c := range []struct {
		plot  string
		style pipelines.Style
	}{
		{"contour", pipelines.Style{Scale: "linear"}}, {"contour", pipelines.Style{Min: 1, Max: 9, Step: 2}}, {"contour", pipelines.Style{NoLabels: true}},
		{"filled", pipelines.Style{Colormap: "magma"}}, {"heat", pipelines.Style{Cut: 5}}, {"surface3d", pipelines.Style{Width: 6}},
	} {
		if draw(c.plot, nil) == draw(c.plot, &c.style) {
			t.Errorf("the style %+v does not change a plot %s", c.style, c.plot)
		}
	}
}

// Repetitions are one dot, the mean of those of which both numbers are known.
func TestGroupMeans(t *testing.T) {
	nan := math.NaN()
	panels := []pipelines.FigurePanel{{Group: "a"}, {Title: "alone"}, {Group: "b"}, {Group: "a"}, {Group: "b"}, {Group: "a"}, {Group: "c"}}
	dots := []compare.Dot{
		{Flatness: 1, Error: 10}, {Name: "alone", Flatness: 5, Error: 5}, {Flatness: nan, Error: 90}, {Flatness: 3, Error: 20, AtLeast: true},
		{Flatness: 2, Error: 7}, {Flatness: nan, Error: nan}, {Flatness: math.Inf(1), Error: 1},
	}
	want := []compare.Dot{
		{Name: "a (2 of 3)", Flatness: 2, Error: 15, AtLeast: true, FlatnessBar: nan, ErrorBar: math.Sqrt(50)},
		{Name: "alone", Flatness: 5, Error: 5},
		{Name: "b (1 of 2)", Flatness: 2, Error: 7, FlatnessBar: nan, ErrorBar: nan},
		{Name: "c", Flatness: nan, Error: nan, FlatnessBar: nan, ErrorBar: nan},
	}
	if diff := cmp.Diff(want, groupMeans(panels, dots), cmpopts.EquateNaNs(), cmpopts.EquateApprox(1e-12, 0)); diff != "" {
		t.Errorf("dots (-want +got):\n%s", diff)
	}
}

// TestBarrierDot: a pair of minimizers is a dot at its barrier and the mean of both errors.
func TestBarrierDot(t *testing.T) {
	b := newBench(t)
	line := surface.NewGrid([]float64{0, 0.5, 1}, []float64{0})
	copy(line.Loss, []float64{1, 4, 2})
	for i := range line.Mask {
		line.Mask[i] = true
	}
	raw, err := line.EncodeNPZ()
	if err != nil {
		t.Fatal(err)
	}
	inputs := map[string]Input{}
	put := func(name string, raw []byte) {
		blob, err := b.Store.Put(t.Context(), raw)
		if err != nil {
			t.Fatal(err)
		}
		inputs[name] = Input{Digest: blob.Digest}
	}
	put("0/grid", raw)
	for i, accuracy := range []float64{90, 80} {
		put("0/log-"+pipelines.Letter(i), fmt.Appendf(nil, `{"final": {"train_loss": 1, "train_accuracy": 1, "test_loss": 1, "test_accuracy": %v}}`, accuracy))
	}
	dot := func() compare.Dot {
		f := panels{Run: b.run(b.step(t, pipelines.KindRender, pipelines.RenderParams{Plot: "scatter"}, inputs)), p: pipelines.FigureParams{Measure: compare.Barrier, Panels: []pipelines.FigurePanel{{Title: "a, b"}}}}
		d, err := f.dot(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if got, want := dot(), (compare.Dot{Name: "a, b", Flatness: 2.5, Error: 15}); got != want {
		t.Errorf("the pair is %+v, want %+v", got, want)
	}
	delete(inputs, "0/log-b")
	if got := dot(); !math.IsNaN(got.Error) {
		t.Errorf("the error of a pair with one training is %v", got.Error)
	}
}
