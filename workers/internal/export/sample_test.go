package export_test

import (
	"context"
	"encoding/json"
	"math"
	"testing"

	"lossatlas/activities/results"
	"lossatlas/activities/safetensors"
	"lossatlas/activities/spectrum"
	"lossatlas/activities/surface"
	"lossatlas/activities/trainlog"
	"lossatlas/activities/trajectory"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/export"
)

// store is a store in memory that counts what is fetched.
type store struct {
	results.Store // of nothing but blobs and actions
	blobs         map[artifacts.Digest][]byte
	actions       map[artifacts.Key]artifacts.Action
	gets          int
	// after ends the context of the fetches, as a kill would, when so many have been made.
	after int
	kill  func()
}

func (s *store) Get(ctx context.Context, d artifacts.Digest) ([]byte, error) {
	s.gets++
	if s.after > 0 && s.gets > s.after {
		s.kill()
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if b, ok := s.blobs[d]; ok {
		return b, nil
	}
	return nil, artifacts.ErrNotFound
}

func (s *store) Lookup(_ context.Context, k artifacts.Key) (artifacts.Action, error) {
	if a, ok := s.actions[k]; ok {
		return a, nil
	}
	return artifacts.Action{}, artifacts.ErrNotFound
}

func (s *store) put(b []byte) artifacts.Blob {
	s.blobs[artifacts.Of(b)] = b
	return artifacts.BlobOf(b)
}

// must is for what a test prepares.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// sample is a sweep of one experiment and one comparison with every kind of
// output, and the results that it was made of.
type sample struct {
	*store
	sweep                export.Sweep
	surface, line, curve *surface.Grid
	path                 *trajectory.Path
	spectrum             spectrum.Spectrum
	weights              []safetensors.Tensor
}

const source = "name: s\n# a comment, \"quoted\" & <kept>\n"

func newSample(t *testing.T) *sample {
	t.Helper()
	s := &sample{store: &store{blobs: map[artifacts.Digest][]byte{}, actions: map[artifacts.Key]artifacts.Action{}}}
	s.surface = surface.NewGrid(surface.Lattice(-1, 1, 5), surface.Lattice(-0.5, 0.5, 3))
	s.surface.Meta = json.RawMessage(`{"key":"k"}`)
	for i := range s.surface.Mask {
		loss := math.Sqrt(float64(i)) / 3
		switch i {
		case 4:
			loss = math.NaN()
		case 9:
			loss = math.Inf(1)
		case 14:
			continue // not evaluated
		}
		must(0, s.surface.Add([]surface.Point{{Index: i, Loss: loss, Accuracy: 10 + float64(i)}}))
	}
	s.line = surface.NewGrid([]float64{-1, 0, 1}, []float64{0})
	must(0, s.line.Add([]surface.Point{{Index: 0, Loss: 3, Accuracy: 1}, {Index: 1, Loss: 0.1, Accuracy: 2}, {Index: 2, Loss: 2, Accuracy: 3}}))
	s.curve = surface.NewGrid([]float64{-1, 1}, []float64{-1, 1})
	for i := range 4 {
		must(0, s.curve.AddCurved([]surface.Curved{{Point: surface.Point{Index: i, Loss: 1, Accuracy: 50}, LambdaMin: -float64(i), LambdaMax: 2 + float64(i), ResidualMin: 1e-3, ResidualMax: 1e-4}}))
	}
	s.path = &trajectory.Path{
		Epochs: []int{0, 1, 2}, PCA: [][2]float64{{-1, 0.5}, {0.25, 0.125}, {0, 0}}, Random: make([][2]float64, 3),
		Variance: []float64{3, 1}, Ratio: []float64{0.75, 0.25}, RateChanges: []int{1}, Norm: []float64{3, 2, 1}, Distance: []float64{2, 1, 0},
	}
	s.spectrum = spectrum.Spectrum{Loss: 1, Accuracy: 90, LambdaMin: -1, LambdaMax: 5, ResidualMin: 1e-3, ResidualMax: 1e-3,
		Density: spectrum.Density{Dim: 3, Probes: []spectrum.Quadrature{{Nodes: []float64{-1, 5}, Weights: []float64{0.25, 0.75}}}}}
	s.weights = []safetensors.Tensor{{Name: "conv.weight", Shape: []int{2, 1, 1, 2}, Data: []float32{1, 2, 3, 4.5}}, {Name: "fc.bias", Shape: []int{1}, Data: []float32{-0.1}}}
	s.record(t)
	return s
}

// addresses are those of the steps with numbers of an experiment or a comparison.
var addresses = map[string]pipelines.Address{
	"lr=0.1,net=a/train":          {Experiment: "lr=0.1,net=a", Role: pipelines.RoleWeights},
	"lr=0.1,net=a/path-path":      {Experiment: "lr=0.1,net=a", Map: "path", Role: pipelines.RolePath},
	"lr=0.1,net=a/spectrum-train": {Experiment: "lr=0.1,net=a", Map: "spectrum", Split: "train", Role: pipelines.RoleMap},
	"between/train":               {Comparison: "between", Map: "between", Split: "train", Role: pipelines.RoleMap},
}

// record puts everything into the store and makes the sweep's record.
func (s *sample) record(t *testing.T) {
	g := &pipelines.Graph{Sweep: "s", Title: "A sweep", Comparisons: []pipelines.Comparison{{Name: "between", Between: []string{"one", "two"}}}}
	root := artifacts.Root{Sweep: "s", State: artifacts.StateDone, Steps: map[string]artifacts.RootStep{}, File: &artifacts.RootFile{Name: "s.yaml", Preset: "tiny", Text: source}}
	e := pipelines.Experiment{Name: "lr=0.1,net=a", Params: map[string]any{"train.optimizer.lr": 0.1}}
	add := func(to *[]pipelines.Step, id string, kind pipelines.Kind, inputs map[string]pipelines.Ref, outputs map[string][]byte) {
		at, ok := addresses[id]
		if !ok && to == &e.Steps {
			at.Experiment = e.Name
		}
		step := pipelines.Step{ID: id, Kind: kind, At: at, Params: json.RawMessage(`{}`), Inputs: inputs}
		*to = append(*to, step)
		recipe := artifacts.Recipe{Kind: string(kind), Version: 1, Params: must(json.Marshal(map[string]string{"id": id}))}
		st := artifacts.RootStep{Kind: string(kind), Key: must(recipe.Key()), State: artifacts.StateRan, Outputs: map[string]artifacts.Blob{}}
		for name, b := range outputs {
			st.Outputs[name] = s.put(b)
		}
		s.actions[st.Key] = artifacts.Action{Key: st.Key, Recipe: recipe, Outputs: st.Outputs, Made: artifacts.Provenance{Host: "here"}}
		root.Steps[id] = st
	}
	weights := must(safetensors.Encode(s.weights, map[string]string{"epoch": "2"}))
	directions := must(safetensors.Encode([]safetensors.Tensor{{Name: "x/conv.weight", Shape: []int{2, 1, 1, 2}, Data: []float32{0, 1, 0, 1}}}, nil))
	in := e.Name + "/"
	add(&e.Steps, in+"train", pipelines.KindTrain, nil, map[string][]byte{"weights": weights, "checkpoint-00001": weights[:len(weights):len(weights)],
		"log": must(json.Marshal(trainlog.Log{Final: trainlog.Final{TrainLoss: 0.5, TestLoss: 0.75, TestAccuracy: 90}}))})
	add(&e.Steps, in+"surface-directions", pipelines.KindDirections, nil, map[string][]byte{"directions": directions})
	add(&e.Steps, in+"surface-train", pipelines.KindSurface, nil, map[string][]byte{"grid": must(s.surface.EncodeNPZ())})
	add(&e.Steps, in+"line-train", pipelines.KindLine, nil, map[string][]byte{"grid": must(s.line.EncodeNPZ())})
	add(&e.Steps, in+"hessian-train", pipelines.KindHessian, nil, map[string][]byte{"grid": must(s.curve.EncodeNPZ())})
	add(&e.Steps, in+"path-path", pipelines.KindTrajectory, nil, map[string][]byte{"path": must(s.path.Encode()), "directions": directions})
	add(&e.Steps, in+"path-train", pipelines.KindSurface, map[string]pipelines.Ref{"directions": {Step: in + "path-path", Output: "directions"}},
		map[string][]byte{"grid": must(s.surface.EncodeNPZ())})
	add(&e.Steps, in+"spectrum-train", pipelines.KindSpectrum, nil, map[string][]byte{"spectrum": must(s.spectrum.EncodeNPZ())})
	add(&e.Steps, in+"surface-train-contour", pipelines.KindRender, nil, map[string][]byte{"png": []byte("png"), "svg": []byte("svg"), "pdf": []byte("pdf")})
	g.Experiments = []pipelines.Experiment{e}
	add(&g.Final, "between/train", pipelines.KindLine, nil, map[string][]byte{"grid": must(s.line.EncodeNPZ())})
	add(&g.Final, "report", pipelines.KindReport, nil, map[string][]byte{"html": []byte("<html>")})
	root.Graph = s.put(must(json.Marshal(g)))
	s.sweep = export.Sweep{Sweep: results.Sweep{Store: s.store, Graph: g, Steps: root.Steps}, Root: root, State: root.State, Program: "lossatlas test"}
}
