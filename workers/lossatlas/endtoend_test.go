package main_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// binary is the program under test, built by TestMain.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "lossatlas-test-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "lossatlas")
	build := exec.Command("go", "build", "-ldflags=-w", "-o", binary, ".")
	if out, err := build.CombinedOutput(); err != nil {
		panic(string(out))
	}
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		panic(err)
	}
	os.Exit(code)
}

// sweepFile is a sweep of seconds: two trainings that keep their checkpoints, a line, a surface and a trajectory each.
const sweepFile = `name: small
dataset: {name: shapes10, train: 384, test: 128}
train: {net: small, epochs: 3, checkpoints: 1, optimizer: {lr: 0.05}}
sweep: {train.batch_size: [32, 64]}
maps:
  - {kind: line, points: 9, images: 128, splits: [train, test]}
  - {kind: surface, resolution: 9, images: 128}
  - {kind: trajectory, resolution: 5, images: 128}
plots: [line, contour, filled, trajectory, training]
`

// outcome is the object that `run --output json` ends with.
type outcome struct {
	Sweep string `json:"sweep"`
	Steps struct {
		Total, Cached, Ran, Failed int
	} `json:"steps"`
	Seconds     float64 `json:"seconds"`
	Report      string  `json:"report"`
	Experiments []struct {
		Name      string            `json:"name"`
		Params    map[string]any    `json:"params"`
		TrainLoss *float64          `json:"train_loss"`
		TestLoss  *float64          `json:"test_loss"`
		TestError *float64          `json:"test_error"`
		Artifacts map[string]string `json:"artifacts"`
	} `json:"experiments"`
}

// digests is every artifact of every experiment.
func (o outcome) digests() map[string]string {
	out := map[string]string{}
	for _, e := range o.Experiments {
		for name, d := range e.Artifacts {
			out[e.Name+"/"+name] = d
		}
	}
	return out
}

// writeSweep puts a sweep file into a new folder.
func writeSweep(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "small.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// command is the program with a home of its own and none of the caller's settings but the plugin.
func command(ctx context.Context, home string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, binary, args...)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "LOSSATLAS_") && !strings.HasPrefix(v, "XLA_FLAGS=") && !strings.HasPrefix(v, "MALLOC_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "LOSSATLAS_HOME="+home, "LOSSATLAS_SECOND_WORKER=off")
	if p := os.Getenv("LOSSATLAS_PLUGIN"); p != "" {
		cmd.Env = append(cmd.Env, "LOSSATLAS_PLUGIN="+p)
	}
	return cmd
}

// invoke runs the program to its end.
func invoke(t testing.TB, home string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
	defer cancel()
	cmd := command(ctx, home, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// runSweep runs a sweep to its end and returns what it says about it.
func runSweep(t testing.TB, home, file string, args ...string) outcome {
	t.Helper()
	stdout, stderr, code := invoke(t, home, append([]string{"run", file, "--output", "json"}, args...)...)
	if code != 0 {
		t.Fatalf("run ended with %d:\n%s\n%s", code, stdout, stderr)
	}
	var o outcome
	decode(t, stdout, &o)
	return o
}

// decode reads the one JSON object that a command printed.
func decode(t testing.TB, stdout string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(stdout), v); err != nil {
		t.Fatalf("stdout is not one JSON object: %v\n%s", err, stdout)
	}
}

// TestSweep runs a sweep, runs it again for nothing, and then adds one value
// to one parameter.
func TestSweep(t *testing.T) {
	home := t.TempDir()
	file := writeSweep(t, sweepFile)
	first := runSweep(t, home, file)
	if first.Steps.Ran != first.Steps.Total || first.Steps.Total == 0 {
		t.Fatalf("first run: %+v", first.Steps)
	}
	for _, e := range first.Experiments {
		if e.TestError == nil || e.TrainLoss == nil || *e.TestError < 0 || *e.TestError > 100 {
			t.Errorf("experiment %s has no test error or train loss: %+v", e.Name, e)
		}
	}
	page, err := os.ReadFile(first.Report)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range first.Experiments {
		if !bytes.Contains(page, []byte(e.Name)) {
			t.Errorf("the report does not show experiment %s", e.Name)
		}
	}

	began := time.Now()
	second := runSweep(t, home, file)
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("a run of a finished sweep took %v, want under 3 s", took)
	}
	if second.Steps.Ran != 0 || second.Steps.Cached != second.Steps.Total {
		t.Errorf("a run of a finished sweep did something: %+v", second.Steps)
	}
	same(t, first, second)

	third := runSweep(t, home, writeSweep(t, strings.Replace(sweepFile, "[32, 64]", "[32, 64, 128]", 1)))
	added := third.Steps.Total - second.Steps.Total
	if third.Steps.Ran != added+1 { // and the report, which shows the new experiment
		t.Errorf("adding one value to a parameter added %d steps and ran %d", added, third.Steps.Ran)
	}
	t.Run("plan", func(t *testing.T) { checkPlan(t, home, file) })
	t.Run("show", func(t *testing.T) { checkShow(t, home) })
}

