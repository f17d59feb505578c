package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lossatlas/workers/internal/services"

	"lossatlas/workers/embedded/s3"
	"lossatlas/workers/internal/cli"
	"lossatlas/workers/internal/exit"
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
	p := cli.Program{Revision: "v1", Embedded: services, In: strings.NewReader(""), Out: &out, Err: &err, Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}
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
		{"command of a group", []string{"gc"}, "did you mean artifacts gc?"},
		{"command of a group with its flag", []string{"gc", "--dry-run"}, "did you mean artifacts gc?"},
		{"command of two groups", []string{"weights"}, "did you mean export weights or import weights?"},
		{"command by another name", []string{"stop", "x"}, "did you mean cancel?"},
		{"unknown subcommand", []string{"artifacts", "lst"}, `unknown command "lst" for lossatlas artifacts`},
		{"unknown flag", []string{"list", "--bogus"}, "unknown flag: --bogus"},
		{"missing argument", []string{"run"}, "lossatlas: SWEEP.yaml|PLAN is missing; usage: lossatlas run SWEEP.yaml|PLAN [flags]"},
		{"missing arguments", []string{"compare"}, "lossatlas: A and B are missing; usage: lossatlas compare A B"},
		{"missing last argument", []string{"export", "film", "x"}, "lossatlas: FILE is missing; usage: lossatlas export film STEP... FILE"},
		{"one argument too many", []string{"list", "x"}, `list takes no arguments, got "x"; usage: lossatlas list`},
		{"two arguments too many", []string{"artifacts", "ls", "x", "y", "z"}, `"y" is one argument too many; usage: lossatlas artifacts ls [SWEEP]`},
		{"mistyped flag", []string{"show", "x", "--column", "a"}, "unknown flag: --column; did you mean --columns?; see lossatlas show --help"},
		{"flag without a value", []string{"map", "x", "--data"}, "lossatlas: --data needs a value (file); see lossatlas map --help"},
		{"unknown backend", []string{"--backend", "tpu", "list"}, "auto, xla, go"},
		{"no such file", []string{"run", "absent.yaml"}, "there is no sweep file absent.yaml"},
		{"folder", []string{"validate", "."}, "is a folder"},
		{"unknown sweep", []string{"show", "absent"}, `there is no sweep "absent"`},
		{"unknown format", []string{"show", "absent", "--format", "xml"}, "choose text, csv, md or json"},
		{"unknown queue", []string{"worker", "--queues", "tpu"}, "a worker serves io and cpu"},
		{"no slots", []string{"worker", "--slots", "0"}, "give 1 to 64"},
		{"worker without servers", []string{"worker"}, "services to work for"},
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
	bad := file(t, strings.Replace(good, "epochs: 1", "epochs: one", 1))
	code, stdout, stderr = call(t, "validate", bad, path, "absent.yaml")
	if code != exit.Usage || !strings.HasPrefix(stdout, path+": sweep small is fine") || !strings.Contains(stderr, bad+":3:") || !strings.Contains(stderr, "absent.yaml") {
		t.Errorf("exit code %d, %q: want every file reported\n%s", code, stdout, stderr)
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

// netRow is a network as scripts read it.
type netRow struct {
	Name          string
	Parameters    int
	MACs          int64
	EvaluateBytes int64 `json:"evaluate_bytes"`
	TrainBytes    int64 `json:"train_bytes"`
	HessianBytes  int64 `json:"hessian_bytes"`
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
	_, text, _ := call(t, "nets")
	if list, about, _ := strings.Cut(text, "\n\n"); strings.Count(list, "\n") != len(rows) || !strings.Contains(unfolded(about), "batches of 128") {
		t.Errorf("want a header, %d lines and what memory means:\n%s", len(rows), text)
	}
}

// unfolded is a text in one line.
func unfolded(text string) string { return strings.Join(strings.Fields(text), " ") }

// TestShowOptions: what does not go together is said before anything is looked for.
func TestShowOptions(t *testing.T) {
	for want, args := range map[string][]string{
		"--maps draws in text, not in csv":  {"show", "absent", "--maps", "--format", "csv"},
		"leave them out with --comparisons": {"show", "absent", "--comparisons", "--sort-by", "state"},
	} {
		code, stdout, stderr := call(t, args...)
		if code != exit.Usage || stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("%v: exit code %d, %q", args, code, stderr)
		}
	}
}

// TestNetsOfAName: the tensors of a built-in network in the order of its layers, with its input normalization.
func TestNetsOfAName(t *testing.T) {
	code, stdout, stderr := call(t, "nets", "resnet20:width=8")
	if code != exit.Done {
		t.Fatalf("exit code %d:\n%s", code, stderr)
	}
	for _, want := range []string{"takes [batch, 32, 32, 3] uint8; 68786 parameters", "inputs are normalized as (x - [125.3 123 113.9]) / [63 62.1 66.7]", "layer3.2.conv2.weight"} {
		if !strings.Contains(unfolded(stdout), want) {
			t.Errorf("there is no %q in\n%s", want, stdout)
		}
	}
	if code, _, stderr := call(t, "nets", "resnet20:depth=8"); code != exit.Usage || !strings.Contains(stderr, `no parameter "depth"`) {
		t.Errorf("an unknown parameter: exit code %d:\n%s", code, stderr)
	}
}

// TestFlagValues: a value that a flag can't take is refused in the user's terms.
func TestFlagValues(t *testing.T) {
	for _, c := range []struct{ flag, value, want string }{
		{"--speed", "fast", `--speed: want a number, got "fast"`},
		{"--detailed-exitcode=maybe", "", `--detailed-exitcode: want true or false, got "maybe"`},
	} {
		t.Run(c.flag, func(t *testing.T) {
			args := []string{"plan", c.flag}
			if c.value != "" {
				args = append(args, c.value)
			}
			code, _, stderr := call(t, args...)
			if code != exit.Usage || !strings.Contains(stderr, c.want) || strings.Contains(stderr, "strconv") {
				t.Errorf("exit code %d, want %d with %q:\n%s", code, exit.Usage, c.want, stderr)
			}
		})
	}
}

// TestValidateFindsFiles: files that a sweep file names are looked for, and what may not be meant is noted.
func TestValidateFindsFiles(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"data", "shapes10, train: 64, test: 64", "absent.npz", "there is no file or folder"},
		{"weights", "epochs: 1, batch_size: 32}\nsweep: {train.seed: [1, 2]", "import: absent.pt", ":3:29: train.import: there is no file or folder "},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, _, stderr := call(t, "validate", file(t, strings.Replace(good, c.old, c.new, 1)))
			if code != exit.Usage || !strings.Contains(stderr, c.want) {
				t.Errorf("exit code %d, want %d with %q:\n%s", code, exit.Usage, c.want, stderr)
			}
		})
	}
	code, stdout, stderr := call(t, "validate", "--output", "json", file(t, strings.Replace(good, "points: 3", "points: 4", 1)))
	if code != exit.Done || !strings.Contains(stdout, "no point at the minimizer") {
		t.Errorf("exit code %d, a line of even points:\n%s%s", code, stdout, stderr)
	}
}
