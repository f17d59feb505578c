package home

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"lossatlas/artifacts"
)

const (
	// lockTimeout is longer than another process holds the lock for a look.
	lockTimeout = 300 * time.Millisecond
	dialTimeout = 2 * time.Second
)

// Addresses are where the services of a home listen. They hold secrets: their file has mode 0600.
type Addresses struct {
	// PID and Host are the process that runs the services.
	PID  int    `json:"pid"`
	Host string `json:"host"`
	// Temporal is host:port of the frontend, Namespace the namespace to use.
	Temporal  string `json:"temporal"`
	Namespace string `json:"namespace"`
	// UI is the URL of the Temporal UI, Pages that of the pages of sweeps; empty where they are not served.
	UI    string `json:"ui,omitempty"`
	Pages string `json:"pages,omitempty"`
	// Token admits the user's browser to UI and Pages (see loopback.Guard).
	Token string `json:"token,omitempty"`
	// S3 is the object store.
	S3 artifacts.Config `json:"s3"`
	// Data is the process's setting of the folder with data sets, "" if it is not set.
	Data string `json:"data,omitempty"`
}

func (h *Home) lockFile(name string) *flock.Flock {
	return flock.New(h.Path(name), flock.SetPermissions(0o600))
}

// Lock makes this process the owner of the home: the one that runs its services. ok is false where another process is the
// owner, also while that one starts or stops. The system frees the lock when the process ends. release may be called twice.
func (h *Home) Lock() (release func(), ok bool, err error) {
	l := h.lockFile("lock")
	ctx, cancel := context.WithTimeout(context.Background(), lockTimeout)
	defer cancel()
	ok, err = l.TryLockContext(ctx, lockTimeout/10)
	if err != nil && ctx.Err() == nil {
		return nil, false, h.explain("lock the home", err)
	}
	return func() { _ = l.Close() }, ok, nil
}

// Publish records where the services listen, for other processes, until Withdraw or the end of this process. It fills in
// PID and Host.
func (h *Home) Publish(a Addresses) error {
	a.PID, a.Host = os.Getpid(), hostname()
	return h.WriteJSON(h.Path("services.json"), a)
}

// Withdraw removes the addresses that this process published.
func (h *Home) Withdraw() error {
	if a, ok := h.published(); !ok || a.PID != os.Getpid() || a.Host != hostname() {
		return nil
	}
	if err := os.Remove(h.Path("services.json")); err != nil {
		return h.explain("remove the addresses in the home", err)
	}
	return nil
}

func (h *Home) published() (a Addresses, ok bool) {
	return a, ReadJSON(h.Path("services.json"), &a) == nil
}

// Running returns the addresses of running services. A killed process leaves its addresses behind: ok is false unless the
// process lives and its ports accept connections.
func (h *Home) Running() (a Addresses, ok bool) {
	a, ok = h.published()
	if !ok || a.Host != hostname() || !isAlive(a.PID) || !listens(a.Temporal) || !listens(a.S3.Endpoint) {
		return Addresses{}, false
	}
	return a, true
}

// IsServing reports whether the process that published these addresses still offers its services, busy or not: it holds
// the lock, and has not withdrawn them.
func (h *Home) IsServing(a Addresses) bool {
	if now, ok := h.published(); !ok || now.PID != a.PID || now.Host != a.Host {
		return false
	}
	l := h.lockFile("lock")
	defer l.Close()
	free, err := l.TryRLock()
	return err == nil && !free
}

// Attach registers this process as a user of another one's services, until detach or the end of the process. Call
// [Home.Running] afterwards: the services may have been withdrawn just before.
func (h *Home) Attach() (detach func(), err error) {
	l := h.lockFile("guests")
	if err := l.RLock(); err != nil {
		return nil, h.explain("register this process in the home", err)
	}
	return func() { _ = l.Close() }, nil
}

// WithdrawUnused withdraws the services unless other processes are attached; then ok is false. No process can attach
// between the check and the withdrawal.
func (h *Home) WithdrawUnused() (ok bool, err error) {
	l := h.lockFile("guests")
	if ok, err = l.TryLock(); err != nil {
		return false, h.explain("look for other processes in the home", err)
	}
	if !ok {
		return false, nil
	}
	defer l.Close()
	return true, h.Withdraw()
}

// watch is a file of the home: a process of a host maps checkpoints as they appear in a folder.
type watch struct {
	PID    int    `json:"pid"`
	Host   string `json:"host"`
	Folder string `json:"folder"`
}

func (h *Home) watchFile(sweep string) string { return h.Path("watching", sweep+".json") }

// Watch records that this process maps checkpoints in a sweep as they appear in a folder, until done or the end of the process.
func (h *Home) Watch(sweep, folder string) (done func(), err error) {
	if _, err := h.Folder("watching"); err != nil {
		return nil, err
	}
	file := h.watchFile(sweep)
	return func() { _ = os.Remove(file) }, h.WriteJSON(file, watch{os.Getpid(), hostname(), folder})
}

// Watched is the folder that a process of this machine watches for a sweep, or "".
func (h *Home) Watched(sweep string) string {
	var w watch
	if ReadJSON(h.watchFile(sweep), &w) != nil || w.Host != hostname() || !isAlive(w.PID) {
		return ""
	}
	return w.Folder
}

// isAlive reports whether a process with this ID exists, also one of another user (EPERM).
func isAlive(pid int) bool {
	if pid <= 0 {
		return false
	}
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

func listens(addr string) bool {
	c, err := net.DialTimeout("tcp", addr, dialTimeout)
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}

// hostname distinguishes machines and containers that share a home: process IDs and loopback ports mean nothing elsewhere.
func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return fmt.Sprintf("unnamed (%v)", err)
	}
	return name
}
