package runner

import (
	"encoding/json"
	"strings"
	"testing"

	"lossatlas/activities/report"
	"lossatlas/activities/trainlog"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// TestIncomparable: a comparison with a training that produced no weights says which one, and why.
func TestIncomparable(t *testing.T) {
	b := newBench(t)
	g := sweepOf(nil, "lost", "absent")
	g.Comparisons = []pipelines.Comparison{{Name: "one", Between: []string{"lost", "absent"}}, {Name: "two", Between: []string{"absent", "lost"}}}
	for _, c := range g.Comparisons {
		picture := pictureStep(c.Name+"/plot", "Between", c.Name, "")
		picture.At.Comparison = c.Name
		g.Final = append(g.Final, picture)
	}
	log, err := json.Marshal(trainlog.Log{Diverged: &trainlog.Divergence{Epoch: 1, Step: 2, LastLoss: 2.5, LR: 10}})
	if err != nil {
		t.Fatal(err)
	}
	blob, err := b.Store.Put(t.Context(), log)
	if err != nil {
		t.Fatal(err)
	}
	train := b.step(t, pipelines.KindTrain, b.trainParams(1), nil)
	if _, err := b.Store.PutAction(t.Context(), artifacts.Action{Key: train.Key, Recipe: train.Recipe, Outputs: map[string]artifacts.Blob{"log": blob}}); err != nil {
		t.Fatal(err)
	}
	found := b.resultsOf(g, map[string]artifacts.Action{"lost/train": {Key: train.Key, Outputs: map[string]artifacts.Blob{"log": blob}}})
	const lost, absent = "There is nothing to compare: in lost, the training diverged in epoch 1, step 2", "There is nothing to compare: the training of absent has no result"
	for unfinished, want := range map[bool]int{false: 1, true: 0} {
		page, err := report.Page(t.Context(), found, report.Options{Unfinished: unfinished})
		if err != nil {
			t.Fatal(err)
		}
		text := string(page)
		if n := strings.Count(text, absent); n != want || strings.Count(text, lost) != 2-want {
			t.Errorf("unfinished %v: %d times %q, and %d times %q", unfinished, n, absent, strings.Count(text, lost), lost)
		}
		if strings.Contains(text, "This picture was not made") {
			t.Errorf("unfinished %v: the pictures say again that they are not there", unfinished)
		}
	}
}
