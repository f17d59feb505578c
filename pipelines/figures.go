package pipelines

import (
	"fmt"
	"slices"
	"strings"
)

// Kinds of figures over several experiments.
const (
	figureMultiples = "multiples"
	figureLines     = "lines"
	figureNorms     = "norms"
	figureHistogram = "histogram"
	figureScatter   = "scatter"
	figureCurves    = "curves"
)

var figureKinds = []string{figureMultiples, figureLines, figureNorms, figureHistogram, figureScatter, figureCurves}

const (
	figuresKey = "figures"
	maxFigures = 32
)

// figureConfig is a picture over several experiments.
type figureConfig struct {
	Kind    string     `json:"kind"`
	Name    string     `json:"name"`
	Title   string     `json:"title"`
	Map     string     `json:"map"`
	Plot    string     `json:"plot"`
	Split   string     `json:"split"`
	Rows    string     `json:"rows"`
	Columns string     `json:"columns"`
	Measure string     `json:"measure"`
	Of      []selector `json:"of"`
	styleConfig

	source   mapConfig // the map that Map names
	compared bool      // Map names a comparison
}

// measureNames are the measures of flatness, as flatness steps call them.
func measureNames() []string {
	var out []string
	for _, level := range flatnessLevels {
		out = append(out, fmt.Sprintf("width%g", level))
	}
	out = append(out, "convex", "area")
	for _, radius := range flatnessRadii {
		out = append(out, fmt.Sprintf("sharp%g", radius))
	}
	return out
}

var (
	ofMaps   = []string{figureMultiples, figureLines, figureScatter}
	ofPlanes = []string{figureMultiples, figureScatter}
)

// figureEntry is one figure of a sweep, whose fields depend on its kind as a map's do.
type figureEntry struct{ mapEntry }

var figureFields = figureEntry{mapEntry{object{append([]field{
	{name: "kind", doc: "multiples: one plot of one map for each experiment, on one scale. lines: the losses along a line in one frame. norms: the norm of the weights during training. " +
		"histogram: the weights of convolutions and linear layers. scatter: the test error against a measure of flatness, of repetitions the means. curves: loss and error during training.",
		typ: choice{of: figureKinds, what: "a kind of figure"}, required: true},
	{name: "name", doc: "Name of the figure in step names. Default: its kind.", typ: text{max: 64, form: nameForm, want: nameWant}},
	{name: "title", doc: "Heading of the figure. Default: what it shows.", typ: text{max: 200, want: "a text of at most 200 characters"}},
	{name: "map", doc: "Name of the map that is shown, or of a comparison. Default: the first that fits.", typ: text{max: 64, form: nameForm, want: nameWant}, kinds: ofMaps},
	{name: "plot", doc: "Which picture of the map. Default: contour, line, ratio or trajectory, as the map is.", typ: choice{of: multiplePlots, what: "a plot"}, kinds: ofMultiples},
	{name: "split", doc: "Split whose loss is shown, of a map that has several. Default: train.", typ: choice{of: splitNames, what: "a split"}, kinds: ofPlanes},
	{name: "rows", doc: "Swept parameter that the rows are for.", typ: text{max: 200, want: "a swept parameter, as train.batch_size"}, kinds: ofMultiples},
	{name: "columns", doc: "Swept parameter that the columns are for. Default: the experiments in the order of the file.", typ: text{max: 200, want: "a swept parameter, as train.batch_size"}, kinds: ofMultiples},
	{name: "measure", doc: "Measure of flatness. Default: width0.5.", typ: choice{of: measureNames(), what: "a measure of flatness"}, kinds: []string{figureScatter}},
	{name: "of", doc: "The experiments, each a name or parameters such as {train.batch_size: 128}, which stand for all that have them. Default: all; of repetitions, multiples show the first, unless rows or columns are a seed.", typ: selectors{}},
}, styleFields(func(s shownIn) []string { return s.figures })...)}}}

func (t figureEntry) check(c *checker, n *node, path string) any {
	return t.checkKinds(c, n, path, figureKinds, "a figure", "a figure, as {kind: multiples, plot: contour} or {kind: norms}")
}

