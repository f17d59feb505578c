package embedded_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"lossatlas/workers/embedded"
	"lossatlas/workers/internal/loopback"
)

// The child of TestOpenWorkflowsOutliveSIGKILL is told by these what to do.
const (
	childDir  = "EMBEDDED_TEST_DIR"
	childPort = "EMBEDDED_TEST_PORT"
)

// steps are two activities that leave a line in a file for each time they ran.
type steps struct {
	dir  string
	hang bool // the second never ends, but heartbeats
}

func (s *steps) note(name string) error {
	f, err := os.OpenFile(filepath.Join(s.dir, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = fmt.Fprintln(f, os.Getpid())
	return err
}

func (s *steps) First(context.Context) error { return s.note("first") }

func (s *steps) Second(ctx context.Context) (string, error) {
	if err := s.note("second"); err != nil {
		return "", err
	}
	if s.hang {
		<-ctx.Done()
		return "", ctx.Err()
	}
	return "done", nil
}

// twoSteps waits on a timer between its steps, so that the killed server leaves
// an activity, a timer's trace and a sticky queue behind.
func twoSteps(ctx workflow.Context) (string, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: time.Hour,
		HeartbeatTimeout:    2 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: 100 * time.Millisecond},
	})
	var s *steps
	if err := workflow.ExecuteActivity(ctx, s.First).Get(ctx, nil); err != nil {
		return "", err
	}
	if err := workflow.Sleep(ctx, 100*time.Millisecond); err != nil {
		return "", err
	}
	var out string
	return out, workflow.ExecuteActivity(ctx, s.Second).Get(ctx, &out)
}

func workSteps(t *testing.T, c client.Client, s *steps) {
	t.Helper()
	w := worker.New(c, queue, worker.Options{})
	w.RegisterWorkflow(twoSteps)
	w.RegisterActivity(s)
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Stop)
}

func TestOpenWorkflowsOutliveSIGKILL(t *testing.T) {
	if dir := os.Getenv(childDir); dir != "" {
		serveUntilKilled(t, dir)
	}
	dir := t.TempDir()
	free, err := loopback.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0], "-test.run=^TestOpenWorkflowsOutliveSIGKILL$", "-test.v")
	child.Env = append(os.Environ(), childDir+"="+dir, childPort+"="+strconv.Itoa(free[0]))
	out := new(strings.Builder)
	child.Stdout, child.Stderr = out, out
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = child.Wait() }()
	for begin := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(dir, "second")); err == nil {
			break
		}
		select {
		case <-ended:
			t.Fatalf("the child ended early:\n%s", out)
		default:
		}
		if time.Since(begin) > 90*time.Second {
			_ = child.Process.Kill()
			<-ended
			t.Fatalf("the child did not reach the second step:\n%s", out)
		}
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-ended

	srv := start(t, embedded.Options{DBPath: filepath.Join(dir, "temporal.db"), FrontendPort: free[0]})
	c := dial(t, srv)
	workSteps(t, c, &steps{dir: dir})
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	var got string
	if err := c.GetWorkflow(ctx, "two-steps", "").Get(ctx, &got); err != nil || got != "done" {
		t.Fatalf("the workflow gave %q, %v", got, err)
	}
	for name, want := range map[string]int{"first": 1, "second": 2} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if ran := strings.Count(string(data), "\n"); ran != want {
			t.Errorf("step %s ran %d times, want %d", name, ran, want)
		}
	}
}

func serveUntilKilled(t *testing.T, dir string) {
	frontend, err := strconv.Atoi(os.Getenv(childPort))
	if err != nil {
		t.Fatal(err)
	}
	srv := start(t, embedded.Options{DBPath: filepath.Join(dir, "temporal.db"), FrontendPort: frontend})
	c := dial(t, srv)
	workSteps(t, c, &steps{dir: dir, hang: true})
	if _, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "two-steps", TaskQueue: queue}, twoSteps); err != nil {
		t.Fatal(err)
	}
	time.Sleep(3 * time.Minute)
	t.Fatal("nobody killed this process")
}
