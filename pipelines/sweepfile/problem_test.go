package sweepfile

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"lossatlas/pipelines"
)

// TestProblemIsInTheParameters: every step that builds a network holds the problem
// of its data set, so that keys depend on it. Nothing else changes with it.
func TestProblemIsInTheParameters(t *testing.T) {
	const src = `name: all
dataset: {name: cifar10, train: 100, test: 100}
train: {net: resnet20, batch_size: 10, epochs: 4, checkpoints: 1}
sweep: {train.seed: [1, 2]}
maps:
  - {kind: line}
  - {kind: surface, directions: hessian}
  - {kind: hessian, name: given, directions: {import: d.npz}}
  - {kind: trajectory}
  - {kind: spectrum}
compare: [{kind: interpolation, between: [{train.seed: 1}, {train.seed: 2}]}]
figures: [{kind: histogram, of: [{train.seed: 1}, {train.seed: 2}]}]
`
	expand := func(p pipelines.Problem) *pipelines.Graph {
		cat := catalog
		cat.Datasets = []Dataset{{Name: "cifar10", Problem: p}}
		s, err := Parse("sweep.yaml", []byte(src), cat, "")
		if err != nil {
			t.Fatal(err)
		}
		g, err := s.Expand(digest)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	const three, four pipelines.Problem = `{"outputs":3}`, `{"outputs":4}`
	with, other := expand(three).All(), expand(four).All()
	kinds := map[pipelines.Kind]bool{}
	for i, p := range with {
		text := string(p.Step.Params)
		if p.Step.Kind == pipelines.KindRender && !strings.Contains(text, `"histogram"`) || p.Step.Kind == pipelines.KindReport || p.Step.Kind == pipelines.KindFlatness {
			continue
		}
		kinds[p.Step.Kind] = true
		if !strings.Contains(text, `"problem":`+string(three)) {
			t.Errorf("%s has no problem: %s", p.Step.ID, text)
		}
		if changed := strings.ReplaceAll(text, string(three), string(four)); changed != string(other[i].Step.Params) {
			t.Errorf("%s: %s with four outputs, want %s", p.Step.ID, other[i].Step.Params, changed)
		}
	}
	for _, k := range []pipelines.Kind{pipelines.KindTrain, pipelines.KindDirections, pipelines.KindEigenvectors, pipelines.KindGivenDirections, pipelines.KindDifference, pipelines.KindLine, pipelines.KindSurface, pipelines.KindHessian, pipelines.KindTrajectory, pipelines.KindSpectrum, pipelines.KindRender} {
		if !kinds[k] {
			t.Errorf("the sweep has no step of kind %s", k)
		}
	}
}

// TestProblemInJSON: a problem is written as the JSON that it is.
func TestProblemInJSON(t *testing.T) {
	for p, want := range map[pipelines.Problem]string{"": "null", `{"outputs":3}`: `{"outputs":3}`} {
		b, err := json.Marshal(p)
		if err != nil || string(b) != want {
			t.Errorf("%q is written as %s (%v)", p, b, err)
		}
		var back pipelines.Problem
		if err := json.Unmarshal([]byte(strings.ReplaceAll(want, ":", ": ")), &back); err != nil || back != p {
			t.Errorf("%s is read as %q (%v)", want, back, err)
		}
	}
}

// TestNetworksAreCheckedForTheProblem: a preset with another data set checks them anew.
func TestNetworksAreCheckedForTheProblem(t *testing.T) {
	cat := catalog
	cat.Datasets = []Dataset{{Name: "cifar10", Problem: "10"}, {Name: "shapes10", Problem: "3"}}
	cat.CheckNetwork = func(_ pipelines.Network, p pipelines.Problem) ([]string, error) {
		if p == "3" {
			return nil, errors.New("it does not fit")
		}
		return nil, nil
	}
	const src = `name: own
dataset: {name: cifar10}
networks: {mine: [flatten, {linear: 10}]}
train: {net: mine}
`
	if _, err := Parse("own.yaml", []byte(src), cat, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := Parse("own.yaml", []byte(src+"presets: {drawn: {dataset: {name: shapes10}}}\n"), cat, ""); err == nil || !strings.Contains(err.Error(), "networks.mine: it does not fit (preset drawn)") {
		t.Errorf("the error is %v", err)
	}
}
