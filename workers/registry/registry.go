// Package registry says which workflows and activities a worker serves, and
// runs workers for task queues.
package registry

import (
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"lossatlas/activities"
	"lossatlas/workflows"
)

// Queues are the task queues that a worker can serve.
func Queues() []string { return []string{activities.QueueIO, activities.QueueCPU} }

// Options say what a worker process serves.
type Options struct {
	Queues []string // nil: all of them
	// Slots is how many numeric activities run at a time; 0 means 1, since one
	// already uses every core.
	Slots int
	// Drain is how long running activities may go on after Stop.
	Drain time.Duration
}

// waits is how many steps one process can wait for; a waiting activity costs little.
const waits = 2000

// Workers are the running workers of one process.
type Workers struct{ list []worker.Worker }

// RegisterWorkflows makes the workflows known, to a worker, a replayer or a test
// environment, under the names that clients use.
func RegisterWorkflows(r worker.WorkflowRegistry) {
	for name, f := range map[string]any{
		activities.SweepWorkflow:      workflows.Sweep,
		activities.ExperimentWorkflow: workflows.Experiment,
		activities.StepWorkflow:       workflows.Step,
	} {
		r.RegisterWorkflowWithOptions(f, workflow.RegisterOptions{Name: name})
	}
}

// Start runs a worker per queue until Stop. An unknown queue is an error.
func Start(c client.Client, a *activities.Activities, opts Options) (*Workers, error) {
	queues := opts.Queues
	if len(queues) == 0 {
		queues = Queues()
	}
	ws := &Workers{}
	for _, q := range queues {
		if !slices.Contains(Queues(), q) {
			ws.Stop()
			return nil, fmt.Errorf("unknown task queue %q: a worker serves %v", q, Queues())
		}
		w := worker.New(c, q, options(c, q, opts))
		w.RegisterActivity(a)
		if q == activities.QueueIO {
			RegisterWorkflows(w)
		}
		if err := w.Start(); err != nil {
			ws.Stop()
			return nil, fmt.Errorf("start the worker for task queue %s: %w", q, err)
		}
		ws.list = append(ws.list, w)
	}
	return ws, nil
}

func options(c client.Client, queue string, opts Options) worker.Options {
	o := worker.Options{WorkerStopTimeout: opts.Drain, Interceptors: []interceptor.WorkerInterceptor{&heartbeats{client: c}}}
	if queue == activities.QueueCPU {
		o.DisableWorkflowWorker = true
		o.MaxConcurrentActivityExecutionSize = max(opts.Slots, 1)
		return o
	}
	o.MaxConcurrentActivityExecutionSize = waits
	return o
}

// Stop drains and stops the workers.
func (ws *Workers) Stop() {
	for _, w := range slices.Backward(ws.list) {
		w.Stop()
	}
}
