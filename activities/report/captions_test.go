package report

import (
	"slices"
	"testing"

	"lossatlas/activities/atlas"
	"lossatlas/pipelines"
)

func TestCaptionsAreSentences(t *testing.T) {
	if got := sentence([]string{"", "network small", "test error 5.0 %"}); got != "Network small; test error 5.0 %." {
		t.Errorf("the caption is %q", got)
	}
}

// TestCommon: what all experiments share stands above the table, of a single one all of it.
func TestCommon(t *testing.T) {
	of := func(lr string) pipelines.Experiment {
		return pipelines.Experiment{Shown: map[string]any{"train.lr": lr, "dataset.name": "shapes10"}}
	}
	name := atlas.Pair{Name: "dataset.name", Value: "shapes10"}
	for n, want := range [][]atlas.Pair{nil, {name, {Name: "train.lr", Value: "1"}}, {name}} {
		if got := common([]pipelines.Experiment{of("1"), of("2")}[:n]); !slices.Equal(got, want) {
			t.Errorf("%d experiments share %v, want %v", n, got, want)
		}
	}
}
