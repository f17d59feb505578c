package main_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lossatlas/workers/internal/loopback"
)

// apart is a Temporal and an S3 server in processes of their own, for workers and users elsewhere.
type apart struct {
	dir                  string
	temporalPort, s3Port int
}

func newApart(t *testing.T) *apart {
	t.Helper()
	a := &apart{dir: t.TempDir(), temporalPort: serverPort(t), s3Port: serverPort(t)}
	start(t, "S3 server", a.dir, func() *exec.Cmd { return serverCommand(roleS3, filepath.Join(a.dir, "store"), a.s3Port) }, nil)
	start(t, "Temporal server", a.dir, func() *exec.Cmd { return serverCommand(roleTemporal, a.dir, a.temporalPort) }, nil)
	return a
}

// flags name the servers.
func (a *apart) flags() []string {
	return []string{
		"--temporal-address", loopback.Address(a.temporalPort), "--s3-endpoint", "http://" + loopback.Address(a.s3Port), "--s3-access-key", accessKey, "--s3-secret-key", secretKey,
	}
}

// worker starts one and waits until it serves.
func (a *apart) worker(t *testing.T, name string, args ...string) *member {
	t.Helper()
	w := start(t, name, a.dir, func() *exec.Cmd {
		return command(context.Background(), filepath.Join(a.dir, name), append(append([]string{"worker", "--log-level", "debug"}, args...), a.flags()...)...)
	}, nil)
	w.awaitWord(t, "serving the task queues")
	return w
}

// run is a user's `lossatlas run`.
func (a *apart) run(t *testing.T, file string) (stdout, stderr string, code int) {
	t.Helper()
	return invoke(t, filepath.Join(a.dir, "user"), append([]string{"run", file, "--output", "json"}, a.flags()...)...)
}

// TestWorkersOfTwoClasses: beside workers that compute in another numerics class, an exact sweep says in which of them
// it is to be done, and is done in that alone; one of any numerics is done in both.
func TestWorkersOfTwoClasses(t *testing.T) {
	if os.Getenv("LOSSATLAS_PLUGIN") == "" {
		t.Skip("a second backend needs an XLA plugin (LOSSATLAS_PLUGIN)")
	}
	a := newApart(t)
	drawing := a.worker(t, "io", "--queues", "io")
	xla := a.worker(t, "xla", "--queues", "cpu")
	pure := a.worker(t, "go", "--queues", "cpu", "--backend", "go")
	sweep := func(name, more string) string {
		return writeSweep(t, fmt.Sprintf("name: %s\n%s\n%s", name, more, strings.TrimPrefix(sweepFile, "name: small\n")))
	}
	work := func(m *member) int { return len(attempts(t, m)) }

	_, stderr, code := a.run(t, sweep("exact", ""))
	if code != 2 || !strings.Contains(stderr, "go:") || !strings.Contains(stderr, "xla:") || !strings.Contains(stderr, "device:") {
		t.Errorf("a sweep that either class could do ended with %d: %s", code, stderr)
	}
	if _, stderr, code = a.run(t, sweep("exact", "device: gpu")); code != 2 || !strings.Contains(stderr, "requires device gpu") {
		t.Errorf("a sweep for a GPU that is not there ended with %d: %s", code, stderr)
	}
	if _, stderr, code = a.run(t, sweep("exact", "device: xla")); code != 0 {
		t.Fatalf("a sweep for one class ended with %d: %s", code, stderr)
	}
	if work(xla) == 0 || work(pure) != 0 {
		t.Errorf("of an exact sweep, its class did %d portions and the other %d", work(xla), work(pure))
	}
	if _, stderr, code = a.run(t, sweep("exact", "")); code != 0 { // it continues in the class of before
		t.Errorf("the sweep again ended with %d: %s", code, stderr)
	}
	before := work(xla)
	if _, stderr, code = a.run(t, sweep("any", "numerics: any")); code != 0 {
		t.Fatalf("a sweep of any numerics ended with %d: %s", code, stderr)
	}
	t.Logf("of a sweep of any numerics, XLA did %d portions and Go %d", work(xla)-before, work(pure))
	if work(pure) == 0 || work(xla) == before || work(drawing) != 0 {
		t.Errorf("of a sweep of any numerics, XLA did %d portions, Go %d, and the worker that only draws %d", work(xla)-before, work(pure), work(drawing))
	}
}

