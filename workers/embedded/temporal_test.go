package embedded_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/types/known/durationpb"

	"lossatlas/workers/embedded"
	"lossatlas/workers/internal/attributes"
	"lossatlas/workers/internal/logging"
	"lossatlas/workers/internal/loopback"
)

const queue = "test"

// logTo shows warnings of the server with the test that caused them.
func logTo(t testing.TB) zerolog.Logger {
	return zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel)
}

// secret is the identity of all servers here and their clients.
var secret = sync.OnceValue(func() []byte {
	pem, err := loopback.NewCertificate()
	if err != nil {
		panic(err)
	}
	return pem
})

func start(t testing.TB, opts embedded.Options) *embedded.Temporal {
	t.Helper()
	opts.Log, opts.Identity, opts.Guard = zerolog.Nop(), secret(), cmp.Or(opts.Guard, loopback.NewGuard(t.Name()))
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
	secure, err := loopback.ClientTLS(secret())
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.Dial(client.Options{
		HostPort: srv.Address(), Namespace: srv.Namespace(), Logger: logging.Temporal(logTo(t)), WorkerHeartbeatInterval: time.Second,
		ConnectionOptions: client.ConnectionOptions{TLS: secure},
	})
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

func startWorker(t testing.TB, c client.Client, pollers int) {
	t.Helper()
	w := worker.New(c, queue, worker.Options{MaxConcurrentActivityTaskPollers: pollers, MaxConcurrentWorkflowTaskPollers: pollers})
	w.RegisterWorkflow(fanOut)
	w.RegisterActivity(echo)
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Stop)
}

func runFanOut(t testing.TB, c client.Client, n int) {
	t.Helper()
	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: queue}, fanOut, n)
	if err != nil {
		t.Fatal(err)
	}
	var sum int
	if err := run.Get(t.Context(), &sum); err != nil || sum != n*(n-1)/2 {
		t.Fatalf("%d activities gave %d, %v", n, sum, err)
	}
}

func TestTheNamespaceIsAsPromised(t *testing.T) {
	srv := start(t, embedded.Options{})
	c := dial(t, srv)
	ns, err := c.WorkflowService().DescribeNamespace(t.Context(), &workflowservice.DescribeNamespaceRequest{Namespace: "lossatlas"})
	if err != nil {
		t.Fatal(err)
	}
	if got := ns.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration(); got != 90*24*time.Hour {
		t.Errorf("retention %v, want 90 days", got)
	}
	startWorker(t, c, 2)
	runFanOut(t, c, 20)
}

func TestSearchAttributesAreMadeOnceAndCanBeSearched(t *testing.T) {
	srv := start(t, embedded.Options{})
	c := dial(t, srv)
	for range 2 {
		if err := attributes.Ensure(t.Context(), c, srv.Namespace()); err != nil {
			t.Fatal(err)
		}
	}
	_, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: "searched", TaskQueue: "nobody",
		TypedSearchAttributes: temporal.NewSearchAttributes(
			temporal.NewSearchAttributeKeyKeyword("LossatlasSweep").ValueSet("fig3"),
			temporal.NewSearchAttributeKeyKeyword("LossatlasKind").ValueSet("surface"),
			temporal.NewSearchAttributeKeyKeyword("LossatlasNet").ValueSet("vgg9"),
			temporal.NewSearchAttributeKeyInt64("LossatlasBatchSize").ValueSet(8192),
			temporal.NewSearchAttributeKeyFloat64("LossatlasWeightDecay").ValueSet(5e-4),
			temporal.NewSearchAttributeKeyKeyword("LossatlasKey").ValueSet(strings.Repeat("ab", 32)),
			temporal.NewSearchAttributeKeyBool("LossatlasCached").ValueSet(true),
		),
	}, "anything")
	if err != nil {
		t.Fatal(err)
	}
	query := `LossatlasSweep = "fig3" AND LossatlasKind = "surface" AND LossatlasNet = "vgg9" AND LossatlasBatchSize = 8192
		AND LossatlasWeightDecay < 0.001 AND LossatlasKey STARTS_WITH "abab" AND LossatlasCached = true`
	for begin := time.Now(); ; time.Sleep(50 * time.Millisecond) { // visibility lags a little
		found, err := c.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: query})
		if err != nil {
			t.Fatal(err)
		}
		if len(found.GetExecutions()) == 1 {
			return
		}
		if time.Since(begin) > 20*time.Second {
			t.Fatalf("found %d workflows, want 1", len(found.GetExecutions()))
		}
	}
}

