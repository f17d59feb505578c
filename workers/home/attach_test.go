package home_test

import (
	"net"
	"testing"

	"lossatlas/artifacts"
	"lossatlas/workers/home"
)

// TestWithdrawUnused: services stay offered while another process is attached, and no longer.
func TestWithdrawUnused(t *testing.T) {
	h, err := home.Open(t.TempDir(), "test")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	addr := l.Addr().String()
	if err := h.Publish(home.Addresses{Temporal: addr, S3: artifacts.Config{Endpoint: addr}}); err != nil {
		t.Fatal(err)
	}
	first, err := h.Attach()
	if err != nil {
		t.Fatal(err)
	}
	second, err := h.Attach()
	if err != nil {
		t.Fatal(err)
	}
	first()
	if ok, err := h.WithdrawUnused(); err != nil || ok {
		t.Fatalf("while attached: withdrawn %v, error %v", ok, err)
	}
	if _, ok := h.Running(); !ok {
		t.Fatal("the services are no longer offered, although a process is attached")
	}
	second()
	if ok, err := h.WithdrawUnused(); err != nil || !ok {
		t.Fatalf("after the last detached: withdrawn %v, error %v", ok, err)
	}
	if _, ok := h.Running(); ok {
		t.Error("the services are still offered after they were withdrawn")
	}
}
