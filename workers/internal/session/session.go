// Package session connects a command to its services, the artifact store and Temporal: embedded in this process, embedded in
// another process on the same home, or external.
package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"go.temporal.io/sdk/client"

	"lossatlas/activities"
	"lossatlas/artifacts"
	"lossatlas/workers/home"
	"lossatlas/workers/internal/codec"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/loopback"
	"lossatlas/workers/internal/services"
	"lossatlas/workers/internal/settings"
	"lossatlas/workers/internal/telemetry"
)

// Role says whose services a session uses.
type Role int

// The roles.
const (
	Owner    Role = iota // this process runs the embedded services
	Attached             // another process on the same home runs them
	External             // they are external servers
)

// Unanswered reports whether an error means that a server did not answer, as one that starts, and that a retry may help.
func Unanswered(err error) bool {
	return errors.Is(err, artifacts.ErrUnreachable) || activities.Unanswered(err)
}

// ErrNotEmbedded is the error of starting services in a program that was built without them.
var ErrNotEmbedded = exit.Usagef("this program was built without embedded services: name servers with --temporal-address and --s3-endpoint")

// Options configure a session.
type Options struct {
	Settings *settings.Settings
	Home     *home.Home
	Log      zerolog.Logger
	// ServerLog is the log of an embedded Temporal server and its clients.
	ServerLog zerolog.Logger
	// Embedded is nil in a program that was built without embedded services.
	Embedded *services.Embedded
	// Work is set for commands that compute: access to external servers is checked before any work starts.
	Work bool
	// Telemetry measures and traces calls to Temporal; it may be nil.
	Telemetry *telemetry.Telemetry
	// Pages returns the handler for the pages of sweeps, called once Temporal is connected; it may be nil.
	Pages func(*Session) http.Handler
	// Say announces slow work to the user; it may be nil.
	Say func(format string, args ...any)
}

// Session is a command's access to the services. Close it.
type Session struct {
	// Store is the artifact store, open.
	Store *artifacts.Store
	role  Role

	opts     Options
	log      zerolog.Logger
	at       home.Addresses // of the services in use, as far as they run
	ports    home.Ports
	server   services.Store
	temporal services.Temporal
	client   client.Client
	payloads codec.Converters
	locked   chan error      // of one element: why a worker of this process could not decrypt a payload
	guard    *loopback.Guard // of the web servers of this process
	closers  []func() error  // in the order of opening
	once     sync.Once
	closed   error
}

// Open finds or starts the store; [Session.Temporal] starts Temporal. Services end with Close and not with ctx, so that an
// interrupted command can still record its results.
func Open(ctx context.Context, opts Options) (*Session, error) {
	if opts.Say == nil {
		opts.Say = func(string, ...any) {}
	}
	s := &Session{opts: opts, log: opts.Log, locked: make(chan error, 1)}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Session) open(ctx context.Context) (err error) {
	if err := s.readKeys(); err != nil {
		return err
	}
	if s.opts.Settings.External() {
		s.role = External
		s.guard = loopback.NewGuard(fmt.Sprint(s.opts.Home.Dir(), " of ", os.Getpid())) // several processes may share the home
		s.at = home.Addresses{Temporal: s.opts.Settings.TemporalAddress, Namespace: s.opts.Settings.TemporalNamespace, Token: s.guard.Token, S3: externalStore(s.opts.Settings)}
	} else if err := s.ownOrAttach(ctx); err != nil {
		return err
	}
	if s.role != External {
		s.at.S3.Expect = s.service("the store").Expect
	}
	if s.Store, err = artifacts.Open(ctx, s.at.S3, s.log); err != nil && s.role == External {
		return storeSetting(err)
	} else if err != nil {
		return err
	}
	s.closers = append(s.closers, func() error { s.Store.Close(); return nil })
	if s.role == External && s.opts.Work {
		return storeSetting(s.Store.CheckAccess(ctx))
	}
	return nil
}

