package sweepfile

import (
	"fmt"
	"slices"
)

// Plots that a sweep may ask for.
const (
	plotLine       = "line"
	plotContour    = "contour"
	plotFilled     = "filled"
	plotHeat       = "heat"
	plotError      = "error"
	plotSurface3D  = "surface3d"
	plotRatio      = "ratio"
	plotTrajectory = "trajectory"
	plotDensity    = "density"
	plotTraining   = "training"
)

// plotDeclaration says what a sweep file can ask of a plot. How it is drawn is declared in activities/render.
type plotDeclaration struct {
	name      string
	ofMap     string   // kind of map that it is a picture of; "" for a training
	caption   string   // in the report; %s is the loss of a split, of a line loss and score
	onlyAsked bool     // not drawn by default
	multiples bool     // a figure can show one for each experiment
	style     []string // fields of the style, besides those that all pictures have
}

// plotTable has the plots in the order in which pictures are drawn.
var plotTable = []plotDeclaration{
	{name: plotLine, ofMap: mapLine, caption: "%s along a line", multiples: true, style: []string{"scale", "cut"}},
	{name: plotContour, ofMap: mapSurface, caption: "Surface of the %s, contours", multiples: true,
		style: []string{"scale", "min", "max", "step", "colormap", "labels", "points"}},
	{name: plotFilled, ofMap: mapSurface, caption: "Surface of the %s, filled contours", multiples: true,
		style: []string{"scale", "min", "max", "step", "colormap", "points"}},
	{name: plotHeat, ofMap: mapSurface, caption: "Surface of the %s, a heat map", onlyAsked: true, multiples: true,
		style: []string{"scale", "min", "max", "cut", "colormap"}},
	{name: plotError, ofMap: mapSurface, caption: "Stated error of the %s", onlyAsked: true, style: []string{"colormap"}},
	{name: plotSurface3D, ofMap: mapSurface, caption: "Surface of the %s in 3D", onlyAsked: true, multiples: true,
		style: []string{"scale", "min", "max", "cut", "open", "colormap"}},
	{name: plotRatio, ofMap: mapHessian, caption: "Ratio of the extreme curvatures of the %s, |λmin/λmax|", multiples: true, style: []string{"colormap"}},
	{name: plotTrajectory, ofMap: mapTrajectory, caption: "Paths of the trainings over the %s", multiples: true,
		style: []string{"scale", "min", "max", "step", "colormap", "labels", "points"}},
	{name: plotDensity, ofMap: mapSpectrum, caption: "Density of the Hessian's eigenvalues, %s"},
	{name: plotTraining, style: []string{"scale"}},
}

// findPlot is the declaration of a plot, without a name if there is none.
func findPlot(name string) plotDeclaration {
	i := slices.IndexFunc(plotTable, func(p plotDeclaration) bool { return p.name == name })
	if i < 0 {
		return plotDeclaration{}
	}
	return plotTable[i]
}

// plotNames lists the plots that have a property, in the order of plotTable.
func plotNames(has func(plotDeclaration) bool) []string {
	var out []string
	for _, p := range plotTable {
		if has(p) {
			out = append(out, p.name)
		}
	}
	return out
}

// PlotNames lists all plots.
func PlotNames() []string { return plotNames(func(plotDeclaration) bool { return true }) }

var (
	plotKinds     = PlotNames()
	defaultPlots  = plotNames(func(p plotDeclaration) bool { return !p.onlyAsked })
	multiplePlots = plotNames(func(p plotDeclaration) bool { return p.multiples })
)

// fits says whether a plot can show a map: one of errors needs a stated error.
func (p plotDeclaration) fits(m mapConfig) bool {
	return p.ofMap == m.Kind && (p.name != plotError || m.Error.Error > 0)
}

// captionOf names the picture in a report, of a loss where the plot shows one of a split.
func (p plotDeclaration) captionOf(loss string) string {
	return fmt.Sprintf(p.caption, loss)
}
