package registry

import (
	"context"
	"sync"
	"time"

	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"golang.org/x/sync/semaphore"
)

// device limits the concurrent activities of a process to its slots, over all of its task queues.
type device struct {
	slots int
	free  *semaphore.Weighted

	mu      sync.Mutex
	running int
	began   time.Time     // when the running activities began, without a pause
	ended   time.Time     // when the last activity ended, or the device began
	before  time.Duration // in which activities ran, without the running ones
}

func newDevice(slots int) *device {
	return &device{slots: slots, free: semaphore.NewWeighted(int64(slots)), ended: time.Now()}
}

// note counts an activity that begins (1) or ends (-1).
func (d *device) note(change int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	if d.running == 0 {
		d.began = now
	}
	if d.running += change; d.running == 0 {
		d.before += now.Sub(d.began)
	}
	d.ended = now
}

// worked is the time in which activities have run.
func (d *device) worked() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.running > 0 {
		return d.before + time.Since(d.began)
	}
	return d.before
}

// idle is the time since the last activity; 0 while one runs.
func (d *device) idle() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.running > 0 {
		return 0
	}
	return time.Since(d.ended)
}

const (
	// busyDelay is how long an activity waits for the device before it goes back to its queue, and then stays there.
	busyDelay = 200 * time.Millisecond
	// errorBusy is the error type of an activity that goes back to its queue.
	errorBusy = "WorkerBusy"
)

// deviceInterceptor makes activities take a slot of the device. Queues are polled only while one is free, but open polls may
// still bring activities after it is taken: these go back to their queue, for another worker.
type deviceInterceptor struct {
	interceptor.WorkerInterceptorBase
	device *device
}

// InterceptActivity is called for each execution of an activity.
func (i *deviceInterceptor) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	a := &deviceActivity{device: i.device}
	a.Next = next
	return a
}

type deviceActivity struct {
	interceptor.ActivityInboundInterceptorBase
	device *device
}

// ExecuteActivity runs the activity on the device.
func (a *deviceActivity) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	waiting, cancel := context.WithTimeout(ctx, busyDelay)
	defer cancel()
	if a.device.free.Acquire(waiting, 1) != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, temporal.NewApplicationErrorWithOptions("this worker got other work at the same moment", errorBusy, temporal.ApplicationErrorOptions{
			NextRetryDelay: busyDelay, Category: temporal.ApplicationErrorCategoryBenign,
		})
	}
	defer a.device.free.Release(1)
	a.device.note(1)
	defer a.device.note(-1)
	return a.Next.ExecuteActivity(ctx, in)
}

// tuner is the tuner of a worker for one of the device's queues.
func (d *device) tuner() (worker.WorkerTuner, error) {
	fixed, err := worker.NewFixedSizeTuner(worker.FixedSizeTunerOptions{})
	if err != nil {
		return nil, err
	}
	return worker.NewCompositeTuner(worker.CompositeTunerOptions{
		ActivitySlotSupplier: &polls{device: d, permits: semaphore.NewWeighted(int64(d.slots))},
		WorkflowSlotSupplier: fixed.GetWorkflowTaskSlotSupplier(), LocalActivitySlotSupplier: fixed.GetLocalActivitySlotSupplier(),
		NexusSlotSupplier: fixed.GetNexusSlotSupplier(), SessionActivitySlotSupplier: fixed.GetSessionActivitySlotSupplier(),
	})
}

// polls permits the worker of a queue to poll while a slot of the device is free.
type polls struct {
	device  *device
	permits *semaphore.Weighted // open polls and running activities of this queue
}

// ReserveSlot blocks until a slot is free.
func (p *polls) ReserveSlot(ctx context.Context, _ worker.SlotReservationInfo) (*worker.SlotPermit, error) {
	if err := p.permits.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	if err := p.device.free.Acquire(ctx, 1); err != nil {
		p.permits.Release(1)
		return nil, err
	}
	p.device.free.Release(1) // the first activity takes it
	return &worker.SlotPermit{}, nil
}

// TryReserveSlot permits no work without a poll.
func (p *polls) TryReserveSlot(worker.SlotReservationInfo) *worker.SlotPermit { return nil }

// MarkSlotUsed does nothing: the activity takes the slot.
func (p *polls) MarkSlotUsed(worker.SlotMarkUsedInfo) {}

// ReleaseSlot ends a permit, used or not.
func (p *polls) ReleaseSlot(worker.SlotReleaseInfo) { p.permits.Release(1) }

// MaxSlots is the maximum of concurrent activities.
func (p *polls) MaxSlots() int { return p.device.slots }
