package show

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/workers/internal/table"
)

// TestBriefTables: headings are short where that is clear, and what is common is said once, above.
func TestBriefTables(t *testing.T) {
	for _, c := range []struct {
		name string
		rows [][]string // the header first
		want string
	}{
		{"paths", [][]string{{"experiment", "train.net", "train.optimizer.lr", "test_error"}, {"a", "x", "0.1", "5"}, {"b", "x", "0.2", "6"}},
			"net is x; train.optimizer: lr\nexperiment  lr   test_error %\na           0.1  5\nb           0.2  6\n"},
		{"the same last part", [][]string{{"line.width0.5", "surface.width0.5", "surface.convex"}, {"1", ">2", "100"}},
			"surface: convex\nline.width0.5  surface.width0.5  convex %\n1              >2                100\n"},
		{"one row", [][]string{{"train.net", "state"}, {"x", "done"}}, "train: net\nnet  state\nx    done\n"},
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
