package sweepfile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile/parameters"
	"lossatlas/pipelines/sweepfile/values"
	"lossatlas/pipelines/syntax"
)

// Kinds of comparisons.
const (
	compareInterpolation = "interpolation"
	comparePlane         = "plane"
	compareCurve         = "curve"
	compareBarriers      = "barriers"
	compareTrajectory    = mapTrajectory
)

var compareKinds = []string{compareInterpolation, comparePlane, compareCurve, compareBarriers, compareTrajectory}

const (
	compareKey = "compare"
	ofKey      = "of" // of a comparison of trajectories
	alignNone  = "none"
	maxPaths   = 20 // of one comparison
	maxPaired  = 32 // minimizers of one comparison, which are 496 pairs
	pairPoints = 25 // along the line between two of many, by default
)

var (
	onLines       = []string{compareInterpolation, compareCurve}
	onCurve       = []string{compareCurve}
	onThree       = []string{comparePlane}
	onPaths       = []string{compareTrajectory}
	onDifferences = []string{compareInterpolation, comparePlane, compareBarriers}
	onMinimizers  = []string{compareInterpolation, comparePlane, compareCurve}
	onPlanes      = []string{comparePlane, compareCurve, compareTrajectory}
)

var compareFields = syntax.Variants{Of: compareKinds, What: "a map", Want: "a comparison, as {kind: interpolation, between: [a, b]}, {kind: plane, through: [a, b, c]}, {kind: curve, between: [a, b]}, {kind: barriers} or {kind: trajectory, of: [a, b]}", Object: syntax.Object{Fields: append([]syntax.Field{
	{Name: "kind", Doc: "interpolation: the loss at (1 − α)θa + αθb, between two minimizers and beyond. plane: in the plane through three. " +
		"curve: along a curve of low loss from one to the other, of which the one bend is trained (Garipov et al. 2018), next to their straight line. " +
		"barriers: the barriers on the lines between each two of many, as a matrix, and the minimizers as points of a plane. " +
		"trajectory: the paths of several trainings, and the loss in the plane of the first two principal components of all their points.",
		Type: syntax.Choice{Of: compareKinds, What: "a kind of comparison"}, Required: true},
	{Name: "name", Doc: "Name of the comparison in step names. Default: its kind.", Type: nameText},
	{Name: "title", Doc: "Heading of its pictures. Default: the experiments' names.", Type: titleText},
	{Name: "between", Doc: "The two experiments, each a name or parameters such as {train.batch_size: 128}. Parameters that neither names are kept equal: " +
		"there is a comparison for each of their values.", Type: selectors{2}, Kinds: onLines},
	{Name: "through", Doc: "The three experiments, written as in between.", Type: selectors{3}, Kinds: onThree},
	{Name: ofKey, Doc: "The experiments whose paths are shown, written as in between; the plane leads through the last weights of the first. train.checkpoints says which weights a path leads through. " +
		fmt.Sprintf("Of barriers: the experiments, of which each selector may choose several, %d at most. Default: all.", maxPaired),
		Type: selectors{0}, Kinds: []string{compareBarriers, compareTrajectory}},
	{Name: "shape", Doc: "bezier: φ(t) = (1 − t)²a + 2t(1 − t)θ + t²b. polygon: straight from a to the bend θ, and from there to b.", Type: syntax.Choice{Of: []string{pipelines.CurveBezier, pipelines.CurvePolygon}, What: "a shape of curves"},
		Default: pipelines.CurveBezier, Kinds: onCurve},
	{Name: "train", Doc: "How the bend is trained, for the mean loss over the curve, beginning on the straight line; its other parameters are those of the first experiment.", Type: curveTraining, Kinds: onCurve},
	{Name: "surface", Doc: "Also maps the plane of the curve, with a at (0, 0), b at (1, 0) and the bend at (0, 1).", Type: syntax.Boolean{}, Default: false, Kinds: onCurve},
	of(onMinimizers, rangeField("First and last value of α (and of β, unless y says otherwise) of an interpolation or plane; the first minimizer is at 0, the others at 1.", mapRange{ends: [2]float64{-0.5, 1.5}})),
	of(onMinimizers, riseField),
	{Name: "x", Doc: "First and last value of α, in place of range. Default: fits the paths.", Type: values.Interval{}, Kinds: onPlanes},
	{Name: "y", Doc: "First and last value of β, in place of range. Default: fits the paths.", Type: values.Interval{}, Kinds: onPlanes},
	of([]string{compareInterpolation, compareCurve, compareBarriers}, pointsField),
	of(onPlanes, resolutionField),
	of(onPaths, sharedMapField("normalize")),
	of(onPaths, sharedMapField("ignore")),
	of(onPaths, sharedMapField("seed")),
	of(onPaths, marginField),
	errorField,
	of([]string{comparePlane}, persistenceField),
	{Name: "splits", Doc: "Splits whose loss is mapped. Default: train and test on lines, train for planes.",
		Type: splitsList},
	imagesField,
	{Name: "states", Doc: "Whether batch normalization's running statistics are interpolated like the weights. false: the first minimizer's statistics everywhere.",
		Type: syntax.Boolean{}, Default: true, Kinds: onDifferences},
	{Name: "align", Doc: "weights: the hidden units of all minimizers but the first are permuted before, which changes no function, so that their weights come close to the first's " +
		"(Ainsworth et al. 2022); of barriers, to each other's in each pair. activations: so that each unit correlates with the first's over 1,000 training images (Li et al. 2015). none: weights are unchanged.",
		Type: syntax.Choice{Of: []string{alignNone, pipelines.AlignWeights, pipelines.AlignActivations}, What: "an alignment"}, Default: alignNone, Kinds: []string{compareInterpolation, comparePlane, compareCurve, compareBarriers}},
}, lossFieldsOfCompare()...)}}

