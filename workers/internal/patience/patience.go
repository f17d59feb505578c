// Package patience waits for servers of this machine. A busy one answers late, and the end of its process is seen at once,
// as a broken connection. Time limits are for servers elsewhere, whose processes cannot be observed.
package patience

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	// silence is how long a service may be silent before the user is told.
	silence = 30 * time.Second
	// retryEvery is the pause before a call that a service did not take is made again.
	retryEvery = time.Second
)

// Service is a server of this machine.
type Service struct {
	Name string // in messages
	// Say tells the user something. Nil says nothing.
	Say  func(format string, args ...any)
	told sync.Once
}

// Expect tells the user, once, when the service is silent for long. Call what it returns when it has answered.
func (s *Service) Expect() (answered func()) {
	t := time.AfterFunc(silence, func() {
		if s.Say != nil {
			s.told.Do(func() {
				s.Say("the machine is busy: %s has not answered for %.0f s; waiting", s.Name, silence.Seconds())
			})
		}
	})
	return func() { t.Stop() }
}

// Calls ignores the deadline of a call to a Temporal server of this machine: it lasts until it is answered, as long as
// the server lives and ctx lasts. After that, deadlines count. A call that is cancelled before its deadline ends.
func (s *Service) Calls(ctx context.Context, lives func() bool) grpc.UnaryClientInterceptor {
	return func(call context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		if waitsForOthers(method, req) {
			return invoke(call, method, req, reply, conn, opts...)
		}
		defer s.Expect()()
		patient, cancel := context.WithCancel(context.WithoutCancel(call))
		defer cancel()
		end := func() {
			if late := errors.Is(call.Err(), context.DeadlineExceeded); late && ctx.Err() != nil || !late && call.Err() != nil {
				cancel()
			}
		}
		defer context.AfterFunc(ctx, end)()
		defer context.AfterFunc(call, end)()
		for {
			err := invoke(patient, method, req, reply, conn, opts...)
			if code := status.Code(err); code != codes.DeadlineExceeded && code != codes.Unavailable || !lives() {
				return err
			}
			select {
			case <-patient.Done():
				return err
			case <-time.After(retryEvery):
			}
		}
	}
}

// waitsForOthers reports whether a call's deadline counts: the server answers it after an event elsewhere (polls, queries,
// waits), or the next call of its kind replaces it (heartbeats).
func waitsForOthers(method string, req any) bool {
	name := method[strings.LastIndexByte(method, '/')+1:]
	history, ok := req.(*workflowservice.GetWorkflowExecutionHistoryRequest)
	return strings.HasPrefix(name, "Poll") || strings.HasSuffix(name, "Heartbeat") || name == "QueryWorkflow" || ok && history.GetWaitNewEvent()
}
