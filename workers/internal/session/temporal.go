package session

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"google.golang.org/grpc"

	"lossatlas/activities"
	"lossatlas/artifacts"
	"lossatlas/workers/internal/attributes"
	"lossatlas/workers/internal/codec"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/launch"
	"lossatlas/workers/internal/logging"
	"lossatlas/workers/internal/loopback"
	"lossatlas/workers/internal/services"
	"lossatlas/workers/internal/settings"
)

// connectTimeout limits the connection to an external Temporal server.
const connectTimeout = 10 * time.Second

// heartbeatEvery is the interval of worker heartbeats, by which a sweep finds its workers soon after either has started.
const heartbeatEvery = 5 * time.Second

// HasTemporal reports whether Temporal already runs, in this process or another.
func (s *Session) HasTemporal() bool { return s.role != Owner || s.client != nil }

// Temporal returns a client of the Temporal server. The owner of the services starts the server first, and other processes
// can attach from then on.
func (s *Session) Temporal(ctx context.Context) (client.Client, error) {
	if s.client != nil {
		return s.client, nil
	}
	if s.role == Owner {
		if err := s.startTemporal(ctx); err != nil {
			return nil, err
		}
	}
	c, err := s.dial(ctx)
	if err != nil {
		return nil, err
	}
	s.client = c
	s.closers = append(s.closers, func() error { c.Close(); return nil })
	if s.role != Attached { // else the owner serves them
		s.servePages()
	}
	if s.role == Owner {
		s.closers = append(s.closers, s.opts.Home.Withdraw)
		return c, s.opts.Home.Publish(s.at)
	}
	return c, nil
}

// servePages serves the pages of sweeps. Sweeps run without them, so an error is only logged.
func (s *Session) servePages() {
	if s.opts.Pages == nil {
		return
	}
	l, err := s.guard.Listen("the pages of sweeps", s.opts.Pages(s), s.ports.Pages, s.log)
	if err != nil {
		s.log.Warn().Err(err).Msg("the pages of sweeps are not served")
		return
	}
	s.at.Pages = l.URL()
	s.closers = append(s.closers, l.Stop)
}

func (s *Session) startTemporal(ctx context.Context) (err error) {
	if err := checkSpace(s.opts.Home); err != nil {
		return err
	}
	defer s.service("Temporal").Expect()()
	secret, err := s.opts.Home.Identity()
	if err != nil {
		return err
	}
	s.temporal, err = s.opts.Embedded.Temporal(ctx, services.TemporalOptions{
		DBPath: s.opts.Home.Path("temporal.db"), FrontendPort: s.ports.Temporal, UIPort: s.ports.UI,
		Namespace: s.opts.Settings.TemporalNamespace, Log: s.opts.ServerLog, Identity: secret, Guard: s.guard, Say: s.opts.Say,
	})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, s.temporal.Stop)
	s.at.Temporal, s.at.UI = s.temporal.Address(), s.temporal.UIURL()
	return nil
}

