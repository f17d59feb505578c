package registry

import (
	"context"
	"sync"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"

	"lossatlas/activities"
)

// heartbeatEvery is the interval of heartbeats to the server, short since their answers report cancellations.
const heartbeatEvery = time.Second

// heartbeatTimeout limits one heartbeat.
const heartbeatTimeout = 10 * time.Second

// heartbeats sends the heartbeats of activities in place of the SDK, which cancels an activity if one heartbeat can't be
// delivered: a server that is unreachable for some seconds would stop the computations of all workers. Here the next
// heartbeat follows.
type heartbeats struct {
	interceptor.WorkerInterceptorBase
	client client.Client
}

// InterceptActivity is called for each execution of an activity.
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

// Init keeps the SDK's own calls.
func (a *beatingActivity) Init(sdk interceptor.ActivityOutboundInterceptor) error {
	a.sdk = sdk
	out := &beatingCalls{beats: a.beats}
	out.Next = sdk
	return a.Next.Init(out)
}

// ExecuteActivity runs the activity while it sends its heartbeats.
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

// beat sends one heartbeat. If the server answers that the activity is cancelled or over, it is repeated through the SDK,
// which then acts on the answer.
func (a *beatingActivity) beat(ctx context.Context, details []any) {
	try, cancel := context.WithTimeout(ctx, heartbeatTimeout)
	defer cancel()
	err := a.client.RecordActivityHeartbeat(try, a.sdk.GetInfo(ctx).TaskToken, details...)
	if err == nil || ctx.Err() != nil || activities.Unanswered(err) {
		return
	}
	a.sdk.RecordHeartbeat(ctx, details...)
}

// beatingCalls are the calls of the activity.
type beatingCalls struct {
	interceptor.ActivityOutboundInterceptorBase
	beats chan []any
}

// RecordHeartbeat replaces a heartbeat that is not sent yet.
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
