package activities

import (
	"encoding/json"
	"errors"
	"log/slog"
	"testing"

	"github.com/rs/zerolog"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"lossatlas/activities/data"
	"lossatlas/activities/engine"
	"lossatlas/activities/internal/shared"
	"lossatlas/activities/runner"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// bench is the activities on a store of their own and the pure-Go backend.
type bench struct {
	*Activities
	env *testsuite.TestActivityEnvironment
}

func newBench(t *testing.T) *bench {
	t.Helper()
	store := artifacts.InMemory(zerolog.Nop())
	m := &runner.Machine{Store: store, Log: zerolog.Nop(), Engine: engine.Options{Backend: "go"}}
	t.Cleanup(m.Close)
	a := &Activities{Machine: m, Program: "test"}
	var s testsuite.WorkflowTestSuite
	s.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := s.NewTestActivityEnvironment()
	env.RegisterActivity(a)
	return &bench{Activities: a, env: env}
}

// result runs an activity and returns its result.
func result[T any](t *testing.T, b *bench, activity any, args ...any) T {
	t.Helper()
	value, err := b.env.ExecuteActivity(activity, args...)
	if err != nil {
		t.Fatal(err)
	}
	var out T
	if err := value.Get(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// kindOfError is the type of an activity's application error.
func kindOfError(err error) string {
	var app *temporal.ApplicationError
	if errors.As(err, &app) {
		return app.Type()
	}
	return ""
}

// shapesProblem is the problem of shapes10 and CIFAR-10.
var shapesProblem = pipelines.Problem(shared.Problem.String())

// step stores the job of a step and returns what its workflow is started with.
func (b *bench) step(t *testing.T, kind pipelines.Kind, params any, inputs map[string]runner.Input) StepInput {
	t.Helper()
	raw, err := json.Marshal(params)
	if err != nil {
		t.Fatal(err)
	}
	job, err := runner.NewJob(pipelines.Step{ID: "x/" + string(kind), Kind: kind, Params: raw}, inputs, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.putJob(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	return StepInput{Key: job.Key, Kind: kind, Label: job.Label, Queue: QueueCPU}
}

// training is the shortest training.
func training(t *testing.T) pipelines.TrainParams {
	t.Helper()
	src, err := data.Open(data.Shapes10, data.Options{})
	if err != nil {
		t.Fatal(err)
	}
	digest, err := src.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return pipelines.TrainParams{
		Net:       "small",
		Data:      pipelines.TrainData{Name: data.Shapes10, Digest: digest, Problem: shapesProblem, Train: 16, Test: 8},
		Optimizer: pipelines.Optimizer{Kind: "sgd", LR: 0.05}, Epochs: 1, BatchSize: 8, BNGroup: 8, Seed: 1,
	}
}

// from refers to an output of a finished step.
func from(r StepResult, output string) runner.Input {
	return runner.Input{Digest: r.Outputs[output].Digest, Producer: r.Key}
}