// checkPlan holds that everything is planned as cached, with its key.
func checkPlan(t *testing.T, home, file string) {
	stdout, stderr, code := invoke(t, home, "plan", file, "--output", "json")
	if code != 0 {
		t.Fatalf("plan ended with %d: %s", code, stderr)
	}
	var plan struct {
		Steps []struct{ ID, Kind, Key, State, Reason string }
	}
	decode(t, stdout, &plan)
	for _, s := range plan.Steps {
		if s.State != "cached" || len(s.Key) != 64 {
			t.Errorf("step %s is planned as %s (key %q): %s", s.ID, s.State, s.Key, s.Reason)
		}
	}
	if len(plan.Steps) == 0 {
		t.Error("the plan has no steps")
	}
}

func checkShow(t *testing.T, home string) {
	stdout, stderr, code := invoke(t, home, "show", "small")
	if code != 0 || !strings.Contains(stdout, "batch_size=64") {
		t.Errorf("show ended with %d:\n%s\n%s", code, stdout, stderr)
	}
}

// same compares the artifacts of two runs.
func same(t *testing.T, a, b outcome) {
	t.Helper()
	got, want := b.digests(), a.digests()
	if len(want) == 0 {
		t.Fatal("the run has no artifacts")
	}
	for name, d := range want {
		if got[name] != d {
			t.Errorf("%s has digest %s in one run and %q in the other", name, d, got[name])
		}
	}
}

// TestKill kills the whole process at several moments of a sweep. The same
// command continues each time, and ends with the digests of an undisturbed run.
func TestKill(t *testing.T) {
	file := writeSweep(t, sweepFile)
	undisturbed := runSweep(t, t.TempDir(), file)
	home := t.TempDir()
	for _, moment := range []struct {
		name  string
		after func(stderr string) bool
	}{
		{"as it starts", func(string) bool { return true }},
		{"in a training", func(s string) bool { return strings.Contains(s, "train") }},
		{"in the maps", func(s string) bool { return strings.Contains(s, "surface") }},
	} {
		kill(t, home, file, moment.name, moment.after)
	}
	same(t, undisturbed, runSweep(t, home, file))
}

