package activities

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"lossatlas/pipelines"
)

// What operators see of the work. Without a program that shows metrics nothing is counted.
var (
	stepsEnded      = counter("lossatlas.steps", "{step}", "Steps that ended, by kind and outcome: cached, ran, failed, cancelled.")
	pointsEvaluated = counter("lossatlas.points", "{point}", "Points of maps that were evaluated, by the kind of map.")
	imagesProcessed = counter("lossatlas.images", "{image}", "Images that went through networks, by purpose: train, evaluate.")
)

func counter(name, unit, what string) metric.Int64Counter {
	c, err := otel.Meter("lossatlas").Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(what))
	if err != nil {
		panic(err) // of the name
	}
	return c
}

func countStep(ctx context.Context, kind pipelines.Kind, outcome string) {
	stepsEnded.Add(ctx, 1, metric.WithAttributes(attribute.String("kind", string(kind)), attribute.String("outcome", outcome)))
}

func countPoints(ctx context.Context, kind string, points, images int) {
	pointsEvaluated.Add(ctx, int64(points), metric.WithAttributes(attribute.String("kind", kind)))
	countImages(ctx, "evaluate", points*images)
}

func countImages(ctx context.Context, purpose string, images int) {
	imagesProcessed.Add(ctx, int64(images), metric.WithAttributes(attribute.String("purpose", purpose)))
}
