package workflows_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/mock"

	"lossatlas/activities"
	"lossatlas/artifacts"
	"lossatlas/workflows"
)

// TestDivergedTrainingBlocksItsMaps: a training that is done without weights is
// asked for once, and what needs them is blocked, saying why.
func TestDivergedTrainingBlocksItsMaps(t *testing.T) {
	env := environment(t)
	asked := 0
	var acts *activities.Activities
	env.OnActivity(acts.LoadTasks, mock.Anything, group(0)).Return(tasks("a"), nil)
	var kept recorded
	env.OnActivity(acts.RecordSteps, mock.Anything, mock.Anything).Return(kept.keep)
	env.OnActivity(acts.RunStep, mock.Anything, mock.Anything).Return(func(_ context.Context, req activities.StepRequest) (activities.StepResult, error) {
		asked++
		return activities.StepResult{Outputs: map[string]artifacts.Blob{"log": {Size: 1}}}, nil
	})
	env.ExecuteWorkflow(workflows.Experiment, activities.ExperimentInput{Sweep: "s"})
	var got workflows.SweepResult
	if err := env.GetWorkflowResult(&got); err != nil {
		t.Fatal(err)
	}
	if asked != 1 {
		t.Errorf("%d steps were asked for, want the training alone", asked)
	}
	want := map[string]string{"a/train": "", "a/directions": "a/train produced no weights", "a/surface": "a/train produced no weights", "a/contour": "a/train produced no weights"}
	for _, s := range kept.steps {
		state := artifacts.StateNotRun
		if s.ID == "a/train" {
			state = artifacts.StateRan
		}
		if s.State != state || s.Error != want[s.ID] {
			t.Errorf("%s: %s, %q; want %s, %q", s.ID, s.State, s.Error, state, want[s.ID])
		}
	}
}