// kill starts the sweep and sends SIGKILL two seconds after its output says so.
func kill(t *testing.T, home, file, moment string, after func(string) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	errs, err := os.CreateTemp(t.TempDir(), "stderr")
	if err != nil {
		t.Fatal(err)
	}
	defer errs.Close()
	cmd := command(ctx, home, "run", file, "--output", "json")
	cmd.Stderr = errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for ctx.Err() == nil {
		b, err := os.ReadFile(errs.Name())
		if err != nil {
			t.Fatal(err)
		}
		if after(string(b)) {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	time.Sleep(2 * time.Second)
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Logf("%s: the run was over before it could be killed", moment)
	}
	_ = cmd.Wait() // it was killed
}

// TestStop stops a sweep of many steps by SIGINT, by SIGTERM as timeout(1) sends it, to the process and at once to its group,
// and by `cancel` from another process: exit code 130, one line for all that was not done, the step at work interrupted and
// nothing failed, wherever it is shown; and the next run ends it.
func TestStop(t *testing.T) {
	var home string
	const sweep = `name: stopped
dataset: {name: shapes10, train: 64, test: 64}
train: {net: small, epochs: %s, batch_size: 64, optimizer: {lr: 0.01}}
sweep: {train.seed: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]}
`
	file := writeSweep(t, fmt.Sprintf(sweep, "100000"))
	stops := map[string]struct {
		stop func(*exec.Cmd) error
		says string
	}{
		"Ctrl-C": {func(run *exec.Cmd) error { return run.Process.Signal(os.Interrupt) }, "interrupted: stopping stopped"},
		"timeout": {func(run *exec.Cmd) error {
			first := run.Process.Signal(syscall.SIGTERM)
			time.Sleep(20 * time.Millisecond) // signals of one kind that wait together are one
			return errors.Join(first, run.Process.Signal(syscall.SIGTERM))
		}, "interrupted: stopping stopped"},
		"cancel": {func(*exec.Cmd) error {
			_, stderr, code := invoke(t, home, "cancel", "stopped", "--yes")
			if code != 0 {
				return fmt.Errorf("cancel ended with %d: %s", code, stderr)
			}
			return nil
		}, "sweep stopped was stopped by lossatlas cancel"},
	}
	for name, how := range stops {
		home = t.TempDir()
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
		cmd := command(ctx, home, "run", file, "--output", "json")
		var out bytes.Buffer
		errs, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
		if err != nil {
			t.Fatal(err)
		}
		cmd.Stdout, cmd.Stderr = &out, errs
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		said := func() string {
			b, err := os.ReadFile(errs.Name())
			if err != nil {
				t.Fatal(err)
			}
			return string(b)
		}
		for ctx.Err() == nil && !strings.Contains(said(), "/train: running") {
			time.Sleep(100 * time.Millisecond)
		}
		if err := how.stop(cmd); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		cancel()
		if code := cmd.ProcessState.ExitCode(); code != 130 {
			t.Errorf("%s: the run ended with %d, want 130", name, code)
		}
		stderr := said()
		if !strings.Contains(stderr, how.says) || !strings.Contains(stderr, "1 step interrupted, 40 not run; run the same command again to continue") || strings.Count(stderr, "\n") > 15 {
			t.Errorf("%s: the run says\n%s", name, stderr)
		}
		var o struct {
			State string
			Steps struct {
				Total, Cached, Ran, Failed, Interrupted int
				NotRun                                  int `json:"not_run"`
			}
			Experiments []struct{ Name string }
		}
		decode(t, out.String(), &o)
		if s := o.Steps; o.State != "interrupted" || len(o.Experiments) != 20 || s.Total != 41 || s.Cached+s.Ran+s.Failed != 0 || s.Interrupted != 1 || s.NotRun != 40 {
			t.Errorf("%s: the run ends with %s", name, out.String())
		}
		for _, args := range [][]string{{"status"}, {"status", "stopped"}, {"list"}, {"show", "stopped"}, {"compare", "stopped/seed=1", "stopped/seed=2"}} {
			stdout, stderr, code := invoke(t, home, args...)
			if code != 0 || strings.Contains(stdout, "failed") || strings.Contains(stdout, "waiting") || !strings.Contains(stdout, "interrupted") && args[0] != "compare" {
				t.Errorf("%s: %v ends with %d and says\n%s%s", name, args, code, stdout, stderr)
			}
		}
		if _, stderr, code := invoke(t, home, "explain", "seed=20/train"); code != 2 || !strings.Contains(stderr, "stopped/seed=20/train has no result yet") {
			t.Errorf("%s: explain of a step that was not run ends with %d and says %s", name, code, stderr)
		}
	}
	if o := runSweep(t, home, writeSweep(t, fmt.Sprintf(sweep, "1"))); o.Steps.Failed != 0 || o.Steps.Total != 41 {
		t.Errorf("after the stops: %+v", o.Steps)
	}
}

// TestStopTwice: a second Ctrl-C ends the process before its sweep has recorded the first one. The next run is not
// stopped by that, but does the sweep.
func TestStopTwice(t *testing.T) {
	home := t.TempDir()
	file := writeSweep(t, "name: twice\ndataset: {name: shapes10, train: 64, test: 64}\ntrain: {net: small, epochs: 400, batch_size: 64, optimizer: {lr: 0.01}}\nplots: [training]\n")
	cmd := command(t.Context(), home, "run", file)
	errs, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewScanner(errs)
	for said.Scan() && !strings.Contains(said.Text(), "/train: running") {
	}
	for range 2 {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		time.Sleep(400 * time.Millisecond) // further apart than the signals of one stop
	}
	for said.Scan() {
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		t.Fatalf("the stopped run ended with %d, want 130", code)
	}
	if o := runSweep(t, home, file); o.Steps.Failed != 0 || o.Steps.Total != 3 {
		t.Errorf("the run after it: %+v", o.Steps)
	}
}

// TestTwoAtOnce runs one sweep from two processes on one home: each step is
// done once, by the histories, and both end with all results.
func TestTwoAtOnce(t *testing.T) {
	home, file := t.TempDir(), writeSweep(t, sweepFile)
	results := make(chan outcome, 2)
	for range 2 {
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
			defer cancel()
			var o outcome
			out, err := command(ctx, home, "run", file, "--output", "json").Output()
			if err == nil {
				err = json.Unmarshal(out, &o)
			}
			if err != nil {
				t.Errorf("one of two runs: %v", err)
			}
			results <- o
		}()
	}
	a, b := <-results, <-results
	if !t.Failed() {
		same(t, a, b)
		checkOnce(t, home, a.Steps.Total)
	}
}

