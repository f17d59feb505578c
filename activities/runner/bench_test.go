package runner

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"lossatlas/activities/data"
	"lossatlas/activities/engine"
	"lossatlas/activities/internal/shared"
	"lossatlas/activities/optim"
	"lossatlas/activities/surface"
	"lossatlas/activities/trainlog"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// bench is a machine with a store of its own and the pure-Go backend.
type bench struct {
	*Machine
	digest string // of shapes10
	class  string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	store := artifacts.InMemory(zerolog.Nop())
	opts := engine.Options{Backend: "go"}
	class, err := engine.Class(opts)
	if err != nil {
		t.Fatal(err)
	}
	src, err := data.Open(data.Shapes10, data.Options{})
	if err != nil {
		t.Fatal(err)
	}
	digest, err := src.Digest()
	if err != nil {
		t.Fatal(err)
	}
	m := &Machine{Store: store, Log: zerolog.Nop(), Engine: opts}
	t.Cleanup(m.Close)
	return &bench{Machine: m, digest: digest, class: class}
}

// shapesProblem is the problem of shapes10 and CIFAR-10.
var shapesProblem = pipelines.Problem(shared.Problem.String())

// step makes the job of a step.
func (b *bench) step(t *testing.T, kind pipelines.Kind, params any, inputs map[string]Input) Job {
	t.Helper()
	raw, err := json.Marshal(params)
	if err != nil {
		t.Fatal(err)
	}
	job, err := NewJob(pipelines.Step{ID: "x/" + string(kind), Kind: kind, Params: raw}, inputs, b.class)
	if err != nil {
		t.Fatal(err)
	}
	return job
}

// pulse remembers what a step says of itself.
type pulse struct{ last Progress }

func (p *pulse) Progress(now Progress) { p.last = now }
func (p *pulse) Note(text string)      { p.last.Note = text }
func (p *pulse) Stopped() error        { return nil }

// run puts a step to work.
func (b *bench) run(job Job) *Run {
	return &Run{Job: job, Machine: b.Machine, Log: b.Log, Pulse: &pulse{}}
}

// do does a step as its workflow does.
func (b *bench) do(t *testing.T, job Job) (artifacts.Action, error) {
	t.Helper()
	r := b.run(job)
	if job.Kind().Unit() != "" {
		for more := true; more; {
			plan, err := r.Plan(t.Context())
			if err != nil {
				return artifacts.Action{}, err
			}
			for _, i := range plan.Missing {
				if _, err := r.Chunk(t.Context(), i, false); err != nil {
					return artifacts.Action{}, err
				}
			}
			more = plan.More
		}
	}
	return r.Make(t.Context(), "test", artifacts.Provenance{WorkflowID: "step", RunID: "run"})
}

// made does a step.
func (b *bench) made(t *testing.T, job Job) artifacts.Action {
	t.Helper()
	action, err := b.do(t, job)
	if err != nil {
		t.Fatal(err)
	}
	return action
}

