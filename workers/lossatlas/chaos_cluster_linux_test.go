package main_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"lossatlas/artifacts"
	"lossatlas/workers/embedded"
	"lossatlas/workers/embedded/s3"
	"lossatlas/workers/internal/logging"
	"lossatlas/workers/internal/loopback"
)

// cluster is the processes of a sweep: a Temporal and an S3 server, two workers
// and the user's `lossatlas run`, which reach the servers through proxies.
type cluster struct {
	dir, logs, file      string
	temporalPort, s3Port int
	toTemporal, toS3     *proxy
	temporal, s3         *member
	workers              [2]*member
	client               *member
	began                time.Time
}

// newCluster starts the servers, the workers, and the sweep; store and database
// are the folders of the servers. `go test -artifacts` keeps what the processes say, under the name.
func newCluster(t *testing.T, name, file, store, database string) *cluster {
	t.Helper()
	c := &cluster{dir: t.TempDir(), logs: filepath.Join(t.ArtifactDir(), name), file: file, temporalPort: serverPort(t), s3Port: serverPort(t)}
	if err := os.MkdirAll(c.logs, 0o700); err != nil {
		t.Fatal(err)
	}
	c.toTemporal, c.toS3 = newProxy(t, loopback.Address(c.temporalPort)), newProxy(t, loopback.Address(c.s3Port))
	for i := range c.workers { // which wait for their servers
		name := fmt.Sprintf("worker %d", i+1)
		c.workers[i] = start(t, name, c.logs, func() *exec.Cmd { return c.command(name, "worker") }, nil)
	}
	c.s3 = start(t, "S3 server", c.logs, func() *exec.Cmd { return serverCommand(roleS3, store, c.s3Port) }, nil)
	c.temporal = start(t, "Temporal server", c.logs, func() *exec.Cmd { return serverCommand(roleTemporal, database, c.temporalPort) }, nil)
	for _, w := range c.workers {
		w.awaitWord(t, "serving the task queues")
	}
	c.began = time.Now()
	// The user runs the sweep again and again until it is done.
	c.client = start(t, "client", c.logs, func() *exec.Cmd { return c.command("client", "run", c.file, "--output", "json") },
		func(l *life) bool { return !l.killed && l.code == 0 })
	return c
}

// command is the program as it is used with servers elsewhere.
func (c *cluster) command(home string, args ...string) *exec.Cmd {
	return command(context.Background(), filepath.Join(c.dir, home), append(args, "--log-level", "debug",
		"--temporal-address", c.toTemporal.addr(), "--s3-endpoint", "http://"+c.toS3.addr(), "--s3-access-key", accessKey, "--s3-secret-key", secretKey)...)
}

// await waits until the sweep is done and returns how long it took.
func (c *cluster) await(t *testing.T) time.Duration {
	t.Helper()
	const within = time.Hour
	select {
	case <-c.client.over:
	case <-time.After(within):
		t.Fatalf("the sweep is not done after %v; the last that its user heard: %s", within, lastLine(c.client.last().stderr))
	}
	return time.Since(c.began)
}

// awaitServers waits until both servers take connections.
func (c *cluster) awaitServers(t *testing.T) {
	t.Helper()
	for _, n := range []int{c.temporalPort, c.s3Port} {
		for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
			conn, err := net.Dial("tcp", loopback.Address(n))
			if err == nil {
				conn.Close()
				break
			}
			if time.Now().After(end) {
				t.Fatal(err)
			}
		}
	}
}

func (c *cluster) members() []*member {
	return []*member{c.client, c.workers[0], c.workers[1], c.temporal, c.s3}
}

// work counts what all processes have computed.
func (c *cluster) work(t *testing.T) tallied {
	return sum(attempts(t, c.workers[0], c.workers[1], c.client))
}

// end kills everything.
func (c *cluster) end() {
	for _, p := range c.members() {
		p.end()
	}
}

// root is what the store has recorded of the sweep.
func (c *cluster) root(t *testing.T) artifacts.Root {
	t.Helper()
	store, err := artifacts.Open(t.Context(), artifacts.Config{
		Endpoint: loopback.Address(c.s3Port), AccessKey: accessKey, SecretKey: secretKey, Bucket: "lossatlas", Region: s3.Region,
	}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	root, err := store.Root(t.Context(), "chaos")
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// open lists the sweep's workflows that have not ended.
func (c *cluster) open(t *testing.T) (ids []string) {
	t.Helper()
	tc, err := client.Dial(client.Options{HostPort: loopback.Address(c.temporalPort), Namespace: embedded.Namespace, Logger: logging.Temporal(zerolog.Nop())})
	if err != nil {
		t.Fatal(err)
	}
	defer tc.Close()
	return stillRunning(t, tc)
}

// stillRunning lists the workflows that have not ended some seconds after a sweep.
func stillRunning(t testing.TB, tc client.Client) (ids []string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		list, err := tc.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: "ExecutionStatus = 'Running'"})
		if err != nil {
			t.Fatal(err)
		}
		ids = nil
		for _, w := range list.GetExecutions() {
			ids = append(ids, w.GetExecution().GetWorkflowId())
		}
		if len(ids) == 0 || time.Now().After(end) {
			return ids
		}
	}
}
