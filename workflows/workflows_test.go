package workflows_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"lossatlas/activities"
	"lossatlas/activities/runner"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/registry"
	"lossatlas/workflows"
)

// environment is a workflow test environment with this program's workflows and activities.
func environment(t *testing.T) *testsuite.TestWorkflowEnvironment {
	t.Helper()
	var s testsuite.WorkflowTestSuite
	s.SetLogger(quiet)
	env := s.NewTestWorkflowEnvironment()
	registry.RegisterWorkflows(env)
	env.RegisterActivity(&activities.Activities{})
	env.SetTestTimeout(time.Minute) // of the real clock: a loaded machine takes more than the default 3 s for 500 experiments
	return env
}

// tasks is a small experiment: train → directions → surface → render.
func tasks(name string) []activities.Task {
	id := func(s string) string { return name + "/" + s }
	return []activities.Task{
		{ID: id("train"), Kind: pipelines.KindTrain},
		{ID: id("directions"), Kind: pipelines.KindDirections, Inputs: map[string]pipelines.Ref{"weights": {Step: id("train"), Output: "weights"}}},
		{ID: id("surface"), Kind: pipelines.KindSurface, Inputs: map[string]pipelines.Ref{
			"weights": {Step: id("train"), Output: "weights"}, "directions": {Step: id("directions"), Output: "directions"}}},
		{ID: id("contour"), Kind: pipelines.KindRender, Inputs: map[string]pipelines.Ref{"grid": {Step: id("surface"), Output: "grid"}}},
	}
}

// group is the input of a group of a sweep's steps.
func group(n int) any {
	return mock.MatchedBy(func(in activities.ExperimentInput) bool { return in.Group == n })
}

// outputs of each kind, as a step would return them.
var outputs = map[pipelines.Kind][]string{
	pipelines.KindTrain: {"weights", "log"}, pipelines.KindDirections: {"directions"}, pipelines.KindSurface: {"grid"},
	pipelines.KindRender: {"png", "svg"}, pipelines.KindReport: {"html"},
}

// fake stands in for RunStep: it makes outputs up and fails where told to.
type fake struct {
	mu    sync.Mutex
	order []string
	seen  map[string]map[string]runner.Input
	asked map[string]activities.StepRequest
	fail  string
}

func (f *fake) run(_ context.Context, req activities.StepRequest) (activities.StepResult, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.order = append(f.order, req.Step)
	if f.seen == nil {
		f.seen, f.asked = map[string]map[string]runner.Input{}, map[string]activities.StepRequest{}
	}
	f.asked[req.Step] = req
	f.seen[req.Step] = req.Inputs
	if req.Step == f.fail {
		return activities.StepResult{}, temporal.NewNonRetryableApplicationError("the loss is not finite: lower the rate", "Diverged", nil)
	}
	if req.Step == "interpolation" && f.fail == "a/train" {
		return activities.StepResult{}, temporal.NewNonRetryableApplicationError("a/train failed", activities.ErrorBlocked, nil)
	}
	return made(req.Step, outputs[req.Kind]), nil
}

// made makes up what a step has made.
func made(id string, outputs []string) activities.StepResult {
	out := map[string]artifacts.Blob{}
	for _, name := range outputs {
		out[name] = artifacts.Blob{Digest: artifacts.Of([]byte(id + name)), Size: 1}
	}
	return activities.StepResult{Key: artifacts.Key(artifacts.Of([]byte(id))), Outputs: out}
}

// recorded stands in for RecordSteps.
type recorded struct {
	mu    sync.Mutex
	steps map[string]activities.StepStatus
}

func (k *recorded) keep(_ context.Context, r activities.StepsRecord) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.steps == nil {
		k.steps = map[string]activities.StepStatus{}
	}
	for _, s := range r.Steps {
		k.steps[s.ID] = s
	}
	return nil
}

