package sweepfile

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile/values"
)

// evaluateBatch is how many examples one call of an evaluation executable takes at most.
// The order of summation, hence the last bits of a loss, depends on it.
const evaluateBatch = 128

// batchOf is how many examples of a map's data one call takes: a smaller set is not filled up.
func batchOf(d pipelines.MapData) int { return min(evaluateBatch, d.To-d.From) }

// Expand turns the sweep into its steps. datasetDigest is the digest of the whole
// data set's content ("sha256:…"); it becomes part of the keys of all steps that
// look at images.
func (s *Sweep) Expand(datasetDigest string) (*pipelines.Graph, error) {
	g := &pipelines.Graph{Sweep: s.Name, Title: cmp.Or(s.Title, s.Name), Watched: s.Stored != nil}
	for _, e := range s.experiments {
		b := &builder{experiment: e, digest: datasetDigest, dataParts: s.DataParts, imported: s.imported}
		if b.build(); b.err != nil {
			return nil, fmt.Errorf("sweep %s, experiment %s: %w", s.Name, e.name, b.err)
		}
		g.Experiments = append(g.Experiments, pipelines.Experiment{Name: e.name, Group: e.group, Params: e.params, Shown: e.shown(), Names: b.names(), Steps: b.steps})
	}
	for _, cmp := range s.comparisons {
		e := s.experiments[cmp.ends[0]]
		e.name = cmp.name
		b := &builder{experiment: e, compared: true, digest: datasetDigest}
		var train []pathSource
		var names []string
		for _, end := range cmp.ends {
			train = append(train, pathSource{s.experiments[end].config.Train, g.Experiments[end].Steps[0].ID})
			names = append(names, s.experiments[end].name)
		}
		if b.addComparison(cmp.config, train, names); b.err != nil {
			return nil, fmt.Errorf("sweep %s, comparison %s: %w", s.Name, cmp.name, b.err)
		}
		g.Final = append(g.Final, b.steps...)
		g.Comparisons = append(g.Comparisons, pipelines.Comparison{Name: cmp.name, Between: names, Paths: cmp.config.Kind == compareTrajectory, Curve: cmp.config.Shape, Pairs: cmp.config.Kind == compareBarriers})
	}
	for _, f := range s.figures {
		step, err := f.step(s, g)
		if err != nil {
			return nil, fmt.Errorf("sweep %s, figure %s: %w", s.Name, f.config.Name, err)
		}
		g.Final = append(g.Final, step)
	}
	report, err := g.Report()
	if err != nil {
		return nil, err
	}
	g.Final = append(g.Final, report)
	return g, g.Check()
}

// shown is what the page says of an experiment: the swept parameters, and the
// ones that every reader asks for.
func (e experiment) shown() map[string]any {
	t := e.config.Train
	out := map[string]any{
		"dataset.name":                 e.config.Dataset.Name,
		"dataset.train":                e.config.Dataset.Train,
		"train.net":                    t.Net,
		"train.epochs":                 t.Epochs,
		"train.batch_size":             t.BatchSize,
		"train.optimizer.lr":           *t.Optimizer.LR,
		"train.optimizer.weight_decay": t.Optimizer.WeightDecay,
		"train.seed":                   t.Seed,
	}
	if t.Optimizer.Kind != values.SGD {
		out["train.optimizer.kind"] = t.Optimizer.Kind
	}
	if t.LabelNoise > 0 {
		out["train.label_noise"] = t.LabelNoise
	}
	if t.Import != "" {
		out = map[string]any{"dataset.name": e.config.Dataset.Name, "train.net": t.Net, "train.import": t.Import}
	}
	for path, v := range e.params {
		out[path] = v
	}
	return out
}

// builder makes the steps of one experiment, or of a comparison in its name.
type builder struct {
	experiment
	compared bool
	digest   string
	// dataParts is the number of parts of data from files.
	dataParts int
	imported  map[Import]string
	steps     []pipelines.Step
	drawn     map[drawing]string // the steps that have drawn directions already
	err       error              // the first one
}

