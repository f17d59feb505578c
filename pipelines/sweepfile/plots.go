package sweepfile

import (
	"fmt"
	"slices"
	"strings"

	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile/style"
	"lossatlas/pipelines/syntax"
)

// Plots that a sweep may ask for.
const (
	plotLine       = "line"
	plotContour    = "contour"
	plotFilled     = "filled"
	plotHeat       = "heat"
	plotError      = "error"
	plotSurface3D  = "surface3d"
	plotTree       = "tree"
	plotDiagram    = "diagram"
	plotRatio      = "ratio"
	plotTrajectory = "trajectory"
	plotDensity    = "density"
	plotTraining   = "training"
	plotBarriers   = "barriers"
	plotLayout     = "layout"
	plotComponents = "components"
)

// plotDeclaration has the fields of a plot in a sweep file. Its drawing is declared in activities/render.
type plotDeclaration struct {
	name      string
	ofMap     string   // kind of map that it is a picture of; "" for a training
	caption   string   // in the report; %s is the loss of a split, of a line loss and score
	onlyAsked bool     // not drawn by default
	multiples bool     // a figure can show one for each experiment
	style     []string // fields of the style, besides the fields of all pictures
}

// plotTable has the plots in the order in which pictures are drawn.
var plotTable = []plotDeclaration{
	{name: plotLine, ofMap: mapLine, caption: "%s along a line", multiples: true, style: []string{"scale", "cut"}},
	{name: plotContour, ofMap: mapSurface, caption: "Surface of the %s, contours", multiples: true,
		style: []string{"scale", "min", "max", "step", "colormap", "labels", "points", "basins"}},
	{name: plotFilled, ofMap: mapSurface, caption: "Surface of the %s, filled contours", multiples: true,
		style: []string{"scale", "min", "max", "step", "colormap", "points", "basins"}},
	{name: plotHeat, ofMap: mapSurface, caption: "Surface of the %s, a heat map", onlyAsked: true, multiples: true,
		style: []string{"scale", "min", "max", "cut", "colormap"}},
	{name: plotError, ofMap: mapSurface, caption: "Stated error of the %s", onlyAsked: true, style: []string{"colormap"}},
	{name: plotSurface3D, ofMap: mapSurface, caption: "Surface of the %s in 3D", onlyAsked: true, multiples: true,
		style: []string{"scale", "min", "max", "cut", "open", "colormap", "azimuth", "elevation"}},
	{name: plotTree, ofMap: mapSurface, caption: "Basins of the %s, a merge tree", onlyAsked: true, style: []string{"scale"}},
	{name: plotDiagram, ofMap: mapSurface, caption: "Basins of the %s, a persistence diagram", onlyAsked: true, style: []string{"scale"}},
	{name: plotRatio, ofMap: mapHessian, caption: "Ratio of the extreme curvatures of the %s, |λmin/λmax|", multiples: true, style: []string{"colormap"}},
	{name: plotTrajectory, ofMap: mapTrajectory, caption: "Paths of the trainings over the %s", multiples: true,
		style: []string{"scale", "min", "max", "step", "colormap", "labels", "points"}},
	{name: plotDensity, ofMap: mapSpectrum, caption: "Density of the Hessian's eigenvalues, %s"},
	{name: plotTraining, style: []string{"scale", "rate"}},
	{name: plotBarriers, ofMap: compareBarriers, caption: "Barriers between minimizers, %s", style: []string{"colormap"}},
	{name: plotLayout, ofMap: compareBarriers, caption: "Minimizers at distances as of their weights, with the barriers of the %s", style: []string{"colormap"}},
	{name: plotComponents, ofMap: compareBarriers, caption: "Minimizers along the principal components of their weights, with the barriers of the %s", style: []string{"colormap"}},
}

// findPlot is the declaration of a plot, without a name if it is missing.
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
	askedPlots    = plotNames(func(p plotDeclaration) bool { return p.onlyAsked })
	multiplePlots = plotNames(func(p plotDeclaration) bool { return p.multiples })
)

// fits says whether a plot can show a map: one of errors any plane with a stated error.
func (p plotDeclaration) fits(m mapConfig) bool {
	if p.name == plotError {
		return (m.Kind == mapSurface || m.Kind == mapHessian) && m.Error.Error > 0
	}
	return p.ofMap == m.Kind
}

// persistence is the least persistence of the basins in a picture of a map; 0 where it shows all, or no basins.
func (p plotDeclaration) persistence(m mapConfig, s *pipelines.Style) float64 {
	shows := p.name == plotTree || p.name == plotDiagram || s != nil && s.Basins
	if m.Persistence == nil || !shows {
		return 0
	}
	return *m.Persistence
}

// captionOf names the picture in a report, of a loss where the plot shows one of a split, or of eigenvalues.
func (p plotDeclaration) captionOf(loss string) string {
	return fmt.Sprintf(p.caption, loss)
}

