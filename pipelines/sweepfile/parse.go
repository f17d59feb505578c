package sweepfile

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"lossatlas/artifacts"
	"lossatlas/pipelines/sweepfile/layers"
	"lossatlas/pipelines/sweepfile/parameters"
	"lossatlas/pipelines/syntax"
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
	// Dataset is the data set, whose digest Expand wants.
	Dataset DataChoices
	// DataParts is the number of parts in which the content of data from files lies in the store.
	DataParts int
	// AnyNumerics says that the numerics class of no step is part of its key.
	AnyNumerics bool
	// Device says which workers compute: cpu, gpu, a part of their numerics class, or "" where it is all one.
	Device string
	// Order is the order of work: OrderDepth or OrderBreadth.
	Order string
	// Stored are the digests of weights that are in the store and are not read from their files again, by Import.File; nil but for the
	// checkpoints of a watched folder.
	Stored map[string]artifacts.Digest
	// Notes describe how imported files were fitted to their networks, once they were read.
	Notes []string

	experiments []experiment
	comparisons []comparison
	figures     []figure
	imported    map[Import]string // digests of weights, by import
}

// experiment is one point of a sweep.
type experiment struct {
	name   string
	group  string         // the common name of it and its repetitions, "" without repetitions
	params map[string]any // the swept values, by path
	config *config
	// origins are the experiments whose directions its maps have, by the name of the map.
	origins map[string]experiment
}

// Experiments returns the names of the experiments, in the order of the file.
func (s *Sweep) Experiments() []string {
	out := make([]string, len(s.experiments))
	for i, e := range s.experiments {
		out[i] = e.name
	}
	return out
}

// presetSamples is how many experiments of a preset that was not asked for are checked, so that a
// file is right or wrong as a whole, but not every one of their experiments.
const presetSamples = 64

// PresetError says that a file does not have the preset that was asked for.
type PresetError struct {
	File, Preset string
	Presets      []string // of the file
}

// Error lists the presets of the file, with a guess.
func (e *PresetError) Error() string {
	if len(e.Presets) == 0 {
		return fmt.Sprintf("%s has no preset %s; the file has no presets", e.File, syntax.Clip(e.Preset))
	}
	return fmt.Sprintf("%s has no preset %s%s", e.File, syntax.Clip(e.Preset), syntax.GuessOrList(e.Preset, e.Presets, "it has"))
}

