package activities

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"lossatlas/activities/data"
	"lossatlas/activities/engine"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// Activities are the steps' implementations with what they work on. Workflow
// code refers to the methods through a nil pointer of this type.
type Activities struct {
	Store  *artifacts.Store
	Client client.Client
	Log    zerolog.Logger
	// Engine says which numeric backend to open; it is opened when the first step needs it.
	Engine engine.Options
	// Data says where datasets lie on this machine.
	Data data.Options
	// Program is the version recorded in provenance.
	Program string
	// Version is the version of a worker deployment that the process belongs to, the zero value for none.
	// Workflows stay with the version that they began with, and steps with that of those who ask for them.
	Version worker.WorkerDeploymentVersion

	once       sync.Once
	backend    *engine.Backend
	backendErr error
	evaluators evaluatorCache
	built      sync.Map // what trainings were built from, whose programs are compiled
	graphs     graphs
	workforce  workforce
	unknown    unknown
}

// open returns the numeric backend, opening it on first use.
func (a *Activities) open() (*engine.Backend, error) {
	a.once.Do(func() {
		a.backend, a.backendErr = engine.Open(a.Engine)
		if a.backendErr == nil {
			a.Log.Info().Str("backend", a.backend.Name()).Str("class", a.backend.Class()).Msg("numeric backend ready")
		}
	})
	return a.backend, a.backendErr
}

// numeric returns the backend for a step, after checking that its class is
// the one that the step's key promises.
func (a *Activities) numeric(in StepInput) (*engine.Backend, error) {
	b, err := a.open()
	if err != nil {
		return nil, err
	}
	if want := in.Recipe.Numerics; want != "" && want != b.Class() {
		return nil, permanent("NumericsMismatch", fmt.Errorf(
			"the step asks for numerics class %q, this worker computes in %q: run the sweep again, which sends it to workers of its class, or put `numerics: any` into the sweep file", want, b.Class()))
	}
	return b, nil
}

// Close releases the numeric backend and what is kept on its devices. It is no
// method, because every exported method of Activities is an activity.
func Close(a *Activities) {
	a.evaluators.clear()
	if a.backend != nil {
		a.backend.Close()
	}
}

// load returns one split's records [from, to) of a dataset, after checking
// that the data here are the data that the step's key names.
func (a *Activities) load(name, digest, split string, from, to int) (data.Split, error) {
	src, err := data.Open(name, a.Data)
	if err != nil {
		return data.Split{}, permanent("BadData", err)
	}
	have, err := src.Digest()
	if err != nil {
		return data.Split{}, permanent("BadData", err)
	}
	if have != digest {
		return data.Split{}, permanent("BadData", fmt.Errorf(
			"dataset %s on this worker has digest %s, the sweep was planned with %s: point --data at the same files", name, have, digest))
	}
	s, err := src.Load(split, from, to)
	if err != nil {
		return data.Split{}, permanent("BadData", err)
	}
	return s, nil
}

// loadMapData returns the images of a map, with the labels that the training saw.
func (a *Activities) loadMapData(d pipelines.MapData) (data.Split, error) {
	s, err := a.load(d.Name, d.Digest, d.Split, d.From, d.To)
	if err == nil && d.Noise != nil {
		s = s.WithLabelNoise(d.Noise.Fraction, d.Noise.Seed, d.From)
	}
	return s, err
}

// finish records a step's outputs under its key and drops its parts.
func (a *Activities) finish(ctx context.Context, in StepInput, outputs map[string]artifacts.Blob, seconds float64) (StepResult, error) {
	info := activity.GetInfo(ctx)
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	won, err := a.Store.PutAction(ctx, artifacts.Action{
		Key: in.Key, Recipe: in.Recipe, Outputs: outputs,
		Made: artifacts.Provenance{
			At: time.Now().UTC(), Seconds: seconds, Host: host, Program: a.Program, Numerics: a.class(in),
			WorkflowID: info.WorkflowExecution.ID, RunID: info.WorkflowExecution.RunID, Producers: in.Producers,
		},
	})
	if err != nil {
		return StepResult{}, err
	}
	a.dropParts(ctx, in)
	a.log(ctx, in).Info().Float64("seconds", seconds).Msg("step made")
	return StepResult{Key: in.Key, Outputs: won.Outputs, Seconds: won.Made.Seconds}, nil
}

// dropParts removes what a step that is made had stored on its way.
func (a *Activities) dropParts(ctx context.Context, in StepInput) {
	if err := a.Store.DropParts(ctx, in.Key); err != nil {
		a.log(ctx, in).Warn().Err(err).Msg("the finished step's checkpoints could not be removed")
	}
}

// class is the numerics class to record: of the backend if the step used it.
func (a *Activities) class(in StepInput) string {
	if a.backend != nil && in.Numeric {
		return a.backend.Class()
	}
	return in.Recipe.Numerics
}

// input fetches and verifies the blob behind a named input of the step.
func (a *Activities) input(ctx context.Context, in StepInput, name string) ([]byte, error) {
	d, ok := in.Recipe.Inputs[name]
	if !ok {
		return nil, permanent("BadStep", fmt.Errorf("%s: the step has no input %q", in.Label, name))
	}
	b, err := a.Store.Get(ctx, d)
	if err != nil {
		return nil, fmt.Errorf("%s: input %s: %w", in.Label, name, err)
	}
	return b, nil
}
