package sweepfile

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/pipelines"
)

// four is a sweep of four experiments with every kind of map that figures show.
const four = `name: four
dataset: {name: cifar10}
train: {net: vgg9, epochs: 10, checkpoints: 1}
sweep:
  train.batch_size: [128, 8192]
  train.optimizer.weight_decay: [0, 5e-4]
maps:
  - {kind: line}
  - {kind: surface, splits: [train, test]}
  - {kind: hessian, resolution: 5}
  - {kind: trajectory}
compare:
  - {kind: interpolation, between: [{train.batch_size: 128}, {train.batch_size: 8192}]}
plots: [line]
`

// finals are the steps of a graph's figures, with their parameters.
func finals(t *testing.T, g *pipelines.Graph) (map[string]pipelines.Step, map[string]pipelines.RenderParams) {
	t.Helper()
	steps, params := make(map[string]pipelines.Step), make(map[string]pipelines.RenderParams)
	for _, s := range g.Final {
		var p pipelines.RenderParams
		if s.Kind != pipelines.KindRender {
			continue
		}
		if err := json.Unmarshal(s.Params, &p); err != nil {
			t.Fatal(err)
		}
		if p.Figure != nil {
			steps[s.ID], params[s.ID] = s, p
		}
	}
	return steps, params
}