// lossFieldsOfCompare are the fields of the loss. Weight decay along a curve is no term that a line of it has.
func lossFieldsOfCompare() []syntax.Field {
	out := slices.Clone(mapLossFields)
	for i, f := range out {
		if f.Name == decayField.Name {
			out[i].Kinds = []string{compareInterpolation, comparePlane, compareBarriers, compareTrajectory}
		}
	}
	return out
}

// compareConfig is a map between the minimizers of several experiments.
type compareConfig struct {
	mapConfig
	Between []parameters.Selector `field:"between"` // of an interpolation: two
	Through []parameters.Selector `field:"through"` // of a plane: three
	Of      []parameters.Selector `field:"of"`      // of trajectories: two or more; of barriers: nil for all
	States  bool                  `field:"states"`
	Shape   string                `field:"shape"` // of a curve, else ""
	Train   curveTrain            `field:"train"`
	Surface bool                  `field:"surface"` // of a curve
	Align   string                `field:"align"`
}

// ends are the selected experiments between which a comparison is.
func (m compareConfig) ends() (key string, ends []parameters.Selector) {
	switch m.Kind {
	case comparePlane, mapSurface: // before and after it is resolved
		return "through", m.Through
	case compareTrajectory, compareBarriers:
		return ofKey, m.Of
	}
	return "between", m.Between
}

// selectors is a list of n selectors; n = 0 allows any number.
type selectors struct{ n int }

func (t selectors) want() string {
	if t.n == 0 {
		return "a list of experiments, each a name or parameters such as {train.batch_size: 128}"
	}
	return fmt.Sprintf("a list of %d experiments, each a name or parameters such as {train.batch_size: 128}", t.n)
}

func (t selectors) Check(c *syntax.Checker, n *syntax.Node, path string) any {
	if n.Kind != syntax.ListNode || len(n.Items) == 0 || t.n > 0 && len(n.Items) != t.n {
		return c.Reject(n, path, t.want())
	}
	var out []parameters.Selector
	for _, item := range n.Items {
		s, ok := readSelector(c, item, path, t.want())
		if !ok {
			return nil
		}
		out = append(out, s)
	}
	return out
}

