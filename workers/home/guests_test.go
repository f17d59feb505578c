package home_test

import (
	"net"
	"testing"

	"lossatlas/artifacts"
	"lossatlas/workers/home"
)

// TestRetire: services stay offered while a guest uses them, and no longer.
func TestRetire(t *testing.T) {
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
	first, err := h.Guest()
	if err != nil {
		t.Fatal(err)
	}
	second, err := h.Guest()
	if err != nil {
		t.Fatal(err)
	}
	first()
	if ok, err := h.Retire(); err != nil || ok {
		t.Fatalf("with a guest: retired %v, error %v", ok, err)
	}
	if _, ok := h.Running(); !ok {
		t.Fatal("the services are no longer offered, although a guest uses them")
	}
	second()
	if ok, err := h.Retire(); err != nil || !ok {
		t.Fatalf("without guests: retired %v, error %v", ok, err)
	}
	if _, ok := h.Running(); ok {
		t.Error("the services are still offered after they were retired")
	}
}
