package objects

import (
	"context"
	"io"

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

type metered struct{ Bucket }

var _ Bucket = metered{}

// Metered is the bucket, with the bytes counted that are written to it and read from it.
func Metered(b Bucket) Bucket { return metered{b} }

// Put implements [Bucket].
func (m metered) Put(ctx context.Context, name string, body []byte, digest [32]byte, when Condition) error {
	err := m.Bucket.Put(ctx, name, body, digest, when)
	if err == nil {
		transferred.Add(ctx, int64(len(body)), bytesWritten)
	}
	return err
}

// Get implements [Bucket].
func (m metered) Get(ctx context.Context, name string) (io.ReadCloser, Info, error) {
	body, info, err := m.Bucket.Get(ctx, name)
	if err == nil {
		transferred.Add(ctx, info.Size, bytesRead)
	}
	return body, info, err
}
