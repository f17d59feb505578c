package sweepfile

import (
	"fmt"
	"slices"
	"strings"

	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile/parameters"
	"lossatlas/pipelines/sweepfile/style"
	"lossatlas/pipelines/syntax"
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
	Kind    string                `field:"kind"`
	Name    string                `field:"name"`
	Title   string                `field:"title"`
	Map     string                `field:"map"`
	Plot    string                `field:"plot"`
	Split   string                `field:"split"`
	Rows    string                `field:"rows"`
	Columns string                `field:"columns"`
	Measure string                `field:"measure"`
	Of      []parameters.Selector `field:"of"`
	style.Config

	source   mapConfig // the map that Map names
	compared bool      // Map names a comparison
	chosen   bool      // there are other maps, or comparisons, of its kind
}

// ofBasins are the measures that need a map with a persistence.
var ofBasins = []string{"basins", "depth"}

// measured are the kinds of maps that have measures for a scatter plot.
var measured = []string{mapLine, mapSurface, mapSpectrum, mapSharpness}

// measureBarrier is the one measure of comparisons: the barrier between two minimizers.
const measureBarrier = "barrier"

// measuresOf are the measures of a kind of map, as its steps call them.
func measuresOf(kind string) []string {
	switch kind {
	case mapSpectrum:
		return []string{"lambda_max", "lambda_min", lambdaRatio, pipelines.SharpnessTrace}
	case mapSharpness:
		return append(slices.Clone(pipelines.SharpnessMeasures), pipelines.SharpnessTrace+"_over_norm", pipelines.SharpnessTrace+"_times_norm")
	}
	return flatnessNames()
}

// lambdaRatio is λ1/λ5, which needs five eigenvalues.
const lambdaRatio = "lambda_ratio5"

