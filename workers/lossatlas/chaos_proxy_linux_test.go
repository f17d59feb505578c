package main_test

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// proxy is the network between workers and a server: it passes on what comes,
// can cut every connection, and can be slow.
type proxy struct {
	listener net.Listener
	target   string
	delay    atomic.Int64 // nanoseconds by which each portion is late
	rate     atomic.Int64 // bytes per second each way and connection; 0 for as many as come

	mu    sync.Mutex
	conns map[net.Conn]bool
}

// newProxy listens on a port of its own until the test ends.
func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, target: target, conns: map[net.Conn]bool{}}
	go p.accept()
	t.Cleanup(func() { l.Close(); p.cut() })
	return p
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

func (p *proxy) accept() {
	for {
		near, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		go p.connect(near)
	}
}

// connect passes on what comes from either side. A server that is down cuts the
// connection at once.
func (p *proxy) connect(near net.Conn) {
	far, err := net.DialTimeout("tcp", p.target, time.Second)
	if err != nil {
		reset(near)
		return
	}
	p.mu.Lock()
	p.conns[near], p.conns[far] = true, true
	p.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { p.pass(near, far) })
	both.Go(func() { p.pass(far, near) })
	both.Wait()
	p.mu.Lock()
	delete(p.conns, near)
	delete(p.conns, far)
	p.mu.Unlock()
}

// pass copies until either side is gone, and then closes both.
func (p *proxy) pass(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	b := make([]byte, 16<<10)
	for {
		n, err := from.Read(b)
		late := time.Duration(p.delay.Load())
		if rate := p.rate.Load(); rate > 0 {
			late += time.Duration(n) * time.Second / time.Duration(rate)
		}
		time.Sleep(late)
		if _, e := to.Write(b[:n]); err != nil || e != nil {
			return
		}
	}
}

// cut resets every connection and returns how many there were, two for each that passed through.
func (p *proxy) cut() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		reset(c)
	}
	return len(p.conns)
}

// reset ends a connection without a word of goodbye.
func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// slow makes everything late, or not any more with zeros.
func (p *proxy) slow(delay time.Duration, rate int64) {
	p.delay.Store(int64(delay))
	p.rate.Store(rate)
}
