package activities

import (
	"lossatlas/pipelines/sweepfile"
	"testing"

	"lossatlas/activities/render"
)

// Every plot that a sweep file may ask for can be drawn, and the other way round.
func TestPlotsOfSweepsAreDrawn(t *testing.T) {
	names := sweepfile.PlotNames()
	for _, name := range names {
		if _, ok := render.FindPlot(name); !ok {
			t.Errorf("a sweep file may ask for the plot %s, and no picture is declared for it in activities/render", name)
		}
	}
	if drawn := render.PlotNames(); len(drawn) != len(names) {
		t.Errorf("pictures %v, plots of sweep files %v", drawn, names)
	}
}
