package sweepfile

import (
	"fmt"
	"slices"
	"strings"

	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile/layers"
	"lossatlas/pipelines/sweepfile/values"
	"lossatlas/pipelines/syntax"
)

// trainFields are the fields of train.
var trainFields = syntax.Object{Fields: []syntax.Field{
	{Name: "net", Doc: "Network: a built-in one, also with parameters, as {resnet56: {width: 8}}, one of networks, a .pt2 or .onnx file, or a folder with StableHLO programs and a model.json, relative to the sweep file. One from a file brings its weights and is not trained.",
		Type: layers.Net, Required: true},
	{Name: "import", Doc: "Weights to take in place of a training: a PyTorch checkpoint, a .safetensors or .npz file with PyTorch's names, or a .keras or .h5 file of Keras, relative to the sweep file. Default for a network from a file: the weights in it.",
		Type: importedFile},
	{Name: "path", Doc: "Weights along a training elsewhere: a folder, or a pattern such as runs/epoch_*.pth, relative to the sweep file. The last of them, by the epochs that they or their names say, " +
		"take the place of the training, and a map of kind trajectory leads through all.", Type: syntax.Text{Max: 500, Form: anyText, Want: "the path of a folder, or a pattern of files"}},
	{Name: "rename", Doc: "Other names for parts of the names in the imported file: {fc: linear} takes fc.weight for linear.weight, {model: \"\"} takes a prefix off.", Type: renames{}},
	{Name: "expect", Doc: "An .npz file with inputs x of the network from a file, as it takes them, and the outputs y that its own framework computed, relative to the sweep file: other outputs are an error before anything runs.",
		Type: syntax.Text{Max: 500, Form: anyText, Want: "the path of an .npz file"}},
	{Name: "optimizer", Doc: "How the weights are updated.", Type: values.OptimizerFields},
	{Name: "epochs", Doc: "Passes over the training images.", Type: syntax.Integer{Min: 1, Max: values.MaxEpochs}, Default: int64(300)},
	{Name: "batch_size", Doc: "Images per update.", Type: syntax.Integer{Min: 1, Max: values.MaxRecords}, Default: int64(128)},
	{Name: "bn_group", Doc: "Images that share batch statistics; a larger batch is processed in groups of this size. " +
		"Default: the batch size, at most 256.", Type: syntax.Integer{Min: 1, Max: values.MaxRecords}},
	{Name: "augment", Doc: "Random crops and flips of the training images. Default: true for photographs (cifar10), else false.", Type: syntax.Boolean{}},
	{Name: "label_noise", Doc: "Fraction of wrong labels: each training label becomes another class with this probability. " +
		"Maps of the training split see the same wrong labels.", Type: syntax.Number{Min: 0, Max: 1}, Default: 0.0},
	{Name: "checkpoints", Doc: "Epochs after which the weights are kept: 5 for every fifth, or a list such as [0, 1, 5]; 0 is the initial weights. " +
		"The last epoch's are always kept. Default: only these.", Type: values.Checkpoints{}},
	{Name: "average", Doc: "Averaged weights, which are mapped in place of the last ones, with batch normalization's statistics recomputed. {ema: 0.999}: a moving average over all updates with that decay, " +
		"from an epoch on with from: N. {swa: 15}: the mean of the weights after each epoch from epoch 15 on, counted from 0. ema, swa: with a decay of 0.999, and the last quarter of the epochs. Default: none.", Type: values.Averaging{}},
	{Name: "early_stop", Doc: "Ends the training after so many epochs in a row without a smaller loss: a number, or {patience: 10, split: train, min_delta: 0.01}. split test, the default where there are test images, is the loss " +
		"after each epoch; train the mean loss of the epoch's batches. The last weights are kept, or with restore_best_weights: true those of the epoch with the smallest loss, as by Keras. Default: none.", Type: values.EarlyStopping{}},
	{Name: "seed", Doc: "Seed of the initial weights, the order of the images, the augmentation and the wrong labels.", Type: syntax.Integer{Min: 0, Max: maxSeed}, Default: int64(1)},
}}