func (t selectors) Schema(syntax.Names) syntax.Schema {
	one := syntax.Schema{"anyOf": []syntax.Schema{{"type": "string"}, pointRef}}
	if t.n == 0 {
		return syntax.Schema{"type": "array", "minItems": 1, "items": one}
	}
	return syntax.Schema{"type": "array", "minItems": t.n, "maxItems": t.n, "items": one}
}

// oneSelector is the type of a field that selects one experiment.
type oneSelector struct{}

func (oneSelector) Check(c *syntax.Checker, n *syntax.Node, path string) any {
	if s, ok := readSelector(c, n, path, "an experiment, its name or parameters such as {train.batch_size: 128}"); ok {
		return s
	}
	return nil
}

// schema gives the names of parameters but not their types: this field is a parameter itself.
func (oneSelector) Schema(syntax.Names) syntax.Schema {
	properties := syntax.Schema{}
	for _, path := range parameterTable.AllPaths() {
		properties[path] = syntax.Schema{}
	}
	return syntax.Schema{"anyOf": []syntax.Schema{{"type": "string"}, {"type": "object", "minProperties": 1, "properties": properties,
		"additionalProperties": false, "patternProperties": syntax.Schema{mapPathPattern: syntax.Schema{}}}}}
}

// readSelector reads a selector, or reports the expected form.
func readSelector(c *syntax.Checker, n *syntax.Node, path, want string) (parameters.Selector, bool) {
	if n.IsScalar() && n.Text != "" {
		return parameters.Selector{Name: n.Text}, true
	}
	if n.Kind != syntax.MappingNode || len(n.Entries) == 0 {
		c.Reject(n, path, want)
		return parameters.Selector{}, false
	}
	s := parameters.Selector{Set: make(map[string]string)}
	for _, e := range n.Entries {
		typ, err := parameterTable.DeclaredParameter(c, e.Key)
		if err != nil {
			c.Addf(e.At, "%s: %v", path, err)
			return parameters.Selector{}, false
		}
		v := typ.Check(c, e.Value, e.Key)
		if v == nil {
			return parameters.Selector{}, false
		}
		s.Set[e.Key] = syntax.Canonical(v)
	}
	return s, true
}

// resolveCompare settles the names and images of the comparisons.
func (cfg *config) resolveCompare(c *syntax.Checker, cat Catalog, tree *syntax.Node) {
	names := make(map[string]bool)
	list := tree.Get(compareKey)
	for i := range cfg.Compare {
		m := &cfg.Compare[i]
		item := list.Items[i]
		if m.Name == "" {
			m.Name = m.Kind
		}
		if names[strings.ToLower(m.Name)] {
			c.Addf(item.At, "compare: two comparisons with the name %s; give one another name (name: …)", m.Name)
		}
		names[strings.ToLower(m.Name)] = true
		if key, ends := m.ends(); len(ends) == 0 && m.Kind != compareBarriers {
			c.Addf(item.At, "compare: %s is missing: which experiments to compare, each a name or parameters such as {train.batch_size: 128}", key)
		}
		if m.Align != "" && m.Align != alignNone && cfg.OfFile != "" {
			c.Addf(item.Place("align"), "compare.align: a network from a file does not say which of its units may change places; leave align out")
		}
		if n := len(m.Of); m.Kind == compareTrajectory && (n == 1 || n > maxPaths) {
			c.Addf(item.Place(ofKey), "compare: of names %d experiments; 2 to %d are allowed", n, maxPaths)
		}
		if m.Kind == compareCurve {
			cfg.resolveBend(c, m, item)
		}
		if m.Kind == compareBarriers {
			if m.X = &[2]float64{0, 1}; item.Get("points") == nil {
				m.Points = pairPoints
			}
		}
		resolved := m.mapConfig
		resolved.Kind = map[string]string{compareInterpolation: mapLine, compareCurve: mapLine, compareBarriers: mapLine, comparePlane: mapSurface, compareTrajectory: mapTrajectory}[m.Kind]
		cfg.resolveMap(c, cat, &resolved, item)
		if m.Kind == compareBarriers {
			resolved.Kind = compareBarriers // no figure of lines shows it
		}
		m.mapConfig = resolved
	}
}

