package loopback_test

import (
	"context"
	"testing"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"lossatlas/workers/internal/loopback"
)

// TestInterceptor: a call outlasts its deadline and a server that does not take it, as long as the server lives; an
// interrupt ends what is late, and leaves what is not.
func TestInterceptor(t *testing.T) {
	const deadline, answer = 50 * time.Millisecond, 200 * time.Millisecond
	for name, c := range map[string]struct {
		method    string
		unwilling int           // how often the server does not take the call
		dead      bool          // the server has ended
		interrupt time.Duration // of the command; 0 for never
		cancel    bool          // the caller stops trying at the deadline
		want      codes.Code
	}{
		"late":                          {method: "/s/DescribeNamespace", want: codes.OK},
		"not taken":                     {method: "/s/DescribeNamespace", unwilling: 1, want: codes.OK},
		"not taken, and dead":           {method: "/s/DescribeNamespace", unwilling: 1, dead: true, want: codes.Unavailable},
		"cancelled":                     {method: "/s/DescribeNamespace", cancel: true, want: codes.Canceled},
		"late and interrupted":          {method: "/s/DescribeNamespace", interrupt: 100 * time.Millisecond, want: codes.Canceled},
		"interrupted before it is late": {method: "/s/DescribeNamespace", interrupt: time.Nanosecond, want: codes.Canceled},
		"a query":                       {method: "/s/QueryWorkflow", want: codes.DeadlineExceeded},
		"a poll":                        {method: "/s/PollActivityTaskQueue", want: codes.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			if c.interrupt > 0 {
				time.AfterFunc(c.interrupt, interrupt)
			}
			call, cancel := context.WithTimeout(t.Context(), deadline)
			if c.cancel {
				call, cancel = context.WithCancel(t.Context())
				time.AfterFunc(deadline, cancel)
			}
			defer cancel()
			began, tries := time.Now(), 0
			err := (&loopback.Service{}).Interceptor(ctx, func() bool { return !c.dead })(call, c.method, &workflowservice.DescribeNamespaceRequest{}, nil, nil,
				func(ctx context.Context, _ string, _, _ any, _ *grpc.ClientConn, _ ...grpc.CallOption) error {
					if tries++; tries <= c.unwilling {
						return status.Error(codes.Unavailable, "starting")
					}
					select {
					case <-time.After(answer):
						return nil
					case <-ctx.Done():
						return status.FromContextError(ctx.Err()).Err()
					}
				})
			if status.Code(err) != c.want {
				t.Errorf("%v, want %v", err, c.want)
			}
			if c.interrupt == time.Nanosecond && time.Since(began) < deadline {
				t.Error("the interrupt ended a call that was not late")
			}
		})
	}
}
