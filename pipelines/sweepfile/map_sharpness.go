package sweepfile

import (
	"slices"

	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile/values"
	"lossatlas/pipelines/syntax"
)

const mapSharpness = "sharpness"

// sharpnessMap is how much the loss rises when the trained weights are perturbed.
var sharpnessMap = mapKind{
	name:   mapSharpness,
	doc:    "numbers: the largest rise of the loss in a ball and in a box around the trained weights, the mean rise over random perturbations, each also in a form that rescaling weights does not change, and the trace.",
	shared: []string{"subset", "layers", "probes", epochKey},
	own: []syntax.Field{
		{Name: "measures", Doc: "What is measured. worst, worst_adaptive: the largest rise in a ball. box, box_subspace: in the box of Keskar et al., and in a random subspace. " +
			"average, average_adaptive: the mean rise over Gaussian perturbations. trace: the trace of the second derivatives, by hutch++, also over and times the square of the norm. Default: all.",
			Type: syntax.List{Of: syntax.Choice{Of: pipelines.SharpnessMeasures, What: "a measure of sharpness"}, Min: 1, Max: len(pipelines.SharpnessMeasures), Unique: true, Single: true}},
		{Name: "radius", Doc: "(worst) Length of the largest perturbation.", Type: syntax.Number{Min: 0, Max: 1e6, Above: true}, Default: 0.05},
		{Name: "adaptive_radius", Doc: "(worst_adaptive) Length of the largest perturbation, each weight's divided by the weight.", Type: syntax.Number{Min: 0, Max: 1e6, Above: true}, Default: 0.5},
		{Name: "box", Doc: "(box, box_subspace) ε: each weight w changes by at most ε(|w| + 1).", Type: syntax.Number{Min: 0, Max: 1e3, Above: true}, Default: 1e-3},
		{Name: "dimension", Doc: "(box_subspace) Dimensions of the random subspace.", Type: syntax.Integer{Min: 1, Max: 10000}, Default: int64(100)},
		{Name: "relative", Doc: "(average, average_adaptive) Length of perturbations relative to that of the weights.", Type: syntax.Number{Min: 0, Max: 1e3, Above: true}, Default: 0.05},
		{Name: "ascent", Doc: "Gradients that each ascent takes.", Type: syntax.Integer{Min: 1, Max: 10000}, Default: int64(20)},
		{Name: "starts", Doc: "Ascents of each largest rise, the first from the weights, the others from random points; the highest counts.", Type: syntax.Integer{Min: 1, Max: 1000}, Default: int64(3)},
		{Name: "samples", Doc: "Random perturbations.", Type: syntax.Integer{Min: 2, Max: 100000}, Default: int64(20)},
	},
	splits:  []string{values.SplitTrain},
	resolve: resolveSharpness,
	add:     addSharpness,
}

// sharpnessConfig holds the fields of sharpness alone.
type sharpnessConfig struct {
	Measures       []string `field:"measures"`
	Radius         float64  `field:"radius"`
	AdaptiveRadius float64  `field:"adaptive_radius"`
	Box            float64  `field:"box"`
	Dimension      int      `field:"dimension"`
	Relative       float64  `field:"relative"`
	Ascent         int      `field:"ascent"`
	Starts         int      `field:"starts"`
	Samples        int      `field:"samples"`
}

// resolveSharpness puts the measures into order.
func resolveSharpness(_ *config, _ *syntax.Checker, m *mapConfig, _ *syntax.Node) {
	asked := m.Measures
	m.Measures = slices.DeleteFunc(slices.Clone(pipelines.SharpnessMeasures), func(name string) bool { return asked != nil && !slices.Contains(asked, name) })
}

// measures says whether any of some measures of sharpness is asked for.
func (m mapConfig) measures(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return slices.Contains(m.Measures, name) })
}

// sharpness are the parameters of the step, without its loss. Fields of measures that are not requested are omitted.
func (m mapConfig) sharpness() pipelines.SharpnessParams {
	p := pipelines.SharpnessParams{BatchNorm: m.norm(), Subset: m.Subset, Layers: m.layers(), Decay: m.loss.Decay, Measures: m.Measures, Seed: m.Seed}
	boxes := []string{pipelines.SharpnessBox, pipelines.SharpnessBoxSubspace}
	if m.measures(pipelines.SharpnessWorst) {
		p.Radius = m.Radius
	}
	if m.measures(pipelines.SharpnessWorstAdaptive) {
		p.AdaptiveRadius = m.AdaptiveRadius
	}
	if m.measures(boxes...) {
		p.Box = m.Box
	}
	if m.measures(pipelines.SharpnessBoxSubspace) {
		p.Dimension = m.Dimension
	}
	if m.measures(append(boxes, pipelines.SharpnessWorst, pipelines.SharpnessWorstAdaptive)...) {
		p.Ascent, p.Starts = m.Ascent, m.Starts
	}
	if m.measures(pipelines.SharpnessAverage, pipelines.SharpnessAverageAdaptive) {
		p.Relative, p.Samples = m.Relative, m.Samples
	}
	if m.measures(pipelines.SharpnessTrace) {
		p.Probes = m.Probes
	}
	return p
}

// addSharpness adds the measures over each split's loss.
func addSharpness(b *builder, m mapConfig, train string) {
	inputs := map[string]pipelines.Ref{pipelines.OutWeights: b.center(m, train)}
	for _, r := range m.Ranges {
		p := m.sharpness()
		p.Net, p.Data = b.config.network(), b.mapData(m, r)
		p.Batch = m.batch(p.Data)
		if n := m.populations[r.Split]; n > r.To-r.From {
			p.Population = n
		}
		b.add(m.Name+"-"+r.Split, pipelines.Address{Map: m.Name, Split: r.Split, Role: pipelines.RoleFlatness}, pipelines.KindSharpness, p, inputs)
	}
}