func TestExperimentRunsStepsInOrder(t *testing.T) {
	env := environment(t)
	f := &fake{}
	var acts *activities.Activities
	env.OnActivity(acts.LoadTasks, mock.Anything, group(0)).Return(tasks("a"), nil)
	env.OnActivity(acts.RunStep, mock.Anything, mock.Anything).Return(f.run)
	var kept recorded
	env.OnActivity(acts.RecordSteps, mock.Anything, mock.Anything).Return(kept.keep)
	env.ExecuteWorkflow(workflows.Experiment, activities.ExperimentInput{Sweep: "s", Run: "r"})
	var got workflows.SweepResult
	if err := env.GetWorkflowResult(&got); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(f.order) != "[a/train a/directions a/surface a/contour]" {
		t.Errorf("order of execution: %v", f.order)
	}
	if got != (workflows.SweepResult{Total: 4, Ran: 4}) {
		t.Errorf("result %+v", got)
	}
	for id, s := range kept.steps {
		if s.State != artifacts.StateRan {
			t.Errorf("%s: state %s", id, s.State)
		}
	}
	want := artifacts.Of([]byte("a/directionsdirections"))
	if in := f.seen["a/surface"]["directions"]; in.Digest != want || in.Producer != artifacts.Key(artifacts.Of([]byte("a/directions"))) {
		t.Errorf("the surface's directions input is %+v, want digest %s", in, want)
	}
}

// TestShortMapsComeFirst: a spectrum needs the weights alone, and begins after the end of the surface, which waits for directions as
// well and begins after the end of the line; where the directions fail, nothing is held up.
func TestShortMapsComeFirst(t *testing.T) {
	for fail, want := range map[string]string{
		"":             "[a/train a/directions a/line a/surface a/spectrum]",
		"a/directions": "[a/train a/directions a/spectrum]",
	} {
		env := environment(t)
		f := &fake{fail: fail}
		var acts *activities.Activities
		weights, directions := pipelines.Ref{Step: "a/train", Output: "weights"}, pipelines.Ref{Step: "a/directions", Output: "directions"}
		all := append(tasks("a"),
			activities.Task{ID: "a/line", Kind: pipelines.KindLine, Inputs: map[string]pipelines.Ref{"weights": weights, "directions": directions}},
			activities.Task{ID: "a/spectrum", Kind: pipelines.KindSpectrum, Inputs: map[string]pipelines.Ref{"weights": weights}})
		env.OnActivity(acts.LoadTasks, mock.Anything, group(0)).Return(all, nil)
		env.OnActivity(acts.RunStep, mock.Anything, mock.Anything).Return(f.run)
		env.OnActivity(acts.RecordSteps, mock.Anything, mock.Anything).Return((&recorded{}).keep)
		env.ExecuteWorkflow(workflows.Experiment, activities.ExperimentInput{Sweep: "s", Run: "r"})
		if err := env.GetWorkflowError(); err != nil {
			t.Fatal(err)
		}
		// A contour plot needs a moment, and nothing waits for it.
		got := slices.DeleteFunc(slices.Clone(f.order), func(id string) bool { return id == "a/contour" })
		if fmt.Sprint(got) != want {
			t.Errorf("with %q failing the order is %s, want %s", fail, got, want)
		}
	}
}

// TestSweepKeepsGoing has one experiment fail: what depends on it is not run,
// the other experiment and the report run, and the failure is recorded.
func TestSweepKeepsGoing(t *testing.T) {
	env := environment(t)
	f := &fake{fail: "a/train"}
	var acts *activities.Activities
	for i, name := range []string{"a", "b"} {
		env.OnActivity(acts.LoadTasks, mock.Anything, group(i)).Return(tasks(name), nil)
	}
	env.OnActivity(acts.LoadTasks, mock.Anything, group(2)).Return([]activities.Task{
		{ID: "interpolation", Kind: pipelines.KindDifference},
		{ID: "report", Kind: pipelines.KindReport, Partial: true},
	}, nil)
	env.OnActivity(acts.RunStep, mock.Anything, mock.Anything).Return(f.run)
	var kept recorded
	env.OnActivity(acts.RecordSteps, mock.Anything, mock.Anything).Return(kept.keep)
	var records []activities.SweepRecord
	env.OnActivity(acts.RecordSweep, mock.Anything, mock.Anything).Return(func(_ context.Context, r activities.SweepRecord) error {
		records = append(records, r)
		return nil
	})
	graph := artifacts.Of([]byte("graph"))
	env.ExecuteWorkflow(workflows.Sweep, activities.SweepInput{Sweep: "s", Graph: graph, Experiments: []string{"a", "b"}})
	var got workflows.SweepResult
	if err := env.GetWorkflowResult(&got); err != nil {
		t.Fatal(err)
	}
	if got != (workflows.SweepResult{Total: 10, Ran: 5, Failed: 1, NotRun: 4}) {
		t.Errorf("result %+v", got)
	}
	if len(records) != 2 || records[0].State != "running" || records[1].State != "failed" {
		t.Fatalf("recorded %+v", records)
	}
	if s := kept.steps["a/train"]; s.State != artifacts.StateFailed || s.Error != "the loss is not finite: lower the rate" {
		t.Errorf("the failed step is recorded as %+v", s)
	}
	if s := kept.steps["a/contour"]; s.State != artifacts.StateNotRun || s.Error != "a/train failed" {
		t.Errorf("the step behind it is recorded as %+v", s)
	}
	if s := kept.steps["interpolation"]; s.State != artifacts.StateNotRun || s.Error != "a/train failed" {
		t.Errorf("the step over both experiments is recorded as %+v", s)
	}
	if req := f.asked["report"]; req.Graph != graph || len(req.Inputs) != 0 {
		t.Errorf("the report is asked for by value: %+v", req)
	}
}

