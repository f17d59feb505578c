package home

import (
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
	lockPatience = 300 * time.Millisecond
	dialTimeout  = 2 * time.Second
)

// Addresses tells where the services of a home are.
type Addresses struct {
	// PID and Host are the process that runs them.
	PID  int    `json:"pid"`
	Host string `json:"host"`
	// Temporal is host:port of the frontend, Namespace the namespace to use there.
	Temporal  string `json:"temporal"`
	Namespace string `json:"namespace"`
	// UI is the URL of the Temporal UI; empty when it does not run.
	UI string `json:"ui,omitempty"`
	// Pages is the URL of the pages of sweeps; empty when they are not served.
	Pages string `json:"pages,omitempty"`
	// Token lets the user's browser in at UI and Pages (see package guard).
	Token string `json:"token,omitempty"`
	// S3 is the object store. It has a secret, too: the file has mode 0600.
	S3 artifacts.Config `json:"s3"`
}

// Lock makes this process the one that runs the home's services. When another
// process is that already, ok is false; it still is when that process is about
// to start or stop. The system frees the lock when the process ends, however
// it ends. release may be called twice.
func (h *Home) Lock() (release func(), ok bool, err error) {
	l := flock.New(h.Path("lock"), flock.SetPermissions(0o600))
	for end := time.Now().Add(lockPatience); ; time.Sleep(lockPatience / 10) {
		ok, err = l.TryLock()
		if err != nil {
			return nil, false, h.explain("lock the home", err)
		}
		if ok {
			return func() { _ = l.Close() }, true, nil
		}
		if time.Now().After(end) {
			return func() {}, false, nil
		}
	}
}

// Publish tells other processes where the services are, until Withdraw or the
// end of this process. PID and Host are filled in.
func (h *Home) Publish(a Addresses) error {
	a.PID, a.Host = os.Getpid(), hostname()
	return h.replaceFile(h.Path("services.json"), encode(a))
}

// Withdraw takes back what this process published. What another process
// published stays.
func (h *Home) Withdraw() error {
	var a Addresses
	path := h.Path("services.json")
	if readJSON(path, &a) != nil || a.PID != os.Getpid() || a.Host != hostname() {
		return nil
	}
	if err := os.Remove(path); err != nil {
		return h.explain("take back the addresses in the home", err)
	}
	return nil
}

// Running returns where the home's services are. ok is false when none were
// published or when they are gone: a process that was killed cannot take back
// its addresses, so its life and its ports are checked.
func (h *Home) Running() (a Addresses, ok bool) {
	if readJSON(h.Path("services.json"), &a) != nil {
		return Addresses{}, false
	}
	if a.Host != hostname() || !alive(a.PID) || !listens(a.Temporal) || !listens(a.S3.Endpoint) {
		return Addresses{}, false
	}
	return a, true
}

// Serves tells whether the process that published these addresses still offers its services, busy or not: it holds
// the lock, and has not withdrawn them.
func (h *Home) Serves(a Addresses) bool {
	var now Addresses
	if readJSON(h.Path("services.json"), &now) != nil || now.PID != a.PID || now.Host != a.Host {
		return false
	}
	l := flock.New(h.Path("lock"), flock.SetPermissions(0o600))
	defer l.Close()
	free, err := l.TryRLock()
	return err == nil && !free
}

// Await waits until another process, which holds the lock, has published its
// services. ok is false when it did not do so in time.
func (h *Home) Await(timeout time.Duration) (a Addresses, ok bool) {
	for end := time.Now().Add(timeout); ; time.Sleep(100 * time.Millisecond) {
		if a, ok := h.Running(); ok {
			return a, true
		}
		if time.Now().After(end) {
			return Addresses{}, false
		}
	}
}

// alive tells whether a process with this ID exists; one that belongs to
// another user (EPERM) does.
func alive(pid int) bool {
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

// hostname tells machines and containers apart that share a home over a network
// or a volume: a process number and a loopback port mean nothing elsewhere.
func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return fmt.Sprintf("unnamed (%v)", err)
	}
	return name
}
