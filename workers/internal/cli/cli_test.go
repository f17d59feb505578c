package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/activities/results"
	"lossatlas/activities/surface"
	"lossatlas/activities/trainlog"
	"lossatlas/artifacts"
	"lossatlas/workers/embedded/s3"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/services"
	"lossatlas/workers/internal/settings"
)

// call calls the program as main does, with a home of its own and without the
// embedded Temporal server.
func call(t *testing.T, args ...string) (code exit.Code, stdout, stderr string) {
	t.Helper()
	return callWith(t, &services.Embedded{Store: func(ctx context.Context, o services.StoreOptions) (services.Store, error) {
		return s3.Start(ctx, o)
	}}, args...)
}

func callWith(t *testing.T, services *services.Embedded, args ...string) (code exit.Code, stdout, stderr string) {
	t.Helper()
	home := t.TempDir()
	env := map[string]string{"LOSSATLAS_HOME": home, "HOME": home}
	var out, err bytes.Buffer
	p := Program{Version: "v1", Embedded: services, In: strings.NewReader(""), Out: &out, Err: &err, Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}
	code = exit.Code(p.Run(t.Context(), args))
	return code, out.String(), err.String()
}

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sweep.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const good = `name: small
dataset: {name: shapes10, train: 64, test: 64}
train: {net: small, epochs: 1, batch_size: 32}
sweep: {train.seed: [1, 2]}
maps: [{kind: line, points: 3}]
presets: {tiny: {dataset: {train: 32}}}
`

// TestUsage: what is wrong with a call ends with 2 and one line that says so.
func TestUsage(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"unknown command", []string{"bogus"}, `unknown command "bogus"`},
		{"mistyped command", []string{"statu"}, "did you mean status?"},
		{"unknown subcommand", []string{"artifacts", "lst"}, `unknown command "lst" for lossatlas artifacts`},
		{"unknown flag", []string{"list", "--bogus"}, "unknown flag: --bogus"},
		{"missing argument", []string{"run"}, "lossatlas run: accepts 1 arg(s)"},
		{"one argument too many", []string{"list", "x"}, "lossatlas list: unknown command"},
		{"unknown backend", []string{"--backend", "tpu", "list"}, "auto, xla, go"},
		{"no such file", []string{"run", "absent.yaml"}, "there is no sweep file absent.yaml"},
		{"folder", []string{"validate", "."}, "is a folder"},
		{"unknown sweep", []string{"show", "absent"}, `there is no sweep "absent"`},
		{"unknown format", []string{"show", "absent", "--format", "xml"}, "choose text, csv, md or json"},
		{"unknown queue", []string{"worker", "--queues", "tpu"}, "a worker serves io and cpu"},
		{"no slots", []string{"worker", "--slots", "0"}, "give 1 to 64"},
		{"worker without servers", []string{"worker"}, "somebody to work for"},
		{"detach without up", []string{"run", "--detach", file(t, good)}, "start `lossatlas up` first"},
		{"codec without keys", []string{"codec"}, "lossatlas codec key"},
		{"codec with half of a certificate", []string{"codec", "--codec-keys", "absent", "--tls-cert", "cert.pem"}, "go together"},
		{"codec for a page", []string{"codec", "--codec-keys", "absent", "--ui-origin", "https://temporal.example.com/ui"}, "without a path"},
		{"codec for everybody", []string{"codec", "--codec-keys", "absent", "--listen", "0.0.0.0:0"}, "--token-file"},
		{"codec for everybody, by a port alone", []string{"codec", "--codec-keys", "absent", "--listen", ":0"}, "--token-file"},
		{"codec for everybody, behind TLS", []string{"codec", "--codec-keys", "absent", "--listen", "[::]:0", "--tls-cert", "cert.pem", "--tls-key", "key.pem"}, "--token-file"},
		{"codec at a name", []string{"codec", "--codec-keys", "absent", "--listen", "example.com:0"}, "--token-file"},
		{"codec nowhere", []string{"codec", "--codec-keys", "absent", "--listen", "8081"}, "host:port"},
		{"codec with an absent file on IPv6", []string{"codec", "--codec-keys", "absent", "--listen", "[::1]:0"}, "absent: no such file"},
		{"codec with an absent file", []string{"codec", "--codec-keys", "absent"}, "absent: no such file"},
		{"half external", []string{"list", "--temporal-address", "a:1"}, "--s3-endpoint is missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, stdout, stderr := call(t, c.args...)
			if code != exit.Usage {
				t.Errorf("exit code %d, want %d", code, exit.Usage)
			}
			if !strings.HasPrefix(stderr, "lossatlas: ") || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, c.want) {
				t.Errorf("standard error %q: want one line that begins with the program's name and has %q", stderr, c.want)
			}
			if stdout != "" {
				t.Errorf("standard output has %q", stdout)
			}
		})
	}
}

