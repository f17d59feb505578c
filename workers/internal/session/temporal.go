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
	"lossatlas/workers/home"
	"lossatlas/workers/internal/attributes"
	"lossatlas/workers/internal/codec"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/guard"
	"lossatlas/workers/internal/identity"
	"lossatlas/workers/internal/launch"
	"lossatlas/workers/internal/logging"
	"lossatlas/workers/internal/settings"
)

// connectTimeout is how long a Temporal server elsewhere may take to answer.
const connectTimeout = 10 * time.Second

// heartbeatEvery is how often workers tell the server that they are there, so that a sweep knows who will do it soon
// after either has started.
const heartbeatEvery = 5 * time.Second

// HasTemporal says whether Temporal runs already, here or elsewhere.
func (s *Session) HasTemporal() bool { return s.role != Owner || s.client != nil }

// Temporal returns a client of the Temporal server, after starting the server
// if this process is the owner of the services. Other processes can attach from then on.
func (s *Session) Temporal(ctx context.Context) (client.Client, error) {
	if s.client != nil {
		return s.client, nil
	}
	address, namespace := s.opts.Settings.TemporalAddress, s.opts.Settings.TemporalNamespace
	switch s.role {
	case Attached:
		address, namespace = s.running.Temporal, s.running.Namespace
	case Owner:
		if err := s.startTemporal(ctx); err != nil {
			return nil, err
		}
		address = s.temporal.Address()
	}
	c, err := s.dial(ctx, address, namespace)
	if err != nil {
		return nil, err
	}
	s.client = c
	s.closers = append(s.closers, func() error { c.Close(); return nil })
	if s.role != Attached { // else the owner of the services serves them
		s.servePages()
	}
	if s.role == Owner {
		return c, s.publish(namespace)
	}
	return c, nil
}

// servePages serves the pages of sweeps. A sweep can be run without them: what is in the way is logged.
func (s *Session) servePages() {
	if s.opts.Pages == nil {
		return
	}
	l, err := s.guard.Listen("the pages of sweeps", s.opts.Pages(s), s.ports.Pages, s.log)
	if err != nil {
		s.log.Warn().Err(err).Msg("the pages of sweeps are not served")
		return
	}
	s.pages = l.URL()
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
	s.temporal, err = s.opts.Embedded.Temporal(ctx, TemporalOptions{
		DBPath: s.opts.Home.Path("temporal.db"), FrontendPort: s.ports.Temporal, UIPort: s.ports.UI,
		Namespace: s.opts.Settings.TemporalNamespace, Log: s.opts.ServerLog, Identity: secret, Guard: s.guard, Say: s.opts.Say,
	})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, s.temporal.Stop)
	return nil
}

// publish lets other processes attach, until Close.
func (s *Session) publish(namespace string) error {
	h := s.opts.Home
	s.closers = append(s.closers, h.Withdraw)
	return h.Publish(home.Addresses{Temporal: s.temporal.Address(), Namespace: namespace, UI: s.temporal.UIURL(), Pages: s.pages, Token: s.guard.Token, S3: s.s3})
}

// dial connects to a server and checks that it has the namespace. Where the
// server is elsewhere, the profile of Temporal's own tools (TEMPORAL_TLS,
// TEMPORAL_API_KEY and the like) applies, and the search attributes are added.
func (s *Session) dial(ctx context.Context, address, namespace string) (client.Client, error) {
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
		if opts.ConnectionOptions.TLS, err = identity.Client(secret); err != nil {
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
	opts.HostPort, opts.Namespace, opts.Logger = address, namespace, logging.Temporal(log)
	opts.Identity, opts.WorkerHeartbeatInterval = activities.Identity(""), heartbeatEvery
	if s.role != External {
		opts.ConnectionOptions.DialOptions = append(opts.ConnectionOptions.DialOptions, grpc.WithChainUnaryInterceptor(s.service("Temporal").Calls(ctx, s.Lives)))
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
		return nil, fmt.Errorf("nothing that speaks Temporal answers at %s: check --temporal-address: %w", address, err)
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
		return fmt.Errorf("the Temporal server at %s does not know which workers there are: it must have frontend.WorkerHeartbeatsEnabled on (version 1.32 has it so)", address)
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
	// Whoever works must be able to read what is under way.
	_, err = launch.OpenSweeps(ctx, c, s.payloads.Data)
	var secret *codec.UnreadableError
	if errors.As(err, &secret) {
		return exit.With(exit.Usage, err)
	}
	return err
}

// readKeys reads the keys that payloads are encrypted with. Only servers elsewhere are given encrypted ones: the
// embedded server's database lies beside the results, which are not encrypted.
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
		default: // said already
		}
	})
	return nil
}

// Payloads are the converters by which whatever Temporal keeps is read.
func (s *Session) Payloads() codec.Converters { return s.payloads }

// UI is the URL of the Temporal UI, or "" where it is not known.
func (s *Session) UI() string {
	switch {
	case s.role == Attached:
		return s.running.UI
	case s.temporal != nil:
		return s.temporal.UIURL()
	}
	return ""
}

// Pages is the URL of the pages of sweeps, or "" where nobody serves them.
func (s *Session) Pages() string {
	if s.role == Attached {
		return s.running.Pages
	}
	return s.pages
}

// Namespace is the namespace of the Temporal server in use.
func (s *Session) Namespace() string {
	if s.role == Attached {
		return s.running.Namespace
	}
	return s.opts.Settings.TemporalNamespace
}

// Link is an address of UI or Pages with the token that lets the user's browser in.
func (s *Session) Link(address string) string {
	if s.role == Attached {
		return guard.Link(address, s.running.Token)
	}
	return guard.Link(address, s.guard.Token)
}

// RunURL is the link to the page of a workflow in the Temporal UI, or "".
func (s *Session) RunURL(workflowID string) string {
	ui := s.UI()
	if ui == "" {
		return ""
	}
	return s.Link(fmt.Sprintf("%s/namespaces/%s/workflows/%s", strings.TrimRight(ui, "/"), s.Namespace(), url.PathEscape(workflowID)))
}

// TemporalAddress is host:port of the server in use, or "" when none was asked for.
func (s *Session) TemporalAddress() string {
	switch {
	case s.role == External:
		return s.opts.Settings.TemporalAddress
	case s.role == Attached:
		return s.running.Temporal
	case s.temporal != nil:
		return s.temporal.Address()
	}
	return ""
}

// PID is the process that runs the services this session is attached to.
func (s *Session) PID() int { return s.running.PID }

// externalStore translates the settings of a store elsewhere, which were checked.
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
