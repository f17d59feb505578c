package show

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"lossatlas/activities/results"
	"lossatlas/activities/surface"
	"lossatlas/workers/internal/table"
)

// TestBriefTables: headings are short where that is clear, and what is common is said once, above.
func TestBriefTables(t *testing.T) {
	wide := strings.Repeat("w", 60)
	for _, c := range []struct {
		name string
		rows [][]string // the header first
		want string
	}{
		{"paths", [][]string{{"experiment", "train.net", "train.optimizer.lr", "test_error"}, {"a", "x", "0.1", "5"}, {"b", "x", "0.2", "6"}},
			"the same in all rows: net=x\nexperiment  lr   test_error %\na           0.1  5\nb           0.2  6\n"},
		{"the same last part", [][]string{{"dataset.a.k", "train.b.k", "line.width0.5", "surface.convex"}, {"1", "2", ">2", "100"}},
			"                        line      surface\ndataset.a.k  train.b.k  width0.5  convex %\n1            2          >2        100\n"},
		{"without values", [][]string{{"train.net", "test_loss", "state"}, {"x", "-", "done"}, {"y", "-", "done"}}, "net  state\nx    done\ny    done\n"},
		{"one row", [][]string{{"train.net", "state"}, {"x", "done"}}, "net  state\nx    done\n"},
		{"too wide", [][]string{{"experiment", wide + "1", wide + "2"}, {"a", "3", "4"}},
			"experiment  " + wide + "1\na           3\n\nexperiment  " + wide + "2\na           4\n"},
		{"nothing to shorten", [][]string{{"group", "n"}, {"a", "2"}}, "group  n\na      2\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b bytes.Buffer
			if err := brief(&table.Table{Header: c.rows[0], Rows: c.rows[1:]}).Text(&b); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, b.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestMeasuresAreDefined: below a table each of its measures is defined once, by its name in the heading, and so is the mark of a bound.
func TestMeasuresAreDefined(t *testing.T) {
	shown := brief(&table.Table{Header: []string{"experiment", "line.width0.5", "surface.width0.5", "surface.convex", "train_loss"}, Rows: [][]string{{"a", "1", ">2", "100", "3"}}})
	const want = "width0.5: length of the interval around the weights, along a direction, in which the loss rises by at most 0.5" +
		" · convex: share of the points with no negative second derivative" +
		" · train_loss: loss of the final weights over all training examples, in evaluation mode · >: lower bound, as the map ends there"
	measured := func(name string, se float64) []results.Experiment {
		return []results.Experiment{{Flatness: map[string][]surface.Summary{"line": {surface.NewSummary(name, []surface.Measured{{Value: 1, SE: se}})}}}}
	}
	const errors = " · --measures has the standard errors that are not shown here"
	for _, c := range []struct {
		rows []results.Experiment
		want string
	}{{nil, want}, {measured("width0.5", 0), want}, {measured("trace", 2), want}, {measured("width0.5", 0.1), want + errors}} {
		if got := measuresText([]*table.Table{shown}, c.rows); got != c.want {
			t.Errorf("%s\nwant\n%s", got, c.want)
		}
	}
}

// TestNotesFit: notes below a table fit the terminal.
func TestNotesFit(t *testing.T) {
	t.Setenv("COLUMNS", "60")
	var b bytes.Buffer
	PrintNotes(&b, []results.Experiment{{TestError: new(85.0), TestLoss: new(2.5), TestExamples: 64, Measures: map[string]float64{"spectrum.lambda_max" + results.Residual: 1e-8}}})
	for line := range strings.Lines(b.String()) {
		if n := utf8.RuneCountInString(line) - 1; n > 60 {
			t.Errorf("%d characters: %s", n, line)
		}
	}
	if text := strings.Join(strings.Fields(b.String()), " "); !strings.Contains(text, "as float32 computes it") || !strings.HasSuffix(text, "percentage points") {
		t.Errorf("notes are %s", text)
	}
}
