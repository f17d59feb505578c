package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"

	"lossatlas/activities"
	"lossatlas/activities/runner"
	"lossatlas/activities/surface"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/embedded"
	"lossatlas/workers/internal/loopback"
	"lossatlas/workers/registry"
)

// published are the addresses of the running services of a home.
type published struct {
	Temporal, Namespace string
	S3                  struct {
		Endpoint, Bucket string
		AccessKey        string `json:"access_key"`
		SecretKey        string `json:"secret_key"`
	} `json:"s3"`
}

// serve runs `lossatlas up` on a home until the test ends, and returns where its services are.
func serve(t testing.TB, home string) published {
	t.Helper()
	cmd := command(context.Background(), home, "up")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Signal(os.Interrupt); _ = cmd.Wait() })
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		var s published
		b, err := os.ReadFile(filepath.Join(home, "services.json"))
		if err == nil && json.Unmarshal(b, &s) == nil && s.S3.Endpoint != "" {
			return s
		}
	}
	t.Fatal("`lossatlas up` did not say where its services are")
	return published{}
}

// past is the runs of workflows that a home's Temporal remembers.
type past struct {
	client client.Client
	runs   []*workflow.WorkflowExecutionInfo
}

// remember opens what Temporal remembers of a home's workflows.
func remember(t testing.TB, home string) past {
	t.Helper()
	s := serve(t, home)
	pem, err := os.ReadFile(filepath.Join(home, "tls.pem"))
	if err != nil {
		t.Fatal(err)
	}
	secure, err := loopback.ClientTLS(pem)
	if err != nil {
		t.Fatal(err)
	}
	return pastOf(t, client.Options{HostPort: s.Temporal, Namespace: s.Namespace, ConnectionOptions: client.ConnectionOptions{TLS: secure}})
}

