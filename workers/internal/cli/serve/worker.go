package serve

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"lossatlas/activities"
	"lossatlas/activities/engine"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/session"
	"lossatlas/workers/registry"
)

func workerCommand(a *app.App) *cobra.Command {
	var opts registry.Options
	var processes int
	var idle time.Duration
	cmd := app.Command("worker", "Work for a Temporal server and a store elsewhere, or for another process on this home", cobra.NoArgs,
		func(cmd *cobra.Command, _ []string) error {
			if idle < 0 || idle > 0 && processes != 1 {
				return exit.Usagef("--idle: %v is not allowed; give a time such as 10m, without --processes, which starts ended workers again", idle)
			}
			if processes != 1 {
				return runProcesses(cmd.Context(), a, processes)
			}
			return runWorker(cmd.Context(), a, opts, idle)
		})
	cmd.Long = cmd.Short + `.

Task queues: io has the workflows, look-ups, joins and pictures; cpu the computing that any worker can do; gpu the
trainings and Hessians, which a GPU does best. A worker that serves cpu or gpu serves one more queue, that of its own numerics
class, to which sweeps with ` + "`numerics: exact`" + ` send their computing. A worker with a GPU serves gpu and cpu.

--processes N is for machines with many cores or several GPUs: N worker processes, each with its share of the cores, or
with a GPU of its own, and all started again when they die. Their --metrics-address are that port and the ones after it.

With --deployment the worker is a version of a worker deployment (of its --build-id), and each sweep stays with the version
that it began with. The version of new sweeps is set in Temporal: temporal worker deployment set-current-version.`
	cmd.Flags().StringSliceVar(&opts.Queues, "queues", nil, "task `queues` to serve: io, cpu, gpu (default: all that this machine can)")
	cmd.Flags().IntVar(&opts.Slots, "slots", 1, "numeric activities at a time; XLA executes one program at a time in a process")
	cmd.Flags().DurationVar(&opts.Drain, "drain", 30*time.Second, "`time` that running activities get to end after an interrupt")
	cmd.Flags().DurationVar(&idle, "idle", 0, "`time` without trainings, maps and spectra after which the worker ends, for machines that are paid by the hour (default: never)")
	cmd.Flags().IntVar(&processes, "processes", 1, "`number` of worker processes, each on its own cores or GPU")
	return cmd
}

// queuesFor checks the task queues that a worker of a numerics class is to serve. An empty list stands for all that it can.
func queuesFor(class string, queues []string) ([]string, error) {
	can := registry.Queues(class)
	if len(queues) == 0 {
		return can, nil
	}
	for _, q := range queues {
		switch {
		case slices.Contains(can, q):
		case q == activities.QueueGPU:
			return nil, exit.Usagef("--queues: gpu is for workers with a GPU, and this one computes in %s: leave gpu out, or name a CUDA plugin with --plugin", class)
		default:
			return nil, exit.Usagef("--queues: there is no task queue %q; a worker serves %s", q, app.Join(can))
		}
	}
	return queues, nil
}

// How often a worker tries servers that do not answer, and says so.
const (
	tryEvery = 2 * time.Second
	sayEvery = 30 * time.Second
)

// waitForServices opens the services that a worker works for. It waits for services that start later than the worker.
func waitForServices(ctx context.Context, a *app.App) (*session.Session, client.Client, error) {
	var lastSaid time.Time
	for {
		s, c, err := openServices(ctx, a)
		if err == nil || !session.Unanswered(err) {
			return s, c, err
		}
		if time.Since(lastSaid) >= sayEvery {
			a.Say("waiting for the servers: %v", err)
			lastSaid = time.Now()
		}
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-time.After(tryEvery):
		}
	}
}

// openServices is one attempt of waitForServices.
func openServices(ctx context.Context, a *app.App) (s *session.Session, c client.Client, err error) {
	if s, err = Open(ctx, a); err != nil {
		return nil, nil, err
	}
	if s.Role() == session.Owner {
		err = exit.Usagef("a worker needs services to work for: name servers with --temporal-address and --s3-endpoint, or start `lossatlas up` on this home (which works itself)")
	} else {
		c, err = s.Temporal(ctx)
	}
	if err != nil {
		return nil, nil, errors.Join(err, s.Close())
	}
	return s, c, nil
}

// runWorker serves task queues until an interrupt, or until no numeric work has come for the time idle, if that is not 0.
func runWorker(ctx context.Context, a *app.App, opts registry.Options, idle time.Duration) (err error) {
	if opts.Slots < 1 || opts.Slots > 64 {
		return exit.Usagef("--slots: %d is not allowed; give 1 to 64", opts.Slots)
	}
	a.Settle()
	if err := a.Begin(zerolog.InfoLevel, true); err != nil {
		return err
	}
	e, _ := a.EngineOptions()
	class, err := engine.Class(e)
	if err != nil {
		return err
	}
	if opts.Queues, err = queuesFor(class, opts.Queues); err != nil {
		return err
	}
	s, c, err := waitForServices(ctx, a)
	if err != nil {
		return err
	}
	defer a.Finish(s, &err)
	ctx, stop := s.Watch(ctx)
	defer stop()
	a.WarnSlow(e)
	workers, err := startWorkers(a, s, c, e, opts)
	defer workers.Stop()
	if err != nil {
		return err
	}
	a.Say("serving the task queues %s of %s until interrupted; numerics class %s", app.Join(workers.Queues()), s.TemporalAddress(), class)
	if url := s.Pages(); url != "" {
		a.Say("the sweeps are at %s", s.Link(url))
	}
	sayCurrent(ctx, a, s, c)
	waitForIdle(ctx, workers, idle)
	a.Telemetry.Ready(nil)
	if ctx.Err() == nil {
		a.Say("no work for %v: ending", idle)
		return nil
	}
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	a.Say("draining for up to %v (again to end at once)", opts.Drain)
	return nil
}

// waitForIdle returns when the workers have been idle for a time, unless that is 0, or when the context ends.
func waitForIdle(ctx context.Context, workers WorkerSet, idle time.Duration) {
	for wait := idle; idle > 0; wait = idle - workers.Idle() {
		if wait <= 0 {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
	<-ctx.Done()
}

// sayCurrent prints a message when new sweeps use another version of this worker's deployment.
func sayCurrent(ctx context.Context, a *app.App, s *session.Session, c client.Client) {
	v := deployment(a, s)
	if v.DeploymentName == "" {
		return
	}
	d, err := c.WorkerDeploymentClient().GetHandle(v.DeploymentName).Describe(ctx, client.WorkerDeploymentDescribeOptions{})
	var missing *serviceerror.NotFound // the server notes a first worker some moments after it began
	switch {
	case err != nil && !errors.As(err, &missing):
		a.Log.Warn().Err(err).Msg("which version of the worker deployment is current can't be asked")
	case err != nil || d.Info.RoutingConfig.CurrentVersion == nil || *d.Info.RoutingConfig.CurrentVersion != v:
		a.Say("version %s serves new sweeps once it is the current one: temporal worker deployment set-current-version --deployment-name %s --build-id %s", v.BuildID, v.DeploymentName, v.BuildID)
	}
}
