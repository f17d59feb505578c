package compare

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"

	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
	"lossatlas/activities/trainlog"
)

// Repetitions are one curve, of the means, with a band of the standard deviation inside their range; one that stopped early does not count.
func TestMeanOfRepetitions(t *testing.T) {
	x := []float64{0, 1, 2}
	nan := math.NaN()
	mean, count := picture.Mean([]*lattice.Field{
		lattice.NewCurve(x, []float64{1, 10, 5}), lattice.NewCurve(x, []float64{3, 10, nan}), lattice.NewCurve(x[:2], []float64{100, 100}),
	})
	if count != 2 || mean.F.Z[0] != 2 || mean.F.Z[1] != 10 || mean.F.OK[2] {
		t.Errorf("the mean of %d is %v, %v; want 2, 10 and nothing of two", count, mean.F.Z, mean.F.OK)
	}
	if mean.Low[0] != 1 || mean.High[0] != 3 { // 2 ± √2 leaves the range
		t.Errorf("the band is from %g to %g, want 1 to 3", mean.Low[0], mean.High[0])
	}
}

// Up to eight experiments are curves with a legend, more of them rows; repetitions count once.
func TestManyExperimentsAreRows(t *testing.T) {
	log := &trainlog.Log{Epochs: []trainlog.Epoch{{Epoch: 1, WeightNorm: 3}, {Epoch: 2, WeightNorm: 4}}}
	for _, c := range []struct {
		groups, repetitions int
		rows                bool
	}{{8, 1, false}, {4, 3, false}, {9, 1, true}, {9, 2, true}} {
		var runs []Run
		for g := range c.groups {
			for r := range c.repetitions {
				run := Run{Name: fmt.Sprintf("batch_size=%d", 16<<g), Log: log}
				if c.repetitions > 1 {
					run.Name, run.Group = fmt.Sprintf("%s, seed=%d", run.Name, r), run.Name
				}
				runs = append(runs, run)
			}
		}
		f, err := Norms(runs, picture.Options{DPI: 40})
		if err != nil {
			t.Fatal(err)
		}
		svg, err := f.SVG()
		if err != nil {
			t.Fatal(err)
		}
		if got := bytes.Contains(svg, []byte("a row for each experiment")); got != c.rows {
			t.Errorf("%d experiments of %d repetitions: rows %v, want %v", c.groups, c.repetitions, got, c.rows)
		}
		if n := strings.Count(string(svg), ">128<"); n != 1 {
			t.Errorf("%d experiments of %d repetitions: the value 128 is named %d times, want once", c.groups, c.repetitions, n)
		}
		if bands := bytes.Contains(svg, []byte(picture.BandNote+picture.Repetitions)); bands != (c.repetitions > 1 && !c.rows) {
			t.Errorf("%d experiments of %d repetitions: bands are explained: %v", c.groups, c.repetitions, bands)
		}
	}
}

// TestRowsHaveRoomForTheirHeading: rows are as high as the names of their parameters, which stand upright, are long.
func TestRowsHaveRoomForTheirHeading(t *testing.T) {
	log := &trainlog.Log{Epochs: []trainlog.Epoch{{Epoch: 1, WeightNorm: 3}, {Epoch: 2, WeightNorm: 4}}}
	height := func(format string) vg.Length {
		var runs []Run
		for i := range 9 {
			runs = append(runs, Run{Name: fmt.Sprintf(format, i), Log: log})
		}
		f, err := Norms(runs, picture.Options{DPI: 40})
		if err != nil {
			t.Fatal(err)
		}
		return f.Height
	}
	if short, long := height("lr=%[1]d"), height("batch_size=%[1]d, weight_decay=%[1]d, label_noise=%[1]d"); long < short+20 {
		t.Errorf("the figure is %.0f points high, and %.0f with a long heading", short, long)
	}
}

// Bands say what the lines that they stand for differ in.
func TestBandsOfLines(t *testing.T) {
	loss := func(depth float64) *surface.Grid {
		return &surface.Grid{X: []float64{-1, 0, 1}, Y: []float64{0}, Loss: []float64{2, depth, 3}, Accuracy: []float64{10, 50, 10}, Mask: []bool{true, true, true}}
	}
	first := LossLine{Name: "batch_size=32", Group: "batch_size=32", Train: loss(1)}
	along := first
	along.Direction, along.Train = 1, loss(2)
	repeated := first
	repeated.Name, repeated.Train = "batch_size=32, seed=2", loss(2)
	for want, lines := range map[string][]LossLine{
		"over directions":                 {first, along},
		"over repetitions":                {first, repeated},
		"over repetitions and directions": {first, along, repeated},
		"":                                {first},
	} {
		f, err := Lines(lines, picture.Options{DPI: 40})
		if err != nil {
			t.Fatal(err)
		}
		svg, err := f.SVG()
		if err != nil {
			t.Fatal(err)
		}
		if got := string(svg); strings.Contains(got, picture.BandNote) != (want != "") || !strings.Contains(got, want+"<") && want != "" {
			t.Errorf("bands of %d lines are not explained by %q", len(lines), want)
		}
	}
}
