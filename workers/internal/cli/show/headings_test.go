package show

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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
