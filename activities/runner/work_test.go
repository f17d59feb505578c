package runner

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"lossatlas/artifacts"
)

// TestStoringWaitsForTheStore: what was computed is kept until the store takes
// it, whether it was full or away, and the heartbeat says so meanwhile.
func TestStoringWaitsForTheStore(t *testing.T) {
	for _, reason := range []error{artifacts.ErrNoSpace, artifacts.ErrUnreachable} {
		synctest.Test(t, func(t *testing.T) {
			p := &pulse{last: Progress{Done: 3, Total: 4}}
			r := &Run{Log: zerolog.Nop(), Pulse: p}
			tries, began := 0, time.Now()
			err := r.patiently(t.Context(), func() error {
				if tries++; time.Since(began) < 10*time.Minute {
					return fmt.Errorf("put: %w", reason)
				}
				return nil
			})
			if err != nil {
				t.Errorf("%v after %d tries", err, tries)
			}
			if late := time.Since(began) - 10*time.Minute; late > mostPatience || tries > 30 {
				t.Errorf("it was stored %v after it could be, with %d tries", late, tries)
			}
			if want := "waits to store its result: put: " + reason.Error(); p.last.Note != want || p.last.Done != 3 {
				t.Errorf("the heartbeat says %+v, want %q", p.last, want)
			}
		})
	}
}

// TestStoringGivesUp: at once where waiting is of no use, and when the activity is cancelled.
func TestStoringGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, began := &Run{Log: zerolog.Nop(), Pulse: &pulse{}}, time.Now()
		if err := r.patiently(t.Context(), func() error { return artifacts.ErrAccessDenied }); !errors.Is(err, artifacts.ErrAccessDenied) {
			t.Errorf("got %v", err)
		}
		if waited := time.Since(began); waited != 0 {
			t.Errorf("it waited %v for rights", waited)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := r.patiently(ctx, func() error { return artifacts.ErrNoSpace }); !errors.Is(err, artifacts.ErrNoSpace) {
			t.Errorf("got %v", err)
		}
		if waited := time.Since(began); waited != time.Minute {
			t.Errorf("it waited %v, a minute after its cancellation", waited)
		}
	})
}
