package results_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/activities/results"
	"lossatlas/activities/trainlog"
	"lossatlas/activities/trajectory"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// memory is a store of blobs in memory.
type memory struct {
	results.Store // of nothing but blobs
	blobs         map[artifacts.Digest][]byte
}

func (m memory) Get(_ context.Context, d artifacts.Digest) ([]byte, error) {
	if b, ok := m.blobs[d]; ok {
		return b, nil
	}
	return nil, artifacts.ErrNotFound
}

func (m memory) put(t *testing.T, v any) artifacts.Blob {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	m.blobs[artifacts.Of(b)] = b
	return artifacts.BlobOf(b)
}

func steps(names ...string) []pipelines.Step {
	var out []pipelines.Step
	for _, n := range names {
		s := pipelines.Step{ID: n, Kind: pipelines.KindTrajectory, At: pipelines.Address{Experiment: n[:1], Map: n[2:], Role: pipelines.RolePath}}
		if n[2:] == "train" {
			s.Kind, s.At = pipelines.KindTrain, pipelines.Address{Experiment: n[:1], Role: pipelines.RoleWeights}
		}
		out = append(out, s)
	}
	return out
}

func TestExperiments(t *testing.T) {
	store := memory{blobs: map[artifacts.Digest][]byte{}}
	log := store.put(t, trainlog.Log{Final: trainlog.Final{TrainLoss: 0.25, TestLoss: 0.5, TestAccuracy: 91.5}})
	lost := store.put(t, trainlog.Log{Final: trainlog.Final{TrainLoss: trainlog.Number(math.Inf(1)), TestLoss: trainlog.Number(math.NaN()), TestAccuracy: 10}})
	divergence := &trainlog.Divergence{Epoch: 2, Step: 3, LastLoss: 7, LR: 10}
	nan := trainlog.Number(math.NaN())
	gone := store.put(t, trainlog.Log{Diverged: divergence, Final: trainlog.Final{TrainLoss: nan, TrainAccuracy: nan, TestLoss: nan, TestAccuracy: nan}})
	weights := artifacts.BlobOf([]byte("weights"))
	path := store.put(t, trajectory.Path{Epochs: []int{0, 1, 2}, PCA: make([][2]float64, 3), Random: make([][2]float64, 3),
		Ratio: []float64{0.75, 0.25}, Norm: make([]float64, 3), Distance: make([]float64, 3)})
	g := &pipelines.Graph{Sweep: "s", Experiments: []pipelines.Experiment{
		{Name: "a", Params: map[string]any{"train.net": "small"}, Steps: steps("a/train", "a/surface")},
		{Name: "b", Steps: steps("b/train", "b/surface")},
		{Name: "c", Steps: steps("c/train", "c/surface")},
		{Name: "d", Steps: steps("d/train")},
		{Name: "e", Steps: steps("e/train", "e/surface")},
		{Name: "f", Steps: steps("f/train", "f/surface")},
		{Name: "g", Steps: steps("g/train", "g/surface")},
		{Name: "h", Steps: steps("h/train", "h/surface")},
		{Name: "i", Steps: steps("i/train", "i/surface")},
	}}
	sweep := &results.Sweep{Store: store, Graph: g, Steps: map[string]artifacts.RootStep{
		"a/train":   {State: artifacts.StateCached, Outputs: map[string]artifacts.Blob{"log": log, "weights": weights}},
		"a/surface": {State: artifacts.StateRan, Outputs: map[string]artifacts.Blob{"path": path}},
		"b/train":   {State: artifacts.StateRan, Outputs: map[string]artifacts.Blob{"log": lost}},
		"b/surface": {State: artifacts.StateFailed, Error: "out of memory"},
		"c/train":   {State: artifacts.StateRunning},
		"e/train":   {State: artifacts.StateCached, Outputs: map[string]artifacts.Blob{"log": gone}},
		"e/surface": {State: artifacts.StateNotRun, Error: "e/train produced no weights"},
		"f/train":   {State: artifacts.StateInterrupted},
		"f/surface": {State: artifacts.StateNotRun},
		"g/train":   {State: artifacts.StateNotRun},
		"g/surface": {State: artifacts.StateNotRun},
		"h/train":   {State: artifacts.StateRan},
		"h/surface": {State: artifacts.StateNotRun},
		"i/train":   {State: artifacts.StateRan},
		"i/surface": {State: artifacts.StateNotRun, Error: "b/surface failed"},
	}}
	rows, err := sweep.Experiments(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	num := func(v float64) *float64 { return &v }
	want := []results.Experiment{
		{Name: "a", State: "done", Params: map[string]any{"train.net": "small"}, TrainLoss: num(0.25), TestLoss: num(0.5), TestError: num(8.5),
			Measures:  map[string]float64{"surface.pc1": 75, "surface.pc2": 25},
			Artifacts: map[string]string{"train/log": log.Digest.String(), "train/weights": weights.Digest.String(), "surface/path": path.Digest.String()}},
		{Name: "b", State: "failed", Params: map[string]any{}, TestError: num(90), Artifacts: map[string]string{"train/log": lost.Digest.String()},
			Errors: map[string]string{"surface": "out of memory"}},
		{Name: "c", State: "running", Params: map[string]any{}, Artifacts: map[string]string{}},
		{Name: "d", State: "waiting", Params: map[string]any{}, Artifacts: map[string]string{}},
		{Name: "e", State: "diverged", Params: map[string]any{}, Diverged: divergence, Artifacts: map[string]string{"train/log": gone.Digest.String()}},
		{Name: "f", State: "interrupted", Params: map[string]any{}, Artifacts: map[string]string{}},
		{Name: "g", State: "not run", Params: map[string]any{}, Artifacts: map[string]string{}},
		{Name: "h", State: "interrupted", Params: map[string]any{}, Artifacts: map[string]string{}},
		{Name: "i", State: "not run", Params: map[string]any{}, Artifacts: map[string]string{}},
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if _, err := json.Marshal(rows); err != nil {
		t.Errorf("losses that are not finite break JSON: %v", err)
	}
}

func TestResolve(t *testing.T) {
	blob := func(s string) artifacts.Blob { return artifacts.BlobOf([]byte(s)) }
	key := artifacts.Key{0xab, 0xcd, 0xef, 0x01, 0x23}
	root := func(sweep string, outputs map[string]map[string]artifacts.Blob) artifacts.Root {
		r := artifacts.Root{Sweep: sweep, Steps: map[string]artifacts.RootStep{}}
		for id, o := range outputs {
			r.Steps[id] = artifacts.RootStep{Outputs: o}
		}
		return r
	}
	one := root("one", map[string]map[string]artifacts.Blob{
		"a/surface": {"grid": blob("grid a")}, "b/surface": {"grid": blob("grid b")},
		"a/picture": {"png": blob("png"), "svg": blob("svg")},
		"a/shared":  {"grid": blob("shared")},
	})
	one.Steps["a/train"] = artifacts.RootStep{Key: key, Outputs: map[string]artifacts.Blob{"weights": blob("weights"), "log": blob("log")}}
	three := root("three", map[string]map[string]artifacts.Blob{"small_width_8,lr=0.1/surface": {"grid": blob("small")}, "small_width_16,lr=0.1/surface": {"grid": blob("wide")}})
	roots := []artifacts.Root{one, three, root("two", map[string]map[string]artifacts.Blob{"a/shared": {"grid": blob("shared")}})}
	any := blob("not in any sweep").Digest
	for _, c := range []struct {
		name, want string
		found      artifacts.Digest
		matches    int // of the error; -1 for no error
	}{
		{any.String(), "grid", any, -1},
		{"one/a/surface", "grid", blob("grid a").Digest, -1},
		{"b/surface", "grid", blob("grid b").Digest, -1},
		{"surface", "grid", artifacts.Digest{}, 4},
		{"a/surface", "weights", artifacts.Digest{}, 0},
		{"a/shared", "grid", blob("shared").Digest, -1}, // two sweeps, one blob
		{"a/picture", "", artifacts.Digest{}, 2},
		{"a/picture/png", "", blob("png").Digest, -1},
		{"abcdef01", "weights", blob("weights").Digest, -1},
		{key.String(), "log", blob("log").Digest, -1},
		{"abcdef0", "weights", artifacts.Digest{}, 0},                      // too short for a key
		{"face", "grid", artifacts.Digest{}, 0},                            // the end of a word is not the end of a path
		{"small:width=8,lr=0.1/surface", "grid", blob("small").Digest, -1}, // as a table has the network
		{"three/small_width_8,lr=0.1/surface", "grid", blob("small").Digest, -1},
		{"small_wid…8,lr=0.1/surface", "grid", blob("small").Digest, -1}, // as a screen shortens it
		{"width_8/surface", "grid", artifacts.Digest{}, 0},
		{"lr=0.1/surface", "grid", artifacts.Digest{}, 2}, // some of the experiment's values
		{"small:width=8/surface", "grid", blob("small").Digest, -1},
		{"three/lr=0.1,small:width=8/surface", "grid", blob("small").Digest, -1},
		{"three/lr=0.2/surface", "grid", artifacts.Digest{}, 0},
		{"thr…/surface", "grid", artifacts.Digest{}, 2},
		{"small…surfaces", "grid", artifacts.Digest{}, 0},
		{"small_width_8,lr=0.1/surface…face", "grid", artifacts.Digest{}, 0}, // longer than the name
	} {
		got, err := results.Resolve(roots, c.name, c.want)
		var name *results.NameError
		switch {
		case c.matches < 0 && err != nil:
			t.Errorf("%s (%s): %v", c.name, c.want, err)
		case c.matches < 0 && got != c.found:
			t.Errorf("%s (%s): another blob", c.name, c.want)
		case c.matches >= 0 && (!errors.As(err, &name) || len(name.Matches) != c.matches):
			t.Errorf("%s (%s): error %v, want one with %d matches", c.name, c.want, err, c.matches)
		}
	}
	for name, near := range map[string]string{
		"two":         "name one, such as two/a/shared",
		"one/surface": "name one, such as one/a/surface, one/b/surface",
		"surface/one": "`lossatlas artifacts ls` lists them", // not in this order
		"a/surfase":   "did you mean a/surface?",
	} {
		if _, err := results.Resolve(roots, name, "grid"); err == nil || !strings.Contains(err.Error(), "no map has the name") || !strings.HasSuffix(err.Error(), near) {
			t.Errorf("%s: %v, want the end %q", name, err, near)
		}
	}
	for name, want := range map[string]string{"a/picture": "a/picture has no grid; its results are png, svg", "small:width=8,lr=0.1/sur": "no map has the name"} {
		if _, err := results.Resolve(roots, name, "grid"); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	split := []artifacts.Root{root("four", map[string]map[string]artifacts.Blob{"small,seed=1/surface-train": {"grid": blob("train")}, "small,seed=1/line-train": {"grid": blob("line")}})}
	if _, err := results.Resolve(split, "four/small,seed=1/surface", "grid"); err == nil || !strings.HasSuffix(err.Error(), "name one, such as four/small,seed=1/surface-train") {
		t.Errorf("a map without its split: %v", err)
	}
	if _, err := results.Resolve(roots, "sha256:12", "grid"); err == nil {
		t.Error("half a digest was accepted")
	}
}

// TestParamText: structured parameters are shown as JSON, others as they are.
func TestParamText(t *testing.T) {
	for want, v := range map[string]any{`[{"epoch":7,"factor":0.1}]`: []any{map[string]any{"epoch": 7.0, "factor": 0.1}}, `{"cosine":true}`: map[string]any{"cosine": true}, "0.05": 0.05, "sgd": "sgd"} {
		if got := results.ParamText(v); got != want {
			t.Errorf("%v is shown as %s, want %s", v, got, want)
		}
	}
}
