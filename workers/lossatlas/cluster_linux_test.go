package main_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lossatlas/workers/internal/exit"
)

var clusterMinIO = flag.String("cluster.minio", "", "MinIO's program, to try as a second S3 server")

// clusterSweep has work of every kind, for two experiments.
const clusterSweep = `name: cluster
dataset: {name: shapes10, train: 2048, test: 256}
train: {net: small, epochs: 6, checkpoints: 2, optimizer: {lr: 0.05}}
sweep: {train.batch_size: [32, 128]}
maps:
  - {kind: line, points: 9, images: 256}
  - {kind: surface, resolution: 25, images: 512}
  - {kind: hessian, resolution: 3, images: 64, tolerance: 0.01}
  - {kind: trajectory, resolution: 5, images: 128}
plots: [contour, training]
`

// slimProgram builds the program without embedded services.
func slimProgram(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lossatlas-slim")
	if out, err := exec.Command("go", "build", "-tags", "slim", "-ldflags=-w", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// needPostgres skips a test on a machine without PostgreSQL, and fails it in CI.
func needPostgres(t testing.TB) {
	t.Helper()
	switch {
	case postgresPrograms() != "":
	case os.Getenv("CI") == "true":
		t.Fatal("PostgreSQL is not installed (Debian's package postgresql)")
	default:
		t.Skip("PostgreSQL is not installed")
	}
}

// crew is the workers of an installation, and who uses it.
type crew struct {
	*servers
	binary string
	all    []*member
}

func (c *crew) worker(t testing.TB, name string, args ...string) *member {
	t.Helper()
	w := start(t, name, c.dir, func() *exec.Cmd {
		return c.program(context.Background(), c.binary, name, append([]string{"worker", "--log-level", "debug"}, args...)...)
	}, nil)
	w.awaitWord(t, "serving the task queues")
	c.all = append(c.all, w)
	return w
}

// begin is a user who runs a sweep again and again until it is done.
func (c *crew) begin(t testing.TB, file string) *member {
	return start(t, "user "+filepath.Base(filepath.Dir(file)), c.dir, func() *exec.Cmd {
		return c.program(context.Background(), c.binary, "user", "run", file, "--output", "json")
	}, func(l *life) bool { return l.code == int(exit.Done) || l.code == int(exit.Usage) })
}

// run is begin, to the end.
func (c *crew) run(t testing.TB, file string) (o outcome) {
	t.Helper()
	return c.finish(t, c.begin(t, file))
}

// finish waits until a sweep is done.
func (c *crew) finish(t testing.TB, user *member) (o outcome) {
	t.Helper()
	select {
	case <-user.over:
	case <-time.After(20 * time.Minute):
		t.Fatalf("the sweep is not done; the last that its user heard: %s", lastLine(user.last().stderr))
	}
	b, err := os.ReadFile(user.last().stdout)
	if err != nil {
		t.Fatal(err)
	}
	if code := user.last().code; code != int(exit.Done) {
		t.Fatalf("the sweep ended with %d: %s", code, b)
	}
	decode(t, string(b), &o)
	return o
}

// portions is how many portions of work have been begun.
func (c *crew) portions(t testing.TB) int { return len(attempts(t, c.all...)) }

// TestCluster runs sweeps on an installation: Temporal with PostgreSQL and an S3 server in processes of their own, behind TLS,
// and workers of two kinds without embedded services. Meanwhile workers are killed, drained and added, and the database, the
// store and the Temporal server die and come back. All results are those of the program that does everything by itself.
func TestCluster(t *testing.T) {
	needPostgres(t)
	began := time.Now()
	quick, err := filepath.Abs("../../pipelines/quickstart.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file, alone := writeSweep(t, clusterSweep), t.TempDir()
	wantQuick, want := runSweep(t, alone, quick), runSweep(t, alone, file)
	t.Logf("%3.0f s: done by one program alone", time.Since(began).Seconds())
	c := &crew{servers: newServers(t, versitygw), binary: slimProgram(t)}
	t.Logf("%3.0f s: the servers are there", time.Since(began).Seconds())
	c.worker(t, "io", "--queues", "io")
	first, second := c.worker(t, "cpu 1", "--queues", "cpu"), c.worker(t, "cpu 2", "--queues", "cpu")

	same(t, wantQuick, c.run(t, quick))
	t.Logf("%3.0f s: the quick start is done, %d portions of work", time.Since(began).Seconds(), c.portions(t))

	user, before := c.begin(t, file), c.portions(t)
	for i, do := range []struct {
		what string
		do   func()
	}{
		{"a worker is killed", func() { first.kill(2 * time.Second) }},
		{"PostgreSQL is restarted", func() { c.postgres.fell(unix.SIGQUIT, 2*time.Second) }}, // as pg_ctl -m immediate does
		{"a worker is drained", func() { terminate(t, second) }},
		{"a worker is added", func() { c.worker(t, "cpu 3", "--queues", "cpu") }},
		{"the S3 server is killed", func() { c.s3.kill(3 * time.Second) }},
		{"the Temporal server is killed", func() { c.temporal.kill(2 * time.Second) }},
	} {
		for c.portions(t)-before < 4+5*i {
			select {
			case <-user.over:
				t.Fatalf("the sweep was done before: %s", do.what)
			case <-time.After(200 * time.Millisecond):
			}
		}
		do.do()
		t.Logf("%3.0f s: %s", time.Since(began).Seconds(), do.what)
	}
	got := c.finish(t, user)
	t.Logf("%3.0f s: done", time.Since(began).Seconds())
	same(t, want, got)
	w := sum(attempts(t, c.all...))
	t.Logf("computed: %s; begun again: %s", tally(w.portions), tally(w.again))
	if len(w.redone) > 0 {
		t.Errorf("begun again though it was stored: %v", w.redone)
	}
	if n := w.total() - w.toKills; n > 0 {
		t.Errorf("%d portions were begun again that no kill had cost", n)
	}
	past := pastOf(t, c.client(t))
	past.checkOnce(t, steps(wantQuick)+steps(want))
	if open := stillRunning(t, past.client); len(open) > 0 {
		t.Errorf("workflows that have not ended: %v", open)
	}
	out, err := c.program(t.Context(), c.binary, "user", "artifacts", "verify").CombinedOutput()
	if err != nil {
		t.Errorf("artifacts verify: %v\n%s", err, out)
	}
}

// TestClusterOnMinIO runs the quickstart with MinIO's server as the store, and wants the results of the program that does everything by itself.
func TestClusterOnMinIO(t *testing.T) {
	if *clusterMinIO == "" {
		t.Skip("a second S3 server is not tried: -cluster.minio does not name its program")
	}
	needPostgres(t)
	quick, err := filepath.Abs("../../pipelines/quickstart.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := runSweep(t, t.TempDir(), quick)
	c := &crew{servers: newServers(t, minio), binary: slimProgram(t)}
	c.worker(t, "worker")
	same(t, want, c.run(t, quick))
	if out, err := c.program(t.Context(), c.binary, "user", "artifacts", "verify").CombinedOutput(); err != nil {
		t.Errorf("artifacts verify: %v\n%s", err, out)
	}
}

// steps are those of an outcome.
func steps(o outcome) int { return o.Steps.Total }

// BenchmarkWorkers compares how long two workers take for a surface with how long one takes, each on a core of its own, on an
// installation as in TestCluster. Pairs are at the machine's mercy: the median counts.
func BenchmarkWorkers(b *testing.B) {
	needPostgres(b)
	if runtime.NumCPU() < 2 {
		b.Skip("two workers want two cores")
	}
	c := &crew{servers: newServers(b, versitygw), binary: slimProgram(b)}
	c.worker(b, "io", "--queues", "io")
	sweep := func(name string, more string) string {
		return writeSweep(b, fmt.Sprintf("name: %s\ndataset: {name: shapes10, train: 512, test: 128}\ntrain: {net: resnet20, epochs: 1, optimizer: {lr: 0.05}}\nplots: []\n%s", name, more))
	}
	pinned := func(name, core string) *member {
		w := c.worker(b, name, "--queues", "cpu")
		if out, err := exec.Command("taskset", "-acp", core, fmt.Sprint(w.last().cmd.Process.Pid)).CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		return w
	}
	pinned("one", "0")
	c.run(b, sweep("train", ""))
	surface := func(seed int) float64 {
		return c.run(b, sweep(fmt.Sprint("s", seed), fmt.Sprintf("maps: [{kind: surface, resolution: 17, images: 512, seed: %d}]\n", seed))).Seconds
	}
	surface(0)
	var ratios []float64
	for i := range b.N {
		alone := surface(2*i + 1)
		other := pinned(fmt.Sprint("other ", i), "1")
		surface(1000 + i) // the new worker compiles
		both := surface(2*i + 2)
		terminate(b, other)
		ratios = append(ratios, alone/both)
		b.Logf("one worker took %.1f s, two took %.1f s", alone, both)
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "times")
	b.Logf("%d pairs: %s", len(ratios), strings.Trim(fmt.Sprintf("%.2f", ratios), "[]"))
}