// comparison is one map between minimizers: of a compareConfig, one for each
// value of the parameters that it keeps equal.
type comparison struct {
	name   string
	config compareConfig
	ends   []int // the experiments
}

// compare finds the experiments that the comparisons are between.
func (s *Sweep) compare(c *syntax.Checker, tree *syntax.Node, points []parameters.Point) {
	first := s.experiments[0].config
	taken := make(map[string]bool)
	for _, e := range s.experiments {
		taken[strings.ToLower(e.name)] = true
	}
	labels := parameters.PathLabels(points)
	for i, m := range first.Compare {
		item := tree.Get(compareKey).Items[i]
		if m.Kind == compareBarriers {
			s.compareAll(c, item, m, points, taken)
			continue
		}
		key, ends := m.ends()
		named := make(map[string]bool)
		for _, end := range ends {
			for path := range end.Set {
				named[path] = true
			}
		}
		found := make([][]int, len(ends))
		for j, end := range ends {
			if found[j] = s.selected(end, points); len(found[j]) == 0 {
				c.Addf(item.Get(key).Items[j].At, "compare: %s", s.unknown(end))
			}
		}
		if slices.ContainsFunc(found, func(f []int) bool { return len(f) == 0 }) {
			continue
		}
		before := len(s.comparisons)
		for _, a := range found[0] {
			group := []int{a}
			for j, end := range ends[1:] {
				var partners []int
				for _, b := range found[j+1] {
					if end.Name != "" || ends[0].Name != "" || parameters.Rest(points[a], named) == parameters.Rest(points[b], named) {
						partners = append(partners, b)
					}
				}
				if partners = sameRepetition(points, a, partners); len(partners) > 1 {
					c.Addf(item.Get(key).Items[j+1].At, "compare: %s is several experiments, %s and %s among them; give more of their parameters",
						end, s.experiments[partners[0]].name, s.experiments[partners[1]].name)
					return
				}
				group = append(group, partners...)
			}
			if len(group) < len(ends) {
				continue // left out of the sweep
			}
			for j, b := range group[1:] {
				if m.WeightDecay.Training && s.experiments[b].config.Train.Optimizer.WeightDecay != s.experiments[a].config.Train.Optimizer.WeightDecay {
					c.Addf(item.Place("weight_decay"), "compare.weight_decay: %s and %s are trained with different weight decays; give λ as a number", s.experiments[a].name, s.experiments[b].name)
					return
				}
				if slices.Contains(group[:j+1], b) {
					c.Addf(item.Get(key).Items[j+1].At, "compare: %s is compared with itself; choose another experiment", s.experiments[b].name)
					return
				}
				if s.experiments[b].config.network() != s.experiments[a].config.network() {
					c.Addf(item.Get(key).Items[j+1].At, "compare: %s and %s are different networks, whose weights don't lie on one line; compare equal ones",
						s.experiments[a].name, s.experiments[b].name)
					return
				}
			}
			for j, k := range group {
				if problem := s.experiments[k].config.Train.pathProblem(); m.Kind == compareTrajectory && problem != "" {
					c.Addf(item.Get(key).Items[j].At, "compare: a comparison of trajectories %s; this is about %s", problem, s.experiments[k].name)
					return
				}
			}
			cmp := comparison{name: m.Name, config: m, ends: group}
			if len(found[0]) > 1 {
				for _, set := range points[a].Sets {
					if named[set.Path] {
						continue
					}
					label := parameters.ValueLabel(set.Value)
					if labels[set.Path] != "net" {
						label = labels[set.Path] + "=" + label
					}
					cmp.name += "," + label
				}
			}
			for taken[strings.ToLower(cmp.name)] {
				cmp.name += "-compared"
			}
			taken[strings.ToLower(cmp.name)] = true
			s.comparisons = append(s.comparisons, cmp)
		}
		if len(s.comparisons) == before && c.Reported == 0 {
			c.Addf(item.Get(key).At, "compare: no two experiments differ in just what %s names; parameters that it doesn't name must be equal", key)
		}
	}
}

