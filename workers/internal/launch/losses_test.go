package launch

import (
	"math"
	"strings"
	"testing"
)

// TestMapsOfOtherLosses: a map of another loss is of the same weights and in the same directions as one of the training's, which
// keeps its key.
func TestMapsOfOtherLosses(t *testing.T) {
	d := do(t, nil, tinySweep+`maps:
  - {kind: line, points: 3, splits: test}
  - {kind: line, name: hinged, points: 3, splits: test, loss: hinge, score: top-5}
  - {kind: line, name: smooth, points: 3, splits: test, smoothing: 0.3}
`)
	plain, margin, smooth := d.grid("one/line-test"), d.grid("one/hinged-test"), d.grid("one/smooth-test")
	if step(t, d.graph, "/hinged-test").Inputs["directions"] != step(t, d.graph, "/line-test").Inputs["directions"] {
		t.Error("another loss changes the random directions")
	}
	for i := range plain.Loss {
		// Both losses follow from the same outputs; a share of the right classes is at most that of those among five.
		if plain.Loss[i] == margin.Loss[i] || plain.Loss[i] == smooth.Loss[i] || margin.Accuracy[i] < plain.Accuracy[i] || smooth.Accuracy[i] != plain.Accuracy[i] {
			t.Errorf("point %d: losses %g, %g and %g, scores %g, %g and %g", i, plain.Loss[i], margin.Loss[i], smooth.Loss[i], plain.Accuracy[i], margin.Accuracy[i], smooth.Accuracy[i])
		}
	}
	// (1 − ε)·(cross-entropy) + ε·(mean of −log p over all classes), of which the second is at least log 10.
	if least := 0.7*plain.Loss[1] + 0.3*math.Log(10); smooth.Loss[1] < least-1e-6 {
		t.Errorf("the smoothed loss is %g, and at least %g", smooth.Loss[1], least)
	}
}

// TestPicturesNameLossAndScore: pictures and captions of a map say what it shows; those of maps without a loss of their own are drawn as before.
func TestPicturesNameLossAndScore(t *testing.T) {
	g := expandFile(t, tinySweep+`maps:
  - {kind: line, points: 3}
  - {kind: line, name: hinged, points: 3, loss: hinge, score: top-5}
  - {kind: surface, loss: hinge, score: none}
  - {kind: spectrum, smoothing: 0.1}
  - {kind: hessian, loss: hinge}
  - {kind: trajectory, loss: hinge}
compare: []
figures: [{kind: multiples, map: hinged, plot: line}, {kind: lines, map: hinged}, {kind: curves}]
`)
	for end, want := range map[string]struct{ title, loss, score, caption string }{
		"/line-plot":              {"one", "", "", "Loss and accuracy along a line"},
		"/hinged-plot":            {"one · hinge", "hinge", "top-5 accuracy", "Loss (hinge) and top-5 accuracy along a line"},
		"/surface-train-contour":  {"one · training loss (hinge)", "hinge", "none", "Surface of the training loss (hinge), contours"},
		"/spectrum-train-density": {"one · training loss (cross-entropy, smoothing 0.1)", "cross-entropy, smoothing 0.1", "", "Density of the Hessian's eigenvalues, training loss (cross-entropy, smoothing 0.1)"},
		"/hessian-train-ratio":    {"one · training loss (hinge)", "hinge", "", "Ratio of the extreme curvatures of the training loss (hinge), |λmin/λmax|"},
		"/trajectory-train-plot":  {"one · training loss (hinge)", "hinge", "", "Path of the training over the training loss (hinge)"},
		"/multiples":              {"Loss (hinge) and top-5 accuracy along a line · map hinged", "hinge", "top-5 accuracy", "Loss (hinge) and top-5 accuracy along a line · map hinged"},
		"/lines":                  {"Loss (hinge) along a line · map hinged", "hinge", "top-5 accuracy", "Loss (hinge) along a line · map hinged"},
		"/curves":                 {"Loss and error during training", "", "", "Loss and error during training"},
		"/training":               {"one", "", "", "Training"},
	} {
		p, s := shown(t, g, end), step(t, g, end)
		if p.Title != want.title || p.Loss != want.loss || p.Score != want.score || s.Caption != want.caption {
			t.Errorf("%s: title %q, loss %q, score %q, caption %q; want %+v", end, p.Title, p.Loss, p.Score, s.Caption, want)
		}
	}
}

// TestMistakesOfMapLosses are reported at their field of the map.
func TestMistakesOfMapLosses(t *testing.T) {
	for says, want := range map[string]string{
		"loss: mse":               "6:22: maps.loss: mse compares with numbers, and the labels of shapes10 are classes",
		"loss: hing":              "6:22: maps.loss: unknown name hing",
		"loss: hinge, delta: 2":   "6:22: maps.loss: problem: the loss hinge has no delta",
		"score: r2":               "the loss cross-entropy has no score \"r2\": choose one of accuracy, top-5, none",
		"smoothing: 1":            "maps.smoothing: want a number from 0 and below 1",
		"class_weights: [1, 2]":   "2 class weights for 10 classes",
		"loss: mse, ignore: -100": "maps.ignore",
	} {
		_, err := readText(t, tinySweep+"maps:\n- {kind: line, "+says+"}\n")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v, want %q", says, err, want)
		}
	}
}

// TestMapsWithoutLossKeepTheirSteps: a loss that is spelled out as the training's changes no step.
func TestMapsWithoutLossKeepTheirSteps(t *testing.T) {
	with := func(says string) string {
		return string(step(t, expandFile(t, tinySweep+"maps: [{kind: surface"+says+"}]\n"), "/surface-train").Params)
	}
	if plain, spelled := with(""), with(", loss: cross-entropy"); plain != spelled || strings.Contains(plain, "batchnorm") {
		t.Errorf("%s\nwith the loss spelled out: %s", plain, spelled)
	}
	if p := shown(t, expandFile(t, tinySweep+"maps: [{kind: surface}]\n"), "/surface-train-contour"); p.Loss != "" || p.Score != "" || p.Plot != "contour" {
		t.Errorf("the picture of a map without a loss of its own has %+v", p)
	}
}