// TestSweepFileMistakes: all of them, with their places, in text and in JSON.
func TestSweepFileMistakes(t *testing.T) {
	path := file(t, strings.Replace(strings.Replace(good, "epochs: 1", "epochs: one", 1), "shapes10", "shapes11", 1))
	code, _, stderr := call(t, "validate", path)
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	if code != exit.Usage || len(lines) != 3 || lines[0] != "lossatlas: 2 mistakes in the sweep file" {
		t.Fatalf("exit code %d, standard error:\n%s", code, stderr)
	}
	if !strings.HasPrefix(lines[1], "  "+path+":2:") || !strings.HasPrefix(lines[2], "  "+path+":3:") {
		t.Errorf("the places are missing:\n%s", stderr)
	}
	code, _, stderr = call(t, "validate", "--output", "json", path)
	var answer struct {
		Error struct {
			Code     int
			Message  string
			Mistakes []struct {
				Line, Column int
				Message      string
			}
		}
	}
	if err := json.Unmarshal([]byte(stderr), &answer); err != nil {
		t.Fatalf("%v in %s", err, stderr)
	}
	if e := answer.Error; code != exit.Usage || e.Code != 2 || len(e.Mistakes) != 2 || e.Mistakes[0].Line != 2 || e.Mistakes[1].Line != 3 {
		t.Errorf("exit code %d, answer %+v", code, e)
	}
}

func TestValidate(t *testing.T) {
	path := file(t, good)
	code, stdout, stderr := call(t, "validate", path)
	if want := path + ": sweep small is fine: 2 experiments, 17 steps; presets: tiny\n"; code != 0 || stdout != want {
		t.Errorf("exit code %d, %q, want %q\n%s", code, stdout, want, stderr)
	}
	code, stdout, _ = call(t, "--output", "jsonl", "validate", path)
	if code != 0 || strings.Count(stdout, "\n") != 1 || !json.Valid([]byte(stdout)) {
		t.Errorf("exit code %d, %q: want one line of JSON", code, stdout)
	}
}

// TestPlan: a plan needs no Temporal server; its exit code tells of work to do if asked.
func TestPlan(t *testing.T) {
	path := file(t, good)
	code, stdout, stderr := call(t, "plan", "--backend", "go", "--output", "json", path)
	var plan struct {
		Sweep string
		Steps []struct{ ID, Kind, Key, State, Reason string }
	}
	if err := json.Unmarshal([]byte(stdout), &plan); err != nil || code != 0 {
		t.Fatalf("exit code %d, %v\n%s%s", code, err, stdout, stderr)
	}
	if len(plan.Steps) != 17 || plan.Steps[0].ID != "seed=1/train" || plan.Steps[0].State != "run" || len(plan.Steps[0].Key) != 64 {
		t.Errorf("plan %+v", plan)
	}
	if last := plan.Steps[16]; last.State != "blocked" || last.Key != "" || last.Reason == "" {
		t.Errorf("the report is %+v, want it blocked", last)
	}
	if code, _, _ := call(t, "plan", "--backend", "go", "--detailed-exitcode", path); code != exit.Changes {
		t.Errorf("--detailed-exitcode: exit code %d, want %d", code, exit.Changes)
	}
	if code, _, _ := call(t, "plan", "--backend", "go", "--detailed-exitcode", "absent.yaml"); code != exit.Failed {
		t.Errorf("--detailed-exitcode after an error: exit code %d, want %d", code, exit.Failed)
	}
}