// TestSweepFailsFast: after the first failure no other step is begun, and what became of
// each is recorded. One step at a time makes it certain which is the first.
func TestSweepFailsFast(t *testing.T) {
	env := environment(t)
	f := &fake{fail: "a/directions"}
	var acts *activities.Activities
	for i, name := range []string{"a", "b"} {
		env.OnActivity(acts.LoadTasks, mock.Anything, group(i)).Return(tasks(name), nil)
	}
	env.OnActivity(acts.RunStep, mock.Anything, mock.Anything).Return(f.run)
	var kept recorded
	env.OnActivity(acts.RecordSteps, mock.Anything, mock.Anything).Return(kept.keep)
	var last activities.SweepRecord
	env.OnActivity(acts.RecordSweep, mock.Anything, mock.Anything).Return(func(_ context.Context, r activities.SweepRecord) error {
		last = r
		return nil
	})
	env.ExecuteWorkflow(workflows.Sweep, activities.SweepInput{Sweep: "s", Experiments: []string{"a", "b"}, FailFast: true, Concurrency: 1})
	if err := env.GetWorkflowError(); err == nil {
		t.Error("a sweep told to fail fast ended without an error")
	}
	if fmt.Sprint(f.order) != "[a/train a/directions]" {
		t.Errorf("began %v, and should have stopped after a/directions", f.order)
	}
	var states []string
	for _, s := range tasks("a") {
		states = append(states, s.ID+" "+kept.steps[s.ID].State)
	}
	if got := fmt.Sprint(states); last.State != artifacts.StateFailed || len(kept.steps) != 4 || got != "[a/train ran a/directions failed a/surface not run a/contour not run]" {
		t.Errorf("recorded as %s: %s", last.State, got)
	}
}

// TestConcurrency: no more steps that compute are under way than allowed, and as
// many as are allowed and can be shared out. Pictures don't count.
func TestConcurrency(t *testing.T) {
	for _, test := range []struct{ experiments, limit, want int }{{3, 1, 1}, {3, 2, 2}, {3, 3, 3}, {3, 5, 3}, {3, 7, 6}, {1, 4, 4}, {20, 18, 16}} {
		t.Run(fmt.Sprintf("%d experiments, at most %d", test.experiments, test.limit), func(t *testing.T) {
			env := environment(t)
			var acts *activities.Activities
			in := activities.SweepInput{Sweep: "s", Concurrency: test.limit}
			for i := range test.experiments {
				name := fmt.Sprint(i)
				var e []activities.Task
				for j := range 5 {
					e = append(e, activities.Task{ID: fmt.Sprint(name, "/", j), Kind: pipelines.KindTrain})
				}
				e = append(e, activities.Task{ID: name + "/picture", Kind: pipelines.KindRender})
				in.Experiments = append(in.Experiments, name)
				env.OnActivity(acts.LoadTasks, mock.Anything, group(i)).Return(e, nil)
			}
			env.OnActivity(acts.LoadTasks, mock.Anything, group(test.experiments)).Return([]activities.Task(nil), nil)
			env.OnActivity(acts.RecordSweep, mock.Anything, mock.Anything).Return(nil)
			env.OnActivity(acts.RecordSteps, mock.Anything, mock.Anything).Return(nil)
			var busy, most atomic.Int32
			env.OnActivity(acts.RunStep, mock.Anything, mock.Anything).Return(func(_ context.Context, req activities.StepRequest) (activities.StepResult, error) {
				if req.Kind == pipelines.KindTrain {
					n := busy.Add(1)
					defer busy.Add(-1)
					for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
					}
					time.Sleep(20 * time.Millisecond)
				}
				return activities.StepResult{}, nil
			})
			env.ExecuteWorkflow(workflows.Sweep, in)
			var got workflows.SweepResult
			if err := env.GetWorkflowResult(&got); err != nil {
				t.Fatal(err)
			}
			if got.Ran != 6*test.experiments || int(most.Load()) != test.want {
				t.Errorf("%d steps ran, %d at a time; want %d, %d at a time", got.Ran, most.Load(), 6*test.experiments, test.want)
			}
		})
	}
}

