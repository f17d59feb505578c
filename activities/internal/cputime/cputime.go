// Package cputime says how much processor time a piece of work took in a process that works at several at once.
package cputime

import (
	"sync"
	"syscall"
	"time"

	"lossatlas/artifacts"
)

// Watch measures one piece of work. What the process uses is shared out evenly among the watches that run meanwhile, so that
// their sum is what the process used, whichever threads did it: XLA has a pool of its own.
type Watch struct {
	since time.Time
	cpu   float64
}

var (
	mu      sync.Mutex
	running = map[*Watch]bool{}
	counted float64 // processor seconds of the process that are shared out, or were used while no watch ran
)

// Start starts a watch. [Watch.Stop] has to follow.
func Start() *Watch {
	mu.Lock()
	defer mu.Unlock()
	share()
	w := &Watch{since: time.Now()}
	running[w] = true
	return w
}

// Spent is what the work took so far; nothing by a nil watch.
func (w *Watch) Spent() artifacts.Spent {
	if w == nil {
		return artifacts.Spent{}
	}
	mu.Lock()
	defer mu.Unlock()
	share()
	return artifacts.Spent{Seconds: time.Since(w.since).Seconds(), CPUSeconds: w.cpu}
}

// Stop ends the measurement.
func (w *Watch) Stop() {
	mu.Lock()
	defer mu.Unlock()
	share()
	delete(running, w)
}

// share shares out what the process used since the last call.
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
