package activities

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/activity"
)

// Progress is the detail of a heartbeat: how far a long step has come.
type Progress struct {
	Done  int    `json:"done"`
	Total int    `json:"total"`
	Unit  string `json:"unit"` // "step", "point"
	Note  string `json:"note,omitempty"`
	// Points is how many points of a map all of it has, 0 for 1.
	Points int `json:"points,omitempty"`
}

// compiling is the note of work that has to compile a program, or to upload what it works on.
const compiling = "compiling"

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
	last Progress
	at   time.Time // of the last progress
	hung bool
}

var hung atomic.Int32

// Hung is how many activities of this process have shown no progress for half an hour. Temporal has given their work
// to others by then, but they still hold their place here.
func Hung() int { return int(hung.Load()) }

// begunPart is the part of a step that an activity stores as it begins to work, so that a step whose process is
// killed before it has stored a result of its own is known to have begun.
const begunPart = "begun"

// startPulse begins to beat, and marks the step as begun; end it by end.
func (a *Activities) startPulse(ctx context.Context, in StepInput, note string) *pulse {
	p := &pulse{activity: ctx, last: Progress{Note: note}, at: time.Now()}
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
	if err := a.Store.PutPart(ctx, in.Key, begunPart, nil); err != nil { // the mark is not worth the work
		a.log(ctx, in).Warn().Err(err).Msg("the step could not be marked as begun")
	}
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

// progress notes that the work has come further.
func (p *pulse) progress(now Progress) {
	p.mu.Lock()
	p.last, p.at = now, time.Now()
	p.mu.Unlock()
}

// note says what the work is at now, keeping how far it has come.
func (p *pulse) note(text string) {
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

// short is guard for an activity of some seconds that does not say how far it is:
// it beats meanwhile, so that it is noticed when its worker dies.
func short[T any](ctx context.Context, a *Activities, in StepInput, body func(StepInput) (T, error)) (T, error) {
	done := make(chan struct{})
	var stopped sync.WaitGroup
	stopped.Go(func() {
		tick := time.NewTicker(BeatEvery)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				activity.RecordHeartbeat(ctx)
			}
		}
	})
	defer stopped.Wait()
	defer close(done)
	return guard(ctx, a, in, body)
}

// panicked logs a panic with its stack and makes an error of it.
func panicked(ctx context.Context, a *Activities, in StepInput, r any) error {
	a.log(ctx, in).Error().Str("panic", fmt.Sprint(r)).Str("stack", string(debug.Stack())).Msg("an activity panicked")
	return permanent("Panic", fmt.Errorf("%s: internal error: %v (the log has the stack)", in.Label, r))
}
