package sweepfile

import (
	"maps"
	"slices"
	"strings"

	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile/layers"
	"lossatlas/pipelines/sweepfile/parameters"
	"lossatlas/pipelines/syntax"
)

// sweepFields are the fields of a sweep file.
var sweepFields = syntax.Object{Fields: []syntax.Field{
	{Name: "name", Doc: "Name of the sweep.", Type: nameText, Required: true},
	{Name: "title", Doc: "Heading of the report.", Type: titleText},
	{Name: "dataset", Doc: "The examples, {name, train, test}, and the problem that they pose.", Type: datasetFields, Required: true},
	{Name: layers.Key, Doc: "Networks written out as lists of layers: {name: [layers]}.", Type: layers.Networks{}},
	{Name: "train", Doc: "How the network is trained.", Type: trainFields, Required: true},
	{Name: syntax.VariablesKey, Doc: "Values with names: {name: value}. $name stands for the value wherever a value may stand.", Type: syntax.Variables{}},
	{Name: "sweep", Doc: "Which parameters vary: {path: [values]}, or a list of such, one after the other.", Type: axes{}},
	{Name: parameters.RepeatsKey, Doc: "Repetitions of every experiment, whose results have a mean and a spread: how many, with the seeds train.seed, train.seed + 1 and so on; " +
		"or the seeds themselves, as {train.seed: [1, 2], maps.seed: [1, 2]}.", Type: repeats{}},
	{Name: "maps", Doc: "Computations around the trained weights.", Type: syntax.List{Of: mapFields, Max: maxMaps}, Default: []any{}},
	{Name: compareKey, Doc: "Computations between the trained weights of several experiments.", Type: syntax.List{Of: compareFields, Max: maxMaps}, Default: []any{}},
	{Name: "plots", Doc: "Pictures of each experiment: names, or mappings of a kind and how it looks. Default: every one that the maps allow, except " + strings.Join(askedPlots, ", ") + ".",
		Type: syntax.List{Of: plotFields, Max: len(plotKinds), Single: true}},
	{Name: figuresKey, Doc: "Pictures over several experiments.", Type: syntax.List{Of: figureFields, Max: maxFigures}},
	{Name: "presets", Doc: "The same sweep at other sizes, chosen by name: {name: {changed fields}}.", Type: presets{}},
	{Name: "numerics", Doc: "exact: results of different numeric backends are kept apart. any: one serves all.",
		Type: syntax.Choice{Of: []string{exactNumerics, anyNumerics}, What: "a policy"}, Default: exactNumerics},
	{Name: deviceKey, Doc: "Which workers compute the sweep, where there are several kinds: cpu, gpu, or a part of their numerics class, as cuda-NVIDIA-H100 or avx512.",
		Type: syntax.Text{Max: 128, Form: syntax.NameForm, Want: "cpu, gpu, or a part of a numerics class, as cuda-NVIDIA-H100 or avx512"}},
	{Name: "order", Doc: "Order of work. depth: the first experiment's lines and surfaces come before the other trainings. breadth: all experiments alike. " +
		"It changes no result and no key.", Type: syntax.Choice{Of: []string{OrderDepth, OrderBreadth}, What: "an order"}, Default: OrderDepth},
}}

// config is one experiment as its file says it, checked, with defaults filled in.
// Fields that may be left out and have a default that depends on others are
// pointers until resolve sets them.
type config struct {
	Name     string        `field:"name"`
	Title    string        `field:"title"`
	Dataset  datasetConfig `field:"dataset"`
	Networks map[string]pipelines.Network
	OfFile   pipelines.Network // the network, where train.net is a file
	Problem  pipelines.Problem // of the data set
	Loss     string            // its name in titles, "" for plain cross-entropy
	Score    string            // its name in titles, "" for accuracy
	Train    trainConfig       `field:"train"`
	Maps     []mapConfig       `field:"maps"`
	Compare  []compareConfig   `field:"compare"`
	Plots    []plotConfig      `field:"plots"`
	Figures  []figureConfig    `field:"figures"`
	Numerics string            `field:"numerics"`
	Device   string            `field:"device"`
	Order    string            `field:"order"`
}

// network is the network of the experiment.
func (cfg *config) network() pipelines.Network {
	if n, ok := cfg.Networks[cfg.Train.Net]; ok {
		return n
	}
	if cfg.OfFile != "" {
		return cfg.OfFile
	}
	return pipelines.Network(cfg.Train.Net)
}

// resolve fills in the defaults that depend on other fields and checks what
// fields must keep to among each other. Errors point into tree, the file's values
// that cfg was made from.
func (cfg *config) resolve(c *syntax.Checker, cat Catalog, tree *syntax.Node) {
	if cfg.Device != "" && cfg.Numerics == anyNumerics {
		c.Addf(tree.Place(deviceKey), "device: with `numerics: any` every worker may compute; leave device out, or say `numerics: exact`")
	}
	augment, ok := cfg.resolveDataset(c, cat, tree)
	if !ok {
		return
	}
	cfg.resolvePath(c, cat, tree)
	cfg.resolveNetwork(c, cat, tree)
	cfg.resolveTrain(c, cat, augment, tree)
	cfg.resolveMaps(c, cat, tree)
	cfg.resolveCurvature(c, cat, tree)
	cfg.resolveLayers(c, cat, tree)
	cfg.resolveCompare(c, cat, tree)
	cfg.resolvePlots(c, tree)
	cfg.resolveFigures(c, tree)
}

// identity is a text that two experiments share when they are the same.
func (cfg *config) identity() string {
	return syntax.Canonical(struct {
		config
		Networks any // all of the file, of which the experiment has one
		Network  pipelines.Network
	}{config: *cfg, Network: cfg.network()})
}

// NamedNetwork is a network with its name in a sweep file.
type NamedNetwork struct {
	Name    string
	Network pipelines.Network
	Problem pipelines.Problem // the task that it learns
}

// Networks lists the networks of the sweep: the trained ones in the order of
// its experiments, then the defined but untrained ones, by name.
func (s *Sweep) Networks() []NamedNetwork {
	var out []NamedNetwork
	add := func(n NamedNetwork) {
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	for _, e := range s.experiments {
		add(NamedNetwork{e.config.Train.Net, e.config.network(), e.config.Problem})
	}
	for _, e := range s.experiments {
		for _, name := range slices.Sorted(maps.Keys(e.config.Networks)) {
			add(NamedNetwork{name, e.config.Networks[name], e.config.Problem})
		}
	}
	return out
}