// TestWorkerProcesses: `worker --processes 2` is two workers on cores of their own, of which one that
// dies is started again, and which end together.
func TestWorkerProcesses(t *testing.T) {
	if runtime.NumCPU() < 2 {
		t.Skip("two worker processes want two cores")
	}
	a := newApart(t)
	metrics := serverPort(t)
	crew := a.worker(t, "crew", "--processes", "2", "--metrics-address", loopback.Address(metrics))
	serving := func(n int) {
		t.Helper()
		for end := time.Now().Add(time.Minute); crew.said("serving the task queues") < n; time.Sleep(50 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%d worker processes have begun, want %d", crew.said("serving the task queues"), n)
			}
		}
	}
	serving(2)
	workers := children(t, crew.last().cmd.Process.Pid)
	if len(workers) != 2 {
		t.Fatalf("the worker processes are %v, want two", workers)
	}
	var cores [2]unix.CPUSet
	for i, pid := range workers {
		if err := unix.SchedGetaffinity(pid, &cores[i]); err != nil {
			t.Fatal(err)
		}
		for n := range runtime.NumCPU() {
			if i == 1 && cores[0].IsSet(n) && cores[1].IsSet(n) {
				t.Errorf("both worker processes use core %d", n)
			}
		}
	}
	if o := runSweep(t, filepath.Join(a.dir, "user"), writeSweep(t, sweepFile), a.flags()...); o.Steps.Failed != 0 || o.Steps.Ran == 0 {
		t.Errorf("the sweep ended with %+v", o.Steps)
	}
	for i := range 2 {
		resp, err := http.Get("http://" + loopback.Address(metrics+i) + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		if resp.Body.Close(); resp.StatusCode != http.StatusOK {
			t.Errorf("worker process %d answers %s", i, resp.Status)
		}
	}
	if err := syscall.Kill(workers[0], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	serving(3)
	workers = children(t, crew.last().cmd.Process.Pid)
	terminate(t, crew)
	if n := crew.said("draining"); n != 2 || crew.last().code != 0 {
		t.Errorf("%d workers drained, want 2; the exit code is %d", n, crew.last().code)
	}
	for _, pid := range workers {
		if syscall.Kill(pid, 0) == nil {
			t.Errorf("worker process %d outlives the one that started it", pid)
		}
	}
}

// TestDrain: a worker that is told to end while it trains ends after the epoch at hand, and the next one
// continues with the next epoch, at once.
func TestDrain(t *testing.T) {
	a := newApart(t)
	first := a.worker(t, "first", "--drain", "1m")
	file := writeSweep(t, strings.Replace(sweepFile, "epochs: 3", "epochs: 12", 1))
	done := make(chan error, 1)
	go func() {
		_, stderr, code := a.run(t, file)
		if code != 0 {
			done <- fmt.Errorf("run ended with %d: %s", code, stderr)
		}
		close(done)
	}()
	for end := time.Now().Add(2 * time.Minute); len(attempts(t, first)) < 4; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the worker does not train")
		}
	}
	took := terminate(t, first)
	t.Logf("the worker ended after %v", took)
	if took > 30*time.Second {
		t.Errorf("the worker took %v to end", took)
	}
	ended := time.Now()
	second := a.worker(t, "second")
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	w := sum(attempts(t, first, second))
	if len(w.again) > 0 {
		t.Errorf("begun again after the worker had drained: %v", w.again)
	}
	// Without a word from the first, the server would wait 20 s for a heartbeat.
	if waited := attempts(t, second)[0].began.Sub(ended); waited > 15*time.Second {
		t.Errorf("the next worker went on %v after the first had ended", waited)
	}
}

// terminate ends a program as a service manager does, for good, and returns how long it took.
func terminate(t testing.TB, p *member) time.Duration {
	t.Helper()
	p.mu.Lock()
	p.stop = true
	p.mu.Unlock()
	began := time.Now()
	if err := p.last().cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.over:
	case <-time.After(2 * time.Minute):
		t.Fatalf("%s does not end", p.name)
	}
	return time.Since(began)
}

// children are the processes that a process has started, by the thread that did.
func children(t *testing.T, pid int) (pids []int) {
	t.Helper()
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range lists {
		b, err := os.ReadFile(list)
		if err != nil {
			continue // a thread that ended
		}
		for field := range bytes.FieldsSeq(b) {
			n, err := strconv.Atoi(string(field))
			if err != nil {
				t.Fatal(err)
			}
			pids = append(pids, n)
		}
	}
	slices.Sort(pids)
	return pids
}
