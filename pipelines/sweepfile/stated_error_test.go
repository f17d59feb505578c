package sweepfile

import (
	"encoding/json"
	"strings"
	"testing"

	"lossatlas/pipelines"
)

// TestStatedError: a stated error is part of the parameters of lines, surfaces, trajectories and comparisons, costs less than
// an exact map, and stands in the captions; exact is what a file without it says.
func TestStatedError(t *testing.T) {
	const maps = `
maps:
  - {kind: line, error: 0.01}
  - {kind: surface, error: 0.02}
  - {kind: surface, name: exact, error: exact}
  - {kind: surface, name: plain}
  - {kind: trajectory, error: 0.05}
  - {kind: surface, name: absolute, error: {absolute: 0.05}}
  - {kind: hessian, error: 0.05}
  - {kind: hessian, name: curvature}
plots: [line, {kind: contour, points: true}, error, ratio, trajectory]
`
	steps := stepsOf(t, strings.Replace(minimal, "train: {", "train: {checkpoints: 1, ", 1)+maps)
	cost := map[string]float64{}
	for name, want := range map[string]float64{"line-train": 0.01, "surface-train": 0.02, "exact-train": 0, "plain-train": 0, "trajectory-train": 0.05, "hessian-train": 0.05, "curvature-train": 0} {
		var p pipelines.MapParams
		if err := json.Unmarshal(steps[name].Params, &p); err != nil || p.Error != want || p.Absolute || (p.Estimator > 0) != (want > 0) {
			t.Errorf("%s has the error %v of estimator %d, want %v (%v)", name, p.Error, p.Estimator, want, err)
		}
		if strings.Contains(string(steps[name].Params), "error") != (want > 0) {
			t.Errorf("the parameters of %s are %s", name, steps[name].Params)
		}
		cost[name] = steps[name].Cost().Passes
	}
	if cost["surface-train"] > cost["plain-train"]/5 || cost["hessian-train"] > cost["curvature-train"]/5 || cost["exact-train"] != cost["plain-train"] {
		t.Errorf("costs are %v", cost)
	}
	var absolute pipelines.MapParams
	if err := json.Unmarshal(steps["absolute-train"].Params, &absolute); err != nil || absolute.StatedError != (pipelines.StatedError{Error: 0.05, Absolute: true}) || absolute.Estimator == 0 {
		t.Errorf("absolute-train has the error %+v of estimator %d (%v)", absolute.StatedError, absolute.Estimator, err)
	}
	if label := steps["absolute-train"].Label(); !strings.HasSuffix(label, " error 0.05 absolute") {
		t.Errorf("the label is %q", label)
	}
	g := pipelines.Graph{Experiments: []pipelines.Experiment{{Steps: []pipelines.Step{steps["surface-train"], steps["exact-train"], steps["line-train"], steps["hessian-train"]}}}}
	if evaluated, all := g.StatedPoints(); all != 2*51*51+401 || evaluated < 200 || evaluated > all/5 {
		t.Errorf("%d of %d points of maps with a stated error are evaluated", evaluated, all)
	}
	if label := steps["surface-train"].Label(); !strings.HasSuffix(label, " train 51x51 error 0.02") {
		t.Errorf("the label is %q", label)
	}
	for name, want := range map[string]string{
		"line-plot":              "Loss and accuracy along a line; error ≤ 1 % with 95 % confidence",
		"surface-train-contour":  "Surface of the training loss, contours; error ≤ 2 % with 95 % confidence",
		"plain-train-contour":    "Surface of the training loss, contours",
		"absolute-train-error":   "Stated error of the training loss; error ≤ 0.05 with 95 % confidence",
		"hessian-train-ratio":    "Ratio of the extreme curvatures of the training loss, |λmin/λmax|; error ≤ 5 % with 95 % confidence",
		"hessian-train-error":    "Stated error of the extreme curvatures of the training loss; error ≤ 5 % with 95 % confidence",
		"absolute-train-contour": "Surface of the training loss, contours; error ≤ 0.05 with 95 % confidence",
		"trajectory-train-plot":  "Path of the training over the training loss; error ≤ 5 % with 95 % confidence",
	} {
		if got := steps[name].Caption; got != want {
			t.Errorf("the caption of %s is %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]bool{"surface-train-error": true, "exact-train-error": false, "plain-train-error": false, "curvature-train-error": false} {
		if _, ok := steps[name]; ok != want {
			t.Errorf("there is a picture %s: %v", name, ok)
		}
	}
	if !strings.Contains(string(steps["surface-train-contour"].Params), `"points":true`) {
		t.Errorf("the picture has the parameters %s", steps["surface-train-contour"].Params)
	}
}

func TestStatedErrorMistakes(t *testing.T) {
	for maps, want := range map[string]string{
		"{kind: surface, error: 0.03}":                  "maps.error: want exact, {absolute: ERROR} or one of 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, got 0.03",
		"{kind: surface, error: 0}":                     "want exact, {absolute: ERROR} or one of",
		"{kind: surface, error: [0.02]}":                "want exact, {absolute: ERROR} or one of",
		"{kind: surface, error: {absolute: 0.03}}":      "maps.error.absolute: want one of 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, got 0.03",
		"{kind: surface, error: {absolute: [0.01]}}":    "maps.error.absolute: want one of",
		"{kind: surface, error: {relative: 0.02}}":      "maps.error: want exact, {absolute: ERROR} or one of",
		"{kind: surface, error: {}}":                    "maps.error: want exact, {absolute: ERROR} or one of",
		"{kind: surface, error: 5%}":                    "0.005, 0.002, 0.001 (5 % is 0.05), got 5%",
		"{kind: surface, error: 0.1%}":                  "(0.1 % is 0.001), got 0.1%",
		"{kind: surface, error: NaN}":                   "want exact, {absolute: ERROR} or one of",
		"{kind: surface}]\nplots: [error":               "plots: error needs a map of kind surface with a stated error; give one error: 0.02, or leave it out",
		"{kind: line, error: 0.02}]\nplots: [error":     "plots: error needs a map of kind surface; add one to maps, or leave it out",
		"{kind: spectrum, error: 0.02}":                 "a map of kind spectrum has no error, only line, surface, hessian and trajectory have",
		"{kind: hessian, error: 0.01, tolerance: 0.02}": "maps.error: evaluated eigenvalues may be off by tolerance, 0.02, so that an error of 0.01 can't be held",
	} {
		_, err := Parse("one.yaml", []byte(minimal+"maps: ["+maps+"]\n"), catalog, "")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", maps, err, want)
		}
	}
}
