package main_test

import (
	"context"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// TestSecondWorker: a run that has computed for a while starts a second process, which computes as well, ends with the one that started
// it, even where that is killed, and loses nothing.
func TestSecondWorker(t *testing.T) {
	if runtime.NumCPU() < 2 || os.Getenv("LOSSATLAS_PLUGIN") == "" {
		t.Skip("a second process wants two cores, and an XLA plugin (LOSSATLAS_PLUGIN)")
	}
	// A process trains one network at a time, so that most of this work waits when the second process starts, on fast machines as well.
	sweep := func(seeds string) string {
		return writeSweep(t, `name: small
dataset: {name: shapes10, train: 1024, test: 128}
train: {net: {small: {width: 8}}, epochs: 60, batch_size: 16}
sweep: {train.seed: `+seeds+`}
maps: [{kind: line, points: 5, images: 64}]
plots: []
`)
	}
	home := t.TempDir()
	cmd := command(context.Background(), home, "run", sweep("[1, 2, 3, 4]"), "--order", "breadth")
	cmd.Env = append(cmd.Env, "LOSSATLAS_SECOND_WORKER=auto")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	second := 0
	eventually(t, "a second process that computes", 4*time.Minute, func() bool {
		for _, pid := range children(t, cmd.Process.Pid) {
			if second = pid; cpuSeconds(pid, false) > 2 { // a worker without work needs less
				return true
			}
		}
		return false
	})
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	eventually(t, "the end of the second process", 20*time.Second, func() bool { return syscall.Kill(second, 0) != nil })
	if o := runSweep(t, home, sweep("[1]")); o.Steps.Failed != 0 || o.Steps.Ran == 0 {
		t.Errorf("the sweep went on and ended with %+v", o.Steps)
	}
}

// eventually fails the test when something has not become true in time.
func eventually(t *testing.T, what string, within time.Duration, is func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no sign of %s after %v", what, within)
		}
	}
}
