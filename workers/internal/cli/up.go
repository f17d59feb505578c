package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

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
	return addresses{Home: a.home.Dir(), UI: s.Link(s.UI()), Pages: s.Link(s.Pages()), Temporal: s.TemporalAddress(), S3: s.Endpoint(), PID: s.PID()}
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
	cmd := command("up", "Run Temporal, its UI, the store and a worker until interrupted", cobra.NoArgs,
		func(cmd *cobra.Command, _ []string) error { return a.up(cmd.Context()) })
	cmd.Long = cmd.Short + `.

Shared machines: everything listens on 127.0.0.1, which other users of the machine can reach, too, and lets only you in.
The pages and the Temporal UI open by the links that are printed here and by ` + "`lossatlas status`" + `; each start makes new
ones. Keep them to yourself, and don't open what other users serve on this machine in the same browser: browsers send
the cookie of 127.0.0.1 to each of its ports. Temporal asks for the certificate in the home:

  export TEMPORAL_TLS_SERVER_CA_CERT_PATH=HOME/tls.pem TEMPORAL_TLS_CLIENT_CERT_PATH=HOME/tls.pem TEMPORAL_TLS_CLIENT_KEY_PATH=HOME/tls.pem
  temporal workflow list --address 127.0.0.1:PORT --namespace lossatlas`
	return cmd
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
		return fmt.Errorf("process %d runs the services of %s already; the sweeps are at %s and the Temporal UI at %s", s.PID(), a.home.Dir(), cmp.Or(s.Link(s.Pages()), "no address"), s.Link(s.UI()))
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
	open, err := launch.OpenSweeps(ctx, c, s.Payloads().Data)
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