// trainConfig holds what trainFields says, in the same order.
type trainConfig struct {
	Net       string           `field:"net"`
	Optimizer values.Optimizer `field:"optimizer"`
	Epochs    int              `field:"epochs"`
	BatchSize int              `field:"batch_size"`
	BNGroup   *int             `field:"bn_group"`
	Augment   *bool            `field:"augment"`
	Seed      uint64           `field:"seed"`

	LabelNoise float64 `field:"label_noise"`
	Import     string  `field:"import"`
	Path       string  `field:"path"`

	// Along are the files that path names, rising by epoch.
	Along []Checkpoint

	Rename map[string]string `field:"rename"`
	Expect string            `field:"expect"`

	Checkpoints *values.CheckpointSet `field:"checkpoints"`

	Average   *values.Average   `field:"average"`
	EarlyStop *values.EarlyStop `field:"early_stop"`
	average   *pipelines.Average
	earlyStop *pipelines.EarlyStop
}

// defaultBNGroup is the largest number of images that share batch statistics
// unless a sweep says otherwise: large enough for what the paper's large batches
// do to a network, small enough that ResNet-20 and VGG-9 train within 4 GiB.
const defaultBNGroup = 256

// resolvePath lists the weights along a training elsewhere.
func (cfg *config) resolvePath(c *syntax.Checker, cat Catalog, tree *syntax.Node) {
	t := &cfg.Train
	if t.Path == "" || cat.Checkpoints == nil {
		return
	}
	at := tree.Place("train", "path")
	if t.Import != "" {
		c.Addf(at, "train.path names the weights along a training, of which the last are mapped; leave train.import out")
		return
	}
	found, err := cat.Checkpoints(t.Path)
	switch {
	case err != nil:
		c.Addf(at, "train.path: %v", err)
	case len(found) > values.MaxCheckpoints:
		c.Addf(at, "train.path: %d checkpoints; at most %d are allowed: name some of them by a pattern", len(found), values.MaxCheckpoints)
	default:
		t.Along = found
	}
}

// resolveNetwork reads a network from its file.
func (cfg *config) resolveNetwork(c *syntax.Checker, cat Catalog, tree *syntax.Node) {
	name := cfg.Train.Net
	if _, written := cfg.Networks[name]; !written && strings.Contains(name, ":") && !syntax.IsPath(name) {
		if cat.CheckNetwork != nil {
			if _, err := cat.CheckNetwork(pipelines.Network(name), cfg.Problem); err != nil {
				c.Addf(tree.Place("train", "net"), "train.net: %v", err)
			}
		}
		return
	}
	if _, written := cfg.Networks[name]; written || cat.NetworkOfFile == nil || slices.Contains(cat.Nets, name) || !syntax.IsPath(name) {
		return
	}
	var weights []string
	for _, along := range cfg.Train.Along {
		weights = append(weights, along.File)
	}
	if file := cfg.Train.Import; file != "" {
		weights = []string{file}
	}
	n, err := cat.NetworkOfFile(name, weights)
	if err == nil && cat.CheckNetwork != nil {
		if _, err = cat.CheckNetwork(n, cfg.Problem); err != nil {
			err = fmt.Errorf("with the data %s: %w", cfg.Dataset.Name, err)
		}
	}
	if err != nil {
		c.Addf(tree.Place("train", "net"), "train.net: %v", err)
		return
	}
	cfg.OfFile = n
}

// resolveCurvature refuses maps of second derivatives of a network from a file without them.
func (cfg *config) resolveCurvature(c *syntax.Checker, cat Catalog, tree *syntax.Node) {
	if cfg.OfFile == "" || cat.CheckCurvature == nil {
		return
	}
	err := cat.CheckCurvature(cfg.OfFile)
	for i, m := range cfg.Maps {
		if err != nil && (m.Kind == mapHessian || m.Kind == mapSpectrum || m.measures(pipelines.SharpnessTrace) || m.Directions.kind == directionsHessian) {
			c.Addf(tree.Get(mapsKey).Items[i].At, "maps: %s: %v", m.Name, err)
		}
	}
}

