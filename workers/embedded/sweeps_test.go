package embedded_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"

	"lossatlas/activities"
	"lossatlas/activities/runner"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/embedded"
	"lossatlas/workers/embedded/s3"
	"lossatlas/workers/internal/launch"
	"lossatlas/workers/registry"
)

// site is a server with a store and workers, on which whole sweeps run. Only the
// training is not the program's own.
type site struct {
	client client.Client
	store  *artifacts.Store
	// concurrency is that of sweeps, 0 for no limit.
	concurrency int
}

// tooLong is when a test hangs, as one does whose steps are tried again and again.
const tooLong = 5 * time.Minute

// newEmptySite starts one without workers.
func newEmptySite(t *testing.T) *site {
	t.Helper()
	hangs := time.AfterFunc(tooLong, func() { panic(fmt.Sprintf("%s has not ended in %v", t.Name(), tooLong)) })
	t.Cleanup(func() { hangs.Stop() })
	s := &site{client: dial(t, start(t, embedded.Options{}))}
	srv, err := s3.Start(t.Context(), s3.Options{Dir: filepath.Join(t.TempDir(), "objects"), Addr: "127.0.0.1:0", AccessKey: "tester", SecretKey: "secretsecret"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Stop() })
	s.store, err = artifacts.Open(t.Context(), artifacts.Config{Endpoint: srv.Addr(), AccessKey: "tester", SecretKey: "secretsecret", Bucket: "lossatlas", Region: "us-east-1"}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// newSite starts one whose trainings, one at a time, are done by train.
func newSite(t *testing.T, train func(context.Context, activities.StepInput) error) *site {
	t.Helper()
	s := newEmptySite(t)
	s.workflows(t, worker.WorkerDeploymentVersion{})
	s.train(t, activities.ClassQueue("test"), "", train)
	return s
}

// workflows starts a worker that does all but computing.
func (s *site) workflows(t *testing.T, version worker.WorkerDeploymentVersion) {
	t.Helper()
	acts := &activities.Activities{Machine: &runner.Machine{Store: s.store, Log: zerolog.Nop()}, Client: s.client, Program: "test", Version: version}
	ws, err := registry.Start(s.client, acts, registry.Options{Queues: []string{activities.QueueIO}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ws.Stop)
}

// train makes trainings that come to a task queue, one at a time, be done by do.
func (s *site) train(t *testing.T, queue, class string, do func(context.Context, activities.StepInput) error) {
	t.Helper()
	s.trainAs(t, queue, worker.Options{Identity: activities.Identity(class)}, do)
}

func (s *site) trainAs(t *testing.T, queue string, o worker.Options, do func(context.Context, activities.StepInput) error) {
	t.Helper()
	o.MaxConcurrentActivityExecutionSize, o.DisableWorkflowWorker = 1, true
	w := worker.New(s.client, queue, o)
	w.RegisterActivityWithOptions(func(ctx context.Context, in activities.StepInput, _ artifacts.Spent) (activities.StepResult, error) {
		if err := s.store.PutPart(ctx, in.Key, "begun", nil); err != nil { // as an activity does that begins to work
			return activities.StepResult{}, err
		}
		if err := do(ctx, in); err != nil {
			return activities.StepResult{}, err
		}
		var job runner.Job
		b, err := s.store.GetPart(ctx, in.Key, "job")
		if err == nil {
			err = json.Unmarshal(b, &job)
		}
		if err != nil {
			return activities.StepResult{}, err
		}
		blob, err := s.store.Put(ctx, []byte(in.Key.String()))
		if err != nil {
			return activities.StepResult{}, err
		}
		outputs := map[string]artifacts.Blob{pipelines.OutWeights: blob}
		_, err = s.store.PutAction(ctx, artifacts.Action{Key: in.Key, Recipe: job.Recipe, Outputs: outputs})
		return activities.StepResult{Key: in.Key, Outputs: outputs}, err
	}, activity.RegisterOptions{Name: "MakeStep"})
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Stop)
}

// sweep begins a sweep of trainings of the given names, each an experiment.
func (s *site) sweep(t *testing.T, name string, priority int, trainings ...string) client.WorkflowRun {
	t.Helper()
	return s.begin(t, name, priority, false, trainings...)
}

// begin is sweep for any numerics, if anyNumerics is true.
func (s *site) begin(t *testing.T, name string, priority int, anyNumerics bool, trainings ...string) client.WorkflowRun {
	t.Helper()
	g := pipelines.Graph{Sweep: name}
	for _, training := range trainings {
		g.Experiments = append(g.Experiments, pipelines.Experiment{Name: training, Steps: []pipelines.Step{
			{ID: training + "/train", Kind: pipelines.KindTrain, Params: json.RawMessage(fmt.Sprintf(`{"net": %q}`, training)), AnyNumerics: anyNumerics},
		}})
	}
	return s.start(t, g, priority, activities.SweepInput{Concurrency: s.concurrency})
}

// start starts the sweep of a graph.
func (s *site) start(t *testing.T, g pipelines.Graph, priority int, in activities.SweepInput) client.WorkflowRun {
	t.Helper()
	in.Sweep, in.Numerics = g.Sweep, "test"
	for _, e := range g.Experiments {
		in.Experiments = append(in.Experiments, e.Name)
	}
	b, err := json.Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	blob, err := s.store.Put(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	in.Graph = blob.Digest
	started, err := launch.Start(t.Context(), s.client, plain.Data, in, priority, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	return started.Run
}

// queued waits until as many steps have been started.
func (s *site) queued(t *testing.T, steps int) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		n := 0
		list, err := s.client.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: "WorkflowType = 'Step' AND ExecutionStatus = 'Running'"})
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range list.GetExecutions() {
			d, err := s.client.DescribeWorkflowExecution(t.Context(), step.GetExecution().GetWorkflowId(), "")
			if err != nil {
				t.Fatal(err)
			}
			n += len(d.GetPendingActivities())
		}
		if n == steps {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d trainings wait for the worker, want %d", n, steps)
		}
	}
}