// What each kind of figure looks at, where its panels are, and that the report shows it.
func TestFigures(t *testing.T) {
	g := mustExpand(t, four+`figures:
  - {kind: multiples, rows: train.optimizer.weight_decay, columns: train.batch_size, title: All of them}
  - {kind: multiples, name: tested, map: surface, plot: surface3d, split: test, columns: train.batch_size}
  - {kind: multiples, name: ratios, plot: ratio}
  - {kind: multiples, name: paths, plot: trajectory, of: [{train.batch_size: 8192}]}
  - {kind: multiples, name: between, map: interpolation}
  - {kind: lines, cut: 5}
  - {kind: norms}
  - {kind: histogram, of: ["batch_size=128,weight_decay=0", {train.batch_size: 8192, train.optimizer.weight_decay: 0}], scale: log}
  - {kind: scatter, measure: sharp0.25, map: surface}
  - {kind: curves}
`, "")
	steps, params := finals(t, g)
	const a, b, c = "batch_size=128,weight_decay=0", "batch_size=128,weight_decay=0.0005", "batch_size=8192,weight_decay=0"
	for _, want := range []struct {
		id     string
		panels int
		input  string
		ref    pipelines.Ref
	}{
		{"figures/multiples", 4, "1/grid", pipelines.Ref{Step: b + "/surface-train", Output: pipelines.OutGrid}},
		{"figures/multiples", 4, "2/log", pipelines.Ref{Step: c + "/train", Output: pipelines.OutLog}},
		{"figures/tested", 4, "0/grid", pipelines.Ref{Step: a + "/surface-test", Output: pipelines.OutGrid}},
		{"figures/ratios", 4, "0/grid", pipelines.Ref{Step: a + "/hessian-train", Output: pipelines.OutGrid}},
		{"figures/paths", 2, "0/path", pipelines.Ref{Step: c + "/trajectory-path", Output: pipelines.OutPath}},
		{"figures/paths", 2, "0/grid", pipelines.Ref{Step: c + "/trajectory-train", Output: pipelines.OutGrid}},
		{"figures/between", 2, "0/test", pipelines.Ref{Step: "interpolation,weight_decay=0/test", Output: pipelines.OutGrid}},
		{"figures/between", 2, "0/log-b", pipelines.Ref{Step: c + "/train", Output: pipelines.OutLog}},
		{"figures/lines", 4, "0/train", pipelines.Ref{Step: a + "/line-train", Output: pipelines.OutGrid}},
		{"figures/norms", 4, "3/log", pipelines.Ref{Step: "batch_size=8192,weight_decay=0.0005/train", Output: pipelines.OutLog}},
		{"figures/histogram", 2, "1/weights", pipelines.Ref{Step: c + "/train", Output: pipelines.OutWeights}},
		{"figures/scatter", 4, "0/flatness", pipelines.Ref{Step: a + "/surface-train-flatness", Output: pipelines.OutFlatness}},
		{"figures/curves", 4, "0/log", pipelines.Ref{Step: a + "/train", Output: pipelines.OutLog}},
	} {
		if n := len(params[want.id].Figure.Panels); n != want.panels {
			t.Errorf("%s has %d panels, want %d", want.id, n, want.panels)
		}
		if got := steps[want.id].Inputs[want.input]; got != want.ref {
			t.Errorf("%s: the input %s is %v, want %v", want.id, want.input, got, want.ref)
		}
		if !steps[want.id].Partial {
			t.Errorf("%s waits for all of its inputs", want.id)
		}
	}
	if len(steps) != 10 {
		t.Errorf("%d figures, want 10", len(steps))
	}
	places := func(id string) (out [][2]int) {
		for _, p := range params[id].Figure.Panels {
			out = append(out, [2]int{p.Row, p.Column})
		}
		return out
	}
	if diff := cmp.Diff([][2]int{{0, 0}, {1, 0}, {0, 1}, {1, 1}}, places("figures/multiples")); diff != "" {
		t.Errorf("weight decay by row and batch size by column (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([][2]int{{0, 0}, {1, 0}, {0, 1}, {1, 1}}, places("figures/tested")); diff != "" {
		t.Errorf("batch size by column, the rest by row (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([][2]int{{0, 0}, {0, 1}, {1, 0}, {1, 1}}, places("figures/ratios")); diff != "" {
		t.Errorf("four in the order of the file (-want +got):\n%s", diff)
	}
	if got := params["figures/multiples"]; got.Title != "All of them" || got.Figure.Plot != plotContour {
		t.Errorf("title %q and plot %q", got.Title, got.Figure.Plot)
	}
	if got := params["figures/histogram"].Style; got == nil || *got != (pipelines.Style{Scale: "log"}) {
		t.Errorf("the style of the histogram is %+v", got)
	}
	// What all panels share stands in the heading.
	norms, histogram := params["figures/norms"], params["figures/histogram"]
	if got := norms.Figure.Panels[1].Title + " of " + norms.Title; got != "batch_size=128, weight_decay=0.0005 of Norm of the weights during training" {
		t.Errorf("the second panel of four is %s", got)
	}
	if got := histogram.Figure.Panels[1].Title + " of " + histogram.Title; got != "batch_size=8192 of Weights of convolutions and linear layers · weight_decay=0" {
		t.Errorf("the second panel of two without weight decay is %s", got)
	}
	if marks := params["figures/between"].Marks; len(marks) != 2 {
		t.Errorf("%d marks between two minimizers", len(marks))
	}
	var report pipelines.Graph
	last := g.Final[len(g.Final)-1]
	if err := json.Unmarshal(last.Params, &report); err != nil {
		t.Fatal(err)
	}
	var figures []string
	for _, s := range report.Final {
		if s.At.Role == pipelines.RoleFigure {
			figures = append(figures, s.ID)
		}
	}
	if len(figures) != 10 || figures[0] != "figures/multiples" || last.Inputs[pipelines.InReport(figures[0], pipelines.OutSVG)] != (pipelines.Ref{Step: "figures/multiples", Output: pipelines.OutSVG}) {
		t.Errorf("the report shows %v", figures)
	}
}

// TestFigureNamesItsMap: where several maps are of the kind that a figure shows, its heading says which one it is.
func TestFigureNamesItsMap(t *testing.T) {
	one := minimal + "maps: [{kind: line}, {kind: surface, resolution: 5}MORE]\nfigures: [{kind: lines}, {kind: lines, name: second, map: MAP}, {kind: multiples}]\n"
	for _, c := range []struct{ more, name, first, second string }{
		{"", "line", "Loss along a line", "Loss along a line"},
		{", {kind: line, name: far, range: [-5, 5]}", "far", "Loss along a line · map line", "Loss along a line · map far"},
	} {
		_, params := finals(t, mustExpand(t, strings.NewReplacer("MORE", c.more, "MAP", c.name).Replace(one), ""))
		if first, second := params["figures/lines"].Title, params["figures/second"].Title; first != c.first || second != c.second {
			t.Errorf("the headings are %q and %q, want %q and %q", first, second, c.first, c.second)
		}
		if got := params["figures/multiples"].Title; strings.Contains(got, " · ") {
			t.Errorf("the heading of the only surface is %q", got)
		}
	}
}

// How pictures look is in their own keys alone, and nothing that computes runs again.
func TestStyleIsInThePicturesKeyAlone(t *testing.T) {
	plain := strings.Replace(four, "plots: [line]", "plots: [line, contour, trajectory]", 1) + "figures: [{kind: multiples}, {kind: norms}]\n"
	before := mustExpand(t, plain, "")
	old := keysOf(t, before)
	for _, c := range []struct{ from, to, changes string }{
		{"contour,", "{kind: contour, scale: log},", "-contour"},
		{"contour,", "{kind: contour, min: 0.1, max: 5, step: 0.5},", "-contour"},
		{"contour,", "{kind: contour, labels: false},", "-contour"},
		{"contour,", "{kind: contour, dpi: 300, width: 6},", "-contour"},
		{"[line,", "[{kind: line, cut: 10},", "/line-plot /plot"},
		{"trajectory]", "{kind: trajectory, colormap: magma}]", "trajectory-train-plot"},
		{"{kind: multiples}", "{kind: multiples, colormap: magma}", "figures/multiples"},
		{"{kind: multiples}", "{kind: multiples, plot: filled}", "figures/multiples"},
		{"{kind: norms}", "{kind: norms, width: 8}", "figures/norms"},
	} {
		src := strings.Replace(plain, c.from, c.to, 1)
		if src == plain {
			t.Fatalf("%q is not in the file", c.from)
		}
		g := mustExpand(t, src, "")
		now := keysOf(t, g)
		if diff := cmp.Diff(computed(before, old), computed(g, now)); diff != "" {
			t.Errorf("%s changes keys of steps that compute:\n%s", c.to, diff)
		}
		for id, key := range now {
			may := id == "report" || slices.ContainsFunc(strings.Fields(c.changes), func(end string) bool { return strings.HasSuffix(id, end) })
			if changed := key != old[id]; changed != may {
				t.Errorf("%s: the key of %s changed: %v", c.to, id, changed)
			}
		}
	}
	named := strings.Replace(plain, "contour,", "{kind: contour},", 1)
	if !maps.Equal(old, keysOf(t, mustExpand(t, named, ""))) {
		t.Error("a plot as a mapping without a style has another key than its name")
	}
}

// A run after a change of style draws that picture and the report, and computes nothing; a plan says so.
func TestPlanAfterAChangeOfStyle(t *testing.T) {
	src := four + "figures: [{kind: multiples}]\n"
	cache := newMemoryCache()
	cache.run(t, mustExpand(t, src, ""))
	g := mustExpand(t, strings.Replace(src, "{kind: multiples}", "{kind: multiples, scale: log}", 1), "")
	var run []string
	for _, s := range mustPlan(t, g, cache).Steps {
		if s.State != pipelines.StateCached {
			run = append(run, s.ID+" "+string(s.State))
		}
	}
	if diff := cmp.Diff([]string{"figures/multiples run", "report blocked"}, run); diff != "" {
		t.Errorf("what is left to do (-want +got):\n%s", diff)
	}
}

// Titles of panels leave out what all have, and zipped values that follow from those before them; the heading names their parameters.
func TestTitlesOfPanels(t *testing.T) {
	g := mustExpand(t, `name: zipped
dataset: {name: shapes10, train: 64, test: 64}
train: {net: small, epochs: 4, batch_size: 64}
sweep:
  - zip:
      train.net: [{small: {width: 4}}, {small: {width: 8}}, {small: {width: 8}}]
      train.optimizer.lr: [0.1, 0.1, 0.01]
      train.epochs: [4, 8, 8]
    train.seed: [1]
maps: [{kind: surface, resolution: 5}]
figures: [{kind: multiples}]
`, "")
	_, params := finals(t, g)
	var titles []string
	for _, p := range params["figures/multiples"].Figure.Panels {
		titles = append(titles, p.Title)
	}
	if want := []string{"small_width_4, lr=0.1", "small_width_8, lr=0.1", "small_width_8, lr=0.01"}; !slices.Equal(titles, want) {
		t.Errorf("titles %q, want %q", titles, want)
	}
	if title := params["figures/multiples"].Title; !strings.HasSuffix(title, " · also differing: epochs") {
		t.Errorf("the heading %q does not name the parameter that follows from others", title)
	}
}

// A figure is drawn from what there is: its plan does not wait for what never comes.
func TestFigureOfADivergedTraining(t *testing.T) {
	g := mustExpand(t, four+"figures: [{kind: multiples}]\n", "")
	cache := newMemoryCache()
	cache.run(t, g)
	gone := "batch_size=128,weight_decay=0/train"
	for _, s := range mustPlan(t, g, cache).Steps {
		if s.ID == gone {
			action := cache.actions[s.Key]
			action.Outputs = maps.Clone(action.Outputs)
			delete(action.Outputs, pipelines.OutWeights)
			cache.actions[s.Key] = action
		}
	}
	for _, s := range mustPlan(t, g, cache).Steps {
		if s.ID == "figures/multiples" && s.State != pipelines.StateRun {
			t.Errorf("the figure without %s is %s: %s", gone, s.State, s.Reason)
		}
	}
}

// Of repetitions multiples show the first, as long as nothing else is asked for, and say so in the heading.
func TestFiguresOfRepetitions(t *testing.T) {
	_, params := finals(t, mustExpand(t, four+"figures:\n"+`  - {kind: multiples, rows: train.batch_size, columns: train.optimizer.weight_decay}
  - {kind: multiples, name: seeds, columns: train.seed}
  - {kind: multiples, name: second, of: [{train.seed: 2}]}
  - {kind: multiples, name: between, map: interpolation}
  - {kind: norms}
repeats: {train.seed: [1, 2, 3]}
`, ""))
	for id, want := range map[string]int{"multiples": 4, "seeds": 12, "second": 4, "between": 2, "norms": 12} {
		if got := len(params["figures/"+id].Figure.Panels); got != want {
			t.Errorf("%s has %d panels, want %d", id, got, want)
		}
	}
	if got := params["figures/multiples"].Title; !strings.HasSuffix(got, " · seed=1") {
		t.Errorf("the heading is %s", got)
	}
}

// Mistakes in plots and figures name their place and what is allowed.
func TestFigureErrors(t *testing.T) {
	line := strings.Count(four, "\n") + 1
	for _, c := range []struct{ name, src, want string }{
		{"kind", "figures: [{kind: multiple}]", "L:18: |unknown name multiple; did you mean multiples?|allowed: multiples, lines, norms"},
		{"no kind", "figures: [{plot: contour}]", "L:11: |want a figure, as {kind: multiples, plot: contour}"},
		{"plot", "figures: [{kind: multiples, plot: contours}]", "L:35: |unknown name contours; did you mean contour?"},
		{"field of another kind", "figures: [{kind: norms, rows: train.seed}]", "L:25: |a figure of kind norms has no rows, only multiples has|allowed: kind, name, title, of"},
		{"no such map", "figures: [{kind: multiples, map: surfaces}]", "L:34: |there is no map surfaces; did you mean surface?|line, surface"},
		{"wrong map", "figures: [{kind: lines, map: surface}]", "L:30: |surface is a map of kind surface; lines needs one of kind line"},
		{"wrong map for the plot", "figures: [{kind: multiples, plot: ratio, map: surface}]", "L:47: |multiples of ratio needs one of kind hessian"},
		{"not swept", "figures: [{kind: multiples, rows: train.batchsize}]", "L:35: |train.batchsize is not swept; did you mean train.batch_size?"},
		{"one place", "figures: [{kind: multiples, rows: train.batch_size, columns: train.batch_size}]", "L:11: |would be in one place"},
		{"split", "figures: [{kind: multiples, plot: ratio, split: test}]", "L:49: |the map hessian has no split test; it has train"},
		{"of", "figures: [{kind: norms, of: [batch_size=128]}]", "L:30: |no experiment is batch_size=128; the experiments are batch_size=128,weight_decay=0"},
		{"measure", "figures: [{kind: scatter, measure: width2}]", "L:36: |unknown name width2; did you mean width1?"},
		{"style of another plot", "figures: [{kind: multiples, plot: contour, open: true}]", "multiples of contour has no open; contour have scale, min"},
		{"two of a name", "figures: [{kind: norms}, {kind: norms}]", "L:26: |two figures with the name norms"},
		{"min alone", "figures: [{kind: multiples, min: 1}]", "min and max belong together"},
		{"max below min", "figures: [{kind: multiples, min: 2, max: 1}]", "min is 2 and max is 1; max must be above min"},
		{"too many levels", "figures: [{kind: multiples, min: 0, max: 1000, step: 0.1}]", "make 10001 levels; at most 200"},
		{"log from 0", "figures: [{kind: multiples, min: 0, max: 1, scale: log}]", "min above 0"},
		{"too large", "figures: [{kind: norms, width: 40, dpi: 1200}]", "48000 pixels wide; at most 12000"},
	} {
		_, err := Parse("sweep.yaml", []byte(four+c.src+"\n"), catalog, "")
		checkError(t, c.name, err, strings.ReplaceAll(c.want, "L:", string(rune('0'+line/10))+string(rune('0'+line%10))+":"))
	}
	swept := short + "sweep: {maps.splits: [[train], [train, test]]}\nfigures: [{kind: multiples, plot: contour}, {kind: lines, of: [splits=train_test]}]\n"
	mustExpand(t, swept, "")
	for _, c := range []struct{ from, to, want string }{
		{"[[train], [train, test]]", "[[train], [test]]", "8:11: |surface of splits=test has no split train, only test"},
		{"[[train], [train, test]]", "[[train, test], [train]]", "8:45: |line of splits=train has no split test, only train"},
	} {
		src := strings.Replace(strings.Replace(swept, c.from, c.to, 1), ", of: [splits=train_test]", "", 1)
		_, err := Parse("sweep.yaml", []byte(src), catalog, "")
		checkError(t, "swept splits", err, c.want)
	}
	for _, c := range []struct{ name, plots, want string }{
		{"kind", "[{kind: contuor}]", "unknown name contuor; did you mean contour?"},
		{"twice", "[contour, {kind: contour, scale: log}]", "contour is listed twice"},
		{"style of another plot", "[{kind: contour, cut: 3}]", "a plot of kind contour has no cut, only line, heat and surface3d have"},
		{"color map", "[{kind: contour, colormap: jet}]", "unknown name jet; allowed: cividis, coolwarm, inferno, magma, plasma, viridis"},
		{"view", "[{kind: surface3d, elevation: 3}]", "want a number from 5 to 90"},
		{"view of a plane", "[{kind: contour, azimuth: 3}]", "a plot of kind contour has no azimuth, only surface3d has"},
		{"open", "[{kind: surface3d, open: true}]", "open has no effect without cut"},
		{"no map", "[density]", "density needs a map of kind spectrum"},
		{"unknown key", "[{kind: contour, level: 3}]", "unknown key level in plots"},
	} {
		_, err := Parse("sweep.yaml", []byte(strings.Replace(four, "plots: [line]", "plots: "+c.plots, 1)), catalog, "")
		checkError(t, "plots: "+c.name, err, c.want)
	}
}

// checkError wants an error of one line with all parts, which bars separate.
func checkError(t *testing.T, name string, err error, want string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", name)
		return
	}
	for _, part := range strings.Split(want, "|") {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%s: the error is\n%v\nwithout %q", name, err, part)
		}
	}
}

