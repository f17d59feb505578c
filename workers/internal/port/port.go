// Package port finds free loopback ports and tells when one is taken.
package port

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

// Loopback is the only interface that the embedded services listen on.
const Loopback = "127.0.0.1"

// Addr is the loopback address "127.0.0.1:port".
func Addr(port int) string { return net.JoinHostPort(Loopback, strconv.Itoa(port)) }

// InUseError says that another program listens on Addr.
type InUseError struct {
	// Service is what wanted the address: "the S3 endpoint", "the Temporal frontend".
	Service string
	// Addr is host:port.
	Addr string
}

// Error names the service, the address and what to do.
func (e *InUseError) Error() string {
	return fmt.Sprintf("%s cannot listen on %s: another program uses this port; stop it or choose another port", e.Service, e.Addr)
}

// Unwrap lets errors.Is find syscall.EADDRINUSE.
func (e *InUseError) Unwrap() error { return syscall.EADDRINUSE }

// Check binds addr (host:port) for a moment. It returns an *InUseError when
// another program holds the port and the system's own error for any other
// obstacle (a privileged port, an address that is not this machine's).
//
// The port is free again when Check returns, so another program can still take
// it before the service does; whoever binds it for good must map EADDRINUSE too.
func Check(service, addr string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return Explain(service, addr, err)
	}
	return l.Close()
}

// Explain turns the error of binding addr into one for people; nil stays nil.
func Explain(service, addr string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EADDRINUSE):
		return &InUseError{Service: service, Addr: addr}
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%s cannot listen on %s: no permission (ports below 1024 need special rights); choose a port of 1024 or more: %w", service, addr, err)
	}
	return fmt.Errorf("%s cannot listen on %s: %w", service, addr, err)
}

// Free returns n different loopback ports that nobody listens on. All n are
// held at once while they are chosen, so they differ from one another.
func Free(n int) ([]int, error) {
	ports := make([]int, 0, n)
	for range n {
		l, err := net.Listen("tcp", Addr(0))
		if err != nil {
			return nil, fmt.Errorf("find a free port on %s: %w", Loopback, err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