func TestAnOlderNamespaceGetsTheMissingSearchAttributes(t *testing.T) {
	srv := start(t, embedded.Options{})
	c := dial(t, srv)
	const older = "older"
	_, err := c.WorkflowService().RegisterNamespace(t.Context(), &workflowservice.RegisterNamespaceRequest{
		Namespace: older, WorkflowExecutionRetentionPeriod: durationpb.New(24 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	names := func() map[string]enums.IndexedValueType {
		list, err := c.OperatorService().ListSearchAttributes(t.Context(), &operatorservice.ListSearchAttributesRequest{Namespace: older})
		if err != nil {
			t.Fatal(err)
		}
		return list.GetCustomAttributes()
	}
	if _, ok := names()["LossatlasKey"]; ok {
		t.Fatal("a plain namespace has the search attribute already")
	}
	if err := attributes.Ensure(t.Context(), c, older); err != nil {
		t.Fatal(err)
	}
	if got := names()["LossatlasKey"]; got != enums.INDEXED_VALUE_TYPE_KEYWORD {
		t.Errorf("LossatlasKey has type %v", got)
	}
}

func TestADatabaseIsTakenUpAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "temporal.db")
	srv := start(t, embedded.Options{DBPath: path})
	run, err := dial(t, srv).ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: queue}, fanOut, 3)
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Stop(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("database: %v, %v; want mode 600", info.Mode(), err)
	}

	again := start(t, embedded.Options{DBPath: path})
	c := dial(t, again)
	startWorker(t, c, 2)
	var sum int
	if err := c.GetWorkflow(t.Context(), run.GetID(), run.GetRunID()).Get(t.Context(), &sum); err != nil || sum != 3 {
		t.Errorf("the workflow gave %d, %v; want 3", sum, err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestTheUIAnswersAndIsClosed(t *testing.T) {
	free, err := loopback.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	own := loopback.NewGuard(t.Name())
	srv := start(t, embedded.Options{UIPort: free[0], Guard: own})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	get := func(path string) string {
		resp, err := browser.Get(loopback.Link(srv.UIURL()+path, own.Token))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("GET %s: %s, %v", path, resp.Status, err)
		}
		return string(body)
	}
	if page := get("/namespaces/lossatlas/workflows"); !strings.Contains(page, "<html") {
		t.Errorf("the page is %.200q", page)
	}
	if list := get("/api/v1/namespaces/lossatlas/workflows"); !strings.Contains(list, "{") {
		t.Errorf("the list is %.200q", list)
	}
	var settings struct {
		DefaultNamespace string
		DisableNewsFetch bool
	}
	if err := json.Unmarshal([]byte(get("/api/v1/settings")), &settings); err != nil {
		t.Fatal(err)
	}
	if settings.DefaultNamespace != "lossatlas" || !settings.DisableNewsFetch {
		t.Errorf("settings %+v", settings)
	}
	if err := srv.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, addr := range []string{srv.Address(), loopback.Address(free[0])} {
		if err := loopback.CheckPort("a test", addr); err != nil {
			t.Errorf("still in use after Stop: %v", err)
		}
	}
}

func TestAPortInUseIsNamed(t *testing.T) {
	l, err := net.Listen("tcp", loopback.Address(0))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := l.Addr().(*net.TCPAddr).Port
	for name, opts := range map[string]embedded.Options{"frontend": {FrontendPort: taken}, "ui": {UIPort: taken}} {
		t.Run(name, func(t *testing.T) {
			opts.Log = zerolog.Nop()
			_, err := embedded.StartTemporal(t.Context(), opts)
			var inUse *loopback.PortInUseError
			if !errors.As(err, &inUse) || inUse.Addr != l.Addr().String() {
				t.Errorf("got %v, want an InUseError with %s", err, l.Addr())
			}
		})
	}
}

func TestWhatIsNoDatabaseIsSetAsideOrRefused(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "temporal.db")
	if err := os.WriteFile(path, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	var said string
	start(t, embedded.Options{DBPath: path, Say: func(format string, args ...any) { said += fmt.Sprintf(format, args...) }})
	aside, err := filepath.Glob(path + ".damaged-*")
	if err != nil || len(aside) != 1 || !strings.Contains(said, aside[0]) {
		t.Fatalf("set aside as %q, said %q", aside, said)
	}
	if got, err := os.ReadFile(aside[0]); err != nil || string(got) != "hello" {
		t.Errorf("the file was changed to %q, %v", got, err)
	}
	for name, path := range map[string]string{"is not a file": dir, "no such file": "/nonexistent/temporal.db", "SQLite allows": filepath.Join(dir, strings.Repeat("long/", 100))} {
		if _, err := embedded.StartTemporal(t.Context(), embedded.Options{DBPath: path}); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestAnOpenWorkflowOfAnOlderDatabaseEnds: what this server has written, as far as server 1.24.0 has columns for it, is
// read again after the migration: the history of an open workflow, its tasks and its search attributes.
func TestAnOpenWorkflowOfAnOlderDatabaseEnds(t *testing.T) {
	dir := t.TempDir()
	srv := start(t, embedded.Options{DBPath: filepath.Join(dir, "new.db")})
	c := dial(t, srv)
	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		TaskQueue: queue, TypedSearchAttributes: temporal.NewSearchAttributes(temporal.NewSearchAttributeKeyKeyword("LossatlasSweep").ValueSet("fig3")),
	}, fanOut, 30)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if err := srv.Stop(); err != nil {
		t.Fatal(err)
	}
	older := filepath.Join(dir, "older.db")
	embedded.OlderDatabase(t, older, filepath.Join(dir, "new.db"))
	again := start(t, embedded.Options{DBPath: older})
	c = dial(t, again)
	startWorker(t, c, 2)
	var sum int
	if err := c.GetWorkflow(t.Context(), run.GetID(), run.GetRunID()).Get(t.Context(), &sum); err != nil || sum != 30*29/2 {
		t.Errorf("the workflow gave %d, %v", sum, err)
	}
	found, err := c.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: `LossatlasSweep = "fig3"`})
	if err != nil || len(found.GetExecutions()) != 1 {
		t.Errorf("found %d workflows, %v; want 1", len(found.GetExecutions()), err)
	}
}