// names are a sweep's trainings.
func names(prefix string, n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprint(prefix, i))
	}
	return out
}

// TestUrgentSweepsGoFirst: with one slot, the steps of an urgent sweep overtake
// those that wait, and equally urgent sweeps take turns.
func TestUrgentSweepsGoFirst(t *testing.T) {
	for name, test := range map[string]struct {
		priority int
		within   int // so many trainings after the first, both of the second sweep are begun
	}{
		// One may be on its way to the worker already.
		"more urgent":    {activities.MostUrgent, 3},
		"equally urgent": {activities.DefaultPriority, 6},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var order []string
			begin := make(chan struct{})
			s := newSite(t, func(_ context.Context, in activities.StepInput) error {
				mu.Lock()
				order = append(order, strings.Fields(in.Label)[1])
				mu.Unlock()
				<-begin
				return nil
			})
			bulk := s.sweep(t, "bulk", activities.DefaultPriority, names("bulk", 8)...)
			s.queued(t, 8)
			small := s.sweep(t, "small", test.priority, names("small", 2)...)
			s.queued(t, 10)
			time.Sleep(time.Second) // until they have come from the workflows' histories to the task queue
			close(begin)
			for _, run := range []client.WorkflowRun{bulk, small} {
				if err := run.Get(t.Context(), nil); err != nil {
					t.Fatal(err)
				}
			}
			last := 0
			for i, n := range order {
				if strings.HasPrefix(n, "small") {
					last = i // the first of all held the slot before the second sweep came
				}
			}
			if len(order) != 10 || last == 0 || last > test.within {
				t.Errorf("the trainings began in the order %v; want the small sweep's among the first %d after the first", order, test.within)
			}
		})
	}
}

