package sweepfile

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/pipelines/syntax"
)

// Import is a file that a sweep takes weights from in place of a training, or
// the directions of a map.
type Import struct {
	File    string            // as the sweep file names it, relative to its folder
	Net     pipelines.Network // the network that the weights or directions are of
	Problem pipelines.Problem // what it learns
	Name    string            // its name in the sweep file, for messages
	// Rename gives parts of tensors' names other names, as FROM=TO,…
	Rename string
	// Expect is a file of outputs that the weights must give, or "".
	Expect string
	// Directions says that the file holds directions: Axes of them are needed.
	Directions bool
	Axes       int
}

// imports is the file that the experiment imports in place of a training, if any.
func (cfg *config) imports() Import {
	var rules []string
	for _, from := range slices.Sorted(maps.Keys(cfg.Train.Rename)) {
		rules = append(rules, from+"="+cfg.Train.Rename[from])
	}
	return Import{File: cfg.Train.Import, Net: cfg.network(), Problem: cfg.Problem, Name: cfg.Train.Net, Rename: strings.Join(rules, ","), Expect: cfg.Train.Expect}
}

// importsAlong are the weights before the last along a training elsewhere.
func (cfg *config) importsAlong() (out []Import) {
	along := cfg.Train.Along
	for i := 0; i+1 < len(along); i++ {
		one := cfg.imports()
		one.File, one.Expect = along[i].File, ""
		out = append(out, one)
	}
	return out
}

// importsDirections is the file from which a map takes its directions, if any.
func (cfg *config) importsDirections(m mapConfig) Import {
	i := Import{File: m.Directions.file, Net: cfg.network(), Problem: cfg.Problem, Name: cfg.Train.Net, Directions: true, Axes: 2}
	if m.Kind == mapLine {
		i.Axes = 1
	}
	return i
}

// Imports lists the files that the sweep imports, once for each purpose, in the order of the experiments.
func (s *Sweep) Imports() []Import {
	var out []Import
	seen := make(map[Import]bool)
	add := func(i Import) {
		if i.File != "" && !seen[i] {
			seen[i] = true
			out = append(out, i)
		}
	}
	for _, e := range s.experiments {
		add(e.config.imports())
		for _, i := range e.config.importsAlong() {
			add(i)
		}
		for _, m := range e.config.Maps {
			add(e.config.importsDirections(m))
		}
	}
	return out
}

// NetworksOfFiles lists the networks that come from files, each once.
func (s *Sweep) NetworksOfFiles() (networks []pipelines.Network) {
	for _, e := range s.experiments {
		if n := e.config.OfFile; n != "" && !slices.Contains(networks, n) {
			networks = append(networks, n)
		}
	}
	return networks
}

// Resolve tells Expand the digest of a file's content, in the form in which a
// step stores weights or directions.
func (s *Sweep) Resolve(i Import, content artifacts.Digest) {
	if s.imported == nil {
		s.imported = make(map[Import]string)
	}
	s.imported[i] = content.String()
}

// addWeights adds the step that the maps take their weights from: a training, or
// an import in place of one.
func (b *builder) addWeights() string {
	t := b.config.Train
	if t.Import == "" {
		return b.add("train", pipelines.Address{Role: pipelines.RoleWeights}, pipelines.KindTrain, b.trainParams(), nil)
	}
	i := b.config.imports()
	params := pipelines.ImportParams{Net: i.Net, Weights: b.imported[i], Data: b.trainParams().Data, CheckGradient: b.config.OfFile != ""}
	for k, before := range b.config.importsAlong() {
		params.Checkpoints = append(params.Checkpoints, pipelines.ImportedCheckpoint{Epoch: t.Along[k].Epoch, Weights: b.imported[before]})
	}
	return b.add("import", pipelines.Address{Role: pipelines.RoleWeights}, pipelines.KindImport, params, nil)
}

// Imported is the digest that Resolve was given for a file, or "".
func (s *Sweep) Imported(i Import) string { return s.imported[i] }

// renames is the type of the field rename: {fc: linear}.
type renames struct{}

const (
	maxRenames = 1000
	renameWant = "a mapping of parts of names to other names, such as {fc: linear}, or {model: \"\"} to take one off"
)

// renameForm leaves out the signs that stand between the rules of Import.Rename.
var renameForm = regexp.MustCompile(`^[^=,]{0,200}$`)

func (renames) Check(c *syntax.Checker, n *syntax.Node, path string) any {
	if n.Kind != syntax.MappingNode || len(n.Entries) > maxRenames {
		return c.Reject(n, path, renameWant)
	}
	out := make(map[string]string, len(n.Entries))
	for _, e := range n.Entries {
		if strings.Trim(e.Key, "./") == "" || !renameForm.MatchString(e.Key) || !e.Value.IsScalar() || !renameForm.MatchString(e.Value.Text) {
			return c.Reject(e.Value, syntax.Join(path, e.Key), "a name without '=' and ','")
		}
		out[e.Key] = e.Value.Text
	}
	return out
}

func (renames) Schema(syntax.Names) syntax.Schema {
	form := syntax.Schema{"type": "string", "pattern": renameForm.String()}
	return syntax.Schema{"type": "object", "propertyNames": form, "additionalProperties": form, "maxProperties": maxRenames}
}
