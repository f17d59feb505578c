package workflows_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/mock"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"

	"lossatlas/activities"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile"
	"lossatlas/workflows"
)

// scale measures the payloads that go through Temporal.
type scale struct {
	converter.DataConverter
	mu      sync.Mutex
	largest int
	sum     int
}

func (s *scale) note(p *commonpb.Payloads) *commonpb.Payloads {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, one := range p.GetPayloads() {
		n += len(one.GetData())
	}
	s.largest, s.sum = max(s.largest, n), s.sum+n
	return p
}

func (s *scale) ToPayloads(values ...any) (*commonpb.Payloads, error) {
	p, err := s.DataConverter.ToPayloads(values...)
	return s.note(p), err
}

// manyExperiments is a sweep of n experiments of 17 steps each.
func manyExperiments(t *testing.T, n int) *pipelines.Graph {
	t.Helper()
	seeds := make([]string, n)
	for i := range seeds {
		seeds[i] = fmt.Sprint(i)
	}
	text := `name: many
dataset: {name: shapes10, train: 384, test: 128}
train: {net: small, epochs: 3, checkpoints: 1}
sweep: {train.seed: [` + strings.Join(seeds, ", ") + `]}
maps:
  - {kind: line, points: 9, splits: [train, test]}
  - {kind: surface, resolution: 9}
  - {kind: hessian, resolution: 9}
  - {kind: trajectory, resolution: 5}
figures: [{kind: multiples, plot: contour}]
plots: [line, contour, filled, ratio, trajectory, training]
`
	sweep, err := sweepfile.Parse("many.yaml", []byte(text), sweepfile.Catalog{}, "")
	if err != nil {
		t.Fatal(err)
	}
	g, err := sweep.Expand(artifacts.Of(nil).String())
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestPayloadsStaySmall runs a sweep of 500 experiments of 17 steps: what goes through
// Temporal at a time stays far below the 2 MiB that it takes.
func TestPayloadsStaySmall(t *testing.T) {
	g := manyExperiments(t, 500)
	env := environment(t)
	sizes := &scale{DataConverter: converter.GetDefaultDataConverter()}
	env.SetDataConverter(sizes)
	var acts *activities.Activities
	in := activities.SweepInput{Sweep: "many", Graph: artifacts.Of([]byte("graph"))}
	for _, e := range g.Experiments {
		in.Experiments = append(in.Experiments, e.Name)
	}
	env.OnActivity(acts.LoadTasks, mock.Anything, mock.Anything).Return(
		func(_ context.Context, in activities.ExperimentInput) ([]activities.Task, error) {
			if in.Group == len(g.Experiments) {
				return activities.Tasks(g.Final, nil), nil
			}
			return activities.Tasks(g.Experiments[in.Group].Steps, nil), nil
		})
	wanted := map[string][]string{}
	for _, p := range g.All() {
		for _, ref := range p.Step.Inputs {
			wanted[ref.Step] = append(wanted[ref.Step], ref.Output)
		}
	}
	env.OnActivity(acts.RunStep, mock.Anything, mock.Anything).Return(func(_ context.Context, req activities.StepRequest) (activities.StepResult, error) {
		return made(req.Step, wanted[req.Step]), nil
	})
	env.OnActivity(acts.RecordSweep, mock.Anything, mock.Anything).Return(nil)
	var kept recorded
	env.OnActivity(acts.RecordSteps, mock.Anything, mock.Anything).Return(kept.keep)
	env.ExecuteWorkflow(workflows.Sweep, in)
	var got workflows.SweepResult
	if err := env.GetWorkflowResult(&got); err != nil {
		t.Fatal(err)
	}
	steps := len(g.All())
	if got.Ran != steps || len(kept.steps) != steps {
		t.Errorf("of %d steps %d ran and %d are recorded", steps, got.Ran, len(kept.steps))
	}
	t.Logf("%d steps: the largest payload has %d bytes, all together %d", steps, sizes.largest, sizes.sum)
	if sizes.largest > 64<<10 {
		t.Errorf("a payload of %d bytes goes through Temporal", sizes.largest)
	}
}
