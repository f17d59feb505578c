package pipelines

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Style is how a picture looks. It is part of the key of the picture alone, so
// that another style draws again and computes nothing.
type Style struct {
	Scale    string  `json:"scale,omitempty"` // linear, log; "" lets the data decide
	Min      float64 `json:"min,omitempty"`
	Max      float64 `json:"max,omitempty"`
	Step     float64 `json:"step,omitempty"`
	Cut      float64 `json:"cut,omitempty"`
	Open     bool    `json:"open,omitempty"`
	Colormap string  `json:"colormap,omitempty"`
	Width    float64 `json:"width,omitempty"` // inches
	DPI      int     `json:"dpi,omitempty"`
	NoLabels bool    `json:"no_labels,omitempty"`
}

// styleConfig is a style as a sweep file has it, beside the kind of a plot or figure.
type styleConfig struct {
	Scale    string   `json:"scale"`
	Min      *float64 `json:"min"`
	Max      *float64 `json:"max"`
	Step     float64  `json:"step"`
	Cut      float64  `json:"cut"`
	Open     bool     `json:"open"`
	Colormap string   `json:"colormap"`
	Width    float64  `json:"width"`
	DPI      int      `json:"dpi"`
	Labels   *bool    `json:"labels"`
}

// style is nil for a picture that looks as pictures do.
func (s styleConfig) style() *Style {
	out := Style{Scale: s.Scale, Step: s.Step, Cut: s.Cut, Open: s.Open, Colormap: s.Colormap, Width: s.Width, DPI: s.DPI}
	if s.Min != nil && s.Max != nil {
		out.Min, out.Max = *s.Min, *s.Max
	}
	out.NoLabels = s.Labels != nil && !*s.Labels
	if out == (Style{}) {
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
	scaleNames    = []string{"linear", "log"}
	colormapNames = []string{"cividis", "magma", "viridis"}
)

// shownIn is a field of the style with the figures over several experiments that have it; nil means all. Which plots
// have it stands in plotTable.
type shownIn struct {
	field
	figures []string
}

// appliesTo reports whether pictures of a plot have the field.
func (s shownIn) appliesTo(p plotDeclaration) bool {
	return s.figures == nil || slices.Contains(p.style, s.name)
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
	{field{name: "scale", doc: "Scale of the loss (of a histogram, of the counts). Default: logarithmic where the range is wide.",
		typ: choice{of: scaleNames, what: "a scale"}},
		[]string{figureMultiples, figureLines, figureHistogram, figureCurves}},
	{field{name: "min", doc: "Lowest level or colour. Default: chosen from the data, as the paper's levels where they fit.", typ: number{min: -maxShown, max: maxShown}},
		ofMultiples},
	{field{name: "max", doc: "Highest level or colour; given together with min.", typ: number{min: -maxShown, max: maxShown}},
		ofMultiples},
	{field{name: "step", doc: "Distance of levels from min to max; with scale: log, in decades. Default: round levels.", typ: number{min: 0, max: maxShown, above: true}},
		ofMultiples},
	{field{name: "cut", doc: "Largest loss that is shown: curves leave the frame there, colours and heights stay at their last.", typ: number{min: 0, max: maxShown, above: true}},
		[]string{figureMultiples, figureLines}},
	{field{name: "open", doc: "Leaves a surface in 3D open above cut, in place of a flat top.", typ: boolean{}}, ofMultiples},
	{field{name: "colormap", doc: "Colours, all of them even to the eye and safe for the colour blind. Default: viridis, of a ratio cividis.",
		typ: choice{of: colormapNames, what: "a colour map"}}, ofMultiples},
	{field{name: "labels", doc: "Whether levels are written into their lines. Default: true.", typ: boolean{}}, ofMultiples},
	{field{name: "width", doc: "Width of the picture in inches.", typ: number{min: 2, max: 40}}, nil},
	{field{name: "dpi", doc: "Dots per inch of the PNG. Default: 220.", typ: integer{36, 1200}}, nil},
}

// styleFields are the fields of the style for plots, or for figures.
func styleFields(of func(shownIn) []string) []field {
	var out []field
	for _, s := range styleTable {
		f := s.field
		f.kinds = of(s)
		out = append(out, f)
	}
	return out
}

// checkStyle checks what the fields of a style must keep to among each other.
func (s styleConfig) check(c *checker, item *node, what string) {
	switch {
	case (s.Min == nil) != (s.Max == nil):
		c.addf(item.at, "%s: min and max belong together; give both, or none", what)
	case s.Min == nil && s.Step > 0:
		c.addf(item.place("step"), "%s: step without min and max; give all three", what)
	case s.Min == nil:
	case *s.Min >= *s.Max:
		c.addf(item.place("min"), "%s: min is %g and max is %g; max must be above min", what, *s.Min, *s.Max)
	case s.Scale == "log" && *s.Min <= 0:
		c.addf(item.place("min"), "%s: min is %g; a logarithmic scale needs min above 0", what, *s.Min)
	case s.Step > 0:
		span := *s.Max - *s.Min
		if s.Scale == "log" {
			span = math.Log10(*s.Max / *s.Min)
		}
		if n := span/s.Step + 1; n > maxLevels {
			c.addf(item.place("step"), "%s: min, max and step make %.0f levels; at most %d are allowed: take a larger step", what, n, maxLevels)
		}
	}
	if pixels := s.Width * float64(s.DPI); pixels > maxPixels {
		c.addf(item.place("dpi"), "%s: width and dpi make a picture %.0f pixels wide; at most %d are allowed", what, pixels, maxPixels)
	}
	if s.Open && s.Cut == 0 && s.Max == nil {
		c.addf(item.place("open"), "%s: open has no effect without cut, above which a surface is open", what)
	}
}

// plotConfig is a picture of each map that it fits.
type plotConfig struct {
	Kind string `json:"kind"`
	styleConfig
}

// plotEntry is a plot: its name, or a mapping of its kind and style.
type plotEntry struct{ mapEntry }

var plotFields = plotEntry{mapEntry{object{append([]field{
	{name: "kind", doc: "Which picture.", typ: choice{of: plotKinds, what: "a plot"}, required: true},
}, styleFields(shownIn.plots)...)}}}

func (t plotEntry) check(c *checker, n *node, path string) any {
	if n.kind == mappingNode {
		return t.checkKinds(c, n, path, plotKinds, "a plot", "a plot, as contour or {kind: contour, scale: log}")
	}
	if kind := t.find("kind").typ.check(c, n, path); kind != nil {
		return map[string]any{"kind": kind}
	}
	return nil
}

func (t plotEntry) schema(cat Catalog) schema {
	return schema{"anyOf": []schema{t.find("kind").typ.schema(cat), t.kindsSchema(cat, plotKinds)}}
}

// resolvePlots checks that the maps allow what plots asks for.
func (cfg *config) resolvePlots(c *checker, tree *node) {
	if cfg.Plots == nil {
		for _, plot := range defaultPlots {
			cfg.Plots = append(cfg.Plots, plotConfig{Kind: plot})
		}
		return
	}
	list := tree.get("plots")
	items := list.items
	if list.isScalar() {
		items = []*node{list}
	}
	seen := make(map[string]bool)
	for i, plot := range cfg.Plots {
		if seen[plot.Kind] {
			c.addf(items[i].at, "plots: %s is listed twice", plot.Kind)
		}
		seen[plot.Kind] = true
		if kind := findPlot(plot.Kind).ofMap; kind != "" && !cfg.has(kind) {
			c.addf(tree.place("plots"), "plots: %s needs a map of kind %s; add one to maps, or leave it out", plot.Kind, kind)
		}
		plot.check(c, items[i], "plots: "+plot.Kind)
	}
	// Pictures are drawn in one order, however they are listed.
	slices.SortFunc(cfg.Plots, func(a, b plotConfig) int {
		return slices.Index(plotKinds, a.Kind) - slices.Index(plotKinds, b.Kind)
	})
}

func (cfg *config) has(kind string) bool {
	return slices.ContainsFunc(cfg.Maps, func(m mapConfig) bool { return m.Kind == kind })
}

// draws says whether a plot is asked for.
func (b *builder) draws(plot string) bool {
	return slices.ContainsFunc(b.config.Plots, func(p plotConfig) bool { return p.Kind == plot })
}

// style is how a plot is to look, nil where nothing is said of it.
func (b *builder) style(plot string) *Style {
	for _, p := range b.config.Plots {
		if p.Kind == plot {
			return p.style()
		}
	}
	return nil
}

// foreign names the fields of a style that a plot does not have.
func foreign(item *node, plot string) []string {
	var out []string
	for _, s := range styleTable {
		if item.get(s.name) != nil && !s.appliesTo(findPlot(plot)) {
			out = append(out, s.name)
		}
	}
	return out
}

// styleOf lists the fields of a plot's style.
func styleOf(plot string) string {
	var out []string
	for _, s := range styleTable {
		if s.appliesTo(findPlot(plot)) {
			out = append(out, s.name)
		}
	}
	return fmt.Sprintf("%s have %s", plot, strings.Join(out, ", "))
}
