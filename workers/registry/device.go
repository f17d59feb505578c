package registry

import (
	"context"
	"time"

	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"golang.org/x/sync/semaphore"
)

// device is what a process computes on. It does so many activities at a time as
// it has slots, from whichever task queues they come: a process serves several,
// its own numerics class's among them, with one device.
type device struct {
	slots int
	free  *semaphore.Weighted
}

func newDevice(slots int) *device {
	return &device{slots: slots, free: semaphore.NewWeighted(int64(slots))}
}

const (
	// soon is how long an activity waits for the device before it goes back into its queue, and
	// again how long it lies there.
	soon = 200 * time.Millisecond
	// errorBusy is the type of the error of an activity that goes back into its queue.
	errorBusy = "WorkerBusy"
)

// deviceInterceptor makes activities take the device. A queue is polled only
// while the device is free, but a poll that is under way when it gets work from
// another queue may still bring an activity: it goes back, for another worker.
type deviceInterceptor struct {
	interceptor.WorkerInterceptorBase
	device *device
}

// InterceptActivity is called for each activity that is executed.
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
	patience, cancel := context.WithTimeout(ctx, soon)
	defer cancel()
	if a.device.free.Acquire(patience, 1) != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, temporal.NewApplicationErrorWithOptions("this worker got other work at the same moment", errorBusy, temporal.ApplicationErrorOptions{
			NextRetryDelay: soon, Category: temporal.ApplicationErrorCategoryBenign,
		})
	}
	defer a.device.free.Release(1)
	return a.Next.ExecuteActivity(ctx, in)
}

// tuner is the one of a worker for one of the device's queues.
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

// polls permits a queue's worker to poll when the device has something free.
type polls struct {
	device  *device
	permits *semaphore.Weighted // polls that are under way and activities that run, from this queue
}

// ReserveSlot blocks until the device is free.
func (p *polls) ReserveSlot(ctx context.Context, _ worker.SlotReservationInfo) (*worker.SlotPermit, error) {
	if err := p.permits.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	if err := p.device.free.Acquire(ctx, 1); err != nil {
		p.permits.Release(1)
		return nil, err
	}
	p.device.free.Release(1) // whoever gets an activity first takes it
	return &worker.SlotPermit{}, nil
}

// TryReserveSlot permits no work that no poll brought.
func (p *polls) TryReserveSlot(worker.SlotReservationInfo) *worker.SlotPermit { return nil }

// MarkSlotUsed does nothing: the activity takes the device.
func (p *polls) MarkSlotUsed(worker.SlotMarkUsedInfo) {}

// ReleaseSlot ends a permit, used or not.
func (p *polls) ReleaseSlot(worker.SlotReleaseInfo) { p.permits.Release(1) }

// MaxSlots is how many activities run at a time.
func (p *polls) MaxSlots() int { return p.device.slots }