// TestFirstExperimentIsDrawnFirst: the experiments after the first one begin when that has its surface, and when it fails.
func TestFirstExperimentIsDrawnFirst(t *testing.T) {
	for name, test := range map[string]struct{ first, fail, last, next string }{
		"drawn":           {"a", "", "a/surface", "b/train"},
		"one is cached":   {"b", "", "b/surface", "c/train"},
		"training failed": {"a", "a/train", "a/train", "b/train"},
	} {
		t.Run(name, func(t *testing.T) {
			env := environment(t)
			f := &fake{fail: test.fail}
			var acts *activities.Activities
			in := activities.SweepInput{Sweep: "s", First: test.first, Hold: true}
			for i, e := range []string{"a", "b", "c"} {
				in.Experiments = append(in.Experiments, e)
				env.OnActivity(acts.LoadTasks, mock.Anything, group(i)).Return(tasks(e), nil)
			}
			env.OnActivity(acts.LoadTasks, mock.Anything, group(3)).Return([]activities.Task(nil), nil)
			env.OnActivity(acts.RecordSweep, mock.Anything, mock.Anything).Return(nil)
			env.OnActivity(acts.RecordSteps, mock.Anything, mock.Anything).Return(nil)
			env.OnActivity(acts.RunStep, mock.Anything, mock.Anything).Return(f.run)
			env.ExecuteWorkflow(workflows.Sweep, in)
			if err := env.GetWorkflowError(); err != nil {
				t.Fatal(err)
			}
			last, next := slices.Index(f.order, test.last), slices.Index(f.order, test.next)
			if last < 0 || next < last || !slices.Contains(f.order, "c/surface") {
				t.Errorf("the steps began in the order %v", f.order)
			}
		})
	}
}

// surfaceInput is a surface step; the chunks are cut by the mocked plan.
var surfaceInput = activities.StepInput{Label: "surface", Kind: pipelines.KindSurface, Queue: activities.QueueCPU}

// TestSurfaceEvaluatesMissingChunks resumes a surface of which two chunks are
// stored, and evaluates again one that vanishes before assembly. It counts points.
func TestSurfaceEvaluatesMissingChunks(t *testing.T) {
	env := environment(t)
	var acts *activities.Activities
	var evaluated []int
	plans := []runner.Plan{{Chunks: 40, Missing: seq(2, 40), Points: 400, Done: 20}, {Chunks: 40, Missing: []int{7}, Points: 400, Done: 390}}
	env.OnActivity(acts.PlanStep, mock.Anything, mock.Anything).Return(func(context.Context, activities.StepInput) (runner.Plan, error) {
		p := plans[0]
		plans = plans[1:]
		return p, nil
	})
	env.OnActivity(acts.RunChunk, mock.Anything, mock.Anything, mock.Anything).Return(func(_ context.Context, _ activities.StepInput, i int) (activities.ChunkResult, error) {
		evaluated = append(evaluated, i)
		return activities.ChunkResult{Spent: artifacts.Spent{Seconds: 2}, Points: 10}, nil
	})
	assembled := 0
	env.OnActivity(acts.MakeStep, mock.Anything, mock.Anything, mock.Anything).Return(func(_ context.Context, in activities.StepInput, spent artifacts.Spent) (activities.StepResult, error) {
		if assembled++; assembled == 1 {
			return activities.StepResult{}, temporal.NewNonRetryableApplicationError("chunk 7 is not in the store", runner.ErrorChunkLost, nil)
		}
		return activities.StepResult{Seconds: spent.Seconds}, nil
	})
	env.RegisterDelayedCallback(func() { env.SignalWorkflow(activities.SignalJoin, "w") }, 0)
	env.ExecuteWorkflow(workflows.Step, surfaceInput)
	var got activities.StepResult
	if err := env.GetWorkflowResult(&got); err != nil {
		t.Fatal(err)
	}
	if len(evaluated) != 39 || evaluated[38] != 7 || got.Seconds != 78 {
		t.Errorf("evaluated %v in %v s", evaluated, got.Seconds)
	}
	var progress runner.Progress
	answer, err := env.QueryWorkflow(workflows.QueryProgress)
	if err == nil {
		err = answer.Get(&progress)
	}
	if err != nil || progress != (runner.Progress{Done: 400, Total: 400, Unit: "point"}) {
		t.Errorf("at the end it says %+v, %v", progress, err)
	}
}

