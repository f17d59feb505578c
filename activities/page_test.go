package activities

import (
	"strings"
	"testing"

	"lossatlas/pipelines"
)

// TestPageOfAnUnfinishedSweep: what is there is on it, what is not is said to come, and with the address of
// a Temporal UI the runs are linked.
func TestPageOfAnUnfinishedSweep(t *testing.T) {
	b := newBench(t)
	trained := do[StepResult](t, b, b.Train, b.step(t, pipelines.KindTrain, b.trainParams(1), nil))
	p := pipelines.ReportParams{Sweep: "s", Title: "t", Experiments: []pipelines.ReportExperiment{
		{Name: "a", Log: "log", Pictures: []pipelines.ReportPicture{{Title: "Surface", SVG: "svg", PNG: "png"}}},
		{Name: "b", Log: "another"},
	}}
	inputs := map[string]Input{"log": from(trained, pipelines.OutLog)}
	page, err := Page(t.Context(), b.Store, p, inputs, PageOptions{UI: "http://127.0.0.1:8233/", Unfinished: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"This picture is not there yet.", "The training is not done yet.", `href="http://127.0.0.1:8233/namespaces/default/workflows/`} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page has no %q", want)
		}
	}
}
