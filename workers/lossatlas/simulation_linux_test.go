package main_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

// The size of the simulation. As it is, it holds that a simulation works; the task `simulation` has a larger one.
var (
	simulationExperiments = flag.Int("simulation.experiments", 6, "experiments of the simulation: a training and a map each")
	simulationSide        = flag.Int("simulation.side", 4, "points of a map along a side; each point is a chunk")
	simulationWorkers     = flag.Int("simulation.workers", 8, "workers that compute")
	simulationIO          = flag.Int("simulation.io", 2, "workers that serve the task queue io")
	simulationChunk       = flag.Duration("simulation.chunk", 200*time.Millisecond, "how long a chunk takes")
	simulationTrain       = flag.Duration("simulation.train", time.Second, "how long a training takes")
	simulationNet         = flag.String("simulation.net", "small", "network, which says how large weights and directions are")
	simulationWindow      = flag.Int("simulation.window", 0, "experiments side by side, as `run --window`")
	simulationFor         = flag.Duration("simulation.for", 0, "end the simulation after this time, however far it is; 0: when it is done")
	simulationShards      = flag.Int("simulation.shards", 16, "history shards of the Temporal server")
)

// simulation is a sweep on an installation with workers whose arithmetic is simulated.
type simulation struct {
	*crew
	workers  *member
	user     *member
	began    time.Time
	s3log    string
	samples  []load
	mostOpen int64
	looks    []string
}

// load is what the processes have used so far.
type load struct {
	at  time.Duration
	cpu map[string]float64 // seconds, by process
}

// TestSimulation runs a sweep through the real workflows, servers and store, with workers whose arithmetic only takes
// time, and reports what it costs the servers and how much of the workers' time is used.
func TestSimulation(t *testing.T) {
	needPostgres(t)
	points := *simulationSide * *simulationSide
	seeds := make([]string, *simulationExperiments)
	for i := range seeds {
		seeds[i] = strconv.Itoa(i)
	}
	file := writeSweep(t, fmt.Sprintf("name: simulation\ndataset: {name: shapes10, train: 50000, test: 10000}\ntrain: {net: %s, epochs: 3}\nsweep: {train.seed: [%s]}\nmaps: [{kind: surface, resolution: %d, images: 50000}]\nplots: []\n",
		*simulationNet, strings.Join(seeds, ", "), *simulationSide))
	s := &simulation{s3log: filepath.Join(t.TempDir(), "s3.log")}
	s.crew = &crew{binary: binary, servers: newServers(t, func(srv *servers) *exec.Cmd {
		cmd := versitygw(srv)
		cmd.Args = slices.Insert(cmd.Args, 1, "--access-log", s.s3log)
		return cmd
	})}
	if out, err := s.program(t.Context(), binary, "user", "list").CombinedOutput(); err != nil { // makes the search attributes
		t.Fatalf("%v\n%s", err, out)
	}
	s.workers = start(t, "workers", s.dir, func() *exec.Cmd {
		cmd := exec.Command("/proc/self/exe")
		cmd.Env = append(append(os.Environ(), s.settings()...), serveRole+"="+roleWorkers, serveDir+"="+s.dir,
			simulatedWorkers+"="+strconv.Itoa(*simulationWorkers), simulatedSorters+"="+strconv.Itoa(*simulationIO),
			simulatedChunk+"="+simulationChunk.String(), simulatedTrain+"="+simulationTrain.String())
		return cmd
	}, nil)
	s.workers.awaitWord(t, "serving the task queues")
	time.Sleep(10 * time.Second) // until the server has heard of all workers

	before, rows := s.load(t), s.database(t)
	s.began = time.Now()
	args := []string{"run", file, "--backend", "go", "--output", "json"}
	if *simulationWindow > 0 {
		args = append(args, "--window", strconv.Itoa(*simulationWindow))
	}
	s.user = start(t, "user", s.dir, func() *exec.Cmd { return s.program(context.Background(), binary, "user", args...) }, func(*life) bool { return true })
	if ended := s.watch(t, file, before); !ended {
		s.report(t, outcome{}, time.Since(s.began), before, rows)
		return
	}
	wall := time.Since(s.began)
	if code := s.user.last().code; code != 0 {
		t.Fatalf("the sweep ended with %d after %v: %s", code, wall, lastLine(s.user.last().stderr))
	}
	b, err := os.ReadFile(s.user.last().stdout)
	if err != nil {
		t.Fatal(err)
	}
	var o outcome
	decode(t, string(b), &o)
	s.report(t, o, wall, before, rows)
	done := s.portionsDone(t)
	chunks := *simulationExperiments * points
	if len(done["chunk"]) < chunks || len(done["train"]) < *simulationExperiments || o.Steps.Failed > 0 || o.Steps.Ran != o.Steps.Total {
		t.Errorf("%d chunks were evaluated, want %d; %d networks trained, want %d; steps: %+v", len(done["chunk"]), chunks, len(done["train"]), *simulationExperiments, o.Steps)
	}
	// Where the machine has no time for heartbeats, work that continues counts as lost and is begun again elsewhere.
	if again := len(done["chunk"]) + len(done["train"]) - chunks - *simulationExperiments; again > 0 {
		t.Logf("done twice, for want of a heartbeat: %d", again)
	}
	for _, list := range done {
		for _, p := range list {
			if p.Failed != "" {
				t.Errorf("attempt %d of a %s failed: %s", p.Attempt, p.Kind, p.Failed)
			}
		}
	}
}