// measureNames are the measures of all kinds.
func measureNames() (out []string) {
	for _, kind := range measured {
		for _, name := range measuresOf(kind) {
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return append(out, measureBarrier)
}

// flatnessNames are the measures of flatness, as flatness steps call them.
func flatnessNames() []string {
	var out []string
	for _, level := range flatnessLevels {
		out = append(out, fmt.Sprintf("width%g", level))
	}
	out = append(out, "convex", "area")
	for _, radius := range flatnessRadii {
		out = append(out, fmt.Sprintf("sharp%g", radius))
	}
	return append(out, ofBasins...)
}

var (
	ofMultiples = []string{figureMultiples}
	ofMaps      = []string{figureMultiples, figureLines, figureScatter}
	ofPlanes    = []string{figureMultiples, figureScatter}
)

var figureFields = syntax.Variants{Of: figureKinds, What: "a figure", Want: "a figure, as {kind: multiples, plot: contour} or {kind: norms}", Object: syntax.Object{Fields: append([]syntax.Field{
	{Name: "kind", Doc: "multiples: one plot of one map for each experiment, on one scale. lines: the losses along the lines of one map in one frame. norms: the norm of the weights during training. " +
		"histogram: the weights of convolutions and linear layers. scatter: the test error against a measure of flatness, curvature or sharpness, of repetitions the means. curves: loss and error during training. " +
		"Lines, norms and curves show repetitions, and lines several directions (`pairs`), by their mean with a band of the standard deviation, and all but multiples and scatter more than eight experiments as rows of colors.",
		Type: syntax.Choice{Of: figureKinds, What: "a kind of figure"}, Required: true},
	{Name: "name", Doc: "Name of the figure in step names. Default: its kind.", Type: nameText},
	{Name: "title", Doc: "Heading of the figure. Default: made from its kind and map.", Type: titleText},
	{Name: "map", Doc: "Name of the map that is shown, or of a comparison. The heading names it where several are of its kind; another figure shows another. Default: the first that fits.", Type: nameText, Kinds: ofMaps},
	{Name: "plot", Doc: "Which picture of the map. Default: contour, line, ratio or trajectory, as the map is.", Type: syntax.Choice{Of: multiplePlots, What: "a plot"}, Kinds: ofMultiples},
	{Name: "split", Doc: "Split whose loss is shown, of a map that has several. Default: train.", Type: splitChoice, Kinds: ofPlanes},
	{Name: "rows", Doc: "Swept parameter that the rows are for.", Type: syntax.Text{Max: 200, Want: "a swept parameter, as train.batch_size"}, Kinds: ofMultiples},
	{Name: "columns", Doc: "Swept parameter that the columns are for. Default: the experiments in the order of the file.", Type: syntax.Text{Max: 200, Want: "a swept parameter, as train.batch_size"}, Kinds: ofMultiples},
	{Name: "measure", Doc: "The horizontal axis: a measure of flatness (of a line or surface), lambda_max, lambda_min, lambda_ratio5 or trace (of a spectrum), a measure of sharpness, or barrier (of an interpolation, curve or barriers: a dot for each pair of minimizers, at the mean of their test errors). Default: width0.5.", Type: syntax.Choice{Of: measureNames(), What: "a measure of maps"}, Kinds: []string{figureScatter}},
	{Name: "of", Doc: "The experiments, each a name or parameters such as {train.batch_size: 128}, which stand for all experiments with these values. Default: all; of repetitions, multiples show the first, unless rows or columns are a seed.", Type: selectors{}},
}, styleFields(func(field string) []string { return shownIn[field] })...)}}

// resolveFigures settles which maps the figures are of.
func (cfg *config) resolveFigures(c *syntax.Checker, tree *syntax.Node) {
	names := make(map[string]bool)
	for i := range cfg.Figures {
		f, item := &cfg.Figures[i], tree.Get(figuresKey).Items[i]
		if f.Name == "" {
			f.Name = f.Kind
		}
		if names[strings.ToLower(f.Name)] {
			c.Addf(item.At, "figures: two figures with the name %s; give one another name (name: …)", f.Name)
		}
		names[strings.ToLower(f.Name)] = true
		f.Check(c, item, figuresKey)
		if f.Kind == figureScatter && f.Measure == "" {
			f.Measure = "width0.5"
		}
		if slices.Contains(ofMaps, f.Kind) && cfg.resolveSource(c, f, item) {
			f.resolvePlot(c, item)
			f.resolveMeasure(c, item)
		}
	}
}

// wants are the kinds of maps that a figure can show.
func (f *figureConfig) wants() []string {
	switch {
	case f.Kind == figureLines:
		return []string{mapLine}
	case f.Measure == measureBarrier:
		return []string{mapLine, compareBarriers} // interpolations and curves are lines
	case f.Kind == figureScatter:
		return slices.DeleteFunc(slices.Clone(measured), func(kind string) bool { return !slices.Contains(measuresOf(kind), f.Measure) })
	case f.Plot != "":
		return []string{findPlot(f.Plot).ofMap}
	}
	return []string{mapSurface, mapLine, mapHessian, mapTrajectory}
}

// resolveSource finds the map that a figure shows.
func (cfg *config) resolveSource(c *syntax.Checker, f *figureConfig, item *syntax.Node) bool {
	type candidate struct {
		mapConfig
		compared bool
	}
	var all []candidate
	if f.Measure != measureBarrier {
		for _, m := range cfg.Maps {
			all = append(all, candidate{m, false})
		}
	}
	if f.Kind != figureScatter || f.Measure == measureBarrier { // comparisons have no measure of flatness
		for _, m := range cfg.Compare {
			all = append(all, candidate{m.mapConfig, true})
		}
	}
	choose := func(m candidate) {
		f.Map, f.source, f.compared = m.Name, m.mapConfig, m.compared
		f.chosen = slices.ContainsFunc(all, func(o candidate) bool { return o.Kind == m.Kind && o.compared == m.compared && o.Name != m.Name })
	}
	wants := f.wants()
	if f.Map == "" {
		for _, kind := range wants {
			for _, m := range all {
				if m.Kind == kind {
					choose(m)
					return true
				}
			}
		}
		if f.Measure == measureBarrier {
			c.Addf(item.At, "figures: %s needs an interpolation, a curve or barriers; add one to compare", f.shows())
			return false
		}
		c.Addf(item.At, "figures: %s needs a map of kind %s; add one to maps", f.shows(), strings.Join(wants, " or "))
		return false
	}
	var names []string
	for _, m := range all {
		if m.Name != f.Map {
			names = append(names, m.Name)
			continue
		}
		if !slices.Contains(wants, m.Kind) {
			c.Addf(item.Place("map"), "figures: %s is a map of kind %s; %s needs one of kind %s", f.Map, m.Kind, f.shows(), strings.Join(wants, " or "))
			return false
		}
		choose(m)
		return true
	}
	c.Addf(item.Place("map"), "figures: there is no map %s%s", syntax.Clip(f.Map), syntax.GuessOrList(f.Map, names, "there are"))
	return false
}

// resolveMeasure checks that the map computes the measure of a scatter plot.
func (f *figureConfig) resolveMeasure(c *syntax.Checker, item *syntax.Node) {
	switch m := f.source; {
	case f.Kind != figureScatter:
	case slices.Contains(ofBasins, f.Measure) && m.Persistence == nil:
		c.Addf(item.Place("measure"), "figures: %s needs a map that counts basins; give the map %s a persistence, such as 0.1", f.Measure, f.Map)
	case m.Kind == mapSpectrum && f.Measure == lambdaRatio && m.Top < 5:
		c.Addf(item.Place("measure"), "figures: %s needs five eigenvalues, and the map %s has %d; give the map top: 5", lambdaRatio, f.Map, m.Top)
	case m.Kind == mapSharpness && !slices.ContainsFunc(m.Measures, func(name string) bool {
		return name == f.Measure || name == pipelines.SharpnessTrace && strings.HasPrefix(f.Measure, name)
	}):
		c.Addf(item.Place("measure"), "figures: the map %s does not measure %s; add it to its measures, which are %s", f.Map, f.Measure, strings.Join(m.Measures, ", "))
	}
}

// shows is the figure as a message names it.
func (f *figureConfig) shows() string {
	if f.Kind == figureScatter {
		return f.Kind + " of " + f.Measure
	}
	if f.Plot != "" {
		return f.Kind + " of " + f.Plot
	}
	return f.Kind
}

// resolvePlot settles plot and split, and checks that the plot has the style that is asked for.
func (f *figureConfig) resolvePlot(c *syntax.Checker, item *syntax.Node) {
	if f.Kind == figureMultiples && f.Plot == "" {
		f.Plot = plotNames(func(p plotDeclaration) bool { return p.ofMap == f.source.Kind })[0]
	}
	if f.Plot != "" {
		for _, key := range foreign(item, f.Plot) {
			c.Addf(item.Place(key), "figures: %s has no %s; %s", f.shows(), key, styleOf(f.Plot))
		}
	}
	if f.Split == "" {
		f.Split = f.source.Splits[0]
	} else if !slices.Contains(f.source.Splits, f.Split) {
		c.Addf(item.Place("split"), "figures: the map %s has no split %s; it has %s", f.Map, f.Split, strings.Join(f.source.Splits, " and "))
	}
}
