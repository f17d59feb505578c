package show

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/activities/results"
	"lossatlas/activities/surface"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/settings"
)

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
	if err := table.Text(&text); err != nil {
		t.Fatal(err)
	}
	if err := table.CSV(&csv); err != nil {
		t.Fatal(err)
	}
	if err := table.Markdown(&md); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, got, want string }{
		{"text", text.String(), `experiment  state   train.batch_size  train.net  train_loss  test_loss  test_error
b=128       done                 128        a|b      0.1250     0.2500        8.13
b=8192      failed              8192          -           -          -           -
b=32        done                  32          -      1.0000     2.0000       20.00
`},
		{"csv", csv.String(), `experiment,state,train.batch_size,train.net,train_loss,test_loss,test_error
b=128,done,128,a|b,0.1250,0.2500,8.13
b=8192,failed,8192,-,-,-,-
b=32,done,32,-,1.0000,2.0000,20.00
`},
		{"md", md.String(), `| experiment | state | train.batch_size | train.net | train_loss | test_loss | test_error |
| --- | --- | ---: | ---: | ---: | ---: | ---: |
| b=128 | done | 128 | a\|b | 0.1250 | 0.2500 | 8.13 |
| b=8192 | failed | 8192 | - | - | - | - |
| b=32 | done | 32 | - | 1.0000 | 2.0000 | 20.00 |
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
		{"csv", "epochs,experiment,width0.1.sd,batch_size,test_error", "train.epochs,experiment,surface-train.width0.1.sd,train.batch_size,test_error\n3,b=128,0.5,128,8.127\n,b=8192,,8192,\n,b=32,,32,20\n"},
		{"csv", "net,parameters,seconds,train.key,train/weights,augment", "train.net,parameters,seconds,train.key,train/weights,train.augment\na|b,100,2.5,abc,sha256:00,true\n,,,,,\n,,,,,\n"},
		{"md", "experiment,net", "| experiment | train.net |\n| --- | ---: |\n| b=128 | a\\|b |\n| b=8192 | - |\n| b=32 | - |\n"},
		// A lower bound is marked for people, and counted in a column of its own for programs.
		{"md", "width0.1,width0.5,sharp0.5", "| experiment | surface-train.width0.1 | surface-train.width0.5 | surface-train.sharp0.5 |\n| --- | ---: | ---: | ---: |\n| b=128 | 1 | >2 | Inf |\n| b=8192 | - | - | - |\n| b=32 | - | - | - |\n"},
		{"csv", "width0.1,width0.5", "surface-train.width0.1,surface-train.width0.1.bounds,surface-train.width0.5,surface-train.width0.5.bounds\n1,0,2,1\n,,,\n,,,\n"},
		{"csv", "width0.5.bounds,width0.5", "surface-train.width0.5.bounds,surface-train.width0.5\n1,2\n,\n,\n"},
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
		a := &app.App{Program: app.Program{Out: &out}, Settings: &settings.Settings{Output: c.format}}
		if err := printPicked(a, c.format, rows, columns); err != nil {
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
	for name, want := range map[string]string{"tset_error": "did you mean test_error?", "epoch": "did you mean", "loss": "test_loss", "": "show SWEEP --format csv"} {
		if _, err := known.pick([]string{name}); exit.Of(err) != exit.Usage || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want a usage error with %q", name, err, want)
		}
	}
}

// The results of maps have a column each, by which rows can be sorted.
func TestMeasuresAreColumns(t *testing.T) {
	rows := sample()
	rows[0].Measures = map[string]float64{"path.pc1": 41.238}
	rows[2].Measures = map[string]float64{"path.pc1": 90}
	if err := catalogOf(rows, nil).sort(rows, "path.pc1", true); err != nil {
		t.Fatal(err)
	}
	var csv bytes.Buffer
	if err := resultTable(rows, summary).CSV(&csv); err != nil {
		t.Fatal(err)
	}
	want := "experiment,state,train_loss,test_loss,test_error,path.pc1\nb=32,done,1.0000,2.0000,20.00,90\n" +
		"b=128,done,0.1250,0.2500,8.13,41.24\nb=8192,failed,-,-,-,-\n"
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
	if err := errors.Join(resultTable(rows[:2], readable).Markdown(&text), resultTable(rows[:1], everything).CSV(&csv)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| surface-train.width0.5 |\n", "| >2 |\n", "| - |\n"} {
		if !strings.Contains(text.String(), want) || strings.Contains(text.String(), "width0.1") {
			t.Errorf("the table has no %s, or too much:\n%s", want, text.String())
		}
	}
	want := "surface-train.width0.1,surface-train.width0.1.sd,surface-train.width0.1.bounds,surface-train.width0.5,surface-train.width0.5.sd,surface-train.width0.5.bounds\n"
	if got := csv.String(); !strings.Contains(got, want) || !strings.HasSuffix(got, "0.25,0.125,0,2,,1\n") {
		t.Errorf("the csv table is\n%s", got)
	}
}

// TestTraceHasItsError: in a table for people a trace has its standard error, which CSV has in a column of its own.
func TestTraceHasItsError(t *testing.T) {
	rows := sample()[:1]
	rows[0].Flatness = map[string][]surface.Summary{"spectrum": {surface.NewSummary("trace", []surface.Measured{{Value: 46.89, SE: 9.84}})}}
	var text, csv bytes.Buffer
	if err := errors.Join(resultTable(rows, readable).Markdown(&text), resultTable(rows, everything).CSV(&csv)); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), "| 46.9 ± 9.8 |") || !strings.HasSuffix(csv.String(), "46.89,,0,9.84\n") {
		t.Errorf("the tables are\n%s%s", text.String(), csv.String())
	}
}

// TestImportedColumns: imported weights have a training error, and without a test set tables for people have no columns of it.
func TestImportedColumns(t *testing.T) {
	header := func(show detail, rows ...results.Experiment) string {
		return strings.Join(resultTable(rows, show).Header, " ")
	}
	imported := results.Experiment{Name: "a", State: "done", TrainLoss: num(1), TrainError: num(20)}
	tested := results.Experiment{Name: "b", State: "done", TrainLoss: num(1), TestLoss: num(2), TestError: num(30)}
	for _, c := range []struct{ got, want string }{
		{header(readable, imported), "experiment state train_loss train_error"},
		{header(readable, imported, tested), "experiment state train_loss train_error test_loss test_error"},
		{header(readable, results.Experiment{Name: "c", State: "waiting"}), "experiment state train_loss test_loss test_error"},
		{header(everything, imported), "experiment state train_loss train_error test_loss test_error"},
	} {
		if c.got != c.want {
			t.Errorf("the columns are %s, want %s", c.got, c.want)
		}
	}
}

// TestColumnGuesses: a name of parts of a column's name is one of its guesses, and of a spread that is not known the message says which ones are.
func TestColumnGuesses(t *testing.T) {
	rows := []results.Experiment{{Name: "a", TrainLoss: num(1), Flatness: map[string][]surface.Summary{"surface-train": {
		surface.NewSummary("width0.1", []surface.Measured{{Value: 1}}), surface.NewSummary("width0.5", []surface.Measured{{Value: 2}})}}}}
	for name, want := range map[string]string{
		"surface.width.sd":          "it could be surface-train.width0.1.sd and surface-train.width0.5.sd",
		"train_loss.sd":             "there is no standard deviation of train_loss here: measures of flatness have",
		"surface-train.width0.1.se": "there is no standard error of surface-train.width0.1 here: measures of flatness have",
		"trian_loss":                "did you mean train_loss?",
	} {
		if _, err := catalogOf(rows, nil).find("--columns", name); exit.Of(err) != exit.Usage || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}