func (cfg *config) resolveTrain(c *syntax.Checker, cat Catalog, augment bool, tree *syntax.Node) {
	t := &cfg.Train
	if t.Import != "" && cat.CheckWeights != nil && !syntax.IsPath(t.Net) { // a network from a file is read with its weights
		if err := cat.CheckWeights(t.Import); err != nil {
			c.Addf(tree.Place("train", "import"), "train.import: %v", err)
		}
	}
	switch {
	case t.Import == "" && len(t.Along) > 0:
		last := t.Along[len(t.Along)-1]
		t.Import, t.Epochs = last.File, last.Epoch
	case t.Import == "" && cfg.OfFile != "":
		t.Import = t.Net
	}
	if t.Expect != "" && cfg.OfFile == "" {
		c.Addf(tree.Place("train", "expect"), "train.expect works only with a network from a file; leave it out")
	}
	if t.Import != "" {
		for _, e := range tree.Get("train").Entries {
			if !slices.Contains([]string{"net", "import", "path", "rename", "expect"}, e.Key) && e.Value.Kind != syntax.NullNode {
				beside := "with train.import, which takes"
				switch {
				case len(t.Along) > 0:
					beside = "with train.path, whose last weights take"
				case t.Import == t.Net:
					beside = "on a network from a file, whose weights take"
				}
				c.Addf(e.At, "train.%s has no effect %s the place of a training; leave one of them out", syntax.Clip(e.Key), beside)
			}
		}
		t.BatchSize = max(1, min(t.BatchSize, cfg.Dataset.Train))
	} else if t.Rename != nil {
		c.Addf(tree.Place("train", "rename"), "train.rename has no effect without train.import; leave it out")
	}
	if t.BatchSize > cfg.Dataset.Train {
		at := tree.Place("train", "batch_size")
		if tree.Get("train").Get("batch_size") == nil { // the default, which the number of images does not allow
			at = tree.Place("dataset", "train")
		}
		c.Addf(at, "train.batch_size is %d, but dataset.train has only %d images", t.BatchSize, cfg.Dataset.Train)
	}
	if t.BNGroup == nil {
		t.BNGroup = new(min(t.BatchSize, defaultBNGroup))
	}
	if *t.BNGroup > t.BatchSize {
		c.Addf(tree.Place("train", "bn_group"), "train.bn_group is %d, more than train.batch_size, which is %d", *t.BNGroup, t.BatchSize)
	}
	if t.Augment == nil {
		t.Augment = new(augment)
	}
	t.Optimizer.Resolve(c, tree, t.Epochs)
	t.average = t.Average.Resolve(c, tree.Place("train", "average"), t.Epochs)
	t.earlyStop = t.EarlyStop.Resolve(c, tree.Place("train", "early_stop"), cfg.Dataset.Test)
	if s := t.earlyStop; s != nil && s.RestoreBest && t.average != nil {
		c.Addf(tree.Place("train", "early_stop"), "train.early_stop.restore_best_weights and train.average both replace the last weights; leave one of them out")
	}
	t.resolveCheckpoints(c, tree)
}

// resolveCheckpoints checks the epochs against how many there are.
func (t *trainConfig) resolveCheckpoints(c *syntax.Checker, tree *syntax.Node) {
	s := t.Checkpoints
	if s == nil || t.Import != "" {
		return
	}
	at := tree.Place("train", "checkpoints")
	if s.Every > 0 && t.Epochs/s.Every >= values.MaxCheckpoints {
		c.Addf(at, "train.checkpoints keeps the weights of %d epochs; at most %d are allowed: keep every %d-th", t.Epochs/s.Every+1, values.MaxCheckpoints, t.Epochs/(values.MaxCheckpoints-1)+1)
	}
	if n := len(s.Epochs); n > 0 && s.Epochs[n-1] > t.Epochs {
		c.Addf(at, "train.checkpoints names epoch %d, but train.epochs is %d", s.Epochs[n-1], t.Epochs)
	}
}

// last is the epoch of the trained weights.
func (t *trainConfig) last() int {
	if n := len(t.Along); n > 0 {
		return t.Along[n-1].Epoch
	}
	return t.Epochs
}

// kept are the epochs whose weights are kept next to the last one's, so that ways
// of saying the same are the same training.
func (t *trainConfig) kept() []int {
	var out []int
	if len(t.Along) > 0 {
		for _, c := range t.Along[:len(t.Along)-1] {
			out = append(out, c.Epoch)
		}
		return out
	}
	if t.Checkpoints == nil {
		return nil
	}
	if every := t.Checkpoints.Every; every > 0 {
		for e := 0; e < t.Epochs; e += every {
			out = append(out, e)
		}
		return out
	}
	for _, e := range t.Checkpoints.Epochs {
		if e < t.Epochs {
			out = append(out, e)
		}
	}
	return out
}
