package pipelines

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
)

// evaluateBatch is how many images one call of an evaluation executable takes.
// The order of summation, hence the last bits of a loss, depends on it.
const evaluateBatch = 128

// Expand turns the sweep into its steps. datasetDigest is the digest of the whole
// data set's content ("sha256:…"); it becomes part of the keys of all steps that
// look at images.
func (s *Sweep) Expand(datasetDigest string) (*Graph, error) {
	g := &Graph{Sweep: s.Name, Title: cmp.Or(s.Title, s.Name)}
	for _, e := range s.experiments {
		b := &builder{experiment: e, digest: datasetDigest, imported: s.imported}
		if err := b.build(); err != nil {
			return nil, fmt.Errorf("sweep %s, experiment %s: %w", s.Name, e.name, err)
		}
		g.Experiments = append(g.Experiments, Experiment{Name: e.name, Group: e.group, Params: e.params, Shown: e.shown(), Steps: b.steps})
	}
	for _, cmp := range s.comparisons {
		e := s.experiments[cmp.ends[0]]
		e.name = cmp.name
		b := &builder{experiment: e, compared: true, digest: datasetDigest}
		var train, names []string
		for _, end := range cmp.ends {
			train = append(train, g.Experiments[end].Steps[0].ID)
			names = append(names, s.experiments[end].name)
		}
		if err := b.addComparison(cmp.config, train, names); err != nil {
			return nil, fmt.Errorf("sweep %s, comparison %s: %w", s.Name, cmp.name, err)
		}
		g.Final = append(g.Final, b.steps...)
		g.Comparisons = append(g.Comparisons, Comparison{Name: cmp.name, Between: names})
	}
	for _, f := range s.figures {
		step, err := f.step(s, g)
		if err != nil {
			return nil, fmt.Errorf("sweep %s, figure %s: %w", s.Name, f.config.Name, err)
		}
		g.Final = append(g.Final, step)
	}
	report, err := g.report()
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
	if t.Optimizer.Kind != optimizerSGD {
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
	imported map[Import]string
	steps    []Step
}

// add appends a step and returns its ID. Of the address it fills in whose step it is.
func (b *builder) add(name string, at Address, kind Kind, params any, inputs map[string]Ref) (string, error) {
	raw, err := json.Marshal(params)
	if err != nil {
		return "", fmt.Errorf("step %s: %w", name, err)
	}
	if b.compared {
		at.Comparison = b.name
	} else {
		at.Experiment = b.name
	}
	id := b.name + "/" + name
	b.steps = append(b.steps, Step{ID: id, Kind: kind, At: at, Params: raw, Inputs: inputs, AnyNumerics: b.config.Numerics == anyNumerics})
	return id, nil
}

func (b *builder) build() error {
	train, err := b.addWeights()
	if err != nil {
		return err
	}
	directions := make(map[drawing]string)
	for _, m := range b.config.Maps {
		if err := b.addMap(m, train, directions); err != nil {
			return err
		}
	}
	if b.draws(plotTraining) && b.config.Train.Import == "" {
		inputs := map[string]Ref{OutLog: {Step: train, Output: OutLog}}
		return b.addPicture("training", Address{}, RenderParams{Plot: plotTraining, Title: b.title()}, "Training", inputs)
	}
	return nil
}

// title is the experiment's name as a heading.
func (b *builder) title() string { return plainName(b.name) }

// plainName is an experiment's name as people read it.
func plainName(name string) string { return strings.ReplaceAll(name, ",", ", ") }

func (b *builder) trainParams() TrainParams {
	d, t := b.config.Dataset, b.config.Train
	o := t.Optimizer
	return TrainParams{
		Net:  b.config.network(),
		Data: TrainData{Name: d.Name, Digest: b.digest, Problem: b.config.Problem, Train: d.Train, Test: d.Test},
		Optimizer: Optimizer{
			Kind: o.Kind, LR: *o.LR, Momentum: *o.Momentum, Nesterov: *o.Nesterov, WeightDecay: o.WeightDecay,
			Schedule: o.Schedule.Drops, Cosine: o.Schedule.Cosine, Warmup: o.Schedule.Warmup,
			Beta1: *o.Beta1, Beta2: *o.Beta2, Epsilon: *o.Epsilon,
		},
		Epochs: t.Epochs, BatchSize: t.BatchSize, BNGroup: *t.BNGroup, Augment: *t.Augment, Seed: t.Seed,
		LabelNoise: t.LabelNoise, Checkpoints: t.kept(),
	}
}

// At what levels and within what radii flatness is measured.
var (
	flatnessLevels = []float64{0.1, 0.5, 1}
	flatnessRadii  = []float64{0.25, 0.5, 1}
)

// addMap adds the steps of one map: its directions, a grid per split, and their pictures.
func (b *builder) addMap(m mapConfig, train string, directions map[drawing]string) error {
	switch m.Kind {
	case mapTrajectory:
		return b.addTrajectory(m, train)
	case mapSpectrum:
		return b.addSpectrum(m, train)
	}
	mp := MapParams{Net: b.config.network(), X: Axis{m.X[0], m.X[1], m.Points}, Batch: evaluateBatch}
	if m.Kind != mapLine {
		mp.X.N = m.Resolution[0]
		mp.Y = &Axis{m.Y[0], m.Y[1], m.Resolution[1]}
	}
	weights := Ref{Step: train, Output: OutWeights}
	grids := make(map[string][]string) // by split, one for each pair of directions
	for pair := range max(m.Pairs, 1) {
		// No map can have this in its name, so that the steps of pairs are like those of no other map.
		suffix := ""
		if pair > 0 {
			suffix = fmt.Sprintf("@%d", pair+1)
		}
		along, err := b.addDirections(m, m.Name+"-directions"+suffix, pair, weights, directions)
		if err != nil {
			return err
		}
		inputs := map[string]Ref{OutWeights: weights, OutDirections: along}
		for _, r := range m.Ranges {
			mp.Data = b.mapData(r)
			kind, params := m.step(mp)
			id, err := b.add(m.Name+"-"+r.Split+suffix, Address{Map: m.Name, Split: r.Split, Pair: pair, Role: RoleMap}, kind, params, inputs)
			if err != nil {
				return err
			}
			grids[r.Split] = append(grids[r.Split], id)
		}
	}
	drawn := make(map[string]string)
	for _, r := range m.Ranges {
		drawn[r.Split] = grids[r.Split][0]
		if m.Kind == mapHessian {
			continue
		}
		if err := b.addFlatness(m.Name, r.Split, grids[r.Split]); err != nil {
			return err
		}
	}
	return b.addPictures(m, drawn)
}

// mapData names the images of a range, with the labels that the training saw.
func (b *builder) mapData(r imageRange) MapData {
	data := MapData{Name: b.config.Dataset.Name, Digest: b.digest, Problem: b.config.Problem, Split: r.Split, From: r.From, To: r.To}
	if t := b.config.Train; r.Split == splitTrain && t.LabelNoise > 0 {
		data.Noise = &LabelNoise{Fraction: t.LabelNoise, Seed: t.Seed}
	}
	return data
}

// step is the kind of a map's step, and its parameters.
func (m mapConfig) step(mp MapParams) (Kind, any) {
	switch m.Kind {
	case mapLine:
		return KindLine, mp
	case mapHessian:
		return KindHessian, HessianParams{MapParams: mp, Subset: m.Subset, Tolerance: m.Tolerance}
	}
	return KindSurface, mp
}

// mapTitle is the heading of a map's pictures.
func (b *builder) mapTitle(m mapConfig) string {
	if m.Title != "" {
		return m.Title
	}
	return b.title()
}

// addPictures adds the pictures of one map.
func (b *builder) addPictures(m mapConfig, grids map[string]string) error {
	title := b.mapTitle(m)
	if m.Kind == mapLine {
		if !b.draws(plotLine) {
			return nil
		}
		inputs := make(map[string]Ref)
		for split, id := range grids {
			inputs[split] = Ref{Step: id, Output: OutGrid}
		}
		return b.addPicture(m.Name+"-plot", Address{Map: m.Name}, RenderParams{Plot: plotLine, Title: title}, findPlot(plotLine).caption, inputs)
	}
	for _, split := range m.Splits {
		inputs := map[string]Ref{OutGrid: {Step: grids[split], Output: OutGrid}}
		for _, p := range plotTable {
			if p.ofMap != m.Kind || !b.draws(p.name) {
				continue
			}
			params := RenderParams{Plot: p.name, Title: title + " · " + splitLoss[split]}
			caption := p.captionOf(split)
			if err := b.addPicture(m.Name+"-"+split+"-"+p.name, Address{Map: m.Name, Split: split}, params, caption, inputs); err != nil {
				return err
			}
		}
	}
	return nil
}

var splitLoss = map[string]string{splitTrain: "training loss", splitTest: "test loss"}

// addPicture adds a rendering step, whose picture the page shows under a caption.
func (b *builder) addPicture(name string, at Address, params RenderParams, caption string, inputs map[string]Ref) error {
	params.Style = b.style(params.Plot)
	at.Role = RolePicture
	if _, err := b.add(name, at, KindRender, params, inputs); err != nil {
		return err
	}
	b.steps[len(b.steps)-1].Caption = caption
	return nil
}

// addFlatness measures the grids of one map and split, one for each pair of directions.
func (b *builder) addFlatness(of, split string, grids []string) error {
	inputs := make(map[string]Ref, len(grids))
	for i, grid := range grids {
		inputs[InGrid(i)] = Ref{Step: grid, Output: OutGrid}
	}
	_, err := b.add(of+"-"+split+"-flatness", Address{Map: of, Split: split, Role: RoleFlatness}, KindFlatness, FlatnessParams{Levels: flatnessLevels, Radii: flatnessRadii}, inputs)
	return err
}
