package sweeps

import (
	"bytes"
	"image"
	"image/png"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"lossatlas/activities/results"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// TestReportOf: a sweep without a picture has no report, one with a picture has a page of what is there, and a stored report is used.
func TestReportOf(t *testing.T) {
	store := artifacts.InMemory(zerolog.Nop())
	put := func(b []byte) artifacts.Blob {
		blob, err := store.Put(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		return blob
	}
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	train := pipelines.Step{ID: "e/train", Kind: pipelines.KindTrain, Params: []byte("{}"), At: pipelines.Address{Experiment: "e", Role: pipelines.RoleWeights}}
	drawn := pipelines.Step{ID: "e/training", Kind: pipelines.KindRender, Caption: "Losses by epoch", At: pipelines.Address{Experiment: "e", Role: pipelines.RolePicture}}
	sweep := &results.Sweep{Store: store, Steps: map[string]artifacts.RootStep{}, Graph: &pipelines.Graph{
		Sweep: "s", Title: "A sweep that was interrupted", Experiments: []pipelines.Experiment{{Name: "e", Steps: []pipelines.Step{train, drawn}}},
		Final: []pipelines.Step{{ID: "report", Kind: pipelines.KindReport}},
	}}
	want := func(what string) {
		t.Helper()
		page, err := reportOf(t.Context(), sweep)
		if err != nil || (page == nil) != (what == "") || !strings.Contains(string(page), what) {
			t.Errorf("%d bytes without %q, %v", len(page), what, err)
		}
	}
	want("")
	sweep.Steps["e/training"] = artifacts.RootStep{State: artifacts.StateRan, Outputs: map[string]artifacts.Blob{pipelines.OutPNG: put(picture.Bytes()), pipelines.OutSVG: put([]byte("<svg/>"))}}
	want("A sweep that was interrupted")
	sweep.Steps["report"] = artifacts.RootStep{State: artifacts.StateRan, Outputs: map[string]artifacts.Blob{pipelines.OutHTML: put([]byte("the stored report"))}}
	want("the stored report")
}
