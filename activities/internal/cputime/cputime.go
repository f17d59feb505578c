// Package cputime measures the processor time of one piece of work in a process that does several concurrently.
package cputime

import (
	"sync"
	"syscall"
	"time"
)

// Spent is the time of a piece of work, in seconds by the clock and of the processor.
type Spent struct {
	Seconds, CPUSeconds float64
}

// Watch measures one piece of work. Running watches get equal shares of the process's time, so their sum is the time of
// the process. Its threads can't be assigned to steps: XLA has a pool of its own.
type Watch struct {
	since time.Time
	cpu   float64
}

var (
	mu      sync.Mutex
	running = map[*Watch]bool{}
	counted float64 // processor seconds of the process at the last call of share
)

// Start starts a watch; the caller must call [Watch.Stop].
func Start() *Watch {
	mu.Lock()
	defer mu.Unlock()
	share()
	w := &Watch{since: time.Now()}
	running[w] = true
	return w
}

// Spent is the time since Start; 0 for a nil watch.
func (w *Watch) Spent() Spent {
	if w == nil {
		return Spent{}
	}
	mu.Lock()
	defer mu.Unlock()
	share()
	return Spent{Seconds: time.Since(w.since).Seconds(), CPUSeconds: w.cpu}
}

// Stop ends the measurement.
func (w *Watch) Stop() {
	mu.Lock()
	defer mu.Unlock()
	share()
	delete(running, w)
}

// share distributes the process's time since the last call.
func share() {
	used := Process()
	for w := range running {
		w.cpu += (used - counted) / float64(len(running))
	}
	counted = used
}

// Process is the processor time, in user and system mode, that this process has used, in seconds; 0 where the system does not say.
func Process() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}
