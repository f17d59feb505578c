package render

import (
	"fmt"
	"image/color"
	"slices"

	"lossatlas/activities/pairs"
	"lossatlas/activities/render/basins"
	"lossatlas/activities/render/compare"
	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/spectrum"
	"lossatlas/activities/surface"
	"lossatlas/activities/trainlog"
	"lossatlas/activities/trajectory"
)

// Data is the input of a plot. Each plot uses some of it; nil fields are not available.
type Data struct {
	Grid        *surface.Grid // over a plane
	Train, Test *surface.Grid // along a line; one is enough
	// Of a curve between two minimizers, next to Train and Test: along the straight line between its ends; else nil.
	StraightTrain, StraightTest *surface.Grid
	Path                        *trajectory.Path
	Losses                      *trajectory.Losses // at the points of the path; may be nil
	Spectrum                    *spectrum.Spectrum
	Log                         *trainlog.Log
	Pairs                       *pairs.Result // of many minimizers
}

// Plot is a kind of picture of one map or training.
type Plot struct {
	Name string
	has  func(Data) bool // whether the data are enough
	draw func(Data, picture.Options) (picture.Figure, error)
	// As one of the panels of Multiples: draws a panel, which may be laid out in another way than the plot alone;
	// nil where there are no such multiples.
	panel func(Data, picture.Options) (picture.Figure, error)
	sheet sheetLook
}

// sheetLook is what Multiples of a plot share. Its zero value is that of a plane with names at its axes.
type sheetLook struct {
	apart     bool                                              // panels don't overlap where axes are not named
	rightAxis bool                                              // panels have an axis at the right
	ownAxes   bool                                              // axes differ from panel to panel
	levels    int                                               // about how many contour lines a panel has; 0 for a plot without
	bar       func(lo, hi float64, opt picture.Options) sideBar // may be nil
	legend    func([]Panel) []chart.LegendEntry                 // may be nil
	note      string                                            // a description of the marks
	colormap  string                                            // default
	ratio     bool                                              // shows the ratio of curvatures, not the loss
	shaded    bool
}

// Pictures of the basins of a surface.
var (
	treePlot    = alone("tree", basins.Tree)
	diagramPlot = alone("diagram", basins.Diagram)
)

// Pictures of many minimizers.
var (
	barriersPlot   = ofPairs("barriers", compare.Barriers)
	layoutPlot     = ofPairs("layout", compare.Layout)
	componentsPlot = ofPairs("components", compare.Components)
)

func ofPairs(name string, draw func(pairs.Result, picture.Options) (picture.Figure, error)) Plot {
	return Plot{Name: name, has: func(d Data) bool { return d.Pairs != nil }, draw: func(d Data, opt picture.Options) (picture.Figure, error) { return draw(*d.Pairs, opt) }}
}

// plots are all kinds of pictures of one map or training.
var plots = []Plot{linePlot, contourPlot, filledPlot, heatPlot, errorPlot, surface3DPlot, treePlot, diagramPlot, ratioPlot, trajectoryPlot, densityPlot, trainingPlot, barriersPlot, layoutPlot, componentsPlot}

// FindPlot returns the plot of a name.
func FindPlot(name string) (Plot, bool) {
	i := slices.IndexFunc(plots, func(p Plot) bool { return p.Name == name })
	if i < 0 {
		return Plot{}, false
	}
	return plots[i], true
}

// Draw lays out the plot. It fails where data are missing or inconsistent, or an option is out of range.
func (p Plot) Draw(d Data, opt picture.Options) (picture.Figure, error) {
	if !p.has(d) {
		return picture.Figure{}, fmt.Errorf("the plot %s lacks data to draw", p.Name)
	}
	return p.draw(d, opt)
}

// ofPlane is a plot of one grid over a plane, which looks the same as a panel.
func ofPlane(name string, draw func(surface.Grid, picture.Options) (picture.Figure, error), look sheetLook) Plot {
	of := func(d Data, opt picture.Options) (picture.Figure, error) { return draw(*d.Grid, opt) }
	return Plot{Name: name, has: func(d Data) bool { return d.Grid != nil }, draw: of, panel: of, sheet: look}
}

// alone is a plot of one grid over a plane that has no multiples.
func alone(name string, draw func(surface.Grid, picture.Options) (picture.Figure, error)) Plot {
	p := ofPlane(name, draw, sheetLook{})
	p.panel = nil
	return p
}

// PlotNames lists all plots.
func PlotNames() []string {
	var out []string
	for _, p := range plots {
		out = append(out, p.Name)
	}
	return out
}

// Swatch is the figures' default colour at t in [0, 1], for maps that are drawn elsewhere, in a terminal say.
func Swatch(t float64) color.RGBA { return canvas.ColorAt("viridis", t) }
