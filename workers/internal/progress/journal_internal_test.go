package progress

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/mock"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/mocks"
	"google.golang.org/grpc"

	"lossatlas/activities"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// TestPoller: the journal tells what became of each step; what will not run, and what could run and does not, follow from it.
func TestPoller(t *testing.T) {
	store := artifacts.InMemory(zerolog.Nop())
	note := func(entry string, statuses ...activities.StepStatus) {
		t.Helper()
		b, err := json.Marshal(statuses)
		if err == nil {
			err = store.PutPart(t.Context(), activities.RunKey("run"), entry, b)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	step := func(id string, needs ...string) pipelines.Step {
		s := pipelines.Step{ID: id, Kind: pipelines.KindTrain, Inputs: map[string]pipelines.Ref{}}
		for _, from := range needs {
			s.Inputs[from] = pipelines.Ref{Step: from, Output: "weights"}
		}
		return s
	}
	g := &pipelines.Graph{Sweep: "s",
		Experiments: []pipelines.Experiment{
			{Name: "a", Steps: []pipelines.Step{step("a/train")}},
			{Name: "b", Steps: []pipelines.Step{step("b/train"), step("b/map", "b/train"), step("b/plot", "b/map")}},
			{Name: "c", Steps: []pipelines.Step{step("c/train"), step("c/map", "c/train"), step("c/next"), step("c/stopped"), step("c/after", "c/stopped")}},
			{Name: "d", Steps: []pipelines.Step{step("d/train")}},
		},
		Final: []pipelines.Step{step("between", "a/train", "b/train"), {ID: "report", Kind: pipelines.KindReport, Partial: true, Inputs: step("", "b/map").Inputs}},
	}
	weights := activities.StepResult{Seconds: 3, Outputs: map[string]artifacts.Blob{"weights": {Digest: artifacts.Of(nil)}}}
	note("steps-00000", activities.StepStatus{ID: "a/train", Kind: "train", State: artifacts.StateRan, Made: weights})
	note("found-00001")
	note("step-00001-00000", activities.StepStatus{ID: "b/train", Kind: "train", State: artifacts.StateFailed, Error: "no such file"})
	note("found-00002", activities.StepStatus{ID: "c/train", Kind: "train", State: artifacts.StateCached, Made: weights})
	note("step-00002-00001", activities.StepStatus{ID: "c/map", Kind: "line", State: artifacts.StateRunning, Workflow: "line-x", Queue: "cpu"})
	note("step-00002-00003", activities.StepStatus{ID: "c/stopped", Kind: "train", State: artifacts.StateInterrupted})

	c := mocks.NewClient(t)
	c.On("DescribeWorkflowExecution", mock.Anything, "sweep-s", "run").Return(&workflowservice.DescribeWorkflowExecutionResponse{}, nil)
	c.On("DescribeWorkflowExecution", mock.Anything, "line-x", "").Return(nil, serviceerror.NewNotFound("its worker was killed before it could start it"))
	service := &unserved{}
	c.On("WorkflowService").Return(service)
	p := NewPoller(c, store, plain, "", g, "sweep-s", "run")
	for range 2 {
		s, err := p.Poll(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []Step{
			{State: artifacts.StateRan, Seconds: 3},
			{State: artifacts.StateFailed, Error: "no such file"}, {State: artifacts.StateNotRun, Error: "b/train failed"}, {State: artifacts.StateNotRun, Error: "b/train failed"},
			{State: artifacts.StateCached, Seconds: 3}, {State: artifacts.StateWaiting, Ready: true}, {State: artifacts.StateWaiting, Ready: true}, {State: artifacts.StateInterrupted}, {State: artifacts.StateNotRun},
			{State: artifacts.StateWaiting},
			{State: artifacts.StateNotRun, Error: "b/train failed"}, {State: artifacts.StateWaiting},
		} {
			got := s.Steps[i]
			if got.State != want.State || got.Error != want.Error || got.Seconds != want.Seconds || got.Ready != want.Ready {
				t.Errorf("%s: %+v, want %+v", got.ID, got, want)
			}
		}
	}
	if known := p.Known(); known["b/map"].State != artifacts.StateNotRun || known["c/train"].Made.Outputs["weights"].Digest != artifacts.Of(nil) || known["d/train"].State != "" {
		t.Errorf("known are %+v", known)
	}
}

// unserved is a Temporal server without workers.
type unserved struct {
	workflowservice.WorkflowServiceClient
}

func (*unserved) ListWorkers(context.Context, *workflowservice.ListWorkersRequest, ...grpc.CallOption) (*workflowservice.ListWorkersResponse, error) {
	return &workflowservice.ListWorkersResponse{}, nil
}
