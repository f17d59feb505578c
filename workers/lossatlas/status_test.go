package main_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.temporal.io/api/workflowservice/v1"
)

// statusOf is what `status SWEEP --output json` says.
type statusOf struct {
	State                       string
	Steps, Done, Ready, Running int
	Failed, Interrupted         int
	NotRun                      int `json:"not_run"`
	List                        []stepNow
}

type stepNow struct {
	ID, State, Error, Retry string
	Ready                   bool
	Working                 int
}

// in lists the steps that are in a state.
func (s statusOf) in(state string) (ids []string) {
	for _, step := range s.List {
		if step.State == state {
			ids = append(ids, step.ID)
		}
	}
	return ids
}

// process is a command that runs until it is killed.
type process struct {
	*exec.Cmd
	t *testing.T
}

func background(t *testing.T, home string, args ...string) *process {
	t.Helper()
	p := &process{command(context.Background(), home, args...), t}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	return p
}

// kill sends SIGKILL and waits for the end. It may be called twice.
func (p *process) kill() {
	if p.ProcessState == nil {
		_ = p.Process.Kill() // it may have ended by itself
		_ = p.Wait()         // it was killed
	}
}

// await asks for the state of a sweep until it is as wanted.
func await(t *testing.T, home, what string, patience time.Duration, want func(statusOf) bool) statusOf {
	t.Helper()
	var last, complaint string
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(300 * time.Millisecond) {
		stdout, stderr, code := invoke(t, home, "status", "slow", "--output", "json")
		if last, complaint = stdout, stderr; code != 0 {
			continue
		}
		var s statusOf
		decode(t, stdout, &s)
		if want(s) {
			return s
		}
	}
	t.Fatalf("%s: not within %v; the last answer is\n%s%s", what, patience, last, complaint)
	return statusOf{}
}

// TestKilledInFirstEpoch: a training whose process was killed before it had stored an epoch is interrupted, and its experiment with it.
func TestKilledInFirstEpoch(t *testing.T) {
	home := t.TempDir()
	run := background(t, home, "run", writeSweep(t, `name: slow
dataset: {name: shapes10, train: 50000, test: 64}
train: {net: small, batch_size: 64, epochs: 9, optimizer: {lr: 0.01}}
sweep: {train.seed: [1]}
`))
	await(t, home, "the training runs", time.Minute, func(s statusOf) bool { return len(s.in("running")) == 1 })
	run.kill()
	s := await(t, home, "the sweep is interrupted", 15*time.Second, func(s statusOf) bool { return s.State == "interrupted" })
	if s.Interrupted != 1 || !slices.Equal(s.in("interrupted"), []string{"seed=1/train"}) || s.Done+s.Failed+s.Running != 0 {
		t.Errorf("%+v", s)
	}
	stdout, _, _ := invoke(t, home, "show", "slow", "--output", "json")
	if !strings.Contains(stdout, `"state": "interrupted"`) {
		t.Errorf("show says\n%s", stdout)
	}
	out := filepath.Join(t.TempDir(), "out")
	if _, stderr, code := invoke(t, home, "export", "sweep", "slow", out); code != 1 || !strings.Contains(stderr, "sweep slow (interrupted) has no result to export yet") {
		t.Errorf("export ended with %d: %s", code, stderr)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("export made a folder for nothing")
	}
	if found, err := filepath.Glob(home + "/objects/buckets/lossatlas/parts/*/checkpoint"); len(found) > 0 || err != nil {
		t.Fatalf("an epoch was stored before the kill: %v, %v", found, err)
	}
}

// TestTerminatedStep: a step that someone terminates in Temporal has failed, and says so in words.
func TestTerminatedStep(t *testing.T) {
	home := t.TempDir()
	c := remember(t, home).client
	if _, stderr, code := invoke(t, home, "run", "--detach", writeSweep(t, `name: slow
dataset: {name: shapes10, train: 64, test: 64}
train: {net: small, batch_size: 64, epochs: 100000, optimizer: {lr: 0.01}}
sweep: {train.seed: [1]}
`)); code != 0 {
		t.Fatalf("run --detach ended with %d: %s", code, stderr)
	}
	await(t, home, "the training runs", time.Minute, func(s statusOf) bool { return len(s.in("running")) == 1 })
	steps, err := c.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: "WorkflowType = 'Step'"})
	if err != nil || len(steps.GetExecutions()) != 1 {
		t.Fatalf("the workflow of the training: %v, %v", steps, err)
	}
	if err := c.TerminateWorkflow(t.Context(), steps.GetExecutions()[0].GetExecution().GetWorkflowId(), "", "from outside"); err != nil {
		t.Fatal(err)
	}
	s := await(t, home, "the sweep has failed", time.Minute, func(s statusOf) bool { return s.State == "failed" })
	if s.List[0].Error != "terminated in Temporal" {
		t.Errorf("%+v", s.List[0])
	}
}

