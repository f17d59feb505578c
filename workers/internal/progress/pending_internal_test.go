package progress

import (
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/failure/v1"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/mocks"
	"google.golang.org/protobuf/types/known/timestamppb"

	"lossatlas/activities"
	"lossatlas/activities/runner"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/codec"
)

// plain reads payloads that are not encrypted.
var plain = (&codec.Codec{}).Converters(nil)

// TestLostWorker: a step whose worker is lost is not said to do what the worker did last, and how far it was holds.
func TestLostWorker(t *testing.T) {
	note, err := plain.Data.ToPayloads(runner.Progress{Done: 1, Total: 4, Note: "compiling"})
	if err != nil {
		t.Fatal(err)
	}
	timeout := &failure.Failure{Message: "activity Heartbeat timeout", FailureInfo: &failure.Failure_TimeoutFailureInfo{
		TimeoutFailureInfo: &failure.TimeoutFailureInfo{TimeoutType: enumspb.TIMEOUT_TYPE_HEARTBEAT}}}
	for name, c := range map[string]struct {
		pending     *workflow.PendingActivityInfo
		note, retry string
	}{
		"at work":  {&workflow.PendingActivityInfo{LastStartedTime: timestamppb.Now()}, "compiling", ""},
		"quiet":    {&workflow.PendingActivityInfo{LastStartedTime: timestamppb.New(time.Now().Add(-15 * time.Second))}, "", "its worker was last heard of 15 s ago"},
		"given up": {&workflow.PendingActivityInfo{LastStartedTime: timestamppb.Now(), LastFailure: timeout}, "compiling", "its worker was lost"},
	} {
		c.pending.State, c.pending.HeartbeatDetails = enumspb.PENDING_ACTIVITY_STATE_STARTED, note
		client := mocks.NewClient(t)
		client.On("DescribeWorkflowExecution", mock.Anything, mock.Anything, "").Return(&workflowservice.DescribeWorkflowExecutionResponse{
			WorkflowExecutionInfo: &workflow.WorkflowExecutionInfo{Status: enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING},
			PendingActivities:     []*workflow.PendingActivityInfo{c.pending},
		}, nil)
		p := NewPoller(client, nil, plain, "", &pipelines.Graph{}, "sweep-s", "run")
		out := Step{State: artifacts.StateRunning}
		p.look(t.Context(), activities.StepStatus{ID: "e/train", Kind: pipelines.KindTrain, Workflow: "train-x"}, &out)
		if out.Note != c.note || out.Retry != c.retry || out.Fraction != 0.25 {
			t.Errorf("%s: %q, after %q, at %g; want %q, after %q, at 0.25", name, out.Note, out.Retry, out.Fraction, c.note, c.retry)
		}
	}
}