// TestLooking: an empty home is no error.
func TestLooking(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"list", "--output", "json"}, "[]\n"},
		{[]string{"list", "--output", "jsonl"}, ""},
		{[]string{"artifacts", "ls", "--output", "json"}, "[]\n"},
		{[]string{"status", "--output", "jsonl"}, `{"services":null,"sweeps":[]}` + "\n"},
	} {
		code, stdout, stderr := call(t, c.args...)
		if code != 0 || stdout != c.want {
			t.Errorf("%v: exit code %d, %q, want %q\n%s", c.args, code, stdout, c.want, stderr)
		}
	}
}

// TestWithoutServices: a build without embedded services says so when it would start them.
func TestWithoutServices(t *testing.T) {
	code, _, stderr := callWith(t, nil, "run", "--backend", "go", file(t, good))
	if code != exit.Usage || !strings.Contains(stderr, "--temporal-address") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	if code, _, stderr := callWith(t, nil, "validate", file(t, good)); code != exit.Done {
		t.Errorf("validate needs no service and ended with %d, %s", code, stderr)
	}
}

func num(v float64) *float64 { return &v }

func sample() []results.Experiment {
	return []results.Experiment{
		{Name: "b=128", State: "done", Params: map[string]any{"train.batch_size": 128.0, "train.net": "a|b"}, TrainLoss: num(0.125), TestLoss: num(0.25), TestError: num(8.127)},
		{Name: "b=8192", State: "failed", Params: map[string]any{"train.batch_size": 8192.0}},
		{Name: "b=32", State: "done", Params: map[string]any{"train.batch_size": 32.0}, TrainLoss: num(1), TestLoss: num(2), TestError: num(20)},
	}
}

