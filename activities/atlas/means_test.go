package atlas

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"

	"lossatlas/activities/surface"
)

// Repetitions have a table of means, which says what they are means of; a sweep without any has none.
func TestPageShowsMeans(t *testing.T) {
	loss := func(v float64) *float64 { return &v }
	repetition := func(group string, n int, v float64, bounds int) Experiment {
		e := Experiment{Name: fmt.Sprintf("%s,seed=%d", group, n), Group: group, TrainLoss: loss(v), TestLoss: loss(v + 1), TestError: loss(10 * v)}
		e.Flatness = []Flatness{{Name: "line-train", Pairs: 1, Summary: []surface.Summary{
			{Name: "width0.1", Mean: v, Deviation: math.NaN(), Count: 1}, {Name: "width0.5", Mean: v, Deviation: 0.1, Count: 2, Bounds: bounds}}}}
		return e
	}
	nan := math.NaN()
	d := Data{Sweep: "s", Experiments: []Experiment{
		repetition("a<b", 1, 1, 0), repetition("c", 1, 4, 0), repetition("a<b", 2, 2, 1),
		{Name: "c,seed=2", Group: "c", Note: "The training diverged."},
		{Name: "c,seed=4", Group: "c", TrainLoss: &nan, TestLoss: &nan, TestError: loss(90)},
		{Name: "c,seed=3", Group: "c", TrainLoss: loss(6), TestLoss: &nan, TestError: loss(90)},
	}}
	page, err := Page(d)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?s)id="means".*?</table>`).Find(page)
	var rows []string
	for _, tr := range strings.Split(string(found), "<tr>")[1:] {
		var cells []string
		for _, m := range regexp.MustCompile(`<t[hd][^>]*>(.*?)</t[hd]>`).FindAllStringSubmatch(tr, -1) {
			cells = append(cells, m[1])
		}
		rows = append(rows, strings.Join(cells, " | "))
	}
	want := []string{
		"experiments | repetitions | train loss | test loss | test error (%) | width0.5",
		"a&lt;b | 2 | 1.50 ± 0.71 | 2.50 ± 0.71 | 15.0 ± 7.1 | &gt;1.5",
		"c | 2 of 4 | 5.0 ± 1.4 (of 2) | 5 (of 1) | 65 ± 35 (of 2) | 4 (of 1)",
	}
	if strings.Join(rows, "\n") != strings.Join(want, "\n") {
		t.Errorf("the means are\n%s\nwant\n%s", strings.Join(rows, "\n"), strings.Join(want, "\n"))
	}
	for i := range d.Experiments {
		d.Experiments[i].Group = ""
	}
	if page, err = Page(d); err != nil || strings.Contains(string(page), "means-head") {
		t.Errorf("a sweep without repetitions has a table of means (%v)", err)
	}
}
