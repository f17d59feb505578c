package loopback_test

import (
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"

	"lossatlas/workers/internal/loopback"
)

func TestFreePortsDifferAndCanBeBound(t *testing.T) {
	ports, err := loopback.FreePorts(8)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for _, p := range ports {
		if seen[p] {
			t.Errorf("port %d was given twice", p)
		}
		seen[p] = true
		if p >= 32768 { // Linux gives these to outgoing connections
			t.Errorf("port %d may be taken by an outgoing connection", p)
		}
		if err := loopback.CheckPort("a test", loopback.Address(p)); err != nil {
			t.Errorf("a free port can't be bound: %v", err)
		}
	}
	if len(seen) != 8 {
		t.Errorf("%d ports, want 8", len(seen))
	}
}

func TestCheckPortNamesTheTakenPort(t *testing.T) {
	l, err := net.Listen("tcp", loopback.Address(0))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	err = loopback.CheckPort("the S3 endpoint", l.Addr().String())
	var inUse *loopback.PortInUseError
	if !errors.As(err, &inUse) {
		t.Fatalf("got %v, want an InUseError", err)
	}
	if !errors.Is(err, syscall.EADDRINUSE) {
		t.Error("the cause is lost")
	}
	for _, want := range []string{"the S3 endpoint", l.Addr().String(), "another program"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}