// Parse reads a sweep file and applies a preset, if not "". file is its name
// in messages. Everything in the file is checked, other presets too; what is
// wrong comes back together as Errors, with places, what is allowed, and guesses
// at typing errors. A preset that the file does not have is a *[PresetError].
func Parse(file string, src []byte, cat Catalog, preset string) (*Sweep, error) {
	c := syntax.NewChecker(file)
	c.Elsewhere, c.What = parameterTable.Elsewhere, "sweep file"
	c.Least, c.Example = "name, dataset and train", "name: …, dataset: …, train: …"
	r := &reader{Checker: c, cat: cat, networks: layers.Reader{BuiltIn: cat.Nets, Check: cat.CheckNetwork}, configs: make(map[*syntax.Node]*config)}
	root := c.Read(src)
	if root == nil {
		return nil, c.Err()
	}
	if !c.Declare(root) {
		return nil, c.Err() // what else is wrong may follow from it
	}
	list := root.Get("presets")
	base := root.With([]string{"presets"}, nil)
	names, chosen := parameters.ReadPresets(c, list, preset)
	if preset != "" && chosen == nil && len(c.List) == 0 {
		return nil, &PresetError{File: file, Preset: preset, Presets: names}
	}

	limit := presetSamples
	if preset == "" {
		limit = parameters.MaxExperiments
	}
	sweep := r.build(base, limit)
	for _, name := range names {
		c.Where = " (preset " + name + ")"
		overlaid := parameterTable.Overlay(c, base, list.Get(name))
		if name == preset {
			sweep = r.build(overlaid, parameters.MaxExperiments)
		} else {
			r.build(overlaid, presetSamples)
		}
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	sweep.File, sweep.Preset, sweep.Presets = file, preset, names
	return sweep, nil
}

// reader makes sweeps from trees.
type reader struct {
	*syntax.Checker
	cat      Catalog
	networks layers.Reader
	configs  map[*syntax.Node]*config // of files without anything that is swept
}

// build expands a tree without presets and checks at most limit of its experiments.
func (r *reader) build(tree *syntax.Node, limit int) *Sweep {
	c, before := r.Checker, r.Reported
	c.Known = r.cat.names(layers.Names(tree)...)
	file := parameters.NewFiller(tree)
	tree = file.At(c, parameters.Point{})
	r.networks.Problem = ""
	if name := tree.Get("dataset").Get("name"); name != nil {
		r.networks.Problem = r.cat.dataset(name.Text).Problem // of data from files it is checked later
	}
	once := parameterTable.ReadAxes(c, tree.Get("sweep"))
	again := parameterTable.ReadRepeats(c, tree.Get(parameters.RepeatsKey))
	r.config(file.At(c, parameters.Point{}))
	if c.Reported > before {
		return nil
	}
	points := again.Repeat(c, once, func(p parameters.Point) int64 { return seedOf(file.At(c, p)) })
	if swept := parameters.SweptVariables(points); len(swept) > 0 {
		parameterTable.CheckSwept(c, file.Tree, "", swept)
	}
	if c.Reported > before {
		return nil
	}

	s := &Sweep{experiments: r.configureAll(file, points[:min(limit, len(points))])}
	if c.Reported > before || s.experiments == nil {
		return nil
	}
	first := s.experiments[0].config
	s.Name, s.Title, s.Dataset = first.Name, first.Title, first.Dataset.DataChoices
	s.AnyNumerics, s.Device, s.Order = first.Numerics == anyNumerics, first.Device, first.Order
	for i, name := range parameters.ExperimentNames(s.Name, points[:len(s.experiments)]) {
		s.experiments[i].name = name
	}
	if again.Any() {
		groups := parameters.ExperimentNames(s.Name, once)
		for i := range s.experiments {
			s.experiments[i].group = groups[points[i].Of]
		}
	}
	if len(s.experiments) == len(points) { // else some were left unchecked
		s.resolveOrigins(c, tree, points)
		s.compare(c, tree, points)
		s.arrange(c, tree, points)
	}
	return s
}

// seedOf is the training seed of a tree, which is known to be right.
func seedOf(tree *syntax.Node) int64 {
	if n := tree.Get("train").Get("seed"); n != nil {
		seed, _ := strconv.ParseInt(n.Text, 10, 64)
		return seed
	}
	return trainFields.Find("seed").Default.(int64)
}

// configureAll makes the experiments of points, which must differ; it stops once there are enough errors.
func (r *reader) configureAll(file *parameters.Filler, points []parameters.Point) []experiment {
	var out []experiment
	same := make(map[string]int)
	for i, p := range points {
		cfg := r.configure(file.At(r.Checker, p), p)
		if r.Full() || r.Overfilled() {
			return nil
		}
		if cfg == nil {
			continue
		}
		id := cfg.identity()
		if first, ok := same[id]; ok {
			r.Addf(p.At, "sweep: experiment %d (%s) is the same as experiment %d (%s, %s)", i+1, p, first+1, points[first], points[first].At)
			continue
		}
		same[id] = i
		params := make(map[string]any, len(p.Sets))
		for _, set := range p.Sets {
			params[set.Path] = parameters.Plain(set.Value)
		}
		out = append(out, experiment{params: params, config: cfg})
	}
	return out
}

// configure makes the config of one point: that of the file, which is checked
// once, with the values that the point sets.
func (r *reader) configure(file *syntax.Node, p parameters.Point) *config {
	before := r.Reported
	base := r.config(file)
	if r.Reported > before || base == nil {
		return nil
	}
	cfg, tree := base.clone(), file
	for _, set := range p.Sets {
		if strings.HasPrefix(set.Path, syntax.VariablesKey+".") {
			continue // in its places already
		}
		next, err := parameterTable.Assign(tree, set.Path, set.Node)
		if err == nil {
			err = cfg.set(set.Path, set.Value)
		}
		if err != nil {
			r.Addf(set.At, "%s: %v", set.Field, err)
			return nil
		}
		tree = next
	}
	if sweepFields.Require(r.Checker, tree, ""); r.Reported > before {
		return nil
	}
	if cfg.resolve(r.Checker, r.cat, tree); r.Reported > before {
		return nil
	}
	return cfg
}

// config checks a file and makes its config, once.
func (r *reader) config(file *syntax.Node) *config {
	if cfg := r.configs[file]; cfg != nil {
		return cfg
	}
	before := r.Reported
	values := sweepFields.Check(r.Checker, file, "")
	networks := r.networks.Read(r.Checker, file)
	if r.Reported > before {
		return nil
	}
	cfg := &config{Networks: networks}
	if err := syntax.Decode(values, reflect.ValueOf(cfg).Elem()); err != nil {
		r.Addf(file.At, "the file does not fit together: %v", err)
		return nil
	}
	r.configs[file] = cfg
	return cfg
}

// clone copies what resolve and set change.
func (cfg *config) clone() *config {
	out := *cfg
	out.Maps, out.Compare = slices.Clone(cfg.Maps), slices.Clone(cfg.Compare)
	out.Plots, out.Figures = slices.Clone(cfg.Plots), slices.Clone(cfg.Figures)
	return &out
}

// set puts the value of a parameter in its place, of maps in every map that the path means.
func (cfg *config) set(path string, value any) error {
	parts := strings.Split(path, ".")
	if parts[0] != mapsKey {
		v := reflect.ValueOf(cfg).Elem()
		for _, part := range parts {
			v = syntax.FieldNamed(v, part)
		}
		return syntax.Decode(value, v)
	}
	field := parts[len(parts)-1]
	for i := range cfg.Maps {
		m := &cfg.Maps[i]
		if len(parts) == 3 && parts[1] != cmp.Or(m.Name, m.Kind) || mapFields.OfKind(m.Kind).Find(field) == nil {
			continue
		}
		if err := syntax.Decode(value, syntax.FieldNamed(reflect.ValueOf(m).Elem(), field)); err != nil {
			return err
		}
	}
	return nil
}
