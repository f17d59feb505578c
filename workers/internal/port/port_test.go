package port_test

import (
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"

	"lossatlas/workers/internal/port"
)

func TestFreePortsDifferAndCanBeBound(t *testing.T) {
	ports, err := port.Free(8)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for _, p := range ports {
		if seen[p] {
			t.Errorf("port %d was given twice", p)
		}
		seen[p] = true
		if err := port.Check("a test", port.Addr(p)); err != nil {
			t.Errorf("a free port can't be bound: %v", err)
		}
	}
	if len(seen) != 8 {
		t.Errorf("%d ports, want 8", len(seen))
	}
}

func TestCheckNamesTheTakenPort(t *testing.T) {
	l, err := net.Listen("tcp", port.Addr(0))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	err = port.Check("the S3 endpoint", l.Addr().String())
	var inUse *port.InUseError
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
