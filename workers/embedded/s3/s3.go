// Package s3 serves a folder as an S3 endpoint on loopback, with versitygw, which stores one file per object. Two properties
// of the gateway shape this package:
//
//   - It changes the working directory of the process to the folder while it runs. Every path that the program uses after
//     [Start] must be absolute; [Server.Stop] restores the working directory.
//   - A process can run one gateway. A second [Start] is refused.
package s3

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
	"github.com/versity/versitygw/s3api"

	"lossatlas/workers/internal/loopback"
	"lossatlas/workers/internal/services"
)

// Region is the default of Options.
const Region = "us-east-1"

const (
	service     = "the S3 endpoint"
	stopGrace   = time.Second
	maxInFlight = 1024
)

// Options configure an endpoint.
type Options = services.StoreOptions

// Server is a running endpoint.
type Server struct {
	addr     string
	sidecar  bool
	previous string // working directory before the gateway changed it
	backend  *posix.Posix
	cancel   context.CancelFunc
	ready    chan struct{}
	done     chan struct{}
	err      error // of the gateway; set before done is closed
}

// ErrRunning is returned by [Start] when this process already runs a gateway.
var ErrRunning = errors.New("this process already serves an S3 endpoint; it can serve only one: stop the first, or use its address")

// A term is the time in which a gateway has the process's globals and working directory: from its preparation to the end of its goroutine.
type term struct {
	stopping <-chan struct{} // closed when the gateway is told to stop
	over     chan struct{}   // closed when it has stopped
}

// running is the term of the process's gateway, nil when no gateway runs.
var (
	running   *term
	runningMu sync.Mutex
)

// begin begins a term, after waiting for a gateway that stops. The end of ctx tells the new one to stop.
func begin(ctx context.Context) (*term, error) {
	next := &term{ctx.Done(), make(chan struct{})}
	for {
		runningMu.Lock()
		other := running
		if other == nil {
			running = next
		}
		runningMu.Unlock()
		if other == nil {
			return next, nil
		}
		select {
		case <-other.stopping:
			<-other.over
		default:
			return nil, ErrRunning
		}
	}
}

func (t *term) end() {
	runningMu.Lock()
	running = nil
	runningMu.Unlock()
	close(t.over)
}

// Start serves opts.Dir and returns when requests are answered. The end of ctx stops the server. A taken address is an error
// that wraps syscall.EADDRINUSE.
func Start(ctx context.Context, opts Options) (*Server, error) {
	if opts.Dir == "" {
		return nil, errors.New("start the S3 endpoint: no folder given")
	}
	if opts.AccessKey == "" || opts.SecretKey == "" {
		return nil, errors.New("start the S3 endpoint: access key and secret key are needed, both not empty")
	}
	if opts.Region == "" {
		opts.Region = Region
	}
	addr, err := resolve(opts.Addr)
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(opts.Dir)
	if err != nil {
		return nil, fmt.Errorf("start the S3 endpoint: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	t, err := begin(ctx)
	if err != nil {
		cancel()
		return nil, err
	}
	s, err := prepare(dir, addr, opts.Sidecar)
	if err != nil {
		cancel()
		t.end()
		return nil, err
	}
	s.cancel = cancel
	s.run(ctx, t, opts)
	if err := s.wait(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// prepare makes the folders and changes the working directory, unless it fails.
func prepare(dir, addr string, sidecar bool) (*Server, error) {
	previous, err := os.Getwd()
	if err != nil { // it was removed
		previous = "/"
	}
	if err := loopback.CheckPort(service, addr); err != nil {
		return nil, err
	}
	folders, err := layOut(dir, sidecar)
	if err != nil {
		return nil, err
	}
	var perms posix.PosixOpts
	perms.SetNewDirPerm(0o700)
	perms.SetNewFilePerm(0o600)
	backend, err := posix.New(folders.buckets, folders.attributes, perms)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("serve %s as S3: %w", dir, err), os.Chdir(previous))
	}
	return &Server{
		addr: addr, sidecar: folders.sidecar, previous: previous, backend: backend,
		ready: make(chan struct{}), done: make(chan struct{}),
	}, nil
}

// run starts the gateway in a goroutine, which closes ready when it listens and done when it has ended.
func (s *Server) run(ctx context.Context, t *term, opts Options) {
	cfg := &embedgw.Config{
		RootUserAccess: opts.AccessKey,
		RootUserSecret: opts.SecretKey,
		Region:         opts.Region,
		Ports:          []string{s.addr},
		// The gateway would print its default to stdout.
		IAMService:        auth.NewIAMServiceSingle(auth.Account{Access: opts.AccessKey, Secret: opts.SecretKey, Role: auth.RoleAdmin}),
		MaxConnections:    4 * maxInFlight,
		MaxRequests:       maxInFlight,
		MultipartMaxParts: 10000,
		KeepAlive:         true,
		Quiet:             true,
		DisableACLs:       true,
		S3Options:         []s3api.Option{s3api.WithOnListen(sync.OnceFunc(func() { close(s.ready) }))},
	}
	go func() {
		err := embedgw.RunVersityGW(ctx, s.backend, cfg)
		s.err = errors.Join(loopback.ListenError(service, s.addr, err), os.Chdir(s.previous))
		t.end()
		close(s.done)
	}()
}

// wait returns when the gateway listens, or with the reason why it does not.
func (s *Server) wait(ctx context.Context) error {
	select {
	case <-s.ready:
		return nil
	case <-s.done:
		if s.err != nil {
			return s.err
		}
		return fmt.Errorf("the S3 endpoint on %s ended before it was ready: %w", s.addr, context.Cause(ctx))
	}
}

// Addr is host:port of the endpoint, with the chosen port.
func (s *Server) Addr() string { return s.addr }

// Sidecar reports whether object attributes are in separate files.
func (s *Server) Sidecar() bool { return s.sidecar }

// Done is closed when the endpoint has ended, by Stop or by a failure.
func (s *Server) Done() <-chan struct{} { return s.done }

// Stop closes the endpoint and gives running requests a second to end. It may be called twice.
//
// The gateway takes up to ten seconds to close connections that a client opened and never used. Stop does not wait for
// them, but the next [Start] does, and the working directory is restored only then, as a late request still needs it.
func (s *Server) Stop() error {
	s.cancel()
	select {
	case <-s.done:
		return s.err
	case <-time.After(stopGrace):
		return nil
	}
}

// resolve checks addr and replaces an absent or zero port by a free one.
func resolve(addr string) (string, error) {
	if addr == "" {
		addr = loopback.Address(0)
	}
	host, p, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("S3 address %q: want host:port, such as %s: %w", addr, loopback.Address(9000), err)
	}
	if p != "0" {
		return addr, nil
	}
	free, err := loopback.FreePorts(1)
	if err != nil {
		return "", err
	}
	return net.JoinHostPort(host, strconv.Itoa(free[0])), nil
}
