package loopback

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
	// silence is the time without an answer after which the user gets a message.
	silence = 30 * time.Second
	// retryEvery is the pause before a refused call is retried.
	retryEvery = time.Second
)

// Service is a server of this machine. Calls to it need no time limit: a busy machine answers late, and the end of its
// process breaks the connection at once.
type Service struct {
	Name string // in messages
	// Say prints a message for the user; it may be nil.
	Say  func(format string, args ...any)
	told sync.Once
}

// Expect prints a message, once, when the service does not answer for long. Call answered when it has.
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

// Interceptor makes calls to a Temporal server of this machine ignore their deadlines while the server lives and ctx lasts.
// Cancelled calls end at once.
func (s *Service) Interceptor(ctx context.Context, lives func() bool) grpc.UnaryClientInterceptor {
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
