package sweepfile

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"lossatlas/pipelines"
	"lossatlas/pipelines/syntax"
)

// styleConfig is a style in a sweep file, next to the kind of a plot or figure.
type styleConfig struct {
	Scale    string   `field:"scale"`
	Min      *float64 `field:"min"`
	Max      *float64 `field:"max"`
	Step     float64  `field:"step"`
	Cut      float64  `field:"cut"`
	Open     bool     `field:"open"`
	Colormap string   `field:"colormap"`
	Width    float64  `field:"width"`
	DPI      int      `field:"dpi"`
	Labels   *bool    `field:"labels"`
	Points   bool     `field:"points"`
}

// style is nil for a picture that looks as pictures do.
func (s styleConfig) style() *pipelines.Style {
	out := pipelines.Style{Scale: s.Scale, Step: s.Step, Cut: s.Cut, Open: s.Open, Colormap: s.Colormap, Width: s.Width, DPI: s.DPI, Points: s.Points}
	if s.Min != nil && s.Max != nil {
		out.Min, out.Max = *s.Min, *s.Max
	}
	out.NoLabels = s.Labels != nil && !*s.Labels
	if out == (pipelines.Style{}) {
		return nil
	}
	return &out
}

// Limits of a style.
const (
	maxLevels = 200
	maxPixels = 12000
	// A level or cut is 0, or of a size from minShown to maxShown.
	maxShown = 1e30
)

var (
	scaleNames    = []string{"linear", "log", "symlog"}
	colormapNames = []string{"cividis", "magma", "viridis"}
)

// shownIn is a field of the style with the figures over several experiments that have it; nil means all. Which plots
// have it stands in plotTable.
type shownIn struct {
	syntax.Field
	figures []string
}

// appliesTo reports whether pictures of a plot have the field.
func (s shownIn) appliesTo(p plotDeclaration) bool {
	return s.figures == nil || slices.Contains(p.style, s.Name)
}

// plots are those that have the field; nil means all.
func (s shownIn) plots() []string {
	if s.figures == nil {
		return nil
	}
	return plotNames(s.appliesTo)
}

var ofMultiples = []string{figureMultiples}

var styleTable = []shownIn{
	{syntax.Field{Name: "scale", Doc: "Scale of the loss (of a histogram, of the counts). symlog is linear near 0 and logarithmic on both sides. Default: logarithmic where the range is wide, symlog where it also touches or crosses 0.",
		Type: syntax.Choice{Of: scaleNames, What: "a scale"}},
		[]string{figureMultiples, figureLines, figureHistogram, figureCurves}},
	{syntax.Field{Name: "min", Doc: "Lowest level or colour. Default: chosen from the data, as the paper's levels where they fit.", Type: syntax.Number{Min: -maxShown, Max: maxShown}},
		ofMultiples},
	{syntax.Field{Name: "max", Doc: "Highest level or colour; given together with min.", Type: syntax.Number{Min: -maxShown, Max: maxShown}},
		ofMultiples},
	{syntax.Field{Name: "step", Doc: "Distance of levels from min to max; with scale: log, in decades. Default: round levels.", Type: syntax.Number{Min: 0, Max: maxShown, Above: true}},
		ofMultiples},
	{syntax.Field{Name: "cut", Doc: "Largest loss that is shown: curves leave the frame there, colours and heights stay at their last.", Type: syntax.Number{Min: 0, Max: maxShown, Above: true}},
		[]string{figureMultiples, figureLines}},
	{syntax.Field{Name: "open", Doc: "Leaves a surface in 3D open above cut, in place of a flat top.", Type: syntax.Boolean{}}, ofMultiples},
	{syntax.Field{Name: "colormap", Doc: "Colours, all of them even to the eye and safe for the colour blind. Default: viridis, of a ratio cividis.",
		Type: syntax.Choice{Of: colormapNames, What: "a colour map"}}, ofMultiples},
	{syntax.Field{Name: "labels", Doc: "Whether levels are written into their lines. Default: true.", Type: syntax.Boolean{}}, ofMultiples},
	{syntax.Field{Name: "points", Doc: "Whether the points at which the loss was evaluated are shown. Default: false.", Type: syntax.Boolean{}}, ofMultiples},
	{syntax.Field{Name: "width", Doc: "Width of the picture in inches.", Type: syntax.Number{Min: 2, Max: 40}}, nil},
	{syntax.Field{Name: "dpi", Doc: "Dots per inch of the PNG. Default: 220.", Type: syntax.Integer{Min: 36, Max: 1200}}, nil},
}