// dial connects to the server and checks that it has the namespace. For an external server, the profile of Temporal's own
// tools (TEMPORAL_TLS, TEMPORAL_API_KEY and the like) applies, and missing search attributes are added.
func (s *Session) dial(ctx context.Context) (client.Client, error) {
	address := s.at.Temporal
	var opts client.Options
	if s.role == External {
		var err error
		if opts, err = envconfig.LoadClientOptions(envconfig.LoadClientOptionsRequest{}); err != nil {
			return nil, fmt.Errorf("the Temporal client's own configuration (TEMPORAL_… variables or its file): %w", err)
		}
	} else {
		secret, err := s.opts.Home.Identity()
		if err != nil {
			return nil, err
		}
		if opts.ConnectionOptions.TLS, err = loopback.ClientTLS(secret); err != nil {
			return nil, err
		}
	}
	log := s.log
	if s.role == Owner {
		log = s.opts.ServerLog
	}
	if err := s.opts.Telemetry.Client(&opts); err != nil {
		return nil, err
	}
	opts.DataConverter, opts.FailureConverter = s.payloads.Data, s.payloads.Failure
	opts.HostPort, opts.Namespace, opts.Logger = address, s.at.Namespace, logging.Temporal(log)
	opts.Identity, opts.WorkerHeartbeatInterval = activities.Identity(""), heartbeatEvery
	if s.role != External {
		opts.ConnectionOptions.DialOptions = append(opts.ConnectionOptions.DialOptions, grpc.WithChainUnaryInterceptor(s.service("Temporal").Interceptor(ctx, s.IsServing)))
	}
	dialing, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if s.role == External {
		if err := probe(dialing, address, opts); err != nil {
			return nil, err
		}
	}
	c, err := client.DialContext(dialing, opts)
	switch {
	case err != nil && denied(err):
		return nil, refused(err, opts, "use")
	case err != nil:
		return nil, fmt.Errorf("no Temporal server answers at %s: check --temporal-address: %w", address, err)
	}
	if err := s.checkNamespace(ctx, c, opts); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (s *Session) checkNamespace(ctx context.Context, c client.Client, opts client.Options) error {
	address, namespace := opts.HostPort, opts.Namespace
	asking, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	d, err := c.WorkflowService().DescribeNamespace(asking, &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
	var missing *serviceerror.NamespaceNotFound
	switch {
	case errors.As(err, &missing):
		return fmt.Errorf("the Temporal server at %s has no namespace %q: create it (temporal operator namespace create --address %s -n %s --retention 90d) or name another with --temporal-namespace", address, namespace, address, namespace)
	case err != nil && denied(err):
		return refused(err, opts, "use")
	case err != nil:
		return fmt.Errorf("the Temporal server at %s, namespace %s: %w", address, namespace, err)
	}
	if !d.GetNamespaceInfo().GetCapabilities().GetWorkerHeartbeats() {
		return fmt.Errorf("the Temporal server at %s does not list its workers: enable frontend.WorkerHeartbeatsEnabled (the default of version 1.32)", address)
	}
	if s.role != External {
		return nil
	}
	if err := attributes.Ensure(ctx, c, namespace); err != nil && denied(err) {
		return refused(err, opts, "see or add the search attributes of")
	} else if err != nil {
		return err
	}
	if !s.opts.Work {
		return nil
	}
	// Its workers must be able to read the payloads of running sweeps.
	_, err = launch.OpenSweeps(ctx, c, s.payloads.Data)
	var secret *codec.UnreadableError
	if errors.As(err, &secret) {
		return exit.With(exit.Usage, err)
	}
	return err
}

// readKeys reads the keys that encrypt payloads. They are for external servers only: the embedded server's database is next
// to the results, which are not encrypted.
func (s *Session) readKeys() (err error) {
	keys := &codec.Codec{}
	if file := s.opts.Settings.CodecKeys; file != "" && s.opts.Settings.External() {
		if keys, err = codec.Read(file); err != nil {
			return exit.With(exit.Usage, err)
		}
	}
	s.payloads = keys.Converters(func(err error) {
		select {
		case s.locked <- err:
		default: // reported before
		}
	})
	return nil
}

// Payloads are the converters for everything that Temporal stores.
func (s *Session) Payloads() codec.Converters { return s.payloads }

// UI is the URL of the Temporal UI, or "" where it is not known.
func (s *Session) UI() string { return s.at.UI }

// Pages is the URL of the pages of sweeps, or "" where they are not served.
func (s *Session) Pages() string { return s.at.Pages }

// Namespace is the namespace of the Temporal server in use.
func (s *Session) Namespace() string { return s.at.Namespace }

// TemporalAddress is host:port of the Temporal server in use, or "" where it does not run.
func (s *Session) TemporalAddress() string { return s.at.Temporal }

// PID is the process that runs the services this session is attached to.
func (s *Session) PID() int { return s.at.PID }

// Data is the setting of the folder with data sets of the process that runs the services, "" if it is not set.
func (s *Session) Data() string { return s.at.Data }

// Link adds to a URL of UI or Pages the token that admits the user's browser.
func (s *Session) Link(address string) string { return loopback.Link(address, s.at.Token) }

// RunURL is the link to the page of a workflow in the Temporal UI, or "".
func (s *Session) RunURL(workflowID string) string {
	ui := s.UI()
	if ui == "" {
		return ""
	}
	return s.Link(fmt.Sprintf("%s/namespaces/%s/workflows/%s", strings.TrimRight(ui, "/"), s.Namespace(), url.PathEscape(workflowID)))
}

// externalStore converts the settings of an external store, which were checked.
func externalStore(o *settings.Settings) artifacts.Config {
	address, secure := strings.CutPrefix(strings.TrimRight(o.S3Endpoint, "/"), "https://")
	c := artifacts.Config{
		Endpoint: strings.TrimPrefix(address, "http://"), TLS: secure, HostStyle: o.S3Style == "host",
		AccessKey: o.S3AccessKey, SecretKey: o.S3SecretKey, SessionToken: o.S3Token, Bucket: o.S3Bucket, Region: o.S3Region,
	}
	if secure {
		c.CAFile = o.S3CA
	}
	return c
}
