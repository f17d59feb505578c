package activities

import (
	"sync"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"lossatlas/activities/runner"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// Activities are what workflows have done: steps, and the records of sweeps. Workflow
// code refers to the methods through a nil pointer of this type. Every exported method is an activity.
type Activities struct {
	// Machine does the steps.
	Machine *runner.Machine
	Client  client.Client
	// Program is the version recorded in provenance.
	Program string
	// Version is the version of a worker deployment of the process; the zero value is no deployment.
	// Workflows stay with the version that they began with, and steps with that of those who ask for them.
	Version worker.WorkerDeploymentVersion

	jobs    memo[artifacts.Key, runner.Job]
	graphs  memo[artifacts.Digest, *graph]
	workers workers
	retries retries
}

// Workflow names, for code that starts them without importing them.
const (
	SweepWorkflow      = "Sweep"
	ExperimentWorkflow = "Experiment"
	StepWorkflow       = "Step"
)

// StepInput is the input of a step workflow. The step's recipe is in the store under its key.
type StepInput struct {
	Key   artifacts.Key  `json:"key"`
	Kind  pipelines.Kind `json:"kind"`
	Label string         `json:"label"`
	// Queue is the task queue on which the step is computed.
	Queue string `json:"queue"`
	// Window is how many of the step's chunks may be in the queue, or with workers, at a time; 0 is LeastWindow.
	Window int `json:"window,omitempty"`
}

// StepResult is the outcome of a step.
type StepResult struct {
	Key     artifacts.Key             `json:"key"`
	Outputs map[string]artifacts.Blob `json:"outputs"`
	// Cached says that the result was there before.
	Cached bool `json:"cached,omitempty"`
	// Seconds is the time that it took when it was made.
	Seconds float64 `json:"seconds"`
}

// memo keeps the values that were used last, by their keys. They are shared, and must not be changed.
type memo[K comparable, V any] struct {
	mu   sync.Mutex
	kept map[K]V
	keys []K // the latest last
}

// find returns a kept value.
func (m *memo[K, V]) find(k K) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.kept[k]
	return v, ok
}

// keep keeps a value, in place of the oldest where most are kept.
func (m *memo[K, V]) keep(k K, v V, most int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil {
		m.kept = make(map[K]V)
	}
	if _, ok := m.kept[k]; !ok {
		m.keys = append(m.keys, k)
	}
	m.kept[k] = v
	if len(m.keys) > most {
		delete(m.kept, m.keys[0])
		m.keys = m.keys[1:]
	}
}