// shownIn is the figures over several experiments that have a field of the style; fields that are not listed stand in all pictures.
// Which plots have it stands in plotTable.
var shownIn = map[string][]string{
	"scale":    {figureMultiples, figureLines, figureHistogram, figureCurves},
	"min":      {figureMultiples},
	"max":      {figureMultiples},
	"step":     {figureMultiples},
	"cut":      {figureMultiples, figureLines},
	"open":     {figureMultiples},
	"colormap": ofMultiples,
	"labels":   {figureMultiples},
	"points":   {figureMultiples},
	"basins":   {figureMultiples},

	"azimuth": {figureMultiples}, "elevation": {figureMultiples},
	"rate": {figureCurves},
}

// hasStyle reports whether pictures of a plot have a field of the style.
func (p plotDeclaration) hasStyle(field string) bool {
	return shownIn[field] == nil || slices.Contains(p.style, field)
}

// plotsWith are the plots that have a field of the style; nil means all.
func plotsWith(field string) []string {
	if shownIn[field] == nil {
		return nil
	}
	return plotNames(func(p plotDeclaration) bool { return p.hasStyle(field) })
}

// styleFields are the fields of the style for plots, or for figures.
func styleFields(of func(field string) []string) []syntax.Field {
	out := slices.Clone(style.Fields)
	for i, f := range out {
		out[i].Kinds = of(f.Name)
	}
	return out
}

// plotConfig is a picture of each map that it fits.
type plotConfig struct {
	Kind string `field:"kind"`
	style.Config
}

// plotFields are the fields of a plot: its name, or a mapping of its kind and style.
var plotFields = syntax.Variants{Of: plotKinds, What: "a plot", Want: "a plot, as contour or {kind: contour, scale: log}", Word: true, Object: syntax.Object{Fields: append([]syntax.Field{
	{Name: "kind", Doc: "Which picture.", Type: syntax.Choice{Of: plotKinds, What: "a plot"}, Required: true},
}, styleFields(plotsWith)...)}}

// resolvePlots checks that the maps allow what plots asks for.
func (cfg *config) resolvePlots(c *syntax.Checker, tree *syntax.Node) {
	if cfg.Plots == nil {
		for _, plot := range defaultPlots {
			cfg.Plots = append(cfg.Plots, plotConfig{Kind: plot})
		}
		return
	}
	list := tree.Get("plots")
	items := list.Items
	if list.IsScalar() {
		items = []*syntax.Node{list}
	}
	seen := make(map[string]bool)
	for i, plot := range cfg.Plots {
		if seen[plot.Kind] {
			c.Addf(items[i].At, "plots: %s is listed twice", plot.Kind)
		}
		seen[plot.Kind] = true
		switch kind := findPlot(plot.Kind); {
		case kind.ofMap != "" && !cfg.has(kind.ofMap) && !cfg.shown(kind):
			to := mapsKey
			if kind.ofMap == compareBarriers {
				to = compareKey
			}
			c.Addf(tree.Place("plots"), "plots: %s needs a map of kind %s; add one to %s, or leave it out", plot.Kind, kind.ofMap, to)
		case plot.Kind == plotError && !cfg.shown(kind):
			c.Addf(tree.Place("plots"), "plots: %s needs a map of kind %s with a stated error; give one error: 0.02, or leave it out", plot.Kind, kind.ofMap)
		}
		plot.Check(c, items[i], "plots: "+plot.Kind)
	}
	// Pictures are drawn in one order, however they are listed.
	slices.SortFunc(cfg.Plots, func(a, b plotConfig) int {
		return slices.Index(plotKinds, a.Kind) - slices.Index(plotKinds, b.Kind)
	})
}

func (cfg *config) has(kind string) bool {
	return slices.ContainsFunc(cfg.Maps, func(m mapConfig) bool { return m.Kind == kind }) ||
		slices.ContainsFunc(cfg.Compare, func(m compareConfig) bool { return m.Kind == kind })
}

// shown says whether a plot shows a map.
func (cfg *config) shown(p plotDeclaration) bool {
	return slices.ContainsFunc(cfg.Maps, p.fits) || slices.ContainsFunc(cfg.Compare, func(m compareConfig) bool { return p.fits(m.mapConfig) })
}

// draws says whether a plot is asked for.
func (b *builder) draws(plot string) bool {
	return slices.ContainsFunc(b.config.Plots, func(p plotConfig) bool { return p.Kind == plot })
}

// style is the look of a plot, nil for the default.
func (b *builder) style(plot string) *pipelines.Style {
	for _, p := range b.config.Plots {
		if p.Kind == plot {
			return p.Style()
		}
	}
	return nil
}

// foreign names the fields of a style that a plot does not have.
func foreign(item *syntax.Node, plot string) []string {
	var out []string
	for _, s := range style.Fields {
		if item.Get(s.Name) != nil && !findPlot(plot).hasStyle(s.Name) {
			out = append(out, s.Name)
		}
	}
	return out
}

// styleOf lists the fields of a plot's style.
func styleOf(plot string) string {
	var out []string
	for _, s := range style.Fields {
		if findPlot(plot).hasStyle(s.Name) {
			out = append(out, s.Name)
		}
	}
	return fmt.Sprintf("%s have %s", plot, strings.Join(out, ", "))
}
