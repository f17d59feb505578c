package pipelines

import (
	"slices"
	"strings"
)

// Sweep is a checked sweep file, with a preset applied.
type Sweep struct {
	File string
	// Folder is what file names in the sweep file are relative to; the caller of Parse sets it.
	Folder string
	// Source is the text of the file.
	Source []byte
	// Preset is the preset that was applied, "" for the file as it is; Presets are
	// the ones that the file has.
	Preset  string
	Presets []string
	Name    string
	// Title is the heading of the report: cosmetic.
	Title string
	// Dataset is the name of the data set, whose digest Expand wants.
	Dataset string
	// AnyNumerics says that the numerics class of no step is part of its key.
	AnyNumerics bool
	// Device says which workers compute: cpu, gpu, a part of their numerics class, or "" where it is all one.
	Device string
	// Notes describe how imported files were fitted to their networks, once they were read.
	Notes []string

	experiments []experiment
	comparisons []comparison
	figures     []figure
	imported    map[Import]string // digests of weights, by what is imported
}

// experiment is one point of a sweep.
type experiment struct {
	name   string
	group  string         // what it and its repetitions are called together, "" where nothing is repeated
	params map[string]any // the swept values, by path
	config *config
	// lenders are the experiments whose directions its maps have, by the name of the map.
	lenders map[string]experiment
}

// Experiments returns the names of the experiments, in the order of the file.
func (s *Sweep) Experiments() []string {
	out := make([]string, len(s.experiments))
	for i, e := range s.experiments {
		out[i] = e.name
	}
	return out
}

// Limits on presets. Those that were not asked for are checked too, so that a
// file is right or wrong as a whole, but not every one of their experiments.
const (
	maxPresets    = 16
	presetSamples = 64
)

// Parse reads a sweep file and applies a preset ("" for none). file is its name
// in messages. Everything in the file is checked, other presets too; what is
// wrong comes back together as Errors, with places, what is allowed, and guesses
// at typing errors.
func Parse(file string, src []byte, cat Catalog, preset string) (*Sweep, error) {
	c := &checker{collector: newCollector(file), cat: cat, builtIn: cat.Nets, right: make(map[*node]Network)}
	root := read(src, c.collector)
	if root == nil {
		return nil, c.err()
	}
	if !c.declare(root) {
		return nil, c.err() // what else is wrong may follow from it
	}
	list := root.get("presets")
	base := root.with([]string{"presets"}, nil)
	names, chosen := readPresets(c, list, preset)
	if preset != "" && chosen == nil && len(c.list) == 0 {
		if len(names) == 0 {
			c.addf(root.place("presets"), "there is no preset %s: the file has none", clip(preset))
		} else {
			c.addf(root.place("presets"), "there is no preset %s%s; the file has %s", clip(preset), didYouMean(preset, names), strings.Join(names, ", "))
		}
	}

	limit := presetSamples
	if preset == "" {
		limit = maxExperiments
	}
	sweep := build(c, base, limit)
	for _, name := range names {
		c.where = " (preset " + name + ")"
		overlaid := overlay(c, base, list.get(name))
		if name == preset {
			sweep = build(c, overlaid, maxExperiments)
		} else {
			build(c, overlaid, presetSamples)
		}
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	sweep.File, sweep.Preset, sweep.Presets = file, preset, names
	return sweep, nil
}

// readPresets returns the names of the presets that change something, and the chosen one.
func readPresets(c *checker, list *node, preset string) (names []string, chosen *node) {
	if list == nil {
		return nil, nil
	}
	before := c.reported
	presets{}.check(c, list, "presets")
	if len(list.entries) > maxPresets {
		c.addf(list.at, "more than %d presets", maxPresets)
	}
	if c.reported > before {
		return nil, nil
	}
	for _, e := range list.entries {
		if e.value.kind == nullNode {
			c.addf(e.at, "presets.%s is empty; say what differs, or remove it", e.key)
			continue
		}
		names = append(names, e.key)
	}
	return names, list.get(preset)
}

// build expands a tree without presets and checks at most limit of its experiments.
func build(c *checker, tree *node, limit int) *Sweep {
	before := c.reported
	c.networks = nil
	if c.builtIn != nil {
		c.cat.Nets = slices.Concat(c.builtIn, writtenNetworks(tree))
	}
	file := newFiller(tree)
	tree = file.at(c, point{})
	c.setProblem(tree.get("dataset").get("name"))
	once := readAxes(c, tree.get("sweep"))
	again := readRepeats(c, tree.get(repeatsKey))
	c.partial = true
	sweepFields.check(c, tree, "")
	c.partial = false
	if c.reported > before {
		return nil
	}
	points := again.repeat(c, file, once)
	if swept := sweptVariables(points); len(swept) > 0 {
		c.checkSwept(file.tree, "", swept)
	}
	if c.reported > before {
		return nil
	}

	s := &Sweep{experiments: configureAll(c, file, points[:min(limit, len(points))])}
	if c.reported > before || s.experiments == nil {
		return nil
	}
	first := s.experiments[0].config
	s.Name, s.Title, s.Dataset = first.Name, first.Title, first.Dataset.Name
	s.AnyNumerics, s.Device = first.Numerics == anyNumerics, first.Device
	for i, name := range experimentNames(s.Name, points[:len(s.experiments)]) {
		s.experiments[i].name = name
	}
	if again.any() {
		groups := experimentNames(s.Name, once)
		for i := range s.experiments {
			s.experiments[i].group = groups[points[i].of]
		}
	}
	if len(s.experiments) == len(points) { // else some were left unchecked
		s.lend(c, tree, points)
		s.compare(c, tree, points)
		s.arrange(c, tree, points)
	}
	return s
}

// configureAll makes the experiments of points, which must differ; it makes none once there are enough errors.
func configureAll(c *checker, file *filler, points []point) []experiment {
	var out []experiment
	same := make(map[string]int)
	for i, p := range points {
		cfg := configure(c, file.at(c, p), p)
		if c.full() || c.filled > maxFilled {
			return nil
		}
		if cfg == nil {
			continue
		}
		if first, ok := same[cfg.identity()]; ok {
			c.addf(p.at, "sweep: experiment %d (%s) is the same as experiment %d (%s, %s)", i+1, p, first+1, points[first], points[first].at)
			continue
		}
		same[cfg.identity()] = i
		params := make(map[string]any, len(p.sets))
		for _, set := range p.sets {
			params[set.path] = plain(set.value)
		}
		out = append(out, experiment{params: params, config: cfg})
	}
	return out
}

// configure makes the config of one point from the tree that has its variables.
func configure(c *checker, tree *node, p point) *config {
	before := c.reported
	for _, set := range p.sets {
		if strings.HasPrefix(set.path, variablesKey+".") {
			continue // in its places already
		}
		next, err := assign(tree, set.path, set.node)
		if err != nil {
			c.addf(set.at, "%s: %v", set.field, err)
			return nil
		}
		tree = next
	}
	values := sweepFields.check(c, tree, "")
	if c.reported > before {
		return nil
	}
	cfg, err := decode(values)
	if err != nil {
		c.addf(tree.at, "the file does not fit together: %v", err)
		return nil
	}
	cfg.Networks = c.networks
	cfg.resolve(c, tree)
	if c.reported > before {
		return nil
	}
	return cfg
}
