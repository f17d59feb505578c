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

// TestWordOf: a parameter of an axis says which one, unless both have the same value or there is one axis alone.
func TestWordOf(t *testing.T) {
	for _, c := range []struct {
		kind, path string
		other      string // the value of the other axis, "" without it; that of path is 1
		want       string // "" where it is not told
	}{
		{"surface", "x.n", "1", "resolution"}, {"surface", "y.n", "1", ""}, {"surface", "x.n", "2", "resolution of x"}, {"surface", "y.n", "2", "resolution of y"},
		{"surface", "x.max", "", "range (last value) of x"}, {"surface", "fit.y", "", "range: auto of y"}, {"surface", "fit.y", "1", ""},
		{"line", "x.n", "", "points"}, {"line", "fit.y", "", ""}, {"line", "fit.x", "", "range: auto"}, {"surface", "normalize", "", "normalize"},
	} {
		word, isTold := changes.WordOf(c.kind, c.path, "1", func(string) (string, bool) { return c.other, c.other != "" })
		if isTold != (c.want != "") || isTold && word != c.want {
			t.Errorf("%s of a %s, other axis %q: %q, %t, want %q", c.path, c.kind, c.other, word, isTold, c.want)
		}
	}
	if names := []string{"s.fit.x", "s.fit.margin", "s.x.max"}; changes.IsImplied(names[0], names) || !changes.IsImplied(names[1], names) || !changes.IsImplied(names[2], names) || changes.IsImplied("s.x.max", names[2:]) {
		t.Error("the ends of a fitted axis don't follow from its fit")
	}
}
