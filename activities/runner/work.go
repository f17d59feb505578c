package runner

import (
	"context"
	"errors"
	"time"

	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"lossatlas/artifacts"
)

// What the log says of every portion of work, at level debug. A portion that
// begins a second time is work that a crash has cost.
const (
	LogBegins = "work begins"
	LogStored = "work stored"
)

// portion is work that is stored as a whole: an epoch of a training, a chunk of
// a map, a point of a Hessian map.
type portion struct {
	r   *Run
	log zerolog.Logger
}

// begin notes that a portion begins to be computed; everything it needs is there.
func (r *Run) begin(unit string, number int) portion {
	w := portion{r, r.Log.With().Str("unit", unit).Int("number", number).Logger()}
	w.log.Debug().Msg(LogBegins)
	return w
}

// store keeps the finished portion as a part of the step.
func (w portion) store(ctx context.Context, part string, data []byte) error {
	if err := w.r.keep(ctx, part, data); err != nil {
		return err
	}
	w.log.Debug().Msg(LogStored)
	return nil
}

// keep stores a part of the step.
func (r *Run) keep(ctx context.Context, part string, data []byte) error {
	return r.patiently(ctx, func() error { return r.Store.PutPart(ctx, r.Key, part, data) })
}

// How often a store that does not answer, or is full, is asked again.
const (
	firstPatience = time.Second
	mostPatience  = 30 * time.Second
)

// patiently repeats a put as long as the store does not answer or is full, so
// that the result is not lost. The heartbeat and the log name the cause.
func (r *Run) patiently(ctx context.Context, put func() error) error {
	for pause := firstPatience; ; pause = min(2*pause, mostPatience) {
		err := put()
		if err == nil || !errors.Is(err, artifacts.ErrUnreachable) && !errors.Is(err, artifacts.ErrNoSpace) {
			return err
		}
		r.Pulse.Note("waits to store its result: " + err.Error())
		r.Log.Warn().Err(err).Msg("a computed result waits for the store")
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

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
