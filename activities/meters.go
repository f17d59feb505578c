package activities

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.temporal.io/sdk/temporal"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// What operators see of the work. Without a program that shows metrics nothing is counted.
var (
	stepsEnded      = counter("lossatlas.steps", "{step}", "Steps that ended, by kind and outcome: cached, ran, failed, interrupted, not run.")
	pointsEvaluated = counter("lossatlas.points", "{point}", "Points of maps that were evaluated, by the kind of map.")
	imagesProcessed = counter("lossatlas.images", "{image}", "Images that trainings and the points of lines and surfaces took, by purpose: train, evaluate.")
)

func counter(name, unit, what string) metric.Int64Counter {
	c, err := otel.Meter("lossatlas").Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(what))
	if err != nil {
		panic(err) // of the name
	}
	return c
}

// countStep counts a step that a sweep asked for, once its outcome is final: an error that is tried again is none.
func countStep(ctx context.Context, kind pipelines.Kind, result StepResult, err error) {
	outcome := artifacts.StateRan
	var app *temporal.ApplicationError
	stopped, ok := Stopped(err)
	switch {
	case err == nil && result.Cached:
		outcome = artifacts.StateCached
	case ok:
		outcome = stopped
	case hasType(err, ErrorBlocked):
		outcome = artifacts.StateNotRun
	case errors.As(err, &app) && app.NonRetryable():
		outcome = artifacts.StateFailed
	case err != nil:
		return
	}
	stepsEnded.Add(ctx, 1, metric.WithAttributes(attribute.String("kind", string(kind)), attribute.String("outcome", outcome)))
}

// countPoint counts a point of a map, and the images that its loss is the mean over: of a Hessian map each many times, which is not counted.
func countPoint(ctx context.Context, in StepInput, d pipelines.MapData) {
	pointsEvaluated.Add(ctx, 1, metric.WithAttributes(attribute.String("kind", in.Recipe.Kind)))
	if pipelines.Kind(in.Recipe.Kind) != pipelines.KindHessian {
		countImages(ctx, "evaluate", d.To-d.From)
	}
}

func countImages(ctx context.Context, purpose string, images int) {
	imagesProcessed.Add(ctx, int64(images), metric.WithAttributes(attribute.String("purpose", purpose)))
}