// add appends a step and returns its ID. Of the address it fills in whose step it is. What goes wrong is kept in err.
func (b *builder) add(name string, at pipelines.Address, kind pipelines.Kind, params any, inputs map[string]pipelines.Ref) string {
	raw, err := json.Marshal(params)
	if err != nil && b.err == nil {
		b.err = fmt.Errorf("step %s: %w", name, err)
	}
	if b.compared {
		at.Comparison = b.name
	} else {
		at.Experiment = b.name
	}
	id := b.name + "/" + name
	b.steps = append(b.steps, pipelines.Step{ID: id, Kind: kind, At: at, Params: raw, Inputs: inputs, AnyNumerics: b.config.Numerics == anyNumerics})
	return id
}

func (b *builder) build() {
	train := b.addWeights()
	for _, m := range b.config.Maps {
		mapKindOf(m.Kind).add(b, m, train)
	}
	if b.draws(plotTraining) && b.config.Train.Import == "" {
		inputs := map[string]pipelines.Ref{pipelines.OutLog: {Step: train, Output: pipelines.OutLog}}
		b.addPicture("training", pipelines.Address{}, b.config.trained().on(pipelines.RenderParams{Plot: plotTraining, Title: b.title(), Training: new(b.trainParams())}), "Training", inputs)
	}
	b.addFiles()
}

// addFiles adds the steps that stand for network and data from files.
func (b *builder) addFiles() {
	if b.config.OfFile != "" {
		b.add("network", pipelines.Address{Role: pipelines.RoleFiles}, pipelines.KindFiles, pipelines.FilesParams{What: pipelines.FilesNetwork, Index: string(b.config.OfFile)}, nil)
	}
	if b.config.Dataset.IsFile() {
		b.add("data", pipelines.Address{Role: pipelines.RoleFiles}, pipelines.KindFiles, pipelines.FilesParams{What: pipelines.FilesData, Index: b.digest, Parts: b.dataParts}, nil)
	}
}

// dataName is the name of the data set in recipes: of data from files what their content says, so that equal data share results.
func (b *builder) dataName() string {
	if b.config.Dataset.IsFile() {
		return "data-" + strings.TrimPrefix(b.digest, "sha256:")[:8]
	}
	return b.config.Dataset.Name
}

// names are those of the sweep file for a network and data that recipes name by their content; nil without such.
func (b *builder) names() map[string]string {
	names := make(map[string]string)
	if net := b.config.network().String(); net != b.config.Train.Net {
		names[net] = filepath.Base(b.config.Train.Net)
	}
	if b.config.Dataset.IsFile() {
		names[b.dataName()] = filepath.Base(b.config.Dataset.Name)
	}
	return names
}

// title is the experiment's name as a heading.
func (b *builder) title() string { return plainName(b.name) }

// plainName is an experiment's name as people read it.
func plainName(name string) string { return strings.ReplaceAll(name, ",", ", ") }

func (b *builder) trainParams() pipelines.TrainParams {
	d, t := b.config.Dataset, b.config.Train
	return pipelines.TrainParams{
		Net:       b.config.network(),
		Data:      pipelines.TrainData{Name: b.dataName(), Digest: b.digest, Problem: b.config.Problem, Train: d.Train, Test: d.Test},
		Optimizer: t.Optimizer.Params(),
		Epochs:    t.Epochs, BatchSize: t.BatchSize, BNGroup: *t.BNGroup, Augment: *t.Augment, Seed: t.Seed,
		LabelNoise: t.LabelNoise, Checkpoints: t.kept(), Average: t.average, EarlyStop: t.earlyStop,
	}
}

// sharedDirections are the directions of the maps among the inputs of a picture; "" if they differ.
func sharedDirections(steps []pipelines.Step, inputs map[string]pipelines.Ref) string {
	used := make(map[string]bool)
	for _, ref := range inputs {
		used[ref.Step] = true
	}
	shared := ""
	for _, s := range steps {
		switch {
		case !used[s.ID] || s.Directions == "":
		case shared == "":
			shared = s.Directions
		case shared != s.Directions:
			return ""
		}
	}
	return shared
}

// addPicture adds a rendering step, whose picture the page shows under a caption.
func (b *builder) addPicture(name string, at pipelines.Address, params pipelines.RenderParams, caption string, inputs map[string]pipelines.Ref) {
	params.Style, params.Names, params.Along = b.style(params.Plot), b.names(), sharedDirections(b.steps, inputs)
	at.Role = pipelines.RolePicture
	b.add(name, at, pipelines.KindRender, params, inputs)
	b.steps[len(b.steps)-1].Caption = caption
}