// A sweep without figures has the steps that it had.
func TestNoFigures(t *testing.T) {
	g := mustExpand(t, four, "")
	if slices.ContainsFunc(g.Final, func(s pipelines.Step) bool { return strings.HasPrefix(s.ID, figuresKey) }) {
		t.Error("figures that nobody asked for")
	}
}

// TestBarrierScatter: a scatter plot of barriers has a dot for each pair of minimizers of a comparison on a line.
func TestBarrierScatter(t *testing.T) {
	steps, params := finals(t, mustExpand(t, four+"figures: [{kind: scatter, measure: barrier, split: test}]\n", ""))
	p, in := params["figures/scatter"], steps["figures/scatter"].Inputs
	if p.Figure.Measure != "barrier" || len(p.Figure.Panels) != 2 || len(p.Marks) != 0 {
		t.Errorf("the figure is %+v", p)
	}
	for name, want := range map[string]string{
		"1/grid": "interpolation,weight_decay=0.0005/test", "1/log-a": "batch_size=128,weight_decay=0.0005/train", "1/log-b": "batch_size=8192,weight_decay=0.0005/train",
	} {
		if in[name].Step != want {
			t.Errorf("the input %s is of %q, want %s", name, in[name].Step, want)
		}
	}
	for figure, want := range map[string]string{
		"{kind: scatter, measure: barrier, map: line}":         "there is no map line; there are interpolation",
		"{kind: scatter, measure: width1, map: interpolation}": "there is no map interpolation",
	} {
		if _, err := Parse("four.yaml", []byte(four+"figures: ["+figure+"]\n"), catalog, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", figure, err)
		}
	}
	none := strings.Replace(four, "compare:\n  - {kind: interpolation, between: [{train.batch_size: 128}, {train.batch_size: 8192}]}\n", "", 1)
	if _, err := Parse("four.yaml", []byte(none+"figures: [{kind: scatter, measure: barrier}]\n"), catalog, ""); err == nil || !strings.Contains(err.Error(), "scatter of barrier needs an interpolation, a curve or barriers; add one to compare") {
		t.Errorf("without a comparison: %v", err)
	}
}