// pastOf is what a server remembers.
func pastOf(t testing.TB, o client.Options) past {
	t.Helper()
	o.Logger = log.NewStructuredLogger(slog.New(slog.DiscardHandler))
	c, err := client.Dial(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	p := past{client: c}
	for req := (&workflowservice.ListWorkflowExecutionsRequest{}); ; {
		page, err := c.ListWorkflow(context.Background(), req)
		if err != nil {
			t.Fatal(err)
		}
		p.runs = append(p.runs, page.GetExecutions()...)
		if req.NextPageToken = page.GetNextPageToken(); len(req.NextPageToken) == 0 {
			return p
		}
	}
}

// activities counts how often each activity of a step's run was completed, by its name and what it was given next to the step.
func (p past) activities(t testing.TB, r *workflow.WorkflowExecutionInfo) map[string]int {
	t.Helper()
	names, done := map[int64]string{}, map[string]int{}
	events := p.client.GetWorkflowHistory(context.Background(), r.GetExecution().GetWorkflowId(), r.GetExecution().GetRunId(), false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		if err != nil {
			t.Fatal(err)
		}
		if a := e.GetActivityTaskScheduledEventAttributes(); a != nil {
			name := a.GetActivityType().GetName()
			for _, in := range a.GetInput().GetPayloads()[1:] { // the first is the step
				name += " " + string(in.GetData())
			}
			names[e.GetEventId()] = name
		}
		if a := e.GetActivityTaskCompletedEventAttributes(); a != nil {
			done[names[a.GetScheduledEventId()]]++
		}
	}
	return done
}

// checkOnce holds, from the histories, that each step ran once, and each piece of its work.
func checkOnce(t *testing.T, home string, steps int) { remember(t, home).checkOnce(t, steps) }

func (p past) checkOnce(t *testing.T, steps int) {
	t.Helper()
	runs := map[string]int{}
	for _, r := range p.runs {
		if r.GetType().GetName() != "Step" {
			continue
		}
		id := r.GetExecution().GetWorkflowId()
		runs[id]++
		for name, n := range p.activities(t, r) {
			if n != 1 {
				t.Errorf("%s: %s was done %d times", id, name, n)
			}
		}
	}
	for id, n := range runs {
		if n != 1 {
			t.Errorf("step %s ran %d times", id, n)
		}
	}
	if len(runs) != steps {
		t.Errorf("%d steps ran, want %d", len(runs), steps)
	}
}

// instant does the work of activities in no time, so that nothing but histories comes of a large sweep.
type instant struct {
	experiments int
	chunks      int // of each map
}

func (s *instant) LoadTasks(_ context.Context, in activities.ExperimentInput) ([]activities.Task, error) {
	if in.Group == s.experiments {
		return nil, nil
	}
	return []activities.Task{{ID: "train", Kind: pipelines.KindTrain}}, nil
}
func (s *instant) RecordSteps(context.Context, activities.StepsRecord) error { return nil }
func (s *instant) RecordSweep(context.Context, activities.SweepRecord) error { return nil }
func (s *instant) RunStep(_ context.Context, req activities.StepRequest) (activities.StepResult, error) {
	return s.made(req.Kind), nil
}
func (s *instant) PlanStep(context.Context, activities.StepInput) (runner.Plan, error) {
	plan := runner.Plan{Chunks: s.chunks}
	for i := range s.chunks {
		plan.Missing = append(plan.Missing, i)
	}
	return plan, nil
}
func (s *instant) RunChunk(context.Context, activities.StepInput, int) (activities.ChunkResult, error) {
	return activities.ChunkResult{Spent: artifacts.Spent{Seconds: 1}}, nil
}
func (s *instant) MakeStep(_ context.Context, in activities.StepInput, _ artifacts.Spent) (activities.StepResult, error) {
	return s.made(in.Kind), nil
}

func (s *instant) made(kind pipelines.Kind) activities.StepResult {
	blob := artifacts.Blob{Digest: artifacts.Of([]byte(kind)), Size: 1}
	return activities.StepResult{Outputs: map[string]artifacts.Blob{pipelines.OutWeights: blob, pipelines.OutLog: blob, pipelines.OutGrid: blob}}
}

// TestHistoriesStayBounded runs, on a real server, a sweep of 500 experiments and a surface of as many chunks as one of ten
// thousand points of a large network has: no history comes near the 51,200 events at which Temporal ends a workflow.
func TestHistoriesStayBounded(t *testing.T) {
	const experiments, points = 500, 10_000
	s := &instant{
		experiments: experiments,
		chunks:      len(surface.Chunks(surface.Rounds(100, points/100), surface.PointsPerChunk(1e9, 10_000, points))),
	}
	srv, err := embedded.StartTemporal(t.Context(), embedded.Options{Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = srv.Stop() }()
	c, err := client.Dial(client.Options{HostPort: srv.Address(), Namespace: srv.Namespace(), Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, queue := range registry.Queues("") {
		w := worker.New(c, queue, worker.Options{})
		registry.RegisterWorkflows(w)
		w.RegisterActivity(s)
		if err := w.Start(); err != nil {
			t.Fatal(err)
		}
		defer w.Stop()
	}
	in := activities.SweepInput{Sweep: "many", Graph: artifacts.Of(nil)}
	for i := range experiments {
		in.Experiments = append(in.Experiments, fmt.Sprintf("train.seed=%d", i))
	}
	check := func(kind string, most int64, run client.WorkflowRun, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if err := run.Get(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		d, err := c.DescribeWorkflowExecution(t.Context(), run.GetID(), run.GetRunID())
		if err != nil {
			t.Fatal(err)
		}
		events, bytes := d.GetWorkflowExecutionInfo().GetHistoryLength(), d.GetWorkflowExecutionInfo().GetHistorySizeBytes()
		t.Logf("%s: %d events, %d bytes", kind, events, bytes)
		if events > most || bytes > 5<<20 {
			t.Errorf("the history of the %s has %d events and %d bytes, want at most %d and 5 MiB", kind, events, bytes, most)
		}
	}
	options := client.StartWorkflowOptions{TaskQueue: activities.QueueIO}
	step := activities.StepInput{Kind: pipelines.KindSurface, Queue: activities.QueueCPU}
	run, err := c.SignalWithStartWorkflow(t.Context(), "surface", activities.SignalJoin, "test", options, activities.StepWorkflow, step)
	check(fmt.Sprintf("surface of %d points, %d chunks", points, s.chunks), 5_000, run, err)
	run, err = c.ExecuteWorkflow(t.Context(), options, activities.SweepWorkflow, in)
	check(fmt.Sprintf("sweep of %d experiments", experiments), 10_000, run, err)
}
