package activities

import (
	"context"
	"errors"
	"time"

	"github.com/rs/zerolog"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"lossatlas/artifacts"
)

// What the log says of every portion of work, at level debug. A portion that
// begins a second time is what a crash has cost.
const (
	LogBegins = "work begins"
	LogStored = "work stored"
)

// portion is work that is stored as a whole: an epoch of a training, a chunk of
// a map, a point of a Hessian map.
type portion struct {
	a     *Activities
	in    StepInput
	pulse *pulse
	log   zerolog.Logger
}

// log is the program's log with the IDs by which an activity's step, and what asked for it, are found in Temporal.
func (a *Activities) log(ctx context.Context, in StepInput) *zerolog.Logger {
	run := activity.GetInfo(ctx).WorkflowExecution
	l := a.Log.With().Str("step", in.Label).Str("key", in.Key.String()).Str("workflow", run.ID).Str("run", run.RunID).Logger()
	return &l
}

// begin notes that a portion begins to be computed; everything it needs is there.
func (a *Activities) begin(in StepInput, p *pulse, unit string, number int) portion {
	w := portion{a, in, p, a.log(p.activity, in).With().Str("unit", unit).Int("number", number).Logger()}
	w.log.Debug().Msg(LogBegins)
	return w
}

// store keeps the finished portion as a part of the step.
func (w portion) store(ctx context.Context, part string, data []byte) error {
	err := w.pulse.patiently(ctx, w.log, func() error { return w.a.Store.PutPart(ctx, w.in.Key, part, data) })
	if err != nil {
		return err
	}
	w.log.Debug().Msg(LogStored)
	return nil
}

// How often a store that does not answer, or is full, is asked again.
const (
	firstPatience = time.Second
	mostPatience  = 30 * time.Second
)

// patiently repeats a put as long as the store does not answer or is full, so
// that what was computed is not lost. The heartbeat and the log say what is waited for.
func (p *pulse) patiently(ctx context.Context, log zerolog.Logger, put func() error) error {
	for pause := firstPatience; ; pause = min(2*pause, mostPatience) {
		err := put()
		if err == nil || !passing(err) {
			return err
		}
		p.note("waits to store what it computed: " + err.Error())
		log.Warn().Err(err).Msg("what was computed waits for the store")
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// passing says that a put may succeed later, without anything being changed here.
func passing(err error) bool {
	return errors.Is(err, artifacts.ErrUnreachable) || errors.Is(err, artifacts.ErrNoSpace)
}

// putAll is putAll of activities that have computed for long.
func (p *pulse) putAll(ctx context.Context, a *Activities, files map[string][]byte) (outputs map[string]artifacts.Blob, err error) {
	err = p.patiently(ctx, a.Log, func() error {
		outputs, err = a.putAll(ctx, files)
		return err
	})
	return outputs, err
}

// errorStopped is the type of the error of an activity whose worker stops.
const errorStopped = "WorkerStopped"

// stopped is an error when the activity's worker is about to stop: what the activity has stored is then
// handed on, to another worker or to the next start of this one. Nil while there is no such thing.
func stopped(ctx context.Context) error {
	select {
	case <-activity.GetWorkerStopChannel(ctx):
		return temporal.NewApplicationErrorWithOptions("its worker stops; another goes on", errorStopped, temporal.ApplicationErrorOptions{
			NextRetryDelay: time.Millisecond, Category: temporal.ApplicationErrorCategoryBenign,
		})
	default:
		return nil
	}
}
