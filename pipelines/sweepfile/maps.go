package sweepfile

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile/layers"
	"lossatlas/pipelines/sweepfile/values"
	"lossatlas/pipelines/syntax"
)

// mapKind is one kind of map: its fields in a sweep file, and the steps it
// becomes. Each kind stands in a file of its own.
type mapKind struct {
	name string
	doc  string
	// shared names the fields of sharedMapFields that the kind has beside those of
	// all kinds; own are its own.
	shared []string
	own    []syntax.Field
	// splits are mapped unless the file names others.
	splits []string
	// resolve settles defaults that depend on other fields, and checks what fields
	// must keep to among each other.
	resolve func(cfg *config, c *syntax.Checker, m *mapConfig, item *syntax.Node)
	// add adds the steps, to an experiment whose weights the step train makes.
	add func(b *builder, m mapConfig, train string)
}

// mapKinds are all kinds of maps, in the order in which messages name them.
var mapKinds = []mapKind{lineMap, surfaceMap, hessianMap, trajectoryMap, spectrumMap, sharpnessMap}

// mapKindOf is the kind with a name.
func mapKindOf(name string) mapKind {
	return mapKinds[slices.IndexFunc(mapKinds, func(k mapKind) bool { return k.name == name })]
}

// mapConfig is a map as its file says it: the fields of all kinds.
type mapConfig struct {
	Kind       string             `field:"kind"`
	Name       string             `field:"name"`
	Title      string             `field:"title"`
	Directions source             `field:"directions"`
	Normalize  string             `field:"normalize"`
	Ignore     string             `field:"ignore"`
	Seed       uint64             `field:"seed"`
	Pairs      int                `field:"pairs"`
	Range      mapRange           `field:"range"`
	Rise       float64            `field:"rise"`
	X          *[2]float64        `field:"x"`
	Y          *[2]float64        `field:"y"`
	Resolution [2]int             `field:"resolution"`
	Error      values.StatedError `field:"error"`
	Splits     []string           `field:"splits"`
	Images     *values.ImageSet   `field:"images"`
	Subset     string             `field:"subset"`
	Layers     []string           `field:"layers"`
	Tolerance  float64            `field:"tolerance"`
	Probes     int                `field:"probes"`
	Epoch      *int               `field:"epoch"` // nil for the trained weights
	// Persistence is nil where basins are not counted.
	Persistence *float64            `field:"persistence"`
	Ranges      []values.ImageRange // the images that each split's loss is the mean over, in the order of the splits
	loss        Loss
	// populations are the numbers of examples of which each split's examples are a sample.
	populations map[string]int
	LossChoices
	WeightDecay values.WeightDecay `field:"weight_decay"`
	BatchNorm   normChoice         `field:"batchnorm"`
	lineConfig                     // of a line alone, and so on
	surfaceConfig
	trajectoryConfig
	spectrumConfig
	sharpnessConfig
}

// epochKey is the field that chooses the weights of a map.
const epochKey = "epoch"