func (t figureEntry) schema(cat Catalog) schema { return t.kindsSchema(cat, figureKinds) }

// resolveFigures settles which maps the figures are of.
func (cfg *config) resolveFigures(c *checker, tree *node) {
	names := make(map[string]bool)
	for i := range cfg.Figures {
		f, item := &cfg.Figures[i], tree.get(figuresKey).items[i]
		if f.Name == "" {
			f.Name = f.Kind
		}
		if names[strings.ToLower(f.Name)] {
			c.addf(item.at, "figures: two figures with the name %s; give one another name (name: …)", f.Name)
		}
		names[strings.ToLower(f.Name)] = true
		f.check(c, item, figuresKey)
		if slices.Contains(ofMaps, f.Kind) && cfg.resolveSource(c, f, item) {
			f.resolvePlot(c, item)
		}
		if f.Kind == figureScatter && f.Measure == "" {
			f.Measure = "width0.5"
		}
	}
}

// wants are the kinds of maps that a figure can show.
func (f *figureConfig) wants() []string {
	switch {
	case f.Kind == figureLines:
		return []string{mapLine}
	case f.Kind == figureScatter:
		return []string{mapLine, mapSurface}
	case f.Plot != "":
		return []string{findPlot(f.Plot).ofMap}
	}
	return []string{mapSurface, mapLine, mapHessian, mapTrajectory}
}

// resolveSource finds the map that a figure shows.
func (cfg *config) resolveSource(c *checker, f *figureConfig, item *node) bool {
	type candidate struct {
		mapConfig
		compared bool
	}
	var all []candidate
	for _, m := range cfg.Maps {
		all = append(all, candidate{m, false})
	}
	if f.Kind != figureScatter { // comparisons have no measure of flatness
		for _, m := range cfg.Compare {
			all = append(all, candidate{m.mapConfig, true})
		}
	}
	wants := f.wants()
	if f.Map == "" {
		for _, kind := range wants {
			for _, m := range all {
				if m.Kind == kind {
					f.Map, f.source, f.compared = m.Name, m.mapConfig, m.compared
					return true
				}
			}
		}
		c.addf(item.at, "figures: %s needs a map of kind %s; add one to maps", f.shows(), strings.Join(wants, " or "))
		return false
	}
	var names []string
	for _, m := range all {
		if m.Name != f.Map {
			names = append(names, m.Name)
			continue
		}
		if !slices.Contains(wants, m.Kind) {
			c.addf(item.place("map"), "figures: %s is a map of kind %s; %s needs one of kind %s", f.Map, m.Kind, f.shows(), strings.Join(wants, " or "))
			return false
		}
		f.source, f.compared = m.mapConfig, m.compared
		return true
	}
	c.addf(item.place("map"), "figures: there is no map %s%s; there are %s", clip(f.Map), didYouMean(f.Map, names), strings.Join(names, ", "))
	return false
}

// shows is the figure as a message names it.
func (f *figureConfig) shows() string {
	if f.Plot != "" {
		return f.Kind + " of " + f.Plot
	}
	return f.Kind
}

// resolvePlot settles plot and split, and checks that the plot has the style that is asked for.
func (f *figureConfig) resolvePlot(c *checker, item *node) {
	if f.Kind == figureMultiples && f.Plot == "" {
		f.Plot = map[string]string{mapLine: plotLine, mapSurface: plotContour, mapHessian: plotRatio, mapTrajectory: plotTrajectory}[f.source.Kind]
	}
	if f.Plot != "" {
		for _, key := range foreign(item, f.Plot) {
			c.addf(item.place(key), "figures: %s has no %s; %s", f.shows(), key, styleOf(f.Plot))
		}
	}
	if f.Split == "" {
		f.Split = f.source.Splits[0]
	} else if !slices.Contains(f.source.Splits, f.Split) {
		c.addf(item.place("split"), "figures: the map %s has no split %s; it has %s", f.Map, f.Split, strings.Join(f.source.Splits, " and "))
	}
}