// ownOrAttach makes this process the owner of the home's services, or attaches to the owner. It waits while an owner starts
// or stops: the system frees the lock when the owner ends.
func (s *Session) ownOrAttach(ctx context.Context) error {
	h := s.opts.Home
	for told := false; ; {
		release, ok, err := h.Lock()
		if err != nil {
			return err
		}
		if ok {
			s.closers = append(s.closers, func() error { release(); return nil })
			return s.own(ctx)
		}
		if _, ok := h.Running(); ok {
			if ok, err := s.attach(); ok || err != nil {
				return err
			}
		}
		if !told {
			s.opts.Say("another lossatlas process starts on %s; waiting for its services (Ctrl-C stops only this command)", h.Dir())
			told = true
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// attach uses the services of the process that owns the home. ok is false if that process has ended them meanwhile.
func (s *Session) attach() (ok bool, err error) {
	h := s.opts.Home
	detach, err := h.Attach()
	if err != nil {
		return false, err
	}
	a, ok := h.Running()
	if !ok {
		detach()
		return false, nil
	}
	s.role, s.at = Attached, a
	s.closers = append(s.closers, func() error { detach(); return nil })
	return true, nil
}

// WithdrawUnused withdraws the services of this process unless other processes are attached; then ok is false.
func (s *Session) WithdrawUnused() (ok bool, err error) {
	if s.role != Owner {
		return true, nil
	}
	return s.opts.Home.WithdrawUnused()
}

// own starts the embedded store.
func (s *Session) own(ctx context.Context) (err error) {
	h := s.opts.Home
	s.role, s.guard = Owner, loopback.NewGuard(h.Dir())
	if s.opts.Embedded == nil {
		return ErrNotEmbedded
	}
	if err := checkLimits(); err != nil {
		return err
	}
	access, secret, err := h.Credentials()
	if err != nil {
		return err
	}
	if s.ports, err = h.Ports(s.log); err != nil {
		return err
	}
	dir, err := h.Folder("objects")
	if err != nil {
		return err
	}
	defer s.service("the store").Expect()()
	s.server, err = s.opts.Embedded.Store(context.WithoutCancel(ctx), services.StoreOptions{
		Dir: dir, Addr: loopback.Address(s.ports.S3), AccessKey: access, SecretKey: secret, Region: s.opts.Settings.S3Region,
	})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, s.server.Stop)
	s.at = home.Addresses{Namespace: s.opts.Settings.TemporalNamespace, Token: s.guard.Token, Data: s.opts.Settings.Data, S3: artifacts.Config{
		Endpoint: s.server.Addr(), AccessKey: access, SecretKey: secret,
		Bucket: s.opts.Settings.S3Bucket, Region: s.opts.Settings.S3Region,
	}}
	return nil
}

// service is one of the embedded services, of this process or of the owner.
func (s *Session) service(name string) *loopback.Service {
	return &loopback.Service{Name: name, Say: s.opts.Say}
}

// IsServing reports whether the owner of embedded services still offers them and has disk space. It is true for external servers.
func (s *Session) IsServing() bool {
	switch s.role {
	case Attached:
		return s.opts.Home.IsServing(s.at)
	case Owner:
		return (s.temporal == nil || s.temporal.Err() == nil) && s.CheckSpace() == nil
	}
	return true
}

// Role returns whose services the session uses.
func (s *Session) Role() Role { return s.role }

// Endpoint is the URL of the store.
func (s *Session) Endpoint() string {
	if s.at.S3.TLS {
		return "https://" + s.at.S3.Endpoint
	}
	return "http://" + s.at.S3.Endpoint
}

// Watch returns a context that ends, with the reason as its cause, when an embedded service of this process fails or one of
// its workers gets a payload that it has no key for.
func (s *Session) Watch(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	var store, temporal <-chan struct{}
	if s.server != nil {
		store = s.server.Done()
	}
	if s.temporal != nil {
		temporal = s.temporal.Failed()
	}
	go func() {
		select {
		case <-store:
			cancel(errors.New("the embedded S3 endpoint has failed; the log in the home may say why"))
		case <-temporal:
			cancel(fmt.Errorf("the embedded Temporal server has failed: %w", s.temporal.Err()))
		case err := <-s.locked:
			cancel(exit.Usagef("the workers of this process can't decrypt payloads: %w", err))
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(context.Canceled) }
}

// Close stops the services that the session started, in reverse order. It may be called twice.
func (s *Session) Close() error {
	s.once.Do(func() {
		var errs []error
		for i := len(s.closers) - 1; i >= 0; i-- {
			errs = append(errs, s.closers[i]())
		}
		s.closed = errors.Join(errs...)
	})
	return s.closed
}