// sharedMapFields are the fields that several kinds of maps have: all kinds, where no kind names them.
var sharedMapFields = []syntax.Field{
	{Name: "name", Doc: "Name of the map in step names, and in paths: maps.<name>.range. Default: its kind.",
		Type: nameText},
	{Name: "title", Doc: "Heading of its pictures. Default: the experiment's name.", Type: titleText},
	{Name: "directions", Doc: "random: Gaussian directions. hessian: the eigenvectors of the largest eigenvalues of the second derivatives at the weights, of length 1, " +
		"for the images of the map (of the training split, if it has both). With ignore: biasbn the second derivatives are those over weights alone. " +
		"{import: FILE}: read unchanged from a PyTorch, .safetensors or .npz file with the tensors x/<parameter> and y/<parameter>. " +
		"{of: EXPERIMENT}: the random directions of that experiment, rescaled to these weights; it is a name, or parameters such as {train.batch_size: 128}, " +
		"the others being equal.",
		Type: sources{}, Default: source{kind: directionsRandom}},
	{Name: "normalize", Doc: "How random directions are scaled to the weights; dfilter and dlayer give each filter or layer length 1 instead. " +
		"Default: filter.",
		Type: syntax.Choice{Of: normalizations, What: "a normalization"}},
	{Name: "ignore", Doc: "biasbn: directions are zero on biases and on batch normalization's parameters, which a trajectory leaves out.",
		Type: syntax.Choice{Of: []string{"biasbn", "none"}, What: "a set of parameters"}, Default: "biasbn"},
	{Name: "seed", Doc: "Seed of the random directions, or of the random vectors, perturbations and starts of a spectrum and of sharpness.", Type: syntax.Integer{Min: 0, Max: maxSeed}, Default: int64(1)},
	{Name: "pairs", Doc: "Pairs of directions (of a line: directions) along which flatness is measured, with the seeds seed, seed + 1 and so on. The first is drawn; figures of lines show the mean over all, with a band.",
		Type: syntax.Integer{Min: 1, Max: maxPairs}, Default: int64(1)},
	rangeField("First and last value of α (and of β, unless y says otherwise).", mapRange{ends: [2]float64{-1, 1}}),
	riseField,
	{Name: "x", Doc: "First and last value of α, in place of range; of a trajectory, of the first principal component; default: fits the path.", Type: values.Interval{}},
	{Name: "y", Doc: "First and last value of β, in place of range; of a trajectory, of the second principal component.", Type: values.Interval{}},
	resolutionField,
	errorField,
	persistenceField,
	{Name: "splits", Doc: "Splits whose loss is mapped. Default: train and test for a line, train for the others.", Type: splitsList},
	imagesField,
	{Name: "subset", Doc: "Parameters of the second derivatives. weights: weights of convolutions and linear layers, as in the paper. all: also biases and batch normalization's parameters.",
		Type: syntax.Choice{Of: subsets, What: "a set of parameters"}, Default: "weights"},
	{Name: "layers", Doc: "Layers whose parameters change, or over which derivatives are taken: names of modules, of which * stands for any text, as [layer3.*, fc]. Default: all.",
		Type: syntax.List{Of: layerPattern, Min: 1, Max: layers.MaxChannels, Unique: true, Single: true}},
	{Name: "tolerance", Doc: "Largest residual of each eigenvalue, relative to its size.",
		Type: syntax.Number{Min: 0, Max: 0.1, Above: true}, Default: 1e-3},
	{Name: "probes", Doc: "Random vectors for the trace, and for the density of a spectrum.", Type: syntax.Integer{Min: 2, Max: maxProbes}, Default: int64(10)},
	{Name: epochKey, Doc: "Epoch after which the weights are mapped, one of those that train.checkpoints or train.path keep. Varied (maps.surface.epoch: [0, 5, 10]), it gives surfaces that lossatlas export film joins, each around its own weights, with one draw of directions that is scaled to them; " +
		"losses and errors of the experiments stay those after the training. Default: the trained weights.", Type: syntax.Integer{Min: 0, Max: values.MaxEpochs}},
}

// sharedMapField is one of them.
func sharedMapField(name string) syntax.Field {
	return sharedMapFields[slices.IndexFunc(sharedMapFields, func(f syntax.Field) bool { return f.Name == name })]
}

var mapFields = fieldsOfMaps()

// fieldsOfMaps puts the fields of all kinds together.
func fieldsOfMaps() syntax.Variants {
	var names, docs []string
	has := make(map[string][]string)
	var own []syntax.Field
	for _, k := range mapKinds {
		names, docs = append(names, k.name), append(docs, k.name+": "+k.doc)
		for _, field := range k.shared {
			has[field] = append(has[field], k.name)
		}
		for _, f := range k.own {
			f.Kinds = []string{k.name}
			own = append(own, f)
		}
	}
	fields := []syntax.Field{{Name: "kind", Doc: strings.Join(docs, " "), Type: syntax.Choice{Of: names, What: "a kind of map"}, Required: true}}
	for _, f := range slices.Concat(sharedMapFields, mapLossFields) {
		f.Kinds = has[f.Name]
		fields = append(fields, f)
	}
	return syntax.Variants{Of: names, What: "a map", Want: "a map, as {kind: line, …}, {kind: surface, …} or {kind: hessian, …}",
		Object: syntax.Object{Fields: append(fields, own...)}}
}