// TestRounds plans again after each round of a step whose chunks follow from each other, and goes back to
// planning where a round's part is lost.
func TestRounds(t *testing.T) {
	env := environment(t)
	var acts *activities.Activities
	plans := []runner.Plan{
		{Chunks: 2, Missing: []int{0, 1}, Points: 20, More: true},
		{Chunks: 3, Missing: []int{2}, Points: 25, Done: 20, More: true}, // chunk 2 finds its round lost
		{Chunks: 3, Missing: []int{2}, Points: 25, Done: 20, More: true},
		{Chunks: 3, Points: 25, Done: 25},
	}
	planned, lost := 0, false
	env.OnActivity(acts.PlanStep, mock.Anything, mock.Anything).Return(func(context.Context, activities.StepInput) (runner.Plan, error) {
		planned++
		return plans[planned-1], nil
	})
	var evaluated []int
	env.OnActivity(acts.RunChunk, mock.Anything, mock.Anything, mock.Anything).Return(func(_ context.Context, _ activities.StepInput, i int) (activities.ChunkResult, error) {
		if i == 2 && !lost {
			lost = true
			return activities.ChunkResult{}, temporal.NewNonRetryableApplicationError("the round of chunk 2 is not in the store", runner.ErrorChunkLost, nil)
		}
		evaluated = append(evaluated, i)
		return activities.ChunkResult{Spent: artifacts.Spent{Seconds: 1}, Points: 10}, nil
	})
	env.OnActivity(acts.MakeStep, mock.Anything, mock.Anything, mock.Anything).Return(func(_ context.Context, _ activities.StepInput, spent artifacts.Spent) (activities.StepResult, error) {
		return activities.StepResult{Seconds: spent.Seconds}, nil
	})
	env.RegisterDelayedCallback(func() { env.SignalWorkflow(activities.SignalJoin, "w") }, 0)
	env.ExecuteWorkflow(workflows.Step, surfaceInput)
	var got activities.StepResult
	if err := env.GetWorkflowResult(&got); err != nil {
		t.Fatal(err)
	}
	slices.Sort(evaluated)
	if planned != len(plans) || !slices.Equal(evaluated, []int{0, 1, 2}) || got.Seconds != 3 {
		t.Errorf("%d plans, chunks %v in %v s", planned, evaluated, got.Seconds)
	}
}

// TestStepStopsWhenNobodyWaits: one of two waiters leaving changes nothing, the
// last one leaving cancels the work.
func TestStepStopsWhenNobodyWaits(t *testing.T) {
	for _, test := range []struct {
		name      string
		leave     []string
		abandoned bool
	}{
		{"one of two leaves", []string{"a"}, false},
		{"both leave", []string{"a", "b"}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			env := environment(t)
			var acts *activities.Activities
			env.OnActivity(acts.MakeStep, mock.Anything, mock.Anything, mock.Anything).After(time.Hour).Return(activities.StepResult{Seconds: 1}, nil)
			for _, w := range []string{"a", "b"} {
				env.RegisterDelayedCallback(func() { env.SignalWorkflow(activities.SignalJoin, w) }, 0)
			}
			for _, w := range test.leave {
				env.RegisterDelayedCallback(func() { env.SignalWorkflow(activities.SignalLeave, w) }, time.Minute)
			}
			env.ExecuteWorkflow(workflows.Step, activities.StepInput{Label: "train", Kind: pipelines.KindTrain, Queue: activities.QueueCPU})
			var app *temporal.ApplicationError
			err := env.GetWorkflowError()
			if test.abandoned != (asApplication(err, &app) && app.Type() == activities.ErrorAbandoned) {
				t.Errorf("the step ended with %v", err)
			}
		})
	}
}

func TestUnknownKindIsRefused(t *testing.T) {
	env := environment(t)
	env.ExecuteWorkflow(workflows.Step, activities.StepInput{Label: "x", Kind: "x"})
	if err := env.GetWorkflowError(); err == nil {
		t.Error("a step of an unknown kind ended without an error")
	}
}
