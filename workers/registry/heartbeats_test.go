package registry

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
)

// server answers heartbeats; of a client, nothing else is used.
type server struct {
	client.Client
	mu     sync.Mutex
	answer error
	got    []any // details, in order
}

func (s *server) RecordActivityHeartbeat(_ context.Context, token []byte, details ...any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if string(token) != "token" {
		panic("heartbeat of another activity")
	}
	if s.answer == nil {
		s.got = append(s.got, details...)
	}
	return s.answer
}

// set changes what the server answers from now on.
func (s *server) set(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = err
}

// sdk stands for what the SDK does with a heartbeat that is left to it: it
// learns that the activity is to end.
type sdk struct {
	interceptor.ActivityOutboundInterceptorBase
	end context.CancelFunc
}

func (s *sdk) GetInfo(context.Context) activity.Info {
	return activity.Info{TaskToken: []byte("token")}
}
func (s *sdk) RecordHeartbeat(context.Context, ...any) { s.end() }

// body is an activity.
type body struct {
	interceptor.ActivityInboundInterceptorBase
	calls interceptor.ActivityOutboundInterceptor
	do    func(context.Context, interceptor.ActivityOutboundInterceptor)
}

func (b *body) Init(calls interceptor.ActivityOutboundInterceptor) error {
	b.calls = calls
	return nil
}

func (b *body) ExecuteActivity(ctx context.Context, _ *interceptor.ExecuteActivityInput) (any, error) {
	b.do(ctx, b.calls)
	return nil, nil
}

// execute runs an activity that says once a second how many seconds have passed.
func execute(t *testing.T, s *server, seconds int, at func(second int)) (worked time.Duration) {
	t.Helper()
	ctx, end := context.WithCancel(t.Context())
	defer end()
	began := time.Now()
	a := (&heartbeats{client: s}).InterceptActivity(ctx, &body{do: func(ctx context.Context, calls interceptor.ActivityOutboundInterceptor) {
		for i := range seconds {
			at(i)
			calls.RecordHeartbeat(ctx, i)
			select {
			case <-ctx.Done():
				worked = time.Since(began)
				return
			case <-time.After(time.Second):
			}
		}
		worked = time.Since(began)
	}})
	if err := a.Init(&sdk{end: end}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.ExecuteActivity(ctx, nil); err != nil {
		t.Fatal(err)
	}
	return worked
}

// TestActivitiesOutliveTheServer: an activity continues while Temporal does not
// answer, and its heartbeats arrive again afterwards.
func TestActivitiesOutliveTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		worked := execute(t, s, 60, func(second int) {
			switch second {
			case 10:
				s.set(serviceerror.NewUnavailable("killed"))
			case 15:
				s.set(context.DeadlineExceeded)
			case 20:
				s.set(nil)
			}
		})
		if worked != time.Minute {
			t.Errorf("the activity ended after %v, want a minute", worked)
		}
		last, before := -1, 0
		for _, d := range s.got {
			if d.(int) <= last {
				t.Errorf("heartbeats out of order: %v", s.got)
			}
			if last = d.(int); last < 10 {
				before++
			}
		}
		if before < 8 || last < 57 {
			t.Errorf("heartbeats that arrived: %v", s.got)
		}
	})
}

// TestACancellationComesBackWithAHeartbeat: the SDK is told, within two seconds.
func TestACancellationComesBackWithAHeartbeat(t *testing.T) {
	for _, answer := range []error{temporal.NewCanceledError(), serviceerror.NewNotFound("timed out")} {
		synctest.Test(t, func(t *testing.T) {
			s := &server{}
			worked := execute(t, s, 60, func(second int) {
				if second == 10 {
					s.set(answer)
				}
			})
			if worked < 10*time.Second || worked > 12*time.Second {
				t.Errorf("%v: the activity worked for %v, want about 10 s", answer, worked)
			}
		})
	}
}
