// Package loopback has what servers on this machine's loopback interface need: free ports, the restriction to their user, and
// clients that wait while the machine is busy.
package loopback

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync/atomic"
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

// Ports are chosen below those that a system gives to outgoing connections (from 32768 on Linux, 49152 elsewhere): one of
// these could take a port between its choice and its use.
const firstPort, endPort = 10000, 32768

// triedPorts counts the ports that this process has looked at. Processes that start together begin at different ports.
var triedPorts atomic.Int64

// FreePorts returns n different free loopback ports.
func FreePorts(n int) ([]int, error) {
	ports := make([]int, 0, n)
	for range endPort - firstPort {
		if len(ports) == n {
			break
		}
		port := firstPort + (16*os.Getpid()+int(triedPorts.Add(1)))%(endPort-firstPort)
		switch err := CheckPort("a service", Address(port)); {
		case err == nil:
			ports = append(ports, port)
		case !errors.Is(err, syscall.EADDRINUSE):
			return nil, fmt.Errorf("find a free port: %w", err)
		}
	}
	if len(ports) < n {
		return nil, fmt.Errorf("no %d ports of %s from %d to %d are free", n, Host, firstPort, endPort-1)
	}
	return ports, nil
}