// TestDamageWhileItRuns: a server that meets damage stops, says so, and sets the database aside when it is stopped.
func TestDamageWhileItRuns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "temporal.db")
	srv := start(t, embedded.Options{DBPath: path})
	c := dial(t, srv)
	startWorker(t, c, 2)
	runFanOut(t, c, 20)
	damage(t, path)
	go func() { // until the server has given up
		for t.Context().Err() == nil && srv.Err() == nil {
			_, _ = c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: queue}, fanOut, 20)
		}
	}()
	select {
	case <-srv.Failed():
	case <-time.After(time.Minute):
		t.Fatal("the server goes on")
	}
	if err := srv.Err(); !errors.Is(err, embedded.ErrDamaged) || !strings.Contains(err.Error(), "the same command begins a new one") {
		t.Errorf("got %v", err)
	}
	if err := srv.Stop(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the database was not set aside")
	}
}

// damage overwrites all pages of a database that is in use, of its log and of its index, with what are no pages.
func damage(t *testing.T, path string) {
	t.Helper()
	for _, suffix := range []string{"", "-wal", "-shm"} { // the last makes SQLite drop the pages that it has in memory
		f, err := os.OpenFile(path+suffix, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt(bytes.Repeat([]byte{0xa5}, int(info.Size())), 0); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// BenchmarkStart reports how long it takes from nothing to a server with a UI
// that answers.
func BenchmarkStart(b *testing.B) {
	dir := b.TempDir()
	for b.Loop() {
		free, err := loopback.FreePorts(1)
		if err != nil {
			b.Fatal(err)
		}
		srv, err := embedded.StartTemporal(b.Context(), embedded.Options{DBPath: filepath.Join(dir, "temporal.db"), UIPort: free[0], Identity: secret(), Guard: loopback.NewGuard(""), Log: zerolog.Nop()})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := srv.Stop(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

// BenchmarkActivities reports how many empty activities one workflow gets
// through in a second: the cost of a step on the embedded server.
func BenchmarkActivities(b *testing.B) {
	for _, pollers := range []int{2, 10} {
		b.Run(fmt.Sprintf("pollers=%d", pollers), func(b *testing.B) {
			srv := start(b, embedded.Options{DBPath: filepath.Join(b.TempDir(), "temporal.db")})
			c := dial(b, srv)
			startWorker(b, c, pollers)
			const n = 300
			for b.Loop() {
				runFanOut(b, c, n)
			}
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "activities/s")
		})
	}
}