// styleFields are the fields of the style for plots, or for figures.
func styleFields(of func(shownIn) []string) []syntax.Field {
	var out []syntax.Field
	for _, s := range styleTable {
		f := s.Field
		f.Kinds = of(s)
		out = append(out, f)
	}
	return out
}

// checkStyle checks what the fields of a style must keep to among each other.
func (s styleConfig) Check(c *syntax.Checker, item *syntax.Node, what string) {
	switch {
	case (s.Min == nil) != (s.Max == nil):
		c.Addf(item.At, "%s: min and max belong together; give both, or none", what)
	case s.Min == nil && s.Step > 0:
		c.Addf(item.Place("step"), "%s: step without min and max; give all three", what)
	case s.Min == nil:
	case *s.Min >= *s.Max:
		c.Addf(item.Place("min"), "%s: min is %g and max is %g; max must be above min", what, *s.Min, *s.Max)
	case s.Scale == "log" && *s.Min <= 0:
		c.Addf(item.Place("min"), "%s: min is %g; a logarithmic scale needs min above 0", what, *s.Min)
	case s.Step > 0 && s.Scale == "symlog":
		c.Addf(item.Place("step"), "%s: levels on a symmetric logarithmic scale have no step; leave it out", what)
	case s.Step > 0:
		span := *s.Max - *s.Min
		if s.Scale == "log" {
			span = math.Log10(*s.Max / *s.Min)
		}
		if n := span/s.Step + 1; n > maxLevels {
			c.Addf(item.Place("step"), "%s: min, max and step make %.0f levels; at most %d are allowed: take a larger step", what, n, maxLevels)
		}
	}
	if pixels := s.Width * float64(s.DPI); pixels > maxPixels {
		c.Addf(item.Place("dpi"), "%s: width and dpi make a picture %.0f pixels wide; at most %d are allowed", what, pixels, maxPixels)
	}
	if s.Open && s.Cut == 0 && s.Max == nil {
		c.Addf(item.Place("open"), "%s: open has no effect without cut, above which a surface is open", what)
	}
}

// plotConfig is a picture of each map that it fits.
type plotConfig struct {
	Kind string `field:"kind"`
	styleConfig
}

// plotFields are those of a plot: its name, or a mapping of its kind and style.
var plotFields = syntax.Variants{Of: plotKinds, What: "a plot", Want: "a plot, as contour or {kind: contour, scale: log}", Word: true, Object: syntax.Object{Fields: append([]syntax.Field{
	{Name: "kind", Doc: "Which picture.", Type: syntax.Choice{Of: plotKinds, What: "a plot"}, Required: true},
}, styleFields(shownIn.plots)...)}}

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
		case kind.ofMap != "" && !cfg.has(kind.ofMap):
			c.Addf(tree.Place("plots"), "plots: %s needs a map of kind %s; add one to maps, or leave it out", plot.Kind, kind.ofMap)
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

// style is how a plot is to look, nil where nothing is said of it.
func (b *builder) style(plot string) *pipelines.Style {
	for _, p := range b.config.Plots {
		if p.Kind == plot {
			return p.style()
		}
	}
	return nil
}

// foreign names the fields of a style that a plot does not have.
func foreign(item *syntax.Node, plot string) []string {
	var out []string
	for _, s := range styleTable {
		if item.Get(s.Name) != nil && !s.appliesTo(findPlot(plot)) {
			out = append(out, s.Name)
		}
	}
	return out
}

// styleOf lists the fields of a plot's style.
func styleOf(plot string) string {
	var out []string
	for _, s := range styleTable {
		if s.appliesTo(findPlot(plot)) {
			out = append(out, s.Name)
		}
	}
	return fmt.Sprintf("%s have %s", plot, strings.Join(out, ", "))
}
