package serve

import (
	"cmp"
	"context"
	"slices"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"lossatlas/activities"
	"lossatlas/activities/engine"
	"lossatlas/activities/runner"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/session"
	"lossatlas/workers/internal/telemetry"
	"lossatlas/workers/registry"
)

// drain is how long running activities may continue when a command ends; results that are stored stay in any case.
const drain = 2 * time.Second

// WorkerSet is the workers of a command. It may be empty.
type WorkerSet struct{ *registry.Workers }

// Stop drains and stops the workers. Their numeric backend stays open until the
// process ends: a computation that outlasts the drain still uses it.
func (w WorkerSet) Stop() {
	if w.Workers != nil {
		w.Workers.Stop()
	}
}

// startWorkers serves task queues in this process.
func startWorkers(a *app.App, s *session.Session, c client.Client, e engine.Options, opts registry.Options) (WorkerSet, error) {
	acts := &activities.Activities{
		Machine: &runner.Machine{Store: s.Store, Log: a.Log, Engine: e, Data: a.DataOptions()}, Client: c, Program: "lossatlas " + a.BuildVersion(),
		Version: deployment(a, s),
	}
	workers, err := registry.Start(c, acts, opts)
	if err != nil {
		return WorkerSet{}, err
	}
	a.Telemetry.Ready(map[string]telemetry.Check{
		"Temporal": func(ctx context.Context) error {
			_, err := c.CheckHealth(ctx, &client.CheckHealthRequest{})
			return err
		},
		"the store": s.Store.Ping,
	})
	return WorkerSet{workers}, nil
}

// deployment is the version of a worker deployment that this process belongs to: where servers are elsewhere, the one
// of the settings.
func deployment(a *app.App, s *session.Session) (v worker.WorkerDeploymentVersion) {
	if s.Role() == session.External && a.Settings.Deployment != "" {
		v.DeploymentName, v.BuildID = a.Settings.Deployment, cmp.Or(a.Settings.BuildID, a.BuildVersion())
	}
	return v
}

// StartMissing starts the workers that a sweep lacks: all of them for the owner of the services, and for servers elsewhere
// those of the task queues that no worker serves. computing is the queue of the sweep's numeric steps.
func StartMissing(ctx context.Context, a *app.App, s *session.Session, c client.Client, e engine.Options, computing string, detach bool) (WorkerSet, error) {
	switch s.Role() {
	case session.Attached:
		return WorkerSet{}, nil
	case session.External:
		idle, err := unserved(ctx, c, s.Namespace(), computing)
		if err != nil || len(idle) == 0 {
			return WorkerSet{}, err
		}
		if detach {
			a.Say("no worker serves the task queue %s: the sweep waits until one does (`lossatlas worker`)", app.Join(idle))
			return WorkerSet{}, nil
		}
		a.Say("no worker serves the task queue %s: this process does, until the sweep is done", app.Join(idle))
		a.WarnSlow(e)
		return startWorkers(a, s, c, e, registry.Options{Queues: idle, Drain: drain})
	}
	return startWorkers(a, s, c, e, registry.Options{Drain: drain})
}

// unserved lists the task queues that a sweep needs and that no worker serves. A caller that
// serves QueueCPU serves the queue of a numerics class.
func unserved(ctx context.Context, c client.Client, namespace, computing string) ([]string, error) {
	served, err := activities.Served(ctx, c, namespace)
	if err != nil {
		return nil, err
	}
	serves := func(queue string) bool {
		return slices.ContainsFunc(served, func(s activities.Serving) bool { return s.Queue == queue })
	}
	var idle []string
	if !serves(activities.QueueIO) {
		idle = append(idle, activities.QueueIO)
	}
	if !serves(computing) {
		idle = append(idle, activities.QueueCPU)
	}
	return idle, nil
}
