package compare

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/plot/vg"

	"lossatlas/activities/render/internal/chart"
)

// A lower bound has no known rank: the correlation is over the exact values alone, and the note says how many were left out.
func TestScatterLeavesBoundsOut(t *testing.T) {
	exact := []Dot{{Flatness: 1, Error: 9}, {Flatness: 2, Error: 8}, {Flatness: 3, Error: 7}}
	bound := Dot{Flatness: 1.5, Error: 1, AtLeast: true}
	for _, c := range []struct {
		dots []Dot
		rho  float64
		note string
	}{
		{exact, -1, "Spearman's rank correlation −1.00 over 3 minimizers"},
		{append(exact[:3:3], bound), -1, "Spearman's rank correlation −1.00 over 3 minimizers; the arrow marks a lower bound, excluded from the correlation"},
		{append(exact[:2:2], bound, bound), math.NaN(), "no rank correlation (2 exact values, 3 needed); arrows mark 2 lower bounds"},
		{append(exact[:2:2], Dot{Flatness: math.Inf(1), Error: 1}, Dot{Flatness: 4, Error: math.NaN()}), math.NaN(), "no rank correlation (2 exact values, 3 needed)"},
	} {
		if rho, _, _ := RankCorrelation(c.dots); rho != c.rho && !(math.IsNaN(rho) && math.IsNaN(c.rho)) {
			t.Errorf("the correlation of %v is %v, want %v", c.dots, rho, c.rho)
		}
		if got := correlationNote(c.dots, "minimizers"); got != c.note {
			t.Errorf("the note on %v is %q, want %q", c.dots, got, c.note)
		}
	}
}

// TestNamesCoverNoDots: names that would cover half of a dot or each other are left to a legend.
func TestNamesCoverNoDots(t *testing.T) {
	name := func(i int) string { return fmt.Sprint("batch_size=128, weight_decay=0.000", i) }
	crowd := []Dot{{Flatness: 1, Error: 84}, {Flatness: 1.79, Error: 87.5}, {Flatness: 1.8, Error: 87.5}, {Flatness: 2, Error: 87.5}, {Flatness: 2, Error: 87.5}, {Flatness: 2, Error: 85}}
	apart := []Dot{{Flatness: 1, Error: 84}, {Flatness: 1.5, Error: 85}, {Flatness: 2, Error: 86}}
	for i, c := range []struct {
		dots []Dot
		want bool
	}{{crowd, true}, {apart, false}} {
		var x, y []float64
		for k := range c.dots {
			c.dots[k].Name = name(k)
			x, y = append(x, c.dots[k].Flatness), append(y, c.dots[k].Error)
		}
		p := chart.Panel{Frame: vg.Rectangle{Max: vg.Point{X: 310, Y: 190}}, X: dotScale(x), Y: dotScale(y)}
		if _, overlap := placeNames(p, c.dots); overlap != c.want {
			t.Errorf("case %d: overlap %v, want %v", i, overlap, c.want)
		}
	}
}

// More dots than mostNamed are colored by cell, with a legend of the cells.
func TestManyDotsHaveALegend(t *testing.T) {
	var dots []Dot
	for _, batch := range []string{"32", "256"} {
		for _, decay := range []string{"0", "0.005"} {
			for seed := range 5 {
				dots = append(dots, Dot{Name: fmt.Sprintf("batch_size=%s, weight_decay=%s, seed=%d", batch, decay, seed)})
			}
		}
	}
	colors := make([]color.RGBA, len(dots))
	legend := colorFamilies(dots, colors)
	var names []string
	for _, e := range legend {
		names = append(names, e.Name)
	}
	want := []string{"batch_size=32, weight_decay=0", "batch_size=32, weight_decay=0.005", "batch_size=256, weight_decay=0", "batch_size=256, weight_decay=0.005"}
	if !slices.Equal(names, want) {
		t.Errorf("the legend has %q, want %q", names, want)
	}
	for i, c := range colors {
		if want := legend[i/5].Color; c != want {
			t.Errorf("%s has color %v, want %v", dots[i].Name, c, want)
		}
	}
	for i := range dots {
		dots[i].Name = fmt.Sprintf("seed=%d", i)
	}
	if legend := colorFamilies(dots, colors); legend != nil || colors[0] != colors[19] {
		t.Errorf("%d dots without families have a legend %v or several colors", len(dots), legend)
	}
}