func TestResultTable(t *testing.T) {
	table := resultTable(sample(), readable)
	var text, csv, md bytes.Buffer
	if err := table.text(&text); err != nil {
		t.Fatal(err)
	}
	if err := table.csv(&csv); err != nil {
		t.Fatal(err)
	}
	if err := table.markdown(&md); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, got, want string }{
		{"text", text.String(), `experiment  train.batch_size  train.net  train_loss  test_loss  test_error  state
b=128                    128        a|b      0.1250     0.2500        8.13  done
b=8192                  8192          -           -          -           -  failed
b=32                      32          -      1.0000     2.0000       20.00  done
`},
		{"csv", csv.String(), `experiment,train.batch_size,train.net,train_loss,test_loss,test_error,state
b=128,128,a|b,0.1250,0.2500,8.13,done
b=8192,8192,-,-,-,-,failed
b=32,32,-,1.0000,2.0000,20.00,done
`},
		{"md", md.String(), `| experiment | train.batch_size | train.net | train_loss | test_loss | test_error | state |
| --- | ---: | ---: | ---: | ---: | ---: | --- |
| b=128 | 128 | a\|b | 0.1250 | 0.2500 | 8.13 | done |
| b=8192 | 8192 | - | - | - | - | failed |
| b=32 | 32 | - | 1.0000 | 2.0000 | 20.00 | done |
`},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestSortRows(t *testing.T) {
	for _, c := range []struct {
		by      string
		reverse bool
		want    string
	}{
		{"", false, "b=128 b=8192 b=32"},
		{"train.batch_size", false, "b=32 b=128 b=8192"}, // by number, not by text
		{"batch_size", true, "b=8192 b=128 b=32"},
		{"test_error", false, "b=128 b=32 b=8192"}, // what is not known comes last
		{"test_error", true, "b=32 b=128 b=8192"},  // that way, too
		{"state", false, "b=128 b=32 b=8192"},
		{"experiment", false, "b=128 b=32 b=8192"},
	} {
		rows := sample()
		if err := catalogOf(rows, nil).sort(rows, c.by, c.reverse); err != nil {
			t.Errorf("%s: %v", c.by, err)
			continue
		}
		var names []string
		for _, r := range rows {
			names = append(names, r.Name)
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("by %q, reverse %v: %s, want %s", c.by, c.reverse, got, c.want)
		}
	}
	if err := catalogOf(sample(), nil).sort(sample(), "loss", false); exit.Of(err) != exit.Usage || !strings.Contains(err.Error(), "test_loss") {
		t.Errorf("an unknown column: %v, want a usage error that lists the columns", err)
	}
}

// TestColumns: columns are picked by name or an unambiguous end of it, in the order given, in every form.
func TestColumns(t *testing.T) {
	rows := sample()
	rows[0].Flatness = map[string][]surface.Summary{"surface-train": {
		{Name: "width0.1", Mean: 1, Deviation: 0.5, Count: 5}, {Name: "width0.5", Mean: 2, Deviation: math.NaN(), Count: 5, Bounds: 1}, {Name: "sharp0.5", Mean: math.Inf(1), Deviation: math.NaN(), Count: 5, Bounds: 1},
	}}
	known := catalogOf(rows, map[string]results.Fact{"b=128": {
		"train.epochs": 3.0, "trajectory.epochs": 9.0, "train.net": "fixed", "train.augment": true, "train.key": "abc", "parameters": 100.0, "seconds": 2.5, "train/weights": "sha256:00",
	}})
	for _, c := range []struct{ format, columns, want string }{
		{"csv", "epochs,experiment,width0.1.sd,batch_size,test_error", "train.epochs,experiment,surface-train.width0.1.sd,train.batch_size,test_error\n3,b=128,0.5,128,8.13\n-,b=8192,-,8192,-\n-,b=32,-,32,20.00\n"},
		{"csv", "net,parameters,seconds,train.key,train/weights,augment", "train.net,parameters,seconds,train.key,train/weights,train.augment\na|b,100,2.5,abc,sha256:00,true\n-,-,-,-,-,-\n-,-,-,-,-,-\n"},
		{"md", "experiment,net", "| experiment | train.net |\n| --- | ---: |\n| b=128 | a\\|b |\n| b=8192 | - |\n| b=32 | - |\n"},
		// A lower bound is marked for people, and counted in a column of its own for programs.
		{"md", "width0.1,width0.5,sharp0.5", "| surface-train.width0.1 | surface-train.width0.5 | surface-train.sharp0.5 |\n| ---: | ---: | ---: |\n| 1 | >2 | Inf |\n| - | - | - |\n| - | - | - |\n"},
		{"csv", "width0.1,width0.5", "surface-train.width0.1,surface-train.width0.1.bounds,surface-train.width0.5,surface-train.width0.5.bounds\n1,0,2,1\n-,-,-,-\n-,-,-,-\n"},
		{"csv", "width0.5.bounds,width0.5", "surface-train.width0.5.bounds,surface-train.width0.5\n1,2\n-,-\n-,-\n"},
		{"jsonl", "width0.5,sharp0.5.bounds,sharp0.5", `{"surface-train.width0.5":2,"surface-train.width0.5.bounds":1,"surface-train.sharp0.5.bounds":1,"surface-train.sharp0.5":"Inf"}` + "\n" +
			strings.Repeat(`{"surface-train.width0.5":null,"surface-train.width0.5.bounds":null,"surface-train.sharp0.5.bounds":null,"surface-train.sharp0.5":null}`+"\n", 2)},
		{"jsonl", "test_error,experiment,train.augment", `{"test_error":8.127,"experiment":"b=128","train.augment":true}` + "\n" + `{"test_error":null,"experiment":"b=8192","train.augment":null}` + "\n" + `{"test_error":20,"experiment":"b=32","train.augment":null}` + "\n"},
	} {
		columns, err := known.pick(strings.Split(c.columns, ","))
		if err != nil {
			t.Errorf("%s: %v", c.columns, err)
			continue
		}
		var out bytes.Buffer
		a := &app{Program: Program{Out: &out}, set: &settings.Settings{Output: c.format}}
		if err := a.printPicked(c.format, rows, columns); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, out.String()); diff != "" {
			t.Errorf("%s as %s (-want +got):\n%s", c.columns, c.format, diff)
		}
	}
	all, err := known.pick([]string{"all"})
	if err != nil || len(all) != len(columnsOf(rows, everything)) {
		t.Errorf("all are %d columns, %v", len(all), err)
	}
	for name, want := range map[string]string{"tset_error": "did you mean test_error?", "epoch": "did you mean", "loss": "train_loss", "": "the columns are"} {
		if _, err := known.pick([]string{name}); exit.Of(err) != exit.Usage || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want a usage error with %q", name, err, want)
		}
	}
}

