package run

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/activities/results"
	"lossatlas/artifacts"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/settings"
)

// TestGrowthIsOneTable: checkpoints that are mapped later stand in the columns of the earlier ones, below one header; a wider cell brings it again.
func TestGrowthIsOneTable(t *testing.T) {
	var out bytes.Buffer
	a := app.New(app.Program{Out: &out, Err: &out})
	a.Settings = &settings.Settings{Output: "text"}
	g, r := &growth{printed: map[string]bool{}}, &run{App: a}
	row := func(name string, loss float64) results.Experiment {
		return results.Experiment{Name: name, State: artifacts.StateDone, TrainLoss: &loss, TestLoss: &loss}
	}
	for _, batch := range [][]results.Experiment{{row("import=epoch_8.pth", 1.5), row("import=epoch_9.pth", 0.125)}, {row("import=last.pth", 22.25)}, nil, {row("import=epoch_10.pth", 1.5)}, {row("import=epoch_11.pth", 1)}} {
		if err := g.table(r, batch); err != nil {
			t.Fatal(err)
		}
	}
	const want = `experiment          state  train_loss  test_loss
import=epoch_8.pth  done       1.5000     1.5000
import=epoch_9.pth  done       0.1250     0.1250
import=last.pth     done      22.2500    22.2500
experiment           state  train_loss  test_loss
import=epoch_10.pth  done       1.5000     1.5000
import=epoch_11.pth  done       1.0000     1.0000
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestGrowthInPipes: every checkpoint has all its numbers in one line, however many there are; on a terminal each batch is a table that fits.
func TestGrowthInPipes(t *testing.T) {
	batches := [][]string{{"import=epoch_1.pth"}, {"import=epoch_2.pth", "import=epoch_3.pth"}}
	print := func(columns string) string {
		t.Setenv("COLUMNS", columns)
		var out bytes.Buffer
		a := app.New(app.Program{Out: &out, Err: &out})
		a.Settings = &settings.Settings{Output: "text"}
		g := &growth{printed: map[string]bool{}}
		for _, names := range batches {
			var rows []results.Experiment
			for _, name := range names {
				measures := map[string]float64{}
				for n := range 10 {
					measures[fmt.Sprintf("spectrum-of-block-%d.lambda_max", n)] = 123.25
				}
				rows = append(rows, results.Experiment{Name: name, State: artifacts.StateDone, Measures: measures})
			}
			if err := g.table(&run{App: a}, rows); err != nil {
				t.Fatal(err)
			}
		}
		return out.String()
	}
	piped := strings.Split(strings.TrimSpace(print("")), "\n")
	if len(piped) != 5 { // a heading of two lines and a row for each
		t.Errorf("%d lines in a pipe:\n%s", len(piped), strings.Join(piped, "\n"))
	}
	for n, line := range piped[max(0, len(piped)-3):] {
		if fields := strings.Fields(line); len(fields) != 12 || fields[0] != fmt.Sprintf("import=epoch_%d.pth", n+1) {
			t.Errorf("line %d is %q, want epoch_%d with 10 numbers", n, line, n+1)
		}
	}
	terminal := print("80")
	if n := strings.Count(terminal, "123.2"); n != 30 {
		t.Errorf("%d numbers on a terminal, want 30:\n%s", n, terminal)
	}
	for line := range strings.Lines(terminal) {
		if len(line) > 81 {
			t.Errorf("%d characters on a terminal of 80: %s", len(line), line)
		}
	}
}
