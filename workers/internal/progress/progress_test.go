package progress_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lossatlas/activities/data"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/progress"
)

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s", 40 * time.Millisecond: "0.0 s", 9900 * time.Millisecond: "9.9 s", 9960 * time.Millisecond: "10 s",
		59400 * time.Millisecond: "59 s", 59600 * time.Millisecond: "1 min 00 s", 200 * time.Second: "3 min 20 s",
		3599 * time.Second: "1 h 00 min", 125 * time.Minute: "2 h 05 min", 50*time.Hour + 10*time.Minute: "2 days 2 h",
	} {
		if got := progress.Duration(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func TestBar(t *testing.T) {
	for f, want := range map[float64]string{-1: "░░░░", 0: "░░░░", 0.5: "██░░", 1: "████", 7: "████"} {
		if got := progress.Bar(f, 4); got != want {
			t.Errorf("%v: %s, want %s", f, got, want)
		}
	}
}

// graph has one training of some epochs and one surface behind it.
func graph(t *testing.T) *pipelines.Graph {
	t.Helper()
	raw := func(v any) json.RawMessage {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	return &pipelines.Graph{Sweep: "s", Experiments: []pipelines.Experiment{{Name: "e", Steps: []pipelines.Step{
		{ID: "e/train", Kind: pipelines.KindTrain, Params: raw(pipelines.TrainParams{Net: "small", Epochs: 10, Data: pipelines.TrainData{Problem: pipelines.Problem(data.Sets()[0].Problem.String()), Train: 300, Test: 100}})},
		{ID: "e/surface", Kind: pipelines.KindSurface, Params: raw(pipelines.MapParams{
			Net: "small", Data: pipelines.MapData{Problem: pipelines.Problem(data.Sets()[0].Problem.String()), To: 100}, X: pipelines.Axis{N: 10}, Y: &pipelines.Axis{N: 10}})},
	}}}, Final: []pipelines.Step{{ID: "report", Kind: pipelines.KindReport}}}
}

// at is a snapshot some seconds after the start, of the graph's three steps.
func at(seconds float64, train, surface progress.Step) progress.Snapshot {
	train.ID, train.Kind = "e/train", "train"
	surface.ID, surface.Kind = "e/surface", "surface"
	return progress.Snapshot{
		At:    time.Unix(1000, 0).Add(time.Duration(seconds * float64(time.Second))),
		Steps: []progress.Step{train, surface, {ID: "report", Kind: "report", State: artifacts.StateWaiting}},
	}
}

// TestEstimate follows a sweep whose speed is constant. The training costs
// 10·(3·300 + 100) = 10,000 images forward, the surface 100·100 = 10,000, which go twice as fast: it
// is expected to take half as long as the training does.
func TestEstimate(t *testing.T) {
	e := progress.NewEstimator(graph(t), nil)
	waiting := progress.Step{State: artifacts.StateWaiting}
	running := func(f float64) progress.Step {
		return progress.Step{State: artifacts.StateRunning, Fraction: f, Working: 1}
	}
	near := func(what string, got time.Duration, want float64) {
		t.Helper()
		if d := got.Seconds() - want; d > 6 || d < -6 { // old samples have a little weight
			t.Errorf("%s: %v left, want %v s", what, got, want)
		}
	}
	if got := e.Estimate(at(0, running(0), waiting)); got.Known {
		t.Errorf("before anything was measured: %v left", got.Left)
	}
	e.Estimate(at(10, running(0.1), waiting)) // from here on the training is watched
	if got := e.Estimate(at(11, running(0.11), waiting)); got.Known {
		t.Errorf("after a second: %v left; too soon to tell", got.Left)
	}
	got := e.Estimate(at(20, running(0.2), waiting)) // 1 % a second
	near("training", got.Steps["e/train"], 80)
	near("sweep", got.Left, 80+50+3) // and compiles

	done := progress.Step{State: artifacts.StateRan, Seconds: 100}
	got = e.Estimate(at(100, done, waiting))
	near("surface waits", got.Left, 50+3)
	for second := range 51 { // a third slower than expected
		got = e.Estimate(at(100+float64(second), done, running(float64(second)/75)))
	}
	near("surface", got.Left, 25)
	got = e.Estimate(at(175, done, progress.Step{State: artifacts.StateRan, Seconds: 75}))
	if !got.Known || got.Left != 0 {
		t.Errorf("all computed: %v left (known: %v), want none", got.Left, got.Known)
	}
}

// TestEstimateByEarlierRuns: what steps took before is the estimate until others show that this machine is slower.
func TestEstimateByEarlierRuns(t *testing.T) {
	e := progress.NewEstimator(graph(t), map[string]time.Duration{"e/train": 50 * time.Second, "e/surface": 30 * time.Second})
	waiting := progress.Step{State: artifacts.StateWaiting}
	if got := e.Estimate(at(0, waiting, waiting)); !got.Known || got.Left != 86*time.Second {
		t.Errorf("before the start: %v left (known: %v), want 80 s and 2·3 s to compile", got.Left, got.Known)
	}
	got := e.Estimate(at(100, progress.Step{State: artifacts.StateRan, Seconds: 100}, waiting))
	if s := got.Left.Seconds(); s < 30 || s > 60 {
		t.Errorf("after the training, which took twice as long: %v s left, want between 30 s and 60 s for the surface", s)
	}
}

// TestEstimateAfterARestart: the time in which a step had no worker does not count.
func TestEstimateAfterARestart(t *testing.T) {
	e := progress.NewEstimator(graph(t), nil)
	step := func(f float64, working int) progress.Step {
		return progress.Step{State: artifacts.StateRunning, Fraction: f, Working: working}
	}
	over := progress.Step{State: artifacts.StateCached}
	e.Estimate(at(0, step(0.1, 1), over))
	e.Estimate(at(100, step(0.1, 0), over)) // the worker was killed
	e.Estimate(at(200, step(0.1, 1), over)) // another one took over
	got := e.Estimate(at(210, step(0.2, 1), over))
	if s := got.Left.Seconds(); s < 75 || s > 85 {
		t.Errorf("%v s left, want 80: 1 %% a second since the restart", s)
	}
}

// TestPlain: one line per change, cached steps in one, and one line now and then for a long step.
func TestPlain(t *testing.T) {
	var out bytes.Buffer
	p := progress.NewPlain(&out)
	e := progress.NewEstimator(graph(t), nil)
	show := func(s progress.Snapshot) { p.Show(s, e.Estimate(s)) }
	cached := progress.Step{State: artifacts.StateCached}
	for second := range 25 { // shown every second, mentioned every ten
		show(at(float64(second), cached, progress.Step{State: artifacts.StateRunning, Fraction: float64(second) / 100, Working: 1, Note: "1 of 9 chunks"}))
	}
	show(at(25, cached, progress.Step{State: artifacts.StateFailed, Error: "disk full"}))
	show(at(26, cached, progress.Step{State: artifacts.StateFailed, Error: "disk full"}))
	want := `1 step is in the cache
e/surface: running
e/surface: 10 %, 1 of 9 chunks
1/3 steps done, 1 cached, 1 running, about 90 s left
e/surface: 20 %, 1 of 9 chunks
1/3 steps done, 1 cached, 1 running, about 80 s left
e/surface: failed: disk full
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Error("escape sequences in a file")
	}
}

// TestPlainNotRun: steps that will not run are one line for each cause, however many they are, and those that a stop
// leaves are none: the end of the run counts them.
func TestPlainNotRun(t *testing.T) {
	var out bytes.Buffer
	p := progress.NewPlain(&out)
	s := progress.Snapshot{At: time.Unix(1000, 0), Steps: []progress.Step{{ID: "a/train", State: artifacts.StateFailed, Error: "disk full"}, {ID: "b/train", State: artifacts.StateInterrupted}}}
	for i := range 150 {
		s.Steps = append(s.Steps,
			progress.Step{ID: fmt.Sprint("a/", i), State: artifacts.StateNotRun, Error: "a/train failed"}, progress.Step{ID: fmt.Sprint("b/", i), State: artifacts.StateNotRun})
	}
	p.Show(s, progress.Estimate{})
	p.Show(s, progress.Estimate{})
	if diff := cmp.Diff("a/train: failed: disk full\n150 steps not run because a/train failed\n", out.String()); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
	if got, want := progress.Summary(s, progress.Estimate{}), "0/302 steps done, 1 failed, 1 interrupted, 300 not run"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := progress.Detail(s.Steps[2]), "because a/train failed"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestLive plays the terminal: what remains on the screen must be the changes, the log, and
// the last drawing, no line wider than the terminal.
func TestLive(t *testing.T) {
	const width = 40
	var out bytes.Buffer
	l := progress.NewLive(&out, func() int { return width })
	waiting := progress.Step{State: artifacts.StateWaiting}
	l.Show(at(0, progress.Step{State: artifacts.StateRunning, Fraction: 0.5, Working: 1, Note: strings.Repeat("long ", 20)}, waiting), progress.Estimate{})
	fmt.Fprint(l, "half a line")
	fmt.Fprint(l, ", completed\n")
	l.Show(at(1, progress.Step{State: artifacts.StateRan, Seconds: 3}, waiting), progress.Estimate{})
	if diff := cmp.Diff([]string{"half a line, completed", "e/train: done in 3.0 s", "1/3 steps done"}, screen(t, out.String(), width)); diff != "" {
		t.Errorf("screen (-want +got):\n%s", diff)
	}
	l.Close()
	if diff := cmp.Diff([]string{"half a line, completed", "e/train: done in 3.0 s"}, screen(t, out.String(), width)); diff != "" {
		t.Errorf("screen after Close (-want +got):\n%s", diff)
	}
}

// TestLiveWidths: a narrow terminal shows less of the bars, then of the names, and keeps how far and in what state steps are.
func TestLiveWidths(t *testing.T) {
	const id = "optimizer.weight_decay=0.0005/train"
	s := progress.Snapshot{At: time.Unix(1000, 0), Steps: []progress.Step{
		{ID: id, State: artifacts.StateRunning, Working: 1, Note: "compiling"},
		{ID: "a/line-train", State: artifacts.StateRunning, Working: 1, Fraction: 0.43, Note: "22 of 51 points"},
		{ID: "b/train", State: artifacts.StateRunning, Working: 1, Fraction: 0.5, Note: "epoch 12: train loss 0.1234, test error 12.34 %"},
		{ID: "c", State: artifacts.StateCached},
	}}
	e := progress.Estimate{Known: true, Left: 12 * time.Minute, Steps: map[string]time.Duration{"a/line-train": 12 * time.Minute, "b/train": 90 * time.Second}}
	for width, want := range map[int][]string{
		40: {
			"  optimizer.wei…=0.0005/train compiling",
			"  a/li…rain  43 %  12 min left  22 of …",
			"  b/train    50 %  90 s left  epoch 12…",
			"1/4 steps done, about 12 min left",
		},
		50: {
			"  optimizer.weight_decay=0.0005/train compiling",
			"  a/lin…train  43 %  12 min left  22 of 51 points",
			"  b/train      50 %  90 s left  epoch 12: train …",
			"1/4 steps done, 3 running, about 12 min left",
		},
		80: {
			"  optimizer.weight_decay=0.0005/train ░░░░░░░░░░░░░░░░░░░░ compiling",
			"  a/line-train                        ██░░░  43 %  12 min left  22 of 51 points",
			"  b/train              50 %  90 s left  epoch 12: train loss 0.1234, test erro…",
			"1/4 steps done, 1 cached, 3 running, about 12 min left",
		},
		120: {
			"  optimizer.weight_decay=0.0005/train ░░░░░░░░░░░░░░░░░░░░ compiling",
			"  a/line-train                        █████████░░░░░░░░░░░  43 %  12 min left  22 of 51 points",
			"  b/train                             ████████░░░░░░░  50 %  90 s left  epoch 12: train loss 0.1234, test error 12.34 %",
			"1/4 steps done, 1 cached, 3 running, about 12 min left",
		},
	} {
		var out bytes.Buffer
		progress.NewLive(&out, func() int { return width }).Show(s, e)
		got := screen(t, out.String(), width)
		if diff := cmp.Diff(want, got[1:]); diff != "" {
			t.Errorf("%d columns (-want +got):\n%s", width, diff)
		}
	}
}

// TestLiveHostileText: nothing of a step or of what is said steers the terminal.
func TestLiveHostileText(t *testing.T) {
	const evil = "\x1b[2J\r\n\u009b\u202e"
	var out bytes.Buffer
	l := progress.NewLive(&out, func() int { return 200 })
	l.Say("said %s", evil)
	l.Show(at(0, progress.Step{State: artifacts.StateRunning, Fraction: 0.5, Note: evil}, progress.Step{State: artifacts.StateFailed, Error: evil}), progress.Estimate{})
	if got := out.String(); strings.ContainsAny(got, "\x1b\r\u009b\u202e") || strings.Count(got, `\u001b[2J`) != 3 {
		t.Errorf("%q", got)
	}
}

// screen interprets the few sequences that Live uses: up n lines, carriage return, clear to the end.
func screen(t *testing.T, s string, width int) []string {
	t.Helper()
	var lines []string
	for len(s) > 0 {
		var up int
		if n, err := fmt.Sscanf(s, "\x1b[%dA\r\x1b[J", &up); n == 1 && err == nil {
			if up > len(lines) {
				t.Fatalf("goes up %d lines of %d", up, len(lines))
			}
			lines = lines[:len(lines)-up]
			s = s[strings.Index(s, "J")+1:]
			continue
		}
		line, rest, ok := strings.Cut(s, "\n")
		if !ok || strings.Contains(line, "\x1b") {
			t.Fatalf("unexpected output %q", s)
		}
		if n := len([]rune(line)); n >= width {
			t.Errorf("line of %d characters on a terminal of %d: %q", n, width, line)
		}
		lines, s = append(lines, line), rest
	}
	return lines
}

// TestDeadWorker: a step whose worker died waits for one, keeps how far it was, and says why.
func TestDeadWorker(t *testing.T) {
	lost := progress.Step{State: artifacts.StateWaiting, Ready: true, Fraction: 0.4, Note: "epoch 2", Retry: "its worker was last heard of 9.0 s ago"}
	s := at(0, lost, progress.Step{State: artifacts.StateWaiting})
	if got, want := progress.Summary(s, progress.Estimate{}), "0/3 steps done, 1 waiting for a worker"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := progress.Detail(lost), "40 %, epoch 2, waits for a worker, after: its worker was last heard of 9.0 s ago"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := progress.Doing(artifacts.StateRunning, s); got != "waits for a worker" {
		t.Errorf("a sweep that nobody works on is %q", got)
	}
	s.Steps[0].Queued, s.Steps[1].Ready = true, true // a worker is there, for the first of them
	if got, want := progress.Summary(s, progress.Estimate{}), "0/3 steps done, 1 queued, 1 waiting for a worker"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := progress.Note(s.Steps[0]), "epoch 2, queued, after: its worker was last heard of 9.0 s ago"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	s.Steps[1].Ready = false
	if got := progress.Doing(artifacts.StateRunning, s); got != "queued" {
		t.Errorf("a sweep that waits for its turn is %q", got)
	}
	s.Steps[1].State = artifacts.StateRunning
	if got := progress.Doing(artifacts.StateRunning, s); got != "running" {
		t.Errorf("a sweep that somebody works on is %q", got)
	}
}
