package runner

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// What operators see of the work. Without a program that shows metrics nothing is counted.
var (
	pointsEvaluated = Counter("lossatlas.points", "{point}", "Points of maps that were evaluated, by the kind of map.")
	imagesProcessed = Counter("lossatlas.images", "{image}", "Images that trainings and the points of lines and surfaces took, by purpose: train, evaluate.")
)

// Counter is a counter of the program, by OpenTelemetry's rules for names and units.
func Counter(name, unit, what string) metric.Int64Counter {
	c, err := otel.Meter("lossatlas").Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(what))
	if err != nil {
		panic(err) // of the name
	}
	return c
}

// countPoint counts a point of a map, and the images that its loss is the mean over: 0 for a point of a
// Hessian map, which takes each many times.
func (r *Run) countPoint(ctx context.Context, images int) {
	pointsEvaluated.Add(ctx, 1, metric.WithAttributes(attribute.String("kind", r.Recipe.Kind)))
	if images > 0 {
		countImages(ctx, "evaluate", images)
	}
}

func countImages(ctx context.Context, purpose string, images int) {
	imagesProcessed.Add(ctx, int64(images), metric.WithAttributes(attribute.String("purpose", purpose)))
}
