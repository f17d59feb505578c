package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/launch"
	"lossatlas/workers/internal/session"
	"lossatlas/workers/registry"
)

// addresses is where the services are, for `up` and `status`.
type addresses struct {
	Home     string `json:"home"`
	UI       string `json:"ui,omitempty"`
	Pages    string `json:"pages,omitempty"` // of the sweeps
	Temporal string `json:"temporal"`
	S3       string `json:"s3"`
	PID      int    `json:"pid,omitempty"`
}

func (a *app) addresses(s *session.Session) addresses {
	return addresses{Home: a.home.Dir(), UI: s.UI(), Pages: s.Pages(), Temporal: s.TemporalAddress(), S3: s.Endpoint(), PID: s.PID()}
}

func (a *app) printAddresses(x addresses) error {
	if a.set.Output != "text" {
		return a.printJSON(x)
	}
	known := func(url string) string { return cmp.Or(url, "not known") }
	_, err := fmt.Fprintf(a.Out, "sweeps       %s\nTemporal UI  %s\nTemporal     %s\nS3           %s\nhome         %s\n",
		known(x.Pages), known(x.UI), x.Temporal, x.S3, x.Home)
	return err
}

func (a *app) upCommand() *cobra.Command {
	return command("up", "Run Temporal, its UI, the store and a worker until interrupted", cobra.NoArgs,
		func(cmd *cobra.Command, _ []string) error { return a.up(cmd.Context()) })
}

func (a *app) up(ctx context.Context) (err error) {
	if a.set.External() {
		return exit.Usagef("`up` runs the embedded services, but servers elsewhere are configured; use `lossatlas worker` to work for them")
	}
	a.settle()
	if err := a.begin(zerolog.InfoLevel, true); err != nil {
		return err
	}
	s, err := a.serving(ctx)
	if err != nil {
		return err
	}
	defer a.finish(s, &err)
	if s.Role() == session.Attached {
		return fmt.Errorf("process %d runs the services of %s already; the sweeps are at %s and the Temporal UI at %s", s.PID(), a.home.Dir(), cmp.Or(s.Pages(), "no address"), s.UI())
	}
	c, err := s.Temporal(ctx)
	if err != nil {
		return err
	}
	ctx, stop := s.Watch(ctx)
	defer stop()
	e, _ := a.engineOptions()
	a.warnSlow(e)
	workers, err := a.startWorkers(s, c, e, registry.Options{Drain: drain})
	defer workers.Stop()
	if err != nil {
		return err
	}
	if err := a.printAddresses(a.addresses(s)); err != nil {
		return err
	}
	open, err := launch.OpenSweeps(ctx, c)
	if err != nil {
		return err
	}
	for _, o := range open {
		a.say("sweep %s, left unfinished, goes on", o.Sweep)
	}
	a.say("serving until interrupted (Ctrl-C)")
	<-ctx.Done()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	a.say("ending; open sweeps go on at the next `lossatlas up`")
	return nil
}

func (a *app) workerCommand() *cobra.Command {
	var opts registry.Options
	cmd := command("worker", "Work for a Temporal server and a store elsewhere, or for another process on this home", cobra.NoArgs,
		func(cmd *cobra.Command, _ []string) error { return a.worker(cmd.Context(), opts) })
	cmd.Flags().StringSliceVar(&opts.Queues, "queues", registry.Queues(), "task `queues` to serve: cpu computes, io looks up, joins and draws")
	cmd.Flags().IntVar(&opts.Slots, "slots", 1, "numeric activities at a time; one uses all cores already")
	cmd.Flags().DurationVar(&opts.Drain, "drain", 30*time.Second, "`time` that running activities get to end after an interrupt")
	return cmd
}

// How often a worker tries servers that do not answer, and says so.
const (
	tryEvery  = 2 * time.Second
	tellEvery = 30 * time.Second
)

// employer returns the services that a worker works for. They may start after it,
// on a machine that starts up, say: it waits for them.
func (a *app) employer(ctx context.Context) (*session.Session, client.Client, error) {
	var told time.Time
	for {
		s, c, err := a.hire(ctx)
		if err == nil || !session.Unanswered(err) {
			return s, c, err
		}
		if time.Since(told) >= tellEvery {
			a.say("waiting for the servers: %v", err)
			told = time.Now()
		}
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-time.After(tryEvery):
		}
	}
}

// hire is one try.
func (a *app) hire(ctx context.Context) (s *session.Session, c client.Client, err error) {
	if s, err = a.serving(ctx); err != nil {
		return nil, nil, err
	}
	if s.Role() == session.Owner {
		err = exit.Usagef("a worker needs somebody to work for: name servers with --temporal-address and --s3-endpoint, or start `lossatlas up` on this home (which works itself)")
	} else {
		c, err = s.Temporal(ctx)
	}
	if err != nil {
		return nil, nil, errors.Join(err, s.Close())
	}
	return s, c, nil
}

func (a *app) worker(ctx context.Context, opts registry.Options) (err error) {
	for _, q := range opts.Queues {
		if !slices.Contains(registry.Queues(), q) {
			return exit.Usagef("--queues: there is no task queue %q; a worker serves %s", q, join(registry.Queues()))
		}
	}
	if opts.Slots < 1 || opts.Slots > 64 {
		return exit.Usagef("--slots: %d is not allowed; give 1 to 64", opts.Slots)
	}
	a.settle()
	if err := a.begin(zerolog.InfoLevel, true); err != nil {
		return err
	}
	s, c, err := a.employer(ctx)
	if err != nil {
		return err
	}
	defer a.finish(s, &err)
	e, _ := a.engineOptions()
	a.warnSlow(e)
	workers, err := a.startWorkers(s, c, e, opts)
	defer workers.Stop()
	if err != nil {
		return err
	}
	a.say("serving the task queues %s of %s until interrupted", join(opts.Queues), s.TemporalAddress())
	if url := s.Pages(); url != "" {
		a.say("the sweeps are at %s", url)
	}
	<-ctx.Done()
	a.telemetry.Ready(nil)
	a.say("draining for up to %v (again to end at once)", opts.Drain)
	return nil
}
