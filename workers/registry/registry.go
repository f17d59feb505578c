// Package registry runs the Temporal workers of a process: one per task queue.
package registry

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"lossatlas/activities"
	"lossatlas/activities/engine"
	"lossatlas/workflows"
)

// Queues are the task queues that a worker of a numerics class can serve, without the queue of the class, which it serves if
// it serves a computing one.
func Queues(class string) []string {
	if engine.Device(class) == activities.QueueGPU {
		return []string{activities.QueueIO, activities.QueueGPU, activities.QueueCPU}
	}
	return []string{activities.QueueIO, activities.QueueCPU}
}

// Options configure the workers of a process.
type Options struct {
	Queues []string // nil means all possible ones
	// Slots is the maximum of concurrent numeric activities; 0 means 1, as one uses all cores.
	Slots int
	// Drain is the time for running activities after Stop.
	Drain time.Duration
	// Steps replaces the activities of Start, which it embeds, in simulations; it may be nil.
	Steps any
}

// maxWaiting is the maximum of concurrent activities that only wait for steps, which cost little.
const maxWaiting = 2000

// stuckAfter is the SDK's time limit for workflow code: that of a workflow task, since a thread may get no core for seconds on
// a busy machine.
const stuckAfter = 10 * time.Second

// Workers are the running workers of one process.
type Workers struct {
	list   []worker.Worker
	queues []string
	device *device
}

// RegisterWorkflows registers the workflows, under the names that clients use, with a worker, a replayer or a test environment.
func RegisterWorkflows(r worker.WorkflowRegistry) {
	for name, f := range map[string]any{
		activities.SweepWorkflow:      workflows.Sweep,
		activities.ExperimentWorkflow: workflows.Experiment,
		activities.StepWorkflow:       workflows.Step,
	} {
		r.RegisterWorkflowWithOptions(f, workflow.RegisterOptions{Name: name})
	}
}

// Start runs one worker per queue until Stop. A queue that can't be served is an error.
func Start(c client.Client, a *activities.Activities, opts Options) (*Workers, error) {
	class, err := engine.Class(a.Machine.Engine)
	if err != nil {
		return nil, err
	}
	queues := opts.Queues
	if len(queues) == 0 {
		queues = Queues(class)
	}
	if slices.ContainsFunc(queues, computes) {
		queues = append(slices.Clone(queues), activities.ClassQueue(class))
	}
	d := newDevice(max(opts.Slots, 1))
	ws := &Workers{queues: queues, device: d}
	for _, q := range queues {
		if !slices.Contains(Queues(class), q) && q != activities.ClassQueue(class) {
			ws.Stop()
			return nil, fmt.Errorf("task queue %q can't be served here: a worker that computes in %s serves %v", q, class, Queues(class))
		}
		w, err := start(c, a, q, class, d, opts)
		if err != nil {
			ws.Stop()
			return nil, fmt.Errorf("start the worker for task queue %s: %w", q, err)
		}
		ws.list = append(ws.list, w)
	}
	return ws, nil
}

// computes reports whether a queue has numeric activities for any class.
func computes(queue string) bool { return queue == activities.QueueCPU || queue == activities.QueueGPU }

// start runs the worker of one queue.
func start(c client.Client, a *activities.Activities, queue, class string, d *device, opts Options) (worker.Worker, error) {
	o := worker.Options{
		Identity: activities.Identity(""), WorkerStopTimeout: opts.Drain, MaxConcurrentActivityExecutionSize: maxWaiting,
		Interceptors: []interceptor.WorkerInterceptor{&heartbeats{client: c}}, DeadlockDetectionTimeout: stuckAfter,
	}
	if a.Version != (worker.WorkerDeploymentVersion{}) {
		o.DeploymentOptions = worker.DeploymentOptions{UseVersioning: true, Version: a.Version, DefaultVersioningBehavior: workflow.VersioningBehaviorPinned}
	}
	if computes(queue) {
		o.Identity = activities.Identity(class)
	}
	if queue != activities.QueueIO {
		tuner, err := d.tuner()
		if err != nil {
			return nil, err
		}
		o.DisableWorkflowWorker, o.MaxConcurrentActivityExecutionSize, o.Tuner = true, 0, tuner
		o.Interceptors = append(o.Interceptors, &deviceInterceptor{device: d})
	}
	w := worker.New(c, queue, o)
	w.RegisterActivity(cmp.Or[any](opts.Steps, a))
	if queue == activities.QueueIO {
		RegisterWorkflows(w)
	}
	return w, w.Start()
}

// Queues are the served task queues.
func (ws *Workers) Queues() []string { return ws.queues }

// Idle is the time for which these workers have had no numeric activity; 0 while one runs.
func (ws *Workers) Idle() time.Duration { return ws.device.idle() }

// Worked is the time in which these workers have had numeric activities.
func (ws *Workers) Worked() time.Duration { return ws.device.worked() }

// Stop drains and stops the workers, concurrently.
func (ws *Workers) Stop() {
	var all sync.WaitGroup
	for _, w := range ws.list {
		all.Go(w.Stop)
	}
	all.Wait()
}
