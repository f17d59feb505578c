// Package embedded runs a Temporal server with its web interface in this process: SQLite for storage, loopback only and for
// its user only, no configuration files. It is the only package of the program that imports the Temporal server.
package embedded

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"go.temporal.io/sdk/client"
	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/temporal"
	"google.golang.org/grpc"

	"lossatlas/workers/internal/attributes"
	"lossatlas/workers/internal/logging"
	"lossatlas/workers/internal/loopback"
	"lossatlas/workers/internal/services"
)

// Namespace is the default of Options.
const Namespace = "lossatlas"

const (
	temporalService = "the Temporal server"
	stopTimeout     = 20 * time.Second
)

// Options configure a server.
type Options = services.TemporalOptions

// Temporal is a running server.
type Temporal struct {
	address   string
	dbPath    string
	namespace string
	server    temporal.Server
	ui        *ui
	log       zerolog.Logger

	failOnce sync.Once
	failed   chan struct{} // closed after err is set
	err      error
	stopOnce sync.Once
	stopErr  error
}

// StartTemporal starts a server and returns when it serves the namespace. Open workflows in the database of a killed process
// continue when their workers reconnect. A damaged database is renamed, and one of an older server is migrated.
//
// A taken port is a *loopback.PortInUseError. Only one process may use a database at a time: the caller holds the home's
// lock.
func StartTemporal(ctx context.Context, opts Options) (*Temporal, error) {
	if opts.Namespace == "" {
		opts.Namespace = Namespace
	}
	if opts.FrontendPort == 0 {
		free, err := loopback.FreePorts(1)
		if err != nil {
			return nil, err
		}
		opts.FrontendPort = free[0]
	}
	address := loopback.Address(opts.FrontendPort)
	if err := loopback.CheckPort(temporalService, address); err != nil {
		return nil, err
	}
	if opts.UIPort != 0 { // before the server starts
		if err := loopback.CheckPort(uiService, loopback.Address(opts.UIPort)); err != nil {
			return nil, err
		}
	}
	if opts.Say == nil {
		opts.Say = func(string, ...any) {}
	}
	db, err := openDatabase(ctx, opts.DBPath, opts.Say)
	if err != nil {
		return nil, err
	}
	if err := createNamespace(&db, opts.Namespace); err != nil {
		return nil, err
	}
	ports, err := choosePorts(opts.FrontendPort)
	if err != nil {
		return nil, err
	}
	t := &Temporal{address: address, dbPath: opts.DBPath, namespace: opts.Namespace, log: opts.Log, failed: make(chan struct{})}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := t.start(ctx, db, ports, opts); err != nil {
		if !isDamage(err.Error()) {
			return nil, fmt.Errorf("start the Temporal server on %s: %w", address, err)
		}
		if !errors.Is(err, ErrDamaged) {
			err = damaged(err.Error())
		}
		_, failed := setAside(opts.DBPath)
		return nil, errors.Join(err, failed)
	}
	go func() { // don't wait for a server that has failed
		select {
		case <-t.failed:
			cancel()
		case <-ctx.Done():
		}
	}()
	if err := t.ready(ctx, opts); err != nil {
		return nil, errors.Join(cmp.Or(t.Err(), err), t.Stop())
	}
	return t, nil
}

// start builds and starts the server in a goroutine, which a fatal error of the server ends (serverLog.Fatal).
func (t *Temporal) start(ctx context.Context, db config.SQL, ports servicePorts, opts Options) error {
	logger := serverLog{zl: t.log, fatal: t.fail}
	result := make(chan error, 1)
	go func() {
		result <- func() error {
			srv, err := temporal.NewServer(
				temporal.WithConfig(serverConfig(db, ports, opts.Identity)),
				temporal.ForServices(temporal.DefaultServices),
				temporal.WithStaticHosts(ports.hosts()),
				temporal.WithLogger(logger),
				temporal.WithNamespaceLogger(logger),
				temporal.WithAuthorizer(authorization.NewNoopAuthorizer()),
				temporal.WithClaimMapper(func(*config.Config) authorization.ClaimMapper { return authorization.NewNoopClaimMapper() }),
				temporal.WithDynamicConfigClient(dynamicConfig()),
				temporal.WithCustomMetricsHandler(metrics.NoopMetricsHandler),
			)
			if err != nil {
				return err
			}
			t.server = srv
			return srv.Start()
		}()
	}()
	select {
	case err := <-result:
		return err
	case <-t.failed:
		return t.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// ready waits for the frontend, adds the search attributes that an older database lacks, and starts the web interface.
func (t *Temporal) ready(ctx context.Context, opts Options) error {
	secure, err := loopback.ClientTLS(opts.Identity)
	if err != nil {
		return err
	}
	starting := (&loopback.Service{}).Interceptor(ctx, func() bool { return t.Err() == nil })
	c, err := client.DialContext(ctx, client.Options{
		HostPort: t.address, Namespace: t.namespace, Logger: logging.Temporal(t.log),
		ConnectionOptions: client.ConnectionOptions{TLS: secure, DialOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(starting)}},
	})
	if err != nil {
		return fmt.Errorf("the Temporal server on %s does not answer: %w", t.address, err)
	}
	defer c.Close()
	if err := attributes.Ensure(ctx, c, t.namespace); err != nil {
		return err
	}
	if opts.UIPort == 0 {
		return nil
	}
	t.ui, err = startUI(t.address, opts, t.log)
	return err
}

func (t *Temporal) fail(err error) {
	t.failOnce.Do(func() {
		t.err = err
		close(t.failed)
	})
}

// Address is host:port of the server, for clients and workers.
func (t *Temporal) Address() string { return t.address }

// Namespace is the namespace that was made.
func (t *Temporal) Namespace() string { return t.namespace }

// UIURL is the address of the web interface, "" without one.
func (t *Temporal) UIURL() string {
	if t.ui == nil {
		return ""
	}
	return t.ui.URL()
}

// Failed is closed when the server has failed; Err then says why.
func (t *Temporal) Failed() <-chan struct{} { return t.failed }

// Err is why the server has failed; nil while it has not.
func (t *Temporal) Err() error {
	select {
	case <-t.failed:
		return t.err
	default:
		return nil
	}
}

// Stop stops the web interface and the server. Stop the workers first. It may be called twice.
func (t *Temporal) Stop() error {
	t.stopOnce.Do(func() {
		var uiErr error
		if t.ui != nil {
			uiErr = t.ui.stop()
		}
		t.stopErr = errors.Join(t.stopServer(), uiErr)
		if errors.Is(t.Err(), ErrDamaged) { // the check at the next start may not find it
			_, err := setAside(t.dbPath)
			t.stopErr = errors.Join(t.stopErr, err)
		}
	})
	return t.stopErr
}

// stopServer waits for the server to stop; for a failed one, stopTimeout at most.
func (t *Temporal) stopServer() error {
	done := make(chan error, 1)
	go func() { done <- t.server.Stop() }()
	var limit <-chan time.Time
	if t.Err() != nil {
		limit = time.After(stopTimeout)
	}
	select {
	case err := <-done:
		return err
	case <-limit:
		return fmt.Errorf("the Temporal server on %s did not stop within %v", t.address, stopTimeout)
	}
}
