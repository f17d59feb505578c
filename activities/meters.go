package activities

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.temporal.io/sdk/temporal"

	"lossatlas/activities/runner"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

var stepsEnded = runner.Counter("lossatlas.steps", "{step}", "Steps that ended, by kind and outcome: cached, ran, failed, interrupted, not run.")

// countStep counts a step that a sweep asked for and that has ended.
func countStep(ctx context.Context, kind pipelines.Kind, state string) {
	stepsEnded.Add(ctx, 1, metric.WithAttributes(attribute.String("kind", string(kind)), attribute.String("outcome", state)))
}

// Outcome is the state of a step after RunStep, and the error for people. over is false for an error that is tried again.
func Outcome(result StepResult, err error) (state, why string, over bool) {
	var app *temporal.ApplicationError
	isApp := errors.As(err, &app)
	stopped, ok := stoppedState(err)
	switch {
	case err == nil && result.Cached:
		return artifacts.StateCached, "", true
	case err == nil:
		return artifacts.StateRan, "", true
	case ok:
		return stopped, "", true
	case isApp && app.Type() == ErrorBlocked:
		return artifacts.StateNotRun, app.Message(), true
	case isApp:
		return artifacts.StateFailed, app.Message(), app.NonRetryable()
	}
	return artifacts.StateFailed, err.Error(), false
}
