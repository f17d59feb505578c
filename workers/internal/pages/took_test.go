package pages

import (
	"testing"
	"time"
)

// TestTook: the time of a run, unless it is not over or only read the cache.
func TestTook(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		cached   bool
		finished time.Time
		want     string
		page     string
	}{
		{false, start.Add(5 * time.Second), "5.0 s", "took 5.0 s"}, {true, start.Add(time.Millisecond), "all cached", "all cached"}, {false, time.Time{}, "", ""},
	} {
		counts := Counts{AllCached: c.cached}
		if got, page := counts.Took(start, c.finished), (Row{Counts: counts, Started: start, Finished: c.finished}).Took(); got != c.want || page != c.page {
			t.Errorf("%+v: %q and %q", c, got, page)
		}
	}
}