// resolveMaps settles the names of the maps, and each of them.
func (cfg *config) resolveMaps(c *syntax.Checker, cat Catalog, tree *syntax.Node) {
	names := make(map[string]bool)
	for i := range cfg.Maps {
		m, item := &cfg.Maps[i], tree.Get(mapsKey).Items[i]
		if m.Name == "" {
			m.Name = m.Kind
		}
		if names[strings.ToLower(m.Name)] {
			c.Addf(item.At, "maps: two maps with the name %s; give one another name (name: …)", m.Name)
		} else if mapFields.Find(m.Name) != nil {
			c.Addf(item.Place("name"), "maps: a map cannot be called %s, which is the name of a field", m.Name)
		}
		names[strings.ToLower(m.Name)] = true
		cfg.resolveMap(c, cat, m, item)
	}
	if n := cfg.evaluations(); n > maxEvaluations {
		c.Addf(tree.Place(mapsKey), "maps: an experiment has %d directions and grids, and may have %d: measure fewer pairs of directions, or make a sweep of its own for some of the maps", n, maxEvaluations)
	}
}

// evaluations is how many steps the maps have that draw directions or evaluate: of all the steps the most.
func (cfg *config) evaluations() (n int) {
	for _, m := range cfg.Maps {
		n += max(m.Pairs, 1) * (1 + len(m.Ranges))
	}
	return n
}

// resolveMap settles which directions a map has and which images it looks at.
func (cfg *config) resolveMap(c *syntax.Checker, cat Catalog, m *mapConfig, item *syntax.Node) {
	kind := mapKindOf(m.Kind)
	m.resolveRange(c, item)
	m.populations = map[string]int{values.SplitTrain: cfg.population(values.SplitTrain), values.SplitTest: cfg.population(values.SplitTest)}
	cfg.resolveLoss(c, cat, m, item)
	cfg.resolveDecay(c, m, item)
	m.resolveDirections(c, item)
	if kind.resolve != nil {
		kind.resolve(cfg, c, m, item)
	}
	if m.Epoch != nil && !slices.Contains(append(cfg.Train.kept(), cfg.Train.last()), *m.Epoch) {
		c.Addf(item.Place(epochKey), "maps.epoch: no weights are kept after epoch %d; add it to train.checkpoints, or to the files of train.path", *m.Epoch)
	}
	m.resolveRanges(c, item, kind.splits, cfg.Dataset)
	for _, r := range m.Ranges {
		if have := cfg.Dataset.count(r.Split); r.To > have {
			c.Addf(item.Place("images"), "maps.images asks for %s, but dataset.%s has %d images", r, r.Split, have)
		}
	}
	cfg.resolveNorm(c, m, item)
	m.resolveSubsets(c, item)
}

// resolveRanges settles the splits of a map and the images of each.
func (m *mapConfig) resolveRanges(c *syntax.Checker, item *syntax.Node, splits []string, data datasetConfig) {
	if m.Images != nil && len(m.Images.Ranges) > 0 {
		var named []string
		for _, r := range m.Images.Ranges {
			named = append(named, r.Split)
		}
		if m.Splits != nil && !slices.Equal(inOrder(m.Splits), named) {
			c.Addf(item.Place("images"), "maps.images names the images of %s, but maps.splits says %s; leave splits out",
				strings.Join(named, " and "), strings.Join(m.Splits, " and "))
			return
		}
		m.Splits, m.Ranges = named, m.Images.Ranges
		return
	}
	if m.Splits == nil {
		m.Splits = slices.DeleteFunc(slices.Clone(splits), func(split string) bool { return data.count(split) == 0 })
	}
	m.Splits, m.Ranges = inOrder(m.Splits), nil
	for _, split := range m.Splits {
		r := values.ImageRange{Split: split, To: data.count(split)}
		if m.Images != nil {
			r.To = m.Images.Count
		}
		m.Ranges = append(m.Ranges, r)
	}
}

