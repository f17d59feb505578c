package results_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/activities/results"
	"lossatlas/activities/surface"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

func side(name string, params map[string]any, facts results.Fact) results.Side {
	return results.Side{Experiment: results.Experiment{Name: name, Params: params}, Sweep: "s", Facts: facts, Steps: []results.SideStep{{Name: "train"}}}
}

// TestPair: experiments are paired by what either sweep sweeps, also where it is fixed in the other; of
// several that agree the one with the fewest other differences is taken, and the rest remains.
func TestPair(t *testing.T) {
	p := func(kv ...any) map[string]any {
		m := map[string]any{}
		for i := 0; i < len(kv); i += 2 {
			m[kv[i].(string)] = kv[i+1]
		}
		return m
	}
	bs := func(n float64, lr float64) results.Fact {
		return results.Fact{"train.batch_size": n, "train.lr": lr, "train.seed": 1.0}
	}
	a := []results.Side{
		side("a32", p("train.batch_size", 32.0), bs(32, 0.1)), side("a64", p("train.batch_size", 64.0), bs(64, 0.1)), side("a128", p("train.batch_size", 128.0), bs(128, 0.1)),
	}
	b := []results.Side{
		side("b64lr2", p("train.batch_size", 64.0, "other", "x"), results.Fact{"train.batch_size": 64.0, "train.lr": 0.2, "train.seed": 2.0}),
		side("b64", p("train.batch_size", 64.0, "other", "y"), bs(64, 0.1)),
		side("b32", p("train.batch_size", 32.0), bs(32, 0.1)),
		side("b8", p("train.batch_size", 8.0), bs(8, 0.1)),
	}
	pairs, onlyA, onlyB := results.Pair(a, b)
	var got []string
	for _, pair := range pairs {
		got = append(got, pair[0].Name+"+"+pair[1].Name)
	}
	for _, s := range onlyA {
		got = append(got, s.Name+"+")
	}
	for _, s := range onlyB {
		got = append(got, "+"+s.Name)
	}
	if diff := cmp.Diff("a32+b32 a64+b64 a128+ +b64lr2 +b8", strings.Join(got, " ")); diff != "" {
		t.Errorf("pairs (-want +got):\n%s", diff)
	}
	if pairs, _, _ := results.Pair(a[:1], b[3:]); len(pairs) != 1 {
		t.Error("two experiments that stand alone are no pair")
	}
}

// TestRelations: what steps are to each other, by their keys and what they wrote.
func TestRelations(t *testing.T) {
	step := func(name string, key byte, outputs ...string) results.SideStep {
		s := results.SideStep{Name: name, Kind: pipelines.KindTrain}
		s.Key, s.Outputs = artifacts.Key{key}, map[string]artifacts.Blob{}
		for i, o := range outputs {
			s.Outputs[string(rune('a'+i))] = artifacts.BlobOf([]byte(o))
		}
		return s
	}
	x := results.Side{Steps: []results.SideStep{step("same", 1, "x"), step("unstable", 2, "x", "y"), step("equal", 3, "x"), step("other", 4, "x"), step("open", 5), step("gone", 6, "x")}}
	y := results.Side{Steps: []results.SideStep{step("same", 1, "x"), step("unstable", 2, "x", "z"), step("equal", 7, "x"), step("other", 8, "y"), step("open", 9, "x"), step("new", 6, "x")}}
	var got []string
	for _, r := range results.Relations(x, y) {
		got = append(got, strings.TrimSpace(r.Name+": "+r.Relation+" "+strings.Join(r.Differ, ",")))
	}
	want := []string{"same: shared", "unstable: not deterministic b", "equal: equal outputs", "other: other outputs a", "open: no result", "gone: only in A", "new: only in B"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("relations (-want +got):\n%s", diff)
	}
}

// TestDifferences: a parameter that several steps have is told once, of the training; results that one side lacks stay.
func TestDifferences(t *testing.T) {
	x := side("x", nil, results.Fact{"train.net": "a", "surface.net": "a", "train.lr": 0.1, "train.seconds": 1.0, "train.key": "k", "line.n": 3.0})
	y := side("y", nil, results.Fact{"train.net": "b", "surface.net": "b", "train.lr": 0.1, "train.seconds": 2.0, "train.key": "l"})
	loss, other := 0.5, 0.75
	x.TrainLoss, y.TrainLoss, y.TestLoss = &loss, &other, &other
	x.Measures = map[string]float64{"spectrum.trace": 4}
	params, numbers := results.Differences(x, y, true)
	if diff := cmp.Diff([]results.ParamDifference{{Name: "train.net", A: "a", B: "b"}}, params); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
	quarter, trace := 0.25, 4.0
	want := []results.ResultDifference{{Name: "train_loss", A: &loss, B: &other, Difference: &quarter}, {Name: "test_loss", B: &other}, {Name: "spectrum.trace", A: &trace}}
	if diff := cmp.Diff(want, numbers); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}

// TestDifferenceOfBounds: a lower bound is told as one, and has no difference to anything.
func TestDifferenceOfBounds(t *testing.T) {
	x, y := side("x", nil, nil), side("y", nil, nil)
	x.Flatness = map[string][]surface.Summary{"line": {{Name: "width0.5", Mean: 1, Count: 2}, {Name: "width1", Mean: 2, Count: 2, Bounds: 2}}}
	y.Flatness = map[string][]surface.Summary{"line": {{Name: "width0.5", Mean: 1.5, Count: 2}, {Name: "width1", Mean: 2.5, Count: 2}}}
	_, numbers := results.Differences(x, y, false)
	got, err := json.Marshal(numbers)
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"name":"line.width0.5","a":1,"b":1.5,"bounds_a":0,"bounds_b":0,"difference":0.5},` +
		`{"name":"line.width1","a":2,"b":2.5,"bounds_a":2,"bounds_b":0,"difference":null}]`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("differences (-want +got):\n%s", diff)
	}
}
