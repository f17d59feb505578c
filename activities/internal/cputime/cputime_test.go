package cputime_test

import (
	"sync"
	"testing"
	"time"

	"lossatlas/activities/internal/cputime"
)

func TestWatchesShareTheTimeOfTheProcess(t *testing.T) {
	before := cputime.Process()
	alone := cputime.Start()
	burn(100 * time.Millisecond)
	first := alone.Spent()
	second := cputime.Start()
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() { burn(100 * time.Millisecond) })
	}
	both.Wait()
	a, b := alone.Spent(), second.Spent()
	alone.Stop()
	second.Stop()
	used := cputime.Process() - before
	if first.CPUSeconds < 0.05 {
		t.Errorf("a watch that runs alone counted %.3f s of 0.1 s of work", first.CPUSeconds)
	}
	if later := a.CPUSeconds - first.CPUSeconds; later < 0.8*b.CPUSeconds || later > 1.2*b.CPUSeconds+0.01 {
		t.Errorf("two watches counted %.3f and %.3f s of the same time", later, b.CPUSeconds)
	}
	if sum := a.CPUSeconds + b.CPUSeconds; sum < 0.9*used-0.02 || sum > used {
		t.Errorf("the watches counted %.3f s together, the process used %.3f s", sum, used)
	}
	// The first watch ran alone for 0.1 s of processor time; threads of the runtime may use half of that.
	if b.Seconds <= 0 || a.Seconds < b.Seconds+0.1/2 {
		t.Errorf("by the clock %.3f and %.3f s have passed", a.Seconds, b.Seconds)
	}
}

// burn uses a processor for so much of its time.
func burn(d time.Duration) {
	for end := cputime.Process() + d.Seconds(); cputime.Process() < end; {
	}
}