// TestSharedStepFails: a step that two sweeps wait for fails once, and both with
// the same error; each can do it again.
func TestSharedStepFails(t *testing.T) {
	var mu sync.Mutex
	broken, tries := true, 0
	wait := make(chan struct{})
	s := newSite(t, func(context.Context, activities.StepInput) error {
		<-wait
		mu.Lock()
		defer mu.Unlock()
		tries++
		if broken {
			return temporal.NewNonRetryableApplicationError("the images are not here", "BadData", nil)
		}
		return nil
	})
	outcome := func(run client.WorkflowRun, sweep string) artifacts.RootStep {
		t.Helper()
		if err := run.Get(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		root, err := s.store.Root(t.Context(), sweep)
		if err != nil {
			t.Fatal(err)
		}
		return root.Steps["shared/train"]
	}
	first := s.sweep(t, "one", activities.DefaultPriority, "shared")
	s.queued(t, 1)
	second := s.sweep(t, "two", activities.DefaultPriority, "shared", "own")
	s.queued(t, 2)
	close(wait)
	a, b := outcome(first, "one"), outcome(second, "two")
	if a.State != artifacts.StateFailed || a.Error != "the images are not here" || b.State != a.State || b.Error != a.Error {
		t.Errorf("the step ended as %s (%s) in one sweep and as %s (%s) in the other", a.State, a.Error, b.State, b.Error)
	}
	if tries != 2 {
		t.Errorf("%d trainings were tried, want the shared one and the other, once each", tries)
	}
	mu.Lock()
	broken = false
	mu.Unlock()
	if a := outcome(s.sweep(t, "one", activities.DefaultPriority, "shared"), "one"); a.State != artifacts.StateRan {
		t.Errorf("run again, the step ended as %s (%s)", a.State, a.Error)
	}
	if b := outcome(s.sweep(t, "two", activities.DefaultPriority, "shared", "own"), "two"); b.State != artifacts.StateCached {
		t.Errorf("run again, the step ended as %s (%s) in the other sweep, want cached", b.State, b.Error)
	}
}

// TestCancelledSweepLeavesSharedSteps: a sweep that is cancelled takes its own steps along, and
// leaves those that another waits for. Its record tells the step that had begun from those that never did.
func TestCancelledSweepLeavesSharedSteps(t *testing.T) {
	var mu sync.Mutex
	var trained []string
	wait := make(chan struct{})
	s := newSite(t, func(_ context.Context, in activities.StepInput) error {
		<-wait
		mu.Lock()
		defer mu.Unlock()
		trained = append(trained, strings.Fields(in.Label)[1])
		return nil
	})
	second := s.sweep(t, "two", activities.DefaultPriority, "shared")
	s.queued(t, 1)    // and has the one slot
	s.concurrency = 2 // the third experiment does not begin
	first := s.sweep(t, "one", activities.DefaultPriority, "shared", "own", "later")
	s.queued(t, 2)
	time.Sleep(time.Second) // until the request of the first has reached the shared step, too
	if err := s.client.CancelWorkflow(t.Context(), first.GetID(), first.GetRunID()); err != nil {
		t.Fatal(err)
	}
	var canceled *temporal.CanceledError
	if err := first.Get(t.Context(), nil); !errors.As(err, &canceled) {
		t.Errorf("the first sweep ended with %v", err)
	}
	s.queued(t, 1)
	close(wait)
	if err := second.Get(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	one, errOne := s.store.Root(t.Context(), "one")
	two, errTwo := s.store.Root(t.Context(), "two")
	if errOne != nil || errTwo != nil || one.State != artifacts.StateInterrupted || two.State != artifacts.StateDone {
		t.Errorf("the sweeps are recorded as %s, %v and %s, %v", one.State, errOne, two.State, errTwo)
	}
	states := map[string]string{}
	for id, step := range one.Steps {
		states[id] = step.State
	}
	if fmt.Sprint(states) != "map[later/train:not run own/train:not run shared/train:interrupted]" {
		t.Errorf("the steps of the cancelled sweep are recorded as %v", states)
	}
	mu.Lock()
	defer mu.Unlock()
	if fmt.Sprint(trained) != "[shared]" {
		t.Errorf("trained were %v, want the shared network alone", trained)
	}
}