// TestVerdict: which exit code a run ends with, and what it says.
func TestVerdict(t *testing.T) {
	done := results.Experiment{Name: "a", State: artifacts.StateDone}
	failed := results.Experiment{Name: "b", State: artifacts.StateFailed, Errors: map[string]string{"train": "diverged"}}
	diverged := results.Experiment{Name: "c", State: artifacts.StateDiverged, Diverged: &trainlog.Divergence{Epoch: 1, Step: 2, LastLoss: 2.5, LR: 10}}
	const lost = "c: the training diverged in epoch 1, step 2 (last finite loss 2.5): lower train.optimizer.lr, which was 10, or warm it up"
	for _, c := range []struct {
		name string
		root artifacts.Root
		rows []results.Experiment
		code exit.Code
		say  string
	}{
		{"all done", artifacts.Root{State: artifacts.StateDone}, []results.Experiment{done, done}, exit.Done, ""},
		{"one failed", artifacts.Root{State: artifacts.StateFailed}, []results.Experiment{done, failed}, exit.Partial, "1 of 2 experiments failed: b/train: diverged"},
		{"all failed", artifacts.Root{State: artifacts.StateFailed}, []results.Experiment{failed}, exit.Failed, "1 of 1 experiment failed: b/train: diverged"},
		{"one diverged", artifacts.Root{State: artifacts.StateDiverged}, []results.Experiment{done, diverged}, exit.Partial, "1 of 2 experiments diverged: " + lost},
		{"one failed, one needs it", artifacts.Root{State: artifacts.StateFailed}, []results.Experiment{done, failed, {State: artifacts.StateNotRun}}, exit.Partial, "1 of 3 experiments failed and 1 not run: b/train: diverged"},
		{"all diverged", artifacts.Root{State: artifacts.StateDiverged}, []results.Experiment{diverged}, exit.Partial, "1 of 1 experiment diverged: " + lost},
		{"one failed, one diverged", artifacts.Root{State: artifacts.StateFailed}, []results.Experiment{failed, diverged}, exit.Partial, "1 of 2 experiments failed: b/train: diverged"},
		{"the report failed", artifacts.Root{State: artifacts.StateFailed, Steps: map[string]artifacts.RootStep{"report": {State: "failed", Error: "disk full"}}},
			[]results.Experiment{done}, exit.Failed, "all experiments are done, but report failed: disk full"},
	} {
		err := (&run{app: &app{}}).verdict(c.root, c.rows)
		if exit.Of(err) != c.code || err != nil && err.Error() != c.say || err == nil && c.say != "" {
			t.Errorf("%s: code %d, %v; want code %d, %q", c.name, exit.Of(err), err, c.code, c.say)
		}
	}
}