// TestStatusAfterKills: a step whose worker was killed waits for one within seconds, in all that
// shows it; a sweep whose services were killed is interrupted, with what was done; and it continues with them.
func TestStatusAfterKills(t *testing.T) {
	home := t.TempDir()
	const sweep = `name: slow
dataset: {name: shapes10, train: 64, test: 64}
train: {net: small, batch_size: 64, optimizer: {lr: 0.01}}
sweep: {train.epochs: [1]}
`
	up := background(t, home, "up")
	serves := func() bool { _, err := os.Stat(home + "/services.json"); return err == nil }
	for end := time.Now().Add(time.Minute); !serves() && time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
	}
	runSweep(t, home, writeSweep(t, sweep))
	worker := background(t, home, "worker", "--queues", "cpu")
	file := writeSweep(t, strings.Replace(sweep, "[1]", "[1, 99999, 100000]", 1))
	if _, stderr, code := invoke(t, home, "run", "--detach", "--order", "breadth", file); code != 0 {
		t.Fatalf("run --detach ended with %d: %s", code, stderr)
	}
	await(t, home, "two trainings run and one is done", time.Minute, func(s statusOf) bool {
		return len(s.in("running")) == 2 && slices.Contains(s.in("cached"), "epochs=1/train")
	})

	killed := time.Now()
	worker.kill()
	s := await(t, home, "the training of the killed worker waits", 15*time.Second, func(s statusOf) bool { return s.Ready == 1 })
	t.Logf("shown %v after the kill", time.Since(killed).Round(100*time.Millisecond))
	lost := s.in("waiting")
	i := slices.IndexFunc(s.List, func(step stepNow) bool { return step.Ready })
	if s.State != "running" || s.Running != 1 || !strings.HasSuffix(s.List[i].ID, "/train") || !strings.Contains(s.List[i].Retry, "last heard of") {
		t.Fatalf("%+v", s)
	}
	stdout, _, _ := invoke(t, home, "status", "slow")
	if !strings.Contains(stdout, "queued, after: its worker was last heard of") || !strings.Contains(stdout, "1 running, 1 queued") {
		t.Errorf("status says\n%s", stdout)
	}
	stdout, _, _ = invoke(t, home, "show", "slow", "--output", "json")
	var rows []struct{ Name, State string }
	decode(t, stdout, &rows)
	if got := map[string]string{rows[0].Name: rows[0].State, rows[1].Name: rows[1].State, rows[2].Name: rows[2].State}; got[strings.TrimSuffix(s.List[i].ID, "/train")] != "waiting" || got["epochs=1"] != "done" {
		t.Errorf("show says %v", got)
	}
	code, body := fetch(t, at(t, awaitUp(t, home).Pages, "/sweeps/slow/state.json"))
	var page struct {
		Summary string
		Open    []struct{ Step, State, Note string }
	}
	if err := json.Unmarshal([]byte(body), &page); err != nil || code != http.StatusOK {
		t.Fatalf("%d, %v: %s", code, err, body)
	}
	for _, o := range page.Open {
		if slices.Contains(lost, o.Step) != (o.State == "waiting") {
			t.Errorf("the page says %+v, status that %v wait", o, lost)
		}
	}

	up.kill()
	s = await(t, home, "the sweep is interrupted", 5*time.Second, func(s statusOf) bool { return s.State == "interrupted" })
	if s.Done != 2 || s.Interrupted+s.NotRun != 5 || s.Ready != 0 || !slices.Contains(s.in("cached"), "epochs=1/train") { // with its picture
		t.Errorf("%+v", s)
	}
	if stdout, _, _ = invoke(t, home, "list"); !strings.Contains(stdout, "interrupted") || !strings.Contains(stdout, " 2/") {
		t.Errorf("list says\n%s", stdout)
	}

	background(t, home, "up")
	await(t, home, "one training goes on and one waits for its turn", time.Minute, func(s statusOf) bool {
		return s.State == "running" && s.Running == 1 && s.Ready == 1
	})
	if _, stderr, code := invoke(t, home, "cancel", "slow", "--yes"); code != 0 {
		t.Fatalf("cancel ended with %d: %s", code, stderr)
	}
	s = await(t, home, "the sweep is stopped", 5*time.Second, func(s statusOf) bool { return s.State == "interrupted" && s.Running == 0 })
	if s.Done != 2 || s.Interrupted+s.NotRun != 5 || s.Failed != 0 {
		t.Errorf("%+v", s)
	}
}