// TestHessianMap maps the extreme curvatures around a network, twice under two
// homes: the same bits, in the grid that is exported and in the picture.
func TestHessianMap(t *testing.T) {
	file := writeSweep(t, `name: curved
dataset: {name: shapes10, train: 384, test: 128}
train: {net: small, epochs: 2, batch_size: 64, optimizer: {lr: 0.05}}
maps:
  - {kind: hessian, resolution: 2, images: 64, tolerance: 0.01}
`)
	home := t.TempDir()
	first := runSweep(t, home, file)
	if a := first.Experiments[0].Artifacts; a["hessian-train/grid"] == "" || a["hessian-train-ratio/svg"] == "" {
		t.Errorf("artifacts %v", a)
	}
	if os.Getenv("LOSSATLAS_PLUGIN") != "" { // the pure-Go backend takes minutes for one
		same(t, first, runSweep(t, t.TempDir(), file))
	}
	grid := filepath.Join(t.TempDir(), "grid.csv")
	if _, stderr, code := invoke(t, home, "export", "grid", "curved/curved/hessian-train", grid); code != 0 {
		t.Fatalf("export ended with %d: %s", code, stderr)
	}
	text, err := os.ReadFile(grid)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for ext, magic := range map[string]string{".svg": "<?xml", ".png": "\x89PNG", ".pdf": "%PDF"} {
		picture := filepath.Join(t.TempDir(), "ratio"+ext)
		_, stderr, code := invoke(t, home, "export", "picture", "curved/hessian-train-ratio", picture)
		if b, err := os.ReadFile(picture); code != 0 || err != nil || !bytes.HasPrefix(b, []byte(magic)) {
			t.Errorf("export of a picture as %s ended with %d: %s, %v", ext, code, stderr, err)
		}
	}
	if _, stderr, code := invoke(t, home, "export", "picture", "curved/hessian-train-ratio", "ratio.jpg"); code != 2 || !strings.Contains(stderr, "a picture is written as .png, .svg or .pdf") {
		t.Errorf("export of a picture as .jpg ended with %d: %s", code, stderr)
	}
	if len(rows) != 5 || strings.Join(rows[0][5:], " ") != "lambda_min lambda_max residual_min residual_max" {
		t.Fatalf("the exported grid is\n%s", text)
	}
	for _, row := range rows[1:] {
		var v [4]float64
		for i := range v {
			if v[i], err = strconv.ParseFloat(row[5+i], 64); err != nil {
				t.Fatal(err)
			}
		}
		low, high := v[0], v[1]
		if !(low < high) || !(v[2] <= 0.01*math.Abs(low)+1e-5*high) || !(v[3] <= 0.01*high) {
			t.Errorf("λmin = %g ± %g and λmax = %g ± %g at (%s, %s)", low, v[2], high, v[3], row[0], row[1])
		}
	}
}
