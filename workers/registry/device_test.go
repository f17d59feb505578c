package registry

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"golang.org/x/sync/semaphore"
)

// TestOneDeviceForSeveralQueues: of two activities that come from two queues at the same
// moment one runs and the other goes back soon, to be tried again soon, and no queue is
// polled until the device is free.
func TestOneDeviceForSeveralQueues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(1)
		ours, others := &polls{device: d, permits: semaphore.NewWeighted(1)}, &polls{device: d, permits: semaphore.NewWeighted(1)}
		for _, p := range []*polls{ours, others} { // both are polled
			if _, err := p.ReserveSlot(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
		}
		run := func(work time.Duration) error {
			a := (&deviceInterceptor{device: d}).InterceptActivity(t.Context(), &body{do: func(context.Context, interceptor.ActivityOutboundInterceptor) { time.Sleep(work) }})
			_, err := a.ExecuteActivity(t.Context(), nil)
			return err
		}
		began := time.Now()
		go func() {
			if err := run(time.Hour); err != nil {
				t.Error(err)
			}
			ours.ReleaseSlot(nil)
		}()
		synctest.Wait()
		err := run(time.Hour)
		others.ReleaseSlot(nil)
		var back *temporal.ApplicationError
		if !errors.As(err, &back) || back.Type() != errorBusy || back.NonRetryable() || back.NextRetryDelay() > time.Second || time.Since(began) > time.Second {
			t.Errorf("the second activity ended after %v with %v; want it back in its queue within a second", time.Since(began), err)
		}
		if _, err := others.ReserveSlot(t.Context(), nil); err != nil || time.Since(began) < time.Hour {
			t.Errorf("a queue is polled after %v (%v), while the device computes for an hour", time.Since(began), err)
		}
		if err := run(time.Minute); err != nil {
			t.Errorf("an activity on the free device: %v", err)
		}
	})
}

// TestPollsEndWithTheWorker: who waits for the device can be stopped.
func TestPollsEndWithTheWorker(t *testing.T) {
	d := newDevice(1)
	if !d.free.TryAcquire(1) {
		t.Fatal("a new device is not free")
	}
	p := &polls{device: d, permits: semaphore.NewWeighted(1)}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := p.ReserveSlot(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a stopped worker's poll waits on: %v", err)
	}
	if !p.permits.TryAcquire(1) {
		t.Error("a poll that never was keeps its place")
	}
}

// TestIdleTime: the time without work begins at the start, stands at 0 during an activity, and begins again at its end. The time with
// work is that of the activity.
func TestIdleTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDevice(2)
		time.Sleep(time.Minute)
		before := d.idle()
		a := (&deviceInterceptor{device: d}).InterceptActivity(t.Context(), &body{do: func(context.Context, interceptor.ActivityOutboundInterceptor) { time.Sleep(time.Hour) }})
		go a.ExecuteActivity(t.Context(), nil)
		time.Sleep(time.Second)
		during, worked := d.idle(), d.worked()
		time.Sleep(time.Hour + time.Second)
		if after := d.idle(); before != time.Minute || during != 0 || after != 2*time.Second {
			t.Errorf("idle for %v before an activity, %v during it, %v after it; want 1m, 0s and 2s", before, during, after)
		}
		if d.worked() != time.Hour || worked != time.Second {
			t.Errorf("%v of work during an activity of an hour, %v after it; want 1s and 1h", worked, d.worked())
		}
	})
}