var layerPattern = syntax.Text{Max: 200, Form: regexp.MustCompile(`^[A-Za-z0-9_.*-]+$`), Want: "the name of a module, such as layer3.0.conv1, of which * stands for any text"}

// layers are the patterns of the map's layers in the form of recipes.
func (m mapConfig) layers() string {
	return strings.Join(slices.Sorted(slices.Values(m.Layers)), ",")
}

// resolveLayers refuses layers and blocks that the network does not have.
func (cfg *config) resolveLayers(c *syntax.Checker, cat Catalog, tree *syntax.Node) {
	for i, m := range cfg.Maps {
		patterns := slices.Concat(m.Layers, slices.Concat(m.Blocks...))
		if len(patterns) == 0 || cat.CheckLayers == nil {
			continue
		}
		if err := cat.CheckLayers(cfg.network(), cfg.Problem, strings.Join(patterns, ",")); err != nil {
			c.Addf(tree.Get(mapsKey).Items[i].At, "maps: %s: %v", m.Name, err)
		}
	}
}

// inOrder returns splits as train, test, whichever way they were written.
func inOrder(splits []string) []string {
	out := slices.Clone(splits)
	slices.SortFunc(out, func(a, b string) int { return slices.Index(values.SplitNames, a) - slices.Index(values.SplitNames, b) })
	return out
}

// resolveLattice settles the sides of a lattice around the weights.
func resolveLattice(_ *config, _ *syntax.Checker, m *mapConfig, _ *syntax.Node) {
	if m.Range.auto {
		return
	}
	if m.X == nil {
		m.X = new(m.Range.ends)
	}
	if m.Y == nil {
		m.Y = new(m.Range.ends)
	}
}

// line and plane are the lattices of a map over one direction and two. Axes without a range are fitted.
func (b *builder) line(m mapConfig) pipelines.MapParams {
	p := pipelines.MapParams{Net: b.config.network(), X: pipelines.Axis{N: m.Points}}
	if m.X == nil {
		p.Fit = &pipelines.Fit{X: true}
	} else {
		p.X.Min, p.X.Max = m.X[0], m.X[1]
	}
	return m.allowed(p)
}

func (b *builder) plane(m mapConfig) pipelines.MapParams {
	p := pipelines.MapParams{Net: b.config.network(), X: pipelines.Axis{N: m.Resolution[0]}, Y: &pipelines.Axis{N: m.Resolution[1]}}
	if m.X != nil {
		p.X.Min, p.X.Max = m.X[0], m.X[1]
	}
	if m.Y != nil {
		p.Y.Min, p.Y.Max = m.Y[0], m.Y[1]
	}
	if m.X == nil || m.Y == nil {
		p.Fit = &pipelines.Fit{X: m.X == nil, Y: m.Y == nil, Margin: m.Margin}
	}
	return m.allowed(p)
}

// allowed gives the lattice of a map the error of its field.
func (m mapConfig) allowed(p pipelines.MapParams) pipelines.MapParams {
	return p.WithError(m.Error.StatedError)
}

// grids are the steps of a map's grids by split, one for each pair of directions.
type grids map[string][]string

// center is the output with the weights that a map is around.
func (b *builder) center(m mapConfig, train string) pipelines.Ref {
	if m.Epoch == nil || *m.Epoch == b.config.Train.last() {
		return pipelines.Ref{Step: train, Output: pipelines.OutWeights}
	}
	return pipelines.Ref{Step: train, Output: pipelines.OutCheckpoint(*m.Epoch)}
}

