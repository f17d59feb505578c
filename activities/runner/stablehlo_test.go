package runner

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"lossatlas/activities/data"
	"lossatlas/activities/data/files"
	"lossatlas/activities/directions"
	"lossatlas/activities/engine"
	"lossatlas/activities/hlo/folder"
	"lossatlas/activities/nets"
	"lossatlas/activities/problem"
	"lossatlas/activities/runner/networks"
	"lossatlas/activities/spectrum"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// exported is a network from JAX with its data in the store, as a sweep's start puts them there.
type exported struct {
	*bench
	net         *nets.Net
	network     pipelines.Network
	encoded     []byte
	train       pipelines.TrainData
	weights     Input
	Loss        float64
	V           []float64
	Eigenvalues []float64
	Line        map[string]float64
}

func newExported(t *testing.T, o engine.Options) *exported {
	t.Helper()
	e := &exported{bench: newBench(t)}
	var err error
	if e.class, err = engine.Class(o); err != nil {
		t.Fatal(err)
	}
	e.Engine = o
	text, err := os.ReadFile("../hlo/testdata/reference.json")
	if err == nil {
		err = json.Unmarshal(text, e)
	}
	if err != nil {
		t.Fatal(err)
	}
	put := e.putter(t)
	set, err := files.Open("../hlo/testdata/data.npz", files.Options{Loss: problem.Program})
	if err != nil {
		t.Fatal(err)
	}
	digest, err := data.Pack(set, func(b []byte) (string, error) { return put(b, nil).Digest.String(), nil })
	if err != nil {
		t.Fatal(err)
	}
	e.train = pipelines.TrainData{Name: "data-12345678", Digest: digest, Problem: pipelines.Problem(set.Problem.String()), Train: 21}
	p, values, err := folder.Read("../hlo/testdata/convnet")
	if err != nil {
		t.Fatal(err)
	}
	if e.encoded, err = p.Encode(); err != nil {
		t.Fatal(err)
	}
	e.network = pipelines.OfProgram(put(e.encoded, nil).Digest)
	if e.net, err = nets.FromStableHLO("convnet", p, set.Problem); err != nil {
		t.Fatal(err)
	}
	var flat [2][]float32
	for i, table := range [][]nets.Param{e.net.Params(), e.net.State()} {
		for _, p := range table {
			flat[i] = append(flat[i], values[p.Name]...)
		}
	}
	e.weights = put(e.net.Encode(flat[0], flat[1], nil))
	return e
}

// TestStableHLOFromTheStore: a worker that knows nothing of a network from JAX takes its programs from the store, and its
// losses, a line and the ends of the spectrum are those of JAX in float64.
func TestStableHLOFromTheStore(t *testing.T) {
	plugin := os.Getenv("LOSSATLAS_PLUGIN")
	if plugin == "" {
		t.Skip("no numeric plugin: LOSSATLAS_PLUGIN is not set")
	}
	e := newExported(t, engine.Options{Backend: "xla", Plugin: plugin})
	networks.Forget(artifacts.Of(e.encoded))
	made := e.made(t, e.step(t, pipelines.KindImport, pipelines.ImportParams{Net: e.network, Weights: e.weights.Digest.String(), Data: e.train}, nil))
	if got := float64(e.final(t, made).TrainLoss); math.Abs(got-e.Loss) > 1e-6*e.Loss {
		t.Errorf("the training loss is %g, and JAX has %g", got, e.Loss)
	}
	var d []float32
	for _, x := range e.V {
		d = append(d, float32(x))
	}
	inputs := map[string]Input{pipelines.OutWeights: from(made, pipelines.OutWeights)}
	dirs := e.made(t, e.step(t, pipelines.KindGivenDirections, pipelines.GivenDirectionsParams{Net: e.network, Problem: e.train.Problem, Axes: 1,
		Directions: e.putter(t)(directions.Encode(e.net.Params(), [][]float32{d}, nil)).Digest.String()}, nil))
	of := pipelines.MapData{Name: e.train.Name, Digest: e.train.Digest, Problem: e.train.Problem, Split: "train", To: 21}
	along := map[string]Input{pipelines.OutWeights: inputs[pipelines.OutWeights], pipelines.OutDirections: from(dirs, pipelines.OutDirections)}
	line := e.read(t, e.made(t, e.step(t, pipelines.KindSurface, pipelines.MapParams{Net: e.network, Data: of, X: pipelines.Axis{Min: -1, Max: 1, N: 5}, Batch: 128}, along)))
	for i, want := range []float64{e.Line["-1.0"], e.Line["-0.5"], e.Loss, e.Line["0.5"], e.Line["1.0"]} {
		if got := line.Loss[i]; math.Abs(got-want) > 2e-6*want {
			t.Errorf("point %d of the line has the loss %g, and JAX has %g", i, got, want)
		}
	}
	params := pipelines.SpectrumParams{Net: e.network, Data: of, Batch: 128, Subset: "all", Tolerance: 1e-4, Probes: 2, Steps: 10, Seed: 1}
	raw := e.get(t, e.made(t, e.step(t, pipelines.KindSpectrum, params, inputs)), pipelines.OutSpectrum)
	s, err := spectrum.DecodeNPZ(raw)
	if err != nil {
		t.Fatal(err)
	}
	lowest, largest := e.Eigenvalues[0], e.Eigenvalues[len(e.Eigenvalues)-1]
	if math.Abs(s.LambdaMin-lowest) > 1e-4*math.Abs(lowest) || math.Abs(s.LambdaMax-largest) > 1e-4*largest {
		t.Errorf("the spectrum goes from %g to %g, and that of JAX from %g to %g", s.LambdaMin, s.LambdaMax, lowest, largest)
	}
}

// TestStableHLOOnPureGo: the step fails for good, and says what computes such networks.
func TestStableHLOOnPureGo(t *testing.T) {
	e := newExported(t, engine.Options{Backend: "go"})
	_, err := e.do(t, e.step(t, pipelines.KindImport, pipelines.ImportParams{Net: e.network, Weights: e.weights.Digest.String(), Data: e.train}, nil))
	if err == nil || !strings.Contains(err.Error(), "only XLA computes") {
		t.Errorf("on the pure-Go backend: %v", err)
	}
}
