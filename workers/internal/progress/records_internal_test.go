package progress

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/mock"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/mocks"

	"lossatlas/activities"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/embedded/s3"
)

// TestRecordsSpareHistories: of an experiment that has recorded its steps, Temporal is asked nothing.
func TestRecordsSpareHistories(t *testing.T) {
	srv, err := s3.Start(t.Context(), s3.Options{Dir: filepath.Join(t.TempDir(), "objects"), Addr: "127.0.0.1:0", AccessKey: "tester", SecretKey: "secretsecret"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Stop() })
	store, err := artifacts.Open(t.Context(), artifacts.Config{Endpoint: srv.Addr(), AccessKey: "tester", SecretKey: "secretsecret", Bucket: "lossatlas", Region: "us-east-1"}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	step := func(id string) pipelines.Step { return pipelines.Step{ID: id, Kind: pipelines.KindTrain} }
	g := &pipelines.Graph{Sweep: "s", Experiments: []pipelines.Experiment{{Name: "a", Steps: []pipelines.Step{step("a/train")}}, {Name: "b", Steps: []pipelines.Step{step("b/train")}}}}
	record, err := json.Marshal([]activities.StepStatus{{ID: "a/train", Kind: "train", State: artifacts.StateRan, Made: activities.StepResult{Seconds: 3}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.PutPart(t.Context(), activities.RunKey("run"), "steps-00000", record); err != nil {
		t.Fatal(err)
	}
	c := mocks.NewClient(t)
	c.On("DescribeWorkflowExecution", mock.Anything, "sweep-s/b", "").Return(nil, serviceerror.NewNotFound("not begun")).Twice()
	p := NewPoller(c, store, plain.by, "", g, "sweep-s", "run")
	for range 2 {
		s, err := p.Poll(t.Context())
		if err != nil || s.Steps[0].State != artifacts.StateRan || s.Steps[0].Seconds != 3 || s.Steps[1].State != artifacts.StateWaiting {
			t.Errorf("%+v, %v", s.Steps, err)
		}
	}
}
