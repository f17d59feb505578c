package cli

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"lossatlas/activities"
	"lossatlas/activities/engine"
	"lossatlas/activities/work"
	"lossatlas/workers/internal/launch"
	"lossatlas/workers/internal/session"
	"lossatlas/workers/internal/telemetry"
	"lossatlas/workers/registry"
)

// drain is how long a worker's running activities may go on when a command
// ends; what they have stored is kept in any case.
const drain = 2 * time.Second

// workerSet is the workers of a command, or none.
type workerSet struct{ *registry.Workers }

// Stop drains and stops the workers. Their numeric backend stays open until the
// process ends: a computation that outlasts the drain still uses it.
func (w workerSet) Stop() {
	if w.Workers != nil {
		w.Workers.Stop()
	}
}

// startWorkers serves task queues in this process.
func (a *app) startWorkers(s *session.Session, c client.Client, e engine.Options, opts registry.Options) (workerSet, error) {
	acts := &activities.Activities{
		Machine: &work.Machine{Store: s.Store, Log: a.log, Engine: e, Data: a.dataOptions()}, Client: c, Program: "lossatlas " + a.version(),
		Version: a.deployment(s),
	}
	workers, err := registry.Start(c, acts, opts)
	if err != nil {
		return workerSet{}, err
	}
	a.telemetry.Ready(map[string]telemetry.Check{
		"Temporal": func(ctx context.Context) error {
			_, err := c.CheckHealth(ctx, &client.CheckHealthRequest{})
			return err
		},
		"the store": s.Store.Ping,
	})
	return workerSet{workers}, nil
}

// deployment is the version of a worker deployment that this process belongs to: where servers are elsewhere, the one
// of the settings.
func (a *app) deployment(s *session.Session) (v worker.WorkerDeploymentVersion) {
	if s.Role() == session.External && a.set.Deployment != "" {
		v.DeploymentName, v.BuildID = a.set.Deployment, cmp.Or(a.set.BuildID, a.version())
	}
	return v
}

// localWorkers starts workers where nobody else would do the work: always for
// the owner of the services, and for servers elsewhere when no worker serves
// the task queues that a sweep needs. computing is the one of its computing.
func (a *app) localWorkers(ctx context.Context, s *session.Session, c client.Client, e engine.Options, computing string, detach bool) (workerSet, error) {
	switch s.Role() {
	case session.Attached:
		return workerSet{}, nil
	case session.External:
		idle, err := unserved(ctx, c, s.Namespace(), computing)
		if err != nil || len(idle) == 0 {
			return workerSet{}, err
		}
		if detach {
			a.say("no worker serves the task queue %s: the sweep waits until one does (`lossatlas worker`)", join(idle))
			return workerSet{}, nil
		}
		a.say("no worker serves the task queue %s: this process does, until the sweep is done", join(idle))
		a.warnSlow(e)
		return a.startWorkers(s, c, e, registry.Options{Queues: idle, Drain: drain})
	}
	return a.startWorkers(s, c, e, registry.Options{Drain: drain})
}

// unserved lists the task queues that a sweep needs, and that no worker serves. Whoever
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

// dropScratch removes the store of a run apart that was killed.
func (r *run) dropScratch(ctx context.Context) error {
	scratch, err := r.services.Scratch(ctx)
	if err != nil {
		return err
	}
	defer scratch.Close()
	return scratch.Destroy(ctx)
}

// clear sets aside what a killed process left open, except the sweep of this run.
func (r *run) clear(ctx context.Context, c client.Client) error {
	names, err := launch.EndOthers(ctx, c, r.services.Payloads().Data, func(sweep string) bool { return sweep == r.graph.Sweep })
	if kept := slices.DeleteFunc(slices.Clone(names), launch.OnScratch); len(kept) < len(names) {
		if err := r.dropScratch(ctx); err != nil {
			r.log.Warn().Err(err).Msg("the store that a killed run had for itself could not be removed")
		}
		names = kept
	}
	if len(names) > 0 {
		r.say("set aside %s, which an earlier process left unfinished: run it again to go on with it", nameList(names))
	}
	return err
}

func join(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
