package estimate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"lossatlas/activities/data"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/estimate"
)

func training(id, net string, epochs int) pipelines.Step {
	p := pipelines.TrainParams{Net: pipelines.Network(net), Epochs: epochs, Data: pipelines.TrainData{Problem: pipelines.Problem(data.Sets()[0].Problem.String()), Train: 300, Test: 100}}
	raw, err := json.Marshal(p)
	if err != nil {
		panic(err)
	}
	return pipelines.Step{ID: id, Kind: pipelines.KindTrain, Params: raw}
}

// ran records a sweep of one step that took a time somewhere.
func ran(t *testing.T, store *artifacts.Store, sweep string, s pipelines.Step, numerics, host string, seconds float64) {
	t.Helper()
	ranOn(t, store, sweep, s, numerics, host, seconds, 0)
}

// ranOn is ran for a step with a known processor time.
func ranOn(t *testing.T, store *artifacts.Store, sweep string, s pipelines.Step, numerics, host string, seconds, cpu float64) {
	t.Helper()
	recipe, err := s.Recipe(nil, numerics)
	if err != nil {
		t.Fatal(err)
	}
	key, err := recipe.Key()
	if err != nil {
		t.Fatal(err)
	}
	blob, err := store.Put(t.Context(), []byte(sweep))
	if err != nil {
		t.Fatal(err)
	}
	outputs := map[string]artifacts.Blob{"weights": blob}
	made := artifacts.Provenance{Spent: artifacts.Spent{Seconds: seconds, CPUSeconds: cpu}, Host: host, Numerics: numerics}
	if _, err := store.PutAction(t.Context(), artifacts.Action{Key: key, Recipe: recipe, Outputs: outputs, Made: made}); err != nil {
		t.Fatal(err)
	}
	g, err := json.Marshal(pipelines.Graph{Sweep: sweep, Experiments: []pipelines.Experiment{{Name: "e", Steps: []pipelines.Step{s}}}})
	if err != nil {
		t.Fatal(err)
	}
	graph, err := store.Put(t.Context(), g)
	if err != nil {
		t.Fatal(err)
	}
	err = store.PutRoot(t.Context(), artifacts.Root{
		Sweep: sweep, State: artifacts.StateDone, Started: time.Now(), Graph: graph,
		Steps: map[string]artifacts.RootStep{s.ID: {Kind: string(s.Kind), Key: key, State: artifacts.StateRan, Seconds: seconds, Outputs: outputs}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestHistory: a step's time goes by its cost, after steps of the same network on
// the same host with the same arithmetic where there are any.
func TestHistory(t *testing.T) {
	store := artifacts.InMemory(zerolog.Nop())
	read := func() *estimate.History {
		t.Helper()
		h, err := estimate.Read(t.Context(), store, estimate.Machine{Numerics: "xla", Host: "here"})
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	want := func(s pipelines.Step, seconds float64, from int) {
		t.Helper()
		got, n := read().Step(context.Background(), s)
		if n != from || math.Abs(got.Seconds()-seconds) > 1e-6*seconds {
			t.Errorf("%v after %d steps, want %g s after %d", got, n, seconds, from)
		}
	}
	asked := training("e/train", "small", 10)
	want(asked, 0, 0)
	ran(t, store, "other-arithmetic", training("e/train", "small", 2), "go", "here", 400)
	want(asked, 2000, 1)
	ran(t, store, "other-host", training("e/train", "small", 4), "xla", "there", 40)
	want(asked, 100, 1)
	ran(t, store, "a", training("e/train", "small", 1), "xla", "here", 50)
	ran(t, store, "b", training("e/train", "small", 3), "xla", "here", 110)
	want(asked, 400, 2) // 160 s for 4 epochs
	// A much larger network has another speed.
	want(training("e/train", "vgg9", 1), 0, 0)
	// A short step, which may have compiled most of its time, tells of steps like it but not of much longer ones.
	ran(t, store, "short", training("e/train", "resnet20", 1), "xla", "here", 3.5)
	want(training("", "resnet20", 2), 7, 1)
	long := training("", "resnet20", 400)
	want(long, 0, 0)
	// The time that a step waited for other work of the machine doesn't count.
	ranOn(t, store, "under-load", training("e/train", "resnet56", 1), "xla", "here", 100, 25)
	want(training("", "resnet56", 2), 50, 1)
	// Nor does it make a short step a long one.
	ranOn(t, store, "short-under-load", training("e/train", "resnet110", 1), "xla", "here", 100, 3.5)
	long = training("", "resnet110", 400)
	// Of a network of similar size the costs tell.
	want(long, 25/estimate.Cost(training("", "resnet56", 1))*estimate.Cost(long), 1)
	// Of an imported network, whose size is unknown here, only steps of itself tell, and it tells of no other.
	own := pipelines.OfProgram(artifacts.Of([]byte("own")))
	ran(t, store, "imported", training("e/train", string(own), 2), "xla", "here", 3000)
	want(training("", string(own), 4), 6000, 1)
	want(training("", string(pipelines.OfProgram(artifacts.Of([]byte("another")))), 4), 0, 0)
	want(training("", "resnet56", 2), 50, 1)
	want(pipelines.Step{ID: "e/picture", Kind: pipelines.KindRender, Params: json.RawMessage(`{}`)}, 0, 0)
}

// twice is a graph of two experiments with the same training, of two epochs, and a picture of each.
func twice(net string) *pipelines.Graph {
	g := &pipelines.Graph{Sweep: "s"}
	for i := range 2 {
		name := fmt.Sprint(i)
		picture := pipelines.Step{ID: name + "/picture", Kind: pipelines.KindRender, Params: json.RawMessage(`{}`),
			Inputs: map[string]pipelines.Ref{"log": {Step: name + "/train", Output: pipelines.OutLog}}}
		g.Experiments = append(g.Experiments, pipelines.Experiment{Name: name, Steps: []pipelines.Step{training(name+"/train", net, 2), picture}})
	}
	return g
}

// TestFill: work that experiments share counts once, cached steps count nothing,
// and what is not known is counted apart.
func TestFill(t *testing.T) {
	store := artifacts.InMemory(zerolog.Nop())
	ran(t, store, "a", training("e/train", "small", 1), "xla", "here", 5)
	h, err := estimate.Read(t.Context(), store, estimate.Machine{Numerics: "xla", Host: "here"})
	if err != nil {
		t.Fatal(err)
	}
	g := twice("small")
	g.Experiments = append(g.Experiments, pipelines.Experiment{Name: "e", Steps: []pipelines.Step{training("e/train", "small", 1)}})
	plan, err := pipelines.MakePlan(t.Context(), g, "xla", store)
	if err != nil {
		t.Fatal(err)
	}
	h.Fill(t.Context(), plan, g)
	if math.Abs(plan.EstimateS-10) > 1e-6 || plan.EstimateFrom != 1 || plan.Unknown != 1 {
		t.Errorf("%g s after %d steps, %d unknown; want 10 s after 1, 1 unknown", plan.EstimateS, plan.EstimateFrom, plan.Unknown)
	}
	if s := plan.Steps[4]; s.State != pipelines.StateCached || s.EstimateS != 0 {
		t.Errorf("the cached step is planned as %+v", s)
	}
}

// TestOnDevice: the two shared epochs of 300 images, thrice a forward pass, and of 100 test images, at two operations a multiply-add.
func TestOnDevice(t *testing.T) {
	store := artifacts.InMemory(zerolog.Nop())
	g := twice("resnet20")
	plan, err := pipelines.MakePlan(t.Context(), g, "xla", store)
	if err != nil {
		t.Fatal(err)
	}
	estimate.OnDevice(plan, g, 0.5)
	const macs = 40.8e6 // of ResNet-20
	if want := 2 * 2 * macs * (3*300 + 100) / 0.5e12; math.Abs(plan.EstimateS/want-1) > 0.01 || plan.Unknown != 0 || plan.EstimateTFLOPS != 0.5 {
		t.Errorf("%g s, %d unknown, at %g TFLOP/s; want %g s", plan.EstimateS, plan.Unknown, plan.EstimateTFLOPS, want)
	}
	if s := plan.Steps[1]; s.EstimateFrom != 0 {
		t.Errorf("a picture is estimated: %+v", s)
	}
}
