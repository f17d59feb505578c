// Package loopback has what servers on this machine's loopback interface need: free ports, the restriction to their user, and
// clients that wait while the machine is busy.
package loopback

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

// Host is the only interface that the embedded services listen on.
const Host = "127.0.0.1"

// Address is the loopback address "127.0.0.1:port".
func Address(port int) string { return net.JoinHostPort(Host, strconv.Itoa(port)) }

// PortInUseError says that another program listens on Addr.
type PortInUseError struct {
	// Service is the server that needs the address: "the S3 endpoint", "the Temporal frontend".
	Service string
	// Addr is host:port.
	Addr string
}

// Error names the service, the address and what to do.
func (e *PortInUseError) Error() string {
	return fmt.Sprintf("%s cannot listen on %s: another program uses this port; stop it or choose another port", e.Service, e.Addr)
}

// Unwrap lets errors.Is find syscall.EADDRINUSE.
func (e *PortInUseError) Unwrap() error { return syscall.EADDRINUSE }

// CheckPort binds addr (host:port) for a moment. The error is a *PortInUseError if another program holds the port, which it
// can still take afterwards: use [ListenError] for the error of binding it for good, too.
func CheckPort(service, addr string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return ListenError(service, addr, err)
	}
	return l.Close()
}

// ListenError explains the error of binding addr to the user; nil stays nil.
func ListenError(service, addr string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EADDRINUSE):
		return &PortInUseError{Service: service, Addr: addr}
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%s cannot listen on %s: no permission (ports below 1024 need special rights); choose a port of 1024 or more: %w", service, addr, err)
	}
	return fmt.Errorf("%s cannot listen on %s: %w", service, addr, err)
}

// FreePorts returns n different free loopback ports.
func FreePorts(n int) ([]int, error) {
	ports := make([]int, 0, n)
	for range n {
		l, err := net.Listen("tcp", Address(0))
		if err != nil {
			return nil, fmt.Errorf("find a free port on %s: %w", Host, err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
