package serve

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/launch"
	"lossatlas/workers/internal/session"
	"lossatlas/workers/registry"
)

func upCommand(a *app.App) *cobra.Command {
	cmd := app.Command("up", "Run Temporal, its UI, the store and a worker until interrupted", cobra.NoArgs,
		func(cmd *cobra.Command, _ []string) error { return up(cmd.Context(), a) })
	cmd.Long = cmd.Short + `.

Shared machines: everything listens on 127.0.0.1, which other users of the machine can reach, too, and lets only you in.
The pages and the Temporal UI open by the links that are printed here and by ` + "`lossatlas status`" + `; each start makes new
ones. Keep them to yourself, and don't open pages that other users serve on this machine in the same browser: browsers send
the cookie of 127.0.0.1 to each of its ports. Temporal asks for the certificate in the home:

  export TEMPORAL_TLS_SERVER_CA_CERT_PATH=HOME/tls.pem TEMPORAL_TLS_CLIENT_CERT_PATH=HOME/tls.pem TEMPORAL_TLS_CLIENT_KEY_PATH=HOME/tls.pem
  temporal workflow list --address 127.0.0.1:PORT --namespace lossatlas`
	return cmd
}

func up(ctx context.Context, a *app.App) (err error) {
	if a.Settings.External() {
		return exit.Usagef("`up` runs the embedded services, but servers elsewhere are configured; use `lossatlas worker` to work for them")
	}
	a.Settle()
	if err := a.Begin(zerolog.InfoLevel, true); err != nil {
		return err
	}
	s, err := Open(ctx, a)
	if err != nil {
		return err
	}
	defer a.Finish(s, &err)
	if s.Role() == session.Attached {
		return fmt.Errorf("process %d runs the services of %s already; the sweeps are at %s and the Temporal UI at %s", s.PID(), a.Home.Dir(), cmp.Or(s.Link(s.Pages()), "no address"), s.Link(s.UI()))
	}
	c, err := s.Temporal(ctx)
	if err != nil {
		return err
	}
	ctx, stop := s.Watch(ctx)
	defer stop()
	e, _ := a.EngineOptions()
	a.WarnSlow(e)
	workers, err := startWorkers(a, s, c, e, registry.Options{Drain: drain})
	defer workers.Stop()
	if err != nil {
		return err
	}
	defer StartSecond(ctx, a, s, workers, e).Stop()
	if err := a.PrintAddresses(a.Addresses(s)); err != nil {
		return err
	}
	open, err := launch.OpenSweeps(ctx, c, s.Payloads().Data)
	if err != nil {
		return err
	}
	for _, o := range open {
		a.Say("sweep %s was unfinished and continues", o.Sweep)
	}
	a.Say("serving until interrupted (Ctrl-C)")
	<-ctx.Done()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	a.Say("ending; unfinished sweeps continue at the next `lossatlas up`")
	return nil
}
