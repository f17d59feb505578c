package activities

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"go.temporal.io/sdk/activity"
)

// Progress is the detail of a heartbeat: how far a long step has come. It
// advances with the work, never with a clock, so that a hung step is noticed.
type Progress struct {
	Done  int    `json:"done"`
	Total int    `json:"total"`
	Unit  string `json:"unit"` // "step", "image", "point"
	Note  string `json:"note,omitempty"`
}

// quiet is how long a call that cannot report progress (compiling an
// executable, uploading images) may take before it counts as hung.
const quiet = 10 * time.Minute

// beat reports progress to Temporal; outside an activity it does nothing.
func beat(ctx context.Context, p Progress) {
	if activity.IsActivity(ctx) {
		activity.RecordHeartbeat(ctx, p)
	}
}

// during keeps the heartbeat going while f, which has no progress to show,
// runs; it stops doing so after the time that f may take at most.
func during(ctx context.Context, note string, f func() error) error {
	done := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(2 * time.Second)
		defer tick.Stop()
		limit := time.NewTimer(quiet)
		defer limit.Stop()
		for {
			beat(ctx, Progress{Note: note})
			select {
			case <-done:
				return
			case <-limit.C:
				return
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	err := f()
	close(done)
	<-stopped
	return err
}

// panicked logs a panic with its stack and makes an error of it.
func panicked(a *Activities, in StepInput, r any) error {
	a.Log.Error().Str("step", in.Label).Str("panic", fmt.Sprint(r)).Str("stack", string(debug.Stack())).Msg("an activity panicked")
	return permanent("Panic", fmt.Errorf("%s: internal error: %v (the log has the stack)", in.Label, r))
}
