package embedded_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"lossatlas/workers/embedded"
)

const queue = "test"

// logTo shows warnings of the server with the test that caused them.
func logTo(t testing.TB) zerolog.Logger {
	return zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel)
}

func start(t testing.TB, opts embedded.Options) *embedded.Temporal {
	t.Helper()
	opts.Log = zerolog.Nop()
	srv, err := embedded.StartTemporal(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := srv.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return srv
}

func dial(t testing.TB, srv *embedded.Temporal) client.Client {
	t.Helper()
	c, err := client.Dial(client.Options{HostPort: srv.Address(), Namespace: srv.Namespace(), Logger: embedded.SDKLogger(logTo(t))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func echo(_ context.Context, i int) (int, error) { return i, nil }

// fanOut runs n activities, at most 50 at a time, and returns the sum of what they return.
func fanOut(ctx workflow.Context, n int) (int, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 10 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Millisecond},
	})
	sem := workflow.NewSemaphore(ctx, 50)
	sum, failed := 0, error(nil)
	wg := workflow.NewWaitGroup(ctx)
	for i := range n {
		if err := sem.Acquire(ctx, 1); err != nil {
			return 0, err
		}
		wg.Add(1)
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer wg.Done()
			defer sem.Release(1)
			var got int
			if err := workflow.ExecuteActivity(ctx, echo, i).Get(ctx, &got); err != nil {
				failed = err
			}
			sum += got
		})
	}
	wg.Wait(ctx)
	return sum, failed
}

func work(t testing.TB, c client.Client, pollers int) {
	t.Helper()
	w := worker.New(c, queue, worker.Options{MaxConcurrentActivityTaskPollers: pollers, MaxConcurrentWorkflowTaskPollers: pollers})
	w.RegisterWorkflow(fanOut)
	w.RegisterActivity(echo)
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Stop)
}

// BenchmarkActivities reports how many empty activities one workflow gets
// through in a second: the cost of a step on the embedded server.
func BenchmarkActivities(b *testing.B) {
	for _, pollers := range []int{2, 10} {
		b.Run(fmt.Sprintf("pollers=%d", pollers), func(b *testing.B) {
			srv := start(b, embedded.Options{DBPath: filepath.Join(b.TempDir(), "temporal.db")})
			c := dial(b, srv)
			work(b, c, pollers)
			const n = 300
			for b.Loop() {
				run, err := c.ExecuteWorkflow(b.Context(), client.StartWorkflowOptions{TaskQueue: queue}, fanOut, n)
				if err != nil {
					b.Fatal(err)
				}
				var sum int
				if err := run.Get(b.Context(), &sum); err != nil || sum != n*(n-1)/2 {
					b.Fatalf("sum %d, %v", sum, err)
				}
			}
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "activities/s")
		})
	}
}