// watch samples what everything uses until the sweep is done, and says now and then how far it is; false says that it
// has gone on for as long as it may.
func (s *simulation) watch(t *testing.T, file string, before load) (ended bool) {
	t.Helper()
	c, err := client.Dial(s.client(t))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	const every = 10 * time.Second
	for n := 1; ; n++ {
		select {
		case <-s.user.over:
			return true
		case <-time.After(every):
		}
		now := s.load(t)
		now.at = time.Since(s.began)
		last := before
		if len(s.samples) > 0 {
			last = s.samples[len(s.samples)-1]
		}
		s.samples = append(s.samples, now)
		open, err := c.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{Query: "ExecutionStatus = 'Running'"})
		if err != nil {
			t.Logf("open workflows can't be counted: %v", err)
			continue
		}
		s.mostOpen = max(s.mostOpen, open.GetCount())
		var cpu []string
		for _, name := range slices.Sorted(maps.Keys(now.cpu)) {
			cpu = append(cpu, fmt.Sprintf("%s %.2f", name, (now.cpu[name]-last.cpu[name])/every.Seconds()))
		}
		done := s.portionsDone(t)
		t.Logf("%4.0f s: %d trainings, %d chunks, %d workflows open; cores in use: %s; load of the machine %s", now.at.Seconds(), len(done["train"]), len(done["chunk"]), open.GetCount(), strings.Join(cpu, ", "), loadAverage())
		if n%12 == 6 {
			s.look(t, file)
		}
		if *simulationFor > 0 && now.at > *simulationFor {
			return false
		}
	}
}

// look times what a user may ask while the sweep runs.
func (s *simulation) look(t *testing.T, file string) {
	t.Helper()
	for _, args := range [][]string{{"status", "simulation"}, {"show", "simulation"}, {"plan", file, "--backend", "go"}, {"list"}} {
		began := time.Now()
		cmd := s.program(t.Context(), binary, "user", args...)
		var errs bytes.Buffer
		cmd.Stderr = &errs
		out, err := cmd.Output()
		line := fmt.Sprintf("%4.0f s: `%s` took %.1f s and wrote %d kB", time.Since(s.began).Seconds(), args[0], time.Since(began).Seconds(), len(out)>>10)
		if err != nil {
			line += fmt.Sprintf(" (%v: %s)", err, bytes.TrimSpace(errs.Bytes()))
		}
		s.looks = append(s.looks, line)
		t.Log(line)
	}
}

func loadAverage() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Fields(string(b))[0]
}

// load reads what the processes have used so far.
func (s *simulation) load(t *testing.T) load {
	t.Helper()
	l := load{cpu: map[string]float64{}}
	for name, m := range map[string]*member{"Temporal": s.temporal, "S3": s.s3, "workers": s.workers} {
		l.cpu[name] = cpuSeconds(m.last().cmd.Process.Pid, false)
	}
	pid := s.postgres.last().cmd.Process.Pid
	l.cpu["PostgreSQL"] = cpuSeconds(pid, true)
	for _, child := range children(t, pid) {
		l.cpu["PostgreSQL"] += cpuSeconds(child, false)
	}
	if s.user != nil && s.user.last().cmd.Process != nil {
		l.cpu["user"] = cpuSeconds(s.user.last().cmd.Process.Pid, false)
	}
	return l
}

// cpuSeconds is the time that a process has used, with that of its children that have ended; 0 for one that is gone.
func cpuSeconds(pid int, ended bool) (seconds float64) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:])) // from the third field on
	use := fields[11:13]
	if ended {
		use = fields[11:15]
	}
	for _, f := range use {
		n, err := strconv.ParseFloat(f, 64)
		if err != nil {
			return 0
		}
		seconds += n / 100 // ticks of USER_HZ
	}
	return seconds
}

// resident is the largest that a process has been, in megabytes.
func resident(pid int) float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			if err != nil {
				return 0
			}
			return n / 1024
		}
	}
	return 0
}

// database asks PostgreSQL what Temporal's databases have had to do.
func (s *simulation) database(t *testing.T) map[string]float64 {
	t.Helper()
	out := map[string]float64{}
	for name, query := range map[string]string{
		"bytes":          "SELECT sum(pg_database_size(datname)) FROM pg_database WHERE datname LIKE 'temporal%'",
		"transactions":   "SELECT sum(xact_commit) FROM pg_stat_database WHERE datname LIKE 'temporal%'",
		"rows inserted":  "SELECT sum(tup_inserted) FROM pg_stat_database WHERE datname LIKE 'temporal%'",
		"rows updated":   "SELECT sum(tup_updated) FROM pg_stat_database WHERE datname LIKE 'temporal%'",
		"rows deleted":   "SELECT sum(tup_deleted) FROM pg_stat_database WHERE datname LIKE 'temporal%'",
		"log bytes":      "SELECT wal_bytes FROM pg_stat_wal",
		"log syncs":      "SELECT wal_sync FROM pg_stat_wal",
		"history bytes":  "SELECT pg_total_relation_size('history_node')",
		"blocks fetched": "SELECT sum(blks_read) FROM pg_stat_database WHERE datname LIKE 'temporal%'",
	} {
		b, err := exec.Command("psql", "-h", "127.0.0.1", "-p", strconv.Itoa(s.postgresPort), "-U", "temporal", "-d", "temporal", "-Atc", query).Output()
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		if out[name], err = strconv.ParseFloat(strings.TrimSpace(string(b)), 64); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
	return out
}

// portionsDone reads the workers' record, by kind, in the order of their ends.
func (s *simulation) portionsDone(t *testing.T) map[string][]portionDone {
	t.Helper()
	f, err := os.Open(filepath.Join(s.dir, workedFile))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := map[string][]portionDone{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var p portionDone
		if json.Unmarshal(lines.Bytes(), &p) == nil { // the last line may not be whole yet
			out[p.Kind] = append(out[p.Kind], p)
		}
	}
	return out
}