// plan lists the chunks of a step.
func (b *bench) plan(t *testing.T, job Job) Plan {
	t.Helper()
	plan, err := b.run(job).Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// chunk computes a chunk of a step.
func (b *bench) chunk(t *testing.T, job Job, i int) {
	t.Helper()
	if _, err := b.run(job).Chunk(t.Context(), i, false); err != nil {
		t.Fatal(err)
	}
}

// putter returns a function that stores a file, as an encoder returns it.
func (b *bench) putter(t *testing.T) func(file []byte, err error) Input {
	return func(file []byte, err error) Input {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		blob, err := b.Store.Put(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		return Input{Digest: blob.Digest}
	}
}

// typeOf is the type of an error that no retry fixes, "" for others.
func typeOf(err error) string {
	var final *PermanentError
	if errors.As(err, &final) {
		return final.Type
	}
	return ""
}

func (b *bench) trainParams(epochs int) pipelines.TrainParams {
	return pipelines.TrainParams{
		Net:       "small",
		Data:      pipelines.TrainData{Name: data.Shapes10, Digest: b.digest, Problem: shapesProblem, Train: 32, Test: 16},
		Optimizer: pipelines.Optimizer{Kind: "sgd", LR: 0.05, Momentum: 0.9, Nesterov: true},
		Epochs:    epochs, BatchSize: 16, BNGroup: 16, Augment: true, Seed: 1,
	}
}

// from refers to an output of a finished step.
func from(r artifacts.Action, output string) Input {
	return Input{Digest: r.Outputs[output].Digest, Producer: r.Key}
}

// TestStepsInARow trains, draws directions, evaluates a surface chunk by chunk,
// and reads the grid back. The grid's centre is the loss of the trained network.
func TestStepsInARow(t *testing.T) {
	b := newBench(t)
	trained := b.made(t, b.step(t, pipelines.KindTrain, b.trainParams(1), nil))
	dirs := b.made(t, b.step(t, pipelines.KindDirections,
		pipelines.DirectionsParams{Net: "small", Problem: shapesProblem, Normalize: "filter", Ignore: "biasbn", Seed: 1, Axes: 2},
		map[string]Input{pipelines.OutWeights: from(trained, pipelines.OutWeights)}))
	in := b.step(t, pipelines.KindSurface, pipelines.MapParams{
		Net: "small", Data: pipelines.MapData{Name: data.Shapes10, Digest: b.digest, Problem: shapesProblem, Split: "test", To: 16},
		X: pipelines.Axis{Min: -1, Max: 1, N: 3}, Y: &pipelines.Axis{Min: -1, Max: 1, N: 3}, Batch: 16,
	}, map[string]Input{pipelines.OutWeights: from(trained, pipelines.OutWeights), pipelines.OutDirections: from(dirs, pipelines.OutDirections)})

	plan := b.plan(t, in)
	if plan.Chunks == 0 || len(plan.Missing) != plan.Chunks {
		t.Fatalf("plan of an untouched surface: %+v", plan)
	}
	if _, err := b.run(in).Make(t.Context(), "test", artifacts.Provenance{}); typeOf(err) != ErrorChunkLost {
		t.Errorf("assembling without chunks: %v", err)
	}
	for _, i := range plan.Missing {
		b.chunk(t, in, i)
	}
	if left := b.plan(t, in); len(left.Missing) != 0 {
		t.Errorf("chunks %v are missing after they were evaluated", left.Missing)
	}
	grid := b.read(t, b.made(t, in))
	var course trainlog.Log
	raw, err := b.Store.Get(t.Context(), trained.Outputs[pipelines.OutLog].Digest)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &course); err != nil {
		t.Fatal(err)
	}
	// The same program on the same images, in batches of another size.
	if got, want := grid.Loss[4], float64(course.Final.TestLoss); math.Abs(got-want) > 1e-5*want {
		t.Errorf("the surface's centre is %v, the trained network's test loss %v", got, want)
	}
}

// read reads the grid that a step made.
func (b *bench) read(t *testing.T, made artifacts.Action) *surface.Grid {
	t.Helper()
	raw, err := b.Store.Get(t.Context(), made.Outputs[pipelines.OutGrid].Digest)
	if err != nil {
		t.Fatal(err)
	}
	grid, err := surface.DecodeNPZ(raw)
	if err != nil {
		t.Fatal(err)
	}
	return grid
}

// TestTrainResumes stops a training after its first epoch and lets a new
// attempt continue: the outputs are those of a training in one go.
func TestTrainResumes(t *testing.T) {
	b := newBench(t)
	in := b.step(t, pipelines.KindTrain, b.trainParams(2), nil)
	run, err := b.run(in).newTrainRun(t.Context(), b.trainParams(2), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := run.epoch(t.Context()); err != nil {
		t.Fatal(err)
	}
	run.close()
	parts, err := b.Store.Parts(t.Context(), in.Key)
	if err != nil || !slices.Equal(parts, []string{"checkpoint"}) {
		t.Fatalf("after one epoch the parts are %v, %v", parts, err)
	}
	resumed := b.made(t, in)

	in.Recipe.Version++ // the same training under another key
	if in.Key, err = in.Recipe.Key(); err != nil {
		t.Fatal(err)
	}
	whole := b.made(t, in)
	if diff := cmp.Diff(whole.Outputs, resumed.Outputs); diff != "" {
		t.Errorf("a resumed training differs from one in one go:\n%s", diff)
	}
}

// TestCompilesOnce: a training whose programs another has compiled does not say that it compiles.
func TestCompilesOnce(t *testing.T) {
	b := newBench(t)
	in := b.step(t, pipelines.KindTrain, b.trainParams(1), nil)
	for _, want := range []string{"", "begun"} { // what compiled clears the note
		p := &pulse{last: Progress{Note: "begun"}}
		r := b.run(in)
		r.Pulse = p
		run, err := r.newTrainRun(t.Context(), b.trainParams(1), nil)
		if err != nil {
			t.Fatal(err)
		}
		run.close()
		if p.last.Note != want {
			t.Errorf("the note is %q, want %q", p.last.Note, want)
		}
	}
}

// TestErrorsSayWhetherToRetry holds that what no retry can fix is not retried.
func TestErrorsSayWhetherToRetry(t *testing.T) {
	b := newBench(t)
	for _, test := range []struct {
		name   string
		change func(*pipelines.TrainParams)
		kind   string
		want   string
	}{
		{"other data", func(p *pipelines.TrainParams) { p.Data.Digest = "sha256:0" }, "BadData", "digest"},
		{"too many images", func(p *pipelines.TrainParams) { p.Data.Train = 1 << 30 }, "BadData", "1073741824"},
		{"unknown net", func(p *pipelines.TrainParams) { p.Net = "smal" }, "BadNet", "smal"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := b.trainParams(3)
			test.change(&p)
			_, err := b.do(t, b.step(t, pipelines.KindTrain, p, nil))
			if typeOf(err) != test.kind || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want a final %s that mentions %q", err, test.kind, test.want)
			}
		})
	}
	in := b.step(t, pipelines.KindTrain, b.trainParams(1), nil)
	in.Recipe.Numerics = "another"
	if _, err := b.do(t, in); typeOf(err) != "NumericsMismatch" {
		t.Errorf("a step of another numerics class: %v", err)
	}
}