// addGrids adds the steps of a map's directions and of a grid per split. params
// are those of a grid's step for the images it looks at.
func (b *builder) addGrids(m mapConfig, train string, kind pipelines.Kind, params func(pipelines.MapData) any) grids {
	weights := b.center(m, train)
	out := make(grids)
	var reach map[string]pipelines.Ref
	for pair := range max(m.Pairs, 1) {
		suffix := pairSuffix(pair)
		along := b.addDirections(m, m.Name+"-directions"+suffix, pair, weights)
		inputs := map[string]pipelines.Ref{pipelines.OutWeights: b.addShift(m, m.Name+"-shift"+suffix, pair, weights), pipelines.OutDirections: along}
		if pair == 0 {
			reach = b.addRange(m, m.Name+"-range", 0, inputs)
		}
		maps.Copy(inputs, reach)
		for _, r := range m.Ranges {
			id := b.addMap(m, m.Name+"-"+r.Split+suffix, pipelines.Address{Map: m.Name, Split: r.Split, Pair: pair}, kind, params(b.mapData(m, r)), inputs)
			b.steps[len(b.steps)-1].Directions = b.along(m, pair)
			out[r.Split] = append(out[r.Split], id)
		}
	}
	return out
}

// pairSuffix ends the names of the steps of a pair of directions, counted from 0. No map's name can contain it, so that they
// are named like no other steps.
func pairSuffix(pair int) string {
	if pair == 0 {
		return ""
	}
	return fmt.Sprintf("@%d", pair+1)
}

// grid is the first grid of a split, which is drawn.
func (g grids) grid(split string) pipelines.Ref {
	return pipelines.Ref{Step: g[split][0], Output: pipelines.OutGrid}
}

// addPictures adds the pictures of one split of a map that plots asks for.
func (b *builder) addPictures(m mapConfig, split string, inputs map[string]pipelines.Ref) {
	for _, p := range plotTable {
		if !p.fits(m) || !b.draws(p.name) {
			continue
		}
		shown := m.loss.over(split)
		if p.name == plotError && m.Kind == mapHessian {
			shown = "extreme curvatures of the " + shown
		}
		params := pipelines.RenderParams{Plot: p.name, Title: b.mapTitle(m) + " · " + m.loss.over(split), Persistence: p.persistence(m, b.style(p.name))}
		b.addPicture(m.Name+"-"+split+"-"+p.name, pipelines.Address{Map: m.Name, Split: split}, m.loss.on(params), m.ofMatrix(p.captionOf(shown))+m.offsetNote()+m.Error.Note(), inputs)
	}
}

// mapData names the images of a range, with the labels that the training saw.
func (b *builder) mapData(m mapConfig, r values.ImageRange) pipelines.MapData {
	data := pipelines.MapData{Name: b.dataName(), Digest: b.digest, Problem: m.loss.Problem, Split: r.Split, From: r.From, To: r.To}
	if t := b.config.Train; r.Split == values.SplitTrain && t.LabelNoise > 0 {
		data.Noise = &pipelines.LabelNoise{Fraction: t.LabelNoise, Seed: t.Seed}
	}
	return data
}

// mapTitle is the heading of a map's pictures.
func (b *builder) mapTitle(m mapConfig) string {
	if m.Title != "" {
		return m.Title
	}
	t := b.config.Train
	switch {
	case m.Epoch == nil:
		return b.title()
	case *m.Epoch == t.last() && (t.earlyStop != nil || t.average != nil): // which may be those of another epoch, or of several
		return b.title() + " · trained weights"
	case t.earlyStop != nil:
		return fmt.Sprintf("%s · epoch %d, or the last one before", b.title(), *m.Epoch)
	}
	return fmt.Sprintf("%s · epoch %d", b.title(), *m.Epoch)
}

// At what levels and within what radii flatness is measured.
var (
	flatnessLevels = []float64{0.1, 0.5, 1}
	flatnessRadii  = []float64{0.25, 0.5, 1}
)

// addFlatness measures the grids of one map and split, one for each pair of directions.
func (b *builder) addFlatness(m mapConfig, split string, grids []string) {
	inputs := make(map[string]pipelines.Ref, len(grids))
	for i, grid := range grids {
		inputs[pipelines.InGrid(i)] = pipelines.Ref{Step: grid, Output: pipelines.OutGrid}
	}
	b.add(m.Name+"-"+split+"-flatness", pipelines.Address{Map: m.Name, Split: split, Role: pipelines.RoleFlatness}, pipelines.KindFlatness,
		pipelines.FlatnessParams{Levels: flatnessLevels, Radii: flatnessRadii, Persistence: m.Persistence}, inputs)
}
