package artifacts

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// transferred counts the bytes of objects, by their direction. Without a program that shows metrics it counts nothing.
var transferred = func() metric.Int64Counter {
	c, err := otel.Meter("lossatlas").Int64Counter("lossatlas.store", metric.WithUnit("By"), metric.WithDescription("Bytes of objects that went to the store and came from it."))
	if err != nil {
		panic(err) // of the name
	}
	return c
}()

var (
	bytesWritten = metric.WithAttributes(attribute.String("direction", "written"))
	bytesRead    = metric.WithAttributes(attribute.String("direction", "read"))
)

func countBytes(ctx context.Context, n int64, direction metric.MeasurementOption) {
	transferred.Add(ctx, n, direction)
}
