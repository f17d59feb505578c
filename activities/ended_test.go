package activities_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"go.temporal.io/sdk/client"

	"lossatlas/activities"
)

// deafRun is a run that ends at a time, of which polls that began before hear nothing.
type deafRun struct {
	client.WorkflowRun
	ends  time.Time
	err   error
	polls int
}

func (r *deafRun) Get(ctx context.Context, result any) error {
	r.polls++
	if time.Now().Before(r.ends) {
		<-ctx.Done()
		return ctx.Err()
	}
	if r.err == nil {
		*result.(*int) = 7
	}
	return r.err
}

// TestLostNotice: a run whose end is not announced is found at most as long after its end as it took.
func TestLostNotice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		ends, want time.Duration
		polls      int
		err        error
	}{
		{"over", 0, 0, 1, nil},
		{"short", 400 * time.Millisecond, time.Second, 2, nil},
		{"failed", 400 * time.Millisecond, time.Second, 2, errors.New("out of memory")},
		{"long", 10 * time.Minute, 611 * time.Second, 35, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin, got := time.Now(), 0
				run := &deafRun{ends: begin.Add(c.ends), err: c.err}
				err := activities.Ended(t.Context(), run, &got)
				if !errors.Is(err, c.err) || err == nil && got != 7 {
					t.Errorf("result %d, %v", got, err)
				}
				if took := time.Since(begin); took != c.want || run.polls != c.polls {
					t.Errorf("found after %v and %d polls, want %v and %d", took, run.polls, c.want, c.polls)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		begin := time.Now()
		if err := activities.Ended(ctx, &deafRun{ends: begin.Add(time.Hour)}, nil); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != 10*time.Second {
			t.Errorf("a wait of 10 s ends after %v with %v", time.Since(begin), err)
		}
	})
}
