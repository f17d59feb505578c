package chart

import (
	"fmt"
	"testing"

	"gonum.org/v1/plot/vg"
)

func TestShortNames(t *testing.T) {
	for _, c := range []struct {
		names []string
		want  string
	}{
		{[]string{"batch_size=32", "batch_size=128"}, "batch_size [32 128]"},
		{[]string{"net=a, lr=1", "net=b, lr=2"}, "net, lr [a, 1 b, 2]"},
		{[]string{"net=a, lr=1", "lr=2, net=b"}, " [net=a, lr=1 lr=2, net=b]"},
		{[]string{"resnet20", "net=b"}, " [resnet20 net=b]"},
		{[]string{"batch_size=32"}, " [batch_size=32]"},
		{nil, " []"},
	} {
		heading, short := ShortNames(c.names)
		if got := fmt.Sprint(heading, " ", short); got != c.want {
			t.Errorf("%q: %q, want %q", c.names, got, c.want)
		}
	}
}

// Columns of a legend are aligned, and rows are as few as fit.
func TestLegendColumns(t *testing.T) {
	entries := make([]LegendEntry, 5)
	for i := range entries {
		entries[i].Name = fmt.Sprint("experiment ", i)
	}
	for _, c := range []struct{ columns, rows int }{{5, 1}, {3, 2}, {2, 3}, {1, 5}} {
		width := vg.Length(c.columns)*entries[0].width() + 1
		l := NewLegend(width, entries)
		if got := len(l[0].widths); got != c.columns || len(l[0].rows) != c.rows {
			t.Errorf("in %g points there are %d columns in %d rows, want %d in %d", width, got, len(l[0].rows), c.columns, c.rows)
		}
	}
}
