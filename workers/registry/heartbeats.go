package registry

import (
	"context"
	"sync"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"

	"lossatlas/activities"
)

// heartbeatEvery is how often heartbeats really go to the server: often enough
// for progress to be seen moving, and for a cancellation, which comes back with
// a heartbeat, to be felt at once.
const heartbeatEvery = time.Second

// heartbeatTimeout is how long one heartbeat is tried.
const heartbeatTimeout = 10 * time.Second

// heartbeats sends the heartbeats of activities in place of the SDK, which ends
// an activity when one of them could not be delivered within the time between
// two. A server that is away for some seconds would cost what every worker is
// computing just now. Here such a heartbeat is followed by the next one.
type heartbeats struct {
	interceptor.WorkerInterceptorBase
	client client.Client
}

// InterceptActivity is called for each activity that is executed.
func (h *heartbeats) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	a := &beatingActivity{client: h.client, beats: make(chan []any, 1)}
	a.Next = next
	return a
}

// beatingActivity is one execution of an activity.
type beatingActivity struct {
	interceptor.ActivityInboundInterceptorBase
	client client.Client
	sdk    interceptor.ActivityOutboundInterceptor
	beats  chan []any // the details of the latest heartbeat, until it is sent
}

// Init takes the SDK's own way to send heartbeats.
func (a *beatingActivity) Init(sdk interceptor.ActivityOutboundInterceptor) error {
	a.sdk = sdk
	out := &beatingCalls{beats: a.beats}
	out.Next = sdk
	return a.Next.Init(out)
}

// ExecuteActivity runs the activity with its heartbeats beside it.
func (a *beatingActivity) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	beating, stop := context.WithCancel(ctx)
	var stopped sync.WaitGroup
	stopped.Go(func() { a.send(beating) })
	defer stopped.Wait()
	defer stop()
	return a.Next.ExecuteActivity(ctx, in)
}

func (a *beatingActivity) send(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case details := <-a.beats:
			a.beat(ctx, details)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(heartbeatEvery):
		}
	}
}

// beat sends one heartbeat. What the server has to say about the activity, that
// it is cancelled or over, it says to the SDK as well, which knows what to do.
func (a *beatingActivity) beat(ctx context.Context, details []any) {
	try, cancel := context.WithTimeout(ctx, heartbeatTimeout)
	defer cancel()
	err := a.client.RecordActivityHeartbeat(try, a.sdk.GetInfo(ctx).TaskToken, details...)
	if err == nil || ctx.Err() != nil || activities.Unanswered(err) {
		return
	}
	a.sdk.RecordHeartbeat(ctx, details...)
}

// beatingCalls is what the activity calls.
type beatingCalls struct {
	interceptor.ActivityOutboundInterceptorBase
	beats chan []any
}

// RecordHeartbeat replaces the heartbeat that is not sent yet.
func (c *beatingCalls) RecordHeartbeat(_ context.Context, details ...any) {
	for {
		select {
		case c.beats <- details:
			return
		default:
		}
		select {
		case <-c.beats:
		default:
		}
	}
}