// TestNumber holds the round trip of numbers that JSON lacks.
func TestNumber(t *testing.T) {
	for _, v := range []float64{0, -1.5, math.Inf(1), math.Inf(-1), math.NaN()} {
		b, err := json.Marshal(trainlog.Number(v))
		if err != nil {
			t.Fatal(err)
		}
		var got trainlog.Number
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		if float64(got) != v && !(math.IsNaN(v) && math.IsNaN(float64(got))) {
			t.Errorf("%v became %s and then %v", v, b, float64(got))
		}
	}
	var n trainlog.Number
	if err := json.Unmarshal([]byte(`"much"`), &n); err == nil {
		t.Error(`"much" was read as a number`)
	}
}

// TestDamagedCheckpoint holds that no damaged checkpoint is mistaken for a whole one.
func TestDamagedCheckpoint(t *testing.T) {
	c := optim.Checkpoint{Epoch: 1, Theta: []float32{1, 2}, State: []float32{3}, Momentum: []float32{4, 5}}
	whole, err := encodeTraining(training{Log: trainlog.Log{Epochs: make([]trainlog.Epoch, 1)}}, c)
	if err != nil {
		t.Fatal(err)
	}
	if _, got, err := decodeTraining(whole); err != nil || !cmp.Equal(got, c) {
		t.Fatalf("round trip: %+v, %v", got, err)
	}
	for n := range whole {
		if _, _, err := decodeTraining(whole[:n]); err == nil {
			t.Fatalf("a checkpoint cut to %d of %d bytes was read", n, len(whole))
		}
	}
}

func TestWorkflowIDReads(t *testing.T) {
	b := bench{class: "go"}
	in := b.step(t, pipelines.KindTrain, pipelines.TrainParams{Net: "resnet20", BatchSize: 128, Optimizer: pipelines.Optimizer{WeightDecay: 5e-4}}, nil)
	if id := in.WorkflowID(); !strings.HasPrefix(id, "train-resnet20-bs128-wd0.0005-") {
		t.Errorf("workflow ID %s", id)
	}
}