// compareAll adds the comparison of all pairs of the chosen experiments.
func (s *Sweep) compareAll(c *syntax.Checker, item *syntax.Node, m compareConfig, points []parameters.Point, taken map[string]bool) {
	at := item.Place(ofKey)
	chosen := make([]bool, len(s.experiments))
	for i, end := range m.Of {
		found := s.selected(end, points)
		if len(found) == 0 {
			c.Addf(item.Get(ofKey).Items[i].At, "compare: %s", s.unknown(end))
			return
		}
		for _, k := range found {
			chosen[k] = true
		}
	}
	var ends []int
	for k := range chosen {
		if chosen[k] || len(m.Of) == 0 {
			ends = append(ends, k)
		}
	}
	if n := len(ends); n < 2 || n > maxPaired {
		c.Addf(at, "compare: barriers between experiments, of which there are %d; 2 to %d are allowed: choose them by of", n, maxPaired)
		return
	}
	first := s.experiments[ends[0]]
	for _, k := range ends[1:] {
		other := s.experiments[k]
		if other.config.network() != first.config.network() {
			c.Addf(at, "compare: %s and %s are different networks, whose weights don't lie on one line; choose equal ones by of", first.name, other.name)
			return
		}
		if m.WeightDecay.Training && other.config.Train.Optimizer.WeightDecay != first.config.Train.Optimizer.WeightDecay {
			c.Addf(item.Place("weight_decay"), "compare.weight_decay: %s and %s are trained with different weight decays; give λ as a number", first.name, other.name)
			return
		}
	}
	name := m.Name
	for taken[strings.ToLower(name)] {
		name += "-compared"
	}
	taken[strings.ToLower(name)] = true
	s.comparisons = append(s.comparisons, comparison{name: name, config: m, ends: ends})
}

// selected are the experiments that the selector stands for. The name of a group
// stands for all of its repetitions.
func (s *Sweep) selected(end parameters.Selector, points []parameters.Point) []int {
	var found []int
	for k := range s.experiments {
		if end.Selects(s.experiments[k].name, points[k]) || end.Named(s.experiments[k].group) {
			found = append(found, k)
		}
	}
	return found
}

// sameRepetition leaves of several experiments those that are the same repetition
// as point a, if any is: with the same seeds.
func sameRepetition(points []parameters.Point, a int, others []int) []int {
	same := slices.DeleteFunc(slices.Clone(others), func(b int) bool { return points[a].Repetition() != points[b].Repetition() })
	if len(same) == 0 {
		return others
	}
	return same
}

// unknown says that a selector stands for no experiment.
func (s *Sweep) unknown(end parameters.Selector) string {
	hint := ""
	if end.Name != "" {
		hint = syntax.DidYouMean(end.Name, append(s.groups(), s.Experiments()...))
	}
	return fmt.Sprintf("no experiment is %s%s", end, cmp.Or(hint, "; the experiments are "+syntax.Some(s.Experiments())))
}

// groups are the names of repeated experiments.
func (s *Sweep) groups() []string {
	var out []string
	for _, e := range s.experiments {
		if e.group != "" && !slices.Contains(out, e.group) {
			out = append(out, e.group)
		}
	}
	return out
}