// TestRunResult holds the form of what `run --output json` ends with.
func TestRunResult(t *testing.T) {
	b, err := json.Marshal(runResult{
		Sweep: "s", RunID: "r", Steps: stepCounts{9, 1, 1, 1, 2, 4}, State: "interrupted", Seconds: 1.5, Report: "/r",
		Experiments: []results.Experiment{{Name: "e", State: "done", Params: map[string]any{"p": 1}, TestError: num(2), Artifacts: map[string]string{"train/log": "sha256:0"}}},
		Comparisons: []results.Comparison{},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"sweep":"s","run_id":"r","state":"interrupted","steps":{"total":9,"cached":1,"ran":1,"failed":1,"interrupted":2,"not_run":4},"seconds":1.5,"report":"/r",` +
		`"experiments":[{"name":"e","state":"done","params":{"p":1},"train_loss":null,"test_loss":null,"test_error":2,"artifacts":{"train/log":"sha256:0"}}],"comparisons":[]}`
	if diff := cmp.Diff(want, string(b)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestNets: the list has every network with its size and what it takes, also for scripts.
func TestNets(t *testing.T) {
	code, stdout, _ := call(t, "nets", "--output", "json")
	var rows []netRow
	if err := json.Unmarshal([]byte(stdout), &rows); err != nil || code != 0 {
		t.Fatalf("exit code %d, %v in %s", code, err, stdout)
	}
	found := map[string]netRow{}
	for _, r := range rows {
		found[r.Name] = r
		if r.Parameters <= 0 || r.MACs <= 0 || r.EvaluateBytes <= 0 || r.TrainBytes <= r.EvaluateBytes || r.HessianBytes <= r.EvaluateBytes {
			t.Errorf("%+v: want numbers above 0, and more memory to train and to multiply by the Hessian than to evaluate", r)
		}
	}
	for _, name := range []string{"vgg9", "resnet110-noshort", "wrn56-8-noshort", "densenet121"} {
		if _, ok := found[name]; !ok {
			t.Errorf("%s is not in the list", name)
		}
	}
	if _, text, _ := call(t, "nets"); strings.Count(text, "\n") != len(rows)+4 || !strings.Contains(text, "batches of 128") {
		t.Errorf("want a header, %d lines and what memory means:\n%s", len(rows), text)
	}
}

// What maps came to has a column each, before the state, and can be sorted by.
func TestMeasuresAreColumns(t *testing.T) {
	rows := sample()
	rows[0].Measures = map[string]float64{"path.pc1": 41.238}
	rows[2].Measures = map[string]float64{"path.pc1": 90}
	if err := catalogOf(rows, nil).sort(rows, "path.pc1", true); err != nil {
		t.Fatal(err)
	}
	var csv bytes.Buffer
	if err := resultTable(rows, summary).csv(&csv); err != nil {
		t.Fatal(err)
	}
	want := "experiment,train_loss,test_loss,test_error,path.pc1,state\nb=32,1.0000,2.0000,20.00,90,done\n" +
		"b=128,0.1250,0.2500,8.13,41.24,done\nb=8192,-,-,-,-,failed\n"
	if csv.String() != want {
		t.Errorf("the table is\n%swant\n%s", csv.String(), want)
	}
}

// Flatness has a column a measure, in csv with what belongs to it.
func TestFlatnessIsColumns(t *testing.T) {
	rows := sample()
	rows[0].Flatness = map[string][]surface.Summary{"surface-train": {
		{Name: "width0.1", Mean: 0.25, Deviation: 0.125, Count: 4}, {Name: "width0.5", Mean: 2, Deviation: math.NaN(), Count: 1, Bounds: 1},
	}}
	if err := catalogOf(rows, nil).sort(rows, "width0.5", false); err != nil {
		t.Fatal(err)
	}
	var text, csv bytes.Buffer
	if err := errors.Join(resultTable(rows[:2], readable).markdown(&text), resultTable(rows[:1], everything).csv(&csv)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| surface-train.width0.5 | state |", "| >2 | done |", "| - | failed |"} {
		if !strings.Contains(text.String(), want) || strings.Contains(text.String(), "width0.1") {
			t.Errorf("the table has no %s, or too much:\n%s", want, text.String())
		}
	}
	want := "surface-train.width0.1,surface-train.width0.1.sd,surface-train.width0.1.bounds,surface-train.width0.5,surface-train.width0.5.sd,surface-train.width0.5.bounds,state\n"
	if got := csv.String(); !strings.Contains(got, want) || !strings.HasSuffix(got, "0.25,0.125,0,2,-,1,done\n") {
		t.Errorf("the csv table is\n%s", got)
	}
}
