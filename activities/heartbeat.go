package activities

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"lossatlas/activities/runner"
)

// BeatEvery is how often a running activity says that it is alive. A cancellation
// comes back with that, so that this is also how soon an interrupted sweep lets go.
const BeatEvery = 2 * time.Second

// hungAfter is how long work may go without progress before it counts as
// hung: longer than any one executable takes to compile or to run.
const hungAfter = 30 * time.Minute

// pulse is the heartbeat of one activity. It beats by the clock, so that a
// dead worker is noticed within seconds although one call of an executable may
// take minutes; and it stops when the work has shown no progress for
// hungAfter, so that a hung loop is noticed, too.
type pulse struct {
	activity context.Context // of the activity: a heartbeat on an ended context would cancel it
	ctx      context.Context // ends with the pulse
	stop     context.CancelFunc
	stopped  sync.WaitGroup

	mu   sync.Mutex
	last runner.Progress
	at   time.Time // of the last progress
	hung bool
}

var hung atomic.Int32

// Hung is how many activities of this process have shown no progress for half an hour. Temporal has given their work
// to others by then, but they still hold their place here.
func Hung() int { return int(hung.Load()) }

// startPulse begins to beat; end it by end.
func startPulse(ctx context.Context) *pulse {
	p := &pulse{activity: ctx, at: time.Now()}
	p.ctx, p.stop = context.WithCancel(ctx)
	p.stopped.Go(func() {
		tick := time.NewTicker(BeatEvery)
		defer tick.Stop()
		for p.beat() {
			select {
			case <-p.ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
	return p
}

// beat sends a heartbeat; false says that the work counts as hung.
func (p *pulse) beat() bool {
	p.mu.Lock()
	last, quiet := p.last, time.Since(p.at)
	p.mu.Unlock()
	if quiet > hungAfter {
		p.hung = true
		hung.Add(1)
		return false
	}
	activity.RecordHeartbeat(p.activity, last)
	return true
}

// Progress notes that the work has come further.
func (p *pulse) Progress(now runner.Progress) {
	p.mu.Lock()
	p.last, p.at = now, time.Now()
	p.mu.Unlock()
}

// Note describes the current work and keeps the progress.
func (p *pulse) Note(text string) {
	p.mu.Lock()
	p.last.Note, p.at = text, time.Now()
	p.mu.Unlock()
}

func (p *pulse) end() {
	p.stop()
	p.stopped.Wait()
	if p.hung {
		hung.Add(-1)
	}
}

// Stopped is an error when the activity's worker is about to stop: what the activity has stored is then
// handed on, to another worker or to the next start of this one.
func (p *pulse) Stopped() error { return errStopped(p.activity) }

// errorStopped is the type of the error of an activity whose worker stops.
const errorStopped = "WorkerStopped"

// errStopped is an error when the activity's worker is about to stop, nil before.
func errStopped(ctx context.Context) error {
	select {
	case <-activity.GetWorkerStopChannel(ctx):
		return temporal.NewApplicationErrorWithOptions("its worker stops; another one resumes it", errorStopped, temporal.ApplicationErrorOptions{
			NextRetryDelay: time.Millisecond, Category: temporal.ApplicationErrorCategoryBenign,
		})
	default:
		return nil
	}
}
