package changes_test

import (
	"fmt"
	"testing"

	"lossatlas/pipelines/changes"
)

// TestFirst: the first changes in words, each once, without defaults that follow from another.
func TestFirst(t *testing.T) {
	for _, c := range []struct {
		kind  string
		names []string
		more  int
		want  string
	}{
		{"surface", []string{"x.n", "y.n"}, 0, "parameter resolution changed from 1 to 2"},
		{"line", []string{"data.to", "x.max", "x.n"}, 0, "parameter images (to) changed from 1 to 2, range (last value) from 1 to 2, points from 1 to 2"},
		{"train", []string{"batch_size", "bn_group", "optimizer.cosine"}, 0, "parameter batch_size (and bn_group, whose default follows it) changed from 1 to 2, optimizer.schedule.cosine from 1 to 2"},
		{"hessian", []string{"net", "subset", "tolerance", "x.n"}, 2, "parameter train.net changed from 1 to 2, subset from 1 to 2, tolerance from 1 to 2, and 3 more"},
	} {
		got := changes.First(c.names, c.more, func(i int, follows string) string {
			return fmt.Sprintf("parameter %s%s changed from 1 to 2", changes.Word(c.kind, c.names[i]), follows)
		})
		if got != c.want {
			t.Errorf("%v: %q, want %q", c.names, got, c.want)
		}
	}
}
