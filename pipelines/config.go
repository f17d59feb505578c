package pipelines

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// config is one experiment as its file says it, checked, with defaults filled in.
// Fields that may be left out and have a default that depends on others are
// pointers until resolve sets them.
type config struct {
	Name     string             `json:"name"`
	Title    string             `json:"title"`
	Dataset  datasetConfig      `json:"dataset"`
	Networks map[string]Network `json:"-"`
	Problem  Problem            `json:"-"` // of the data set
	Train    trainConfig        `json:"train"`
	Maps     []mapConfig        `json:"maps"`
	Compare  []compareConfig    `json:"compare"`
	Plots    []plotConfig       `json:"plots"`
	Figures  []figureConfig     `json:"figures"`
	Numerics string             `json:"numerics"`
	Device   string             `json:"device"`
}

type datasetConfig struct {
	Name  string `json:"name"`
	Train int    `json:"train"`
	Test  int    `json:"test"`
}

// count is the number of images in use of a split.
func (d datasetConfig) count(split string) int {
	if split == splitTrain {
		return d.Train
	}
	return d.Test
}

type trainConfig struct {
	Net       string          `json:"net"`
	Optimizer optimizerConfig `json:"optimizer"`
	Epochs    int             `json:"epochs"`
	BatchSize int             `json:"batch_size"`
	BNGroup   *int            `json:"bn_group"`
	Augment   *bool           `json:"augment"`
	Seed      uint64          `json:"seed"`

	LabelNoise float64 `json:"label_noise"`
	Import     string  `json:"import"`

	Rename map[string]string `json:"rename"`

	Checkpoints *checkpointSet `json:"checkpoints"`
}

type optimizerConfig struct {
	Kind        string   `json:"kind"`
	LR          *float64 `json:"lr"`
	Momentum    *float64 `json:"momentum"`
	Nesterov    *bool    `json:"nesterov"`
	Beta1       *float64 `json:"beta1"`
	Beta2       *float64 `json:"beta2"`
	Epsilon     *float64 `json:"epsilon"`
	WeightDecay float64  `json:"weight_decay"`
	Schedule    *course  `json:"schedule"`
}

type mapConfig struct {
	Kind       string      `json:"kind"`
	Name       string      `json:"name"`
	Title      string      `json:"title"`
	Directions source      `json:"directions"`
	Normalize  string      `json:"normalize"`
	Ignore     string      `json:"ignore"`
	Seed       uint64      `json:"seed"`
	Pairs      int         `json:"pairs"`
	Range      [2]float64  `json:"range"`
	X          *[2]float64 `json:"x"`
	Y          *[2]float64 `json:"y"`
	Points     int         `json:"points"`
	Resolution [2]int      `json:"resolution"`
	Splits     []string    `json:"splits"`
	Images     *imageSet   `json:"images"`
	Subset     string      `json:"subset"`
	Tolerance  float64     `json:"tolerance"`
	Probes     int         `json:"probes"`
	Steps      int         `json:"steps"`
	Margin     float64     `json:"margin"`
	// Ranges says which images each split's loss is the mean over, in the order of the splits.
	Ranges []imageRange `json:"-"`
}

// defaultBNGroup is the largest number of images that share batch statistics
// unless a sweep says otherwise: large enough for what the paper's large batches
// do to a network, small enough that ResNet-20 and VGG-9 train within 4 GiB.
const defaultBNGroup = 256

// decode turns the normalised values of a file into a config.
func decode(values any) (*config, error) {
	b, err := json.Marshal(values)
	if err != nil {
		return nil, err
	}
	var cfg config
	if err := json.Unmarshal(b, &cfg); err != nil {
		return nil, err
	}
	return &cfg, nil
}

// network is the network of the experiment.
func (cfg *config) network() Network {
	if n, ok := cfg.Networks[cfg.Train.Net]; ok {
		return n
	}
	return Network(cfg.Train.Net)
}

// resolve fills in the defaults that depend on other fields and checks what
// fields must keep to among each other. Errors point into tree, the file's values
// that cfg was made from.
func (cfg *config) resolve(c *checker, tree *node) {
	if cfg.Device != "" && cfg.Numerics == anyNumerics {
		c.addf(tree.place(deviceKey), "device: with `numerics: any` every worker may compute; leave device out, or say `numerics: exact`")
	}
	cfg.resolveDataset(c, tree)
	cfg.resolveTrain(c, tree)
	names := make(map[string]bool)
	for i := range cfg.Maps {
		at := tree.at
		item := tree
		if maps := tree.get(mapsKey); maps != nil && i < len(maps.items) {
			item = maps.items[i]
			at = item.at
		}
		m := &cfg.Maps[i]
		if m.Name == "" {
			m.Name = m.Kind
		}
		if names[strings.ToLower(m.Name)] {
			c.addf(at, "maps: two maps with the name %s; give one another name (name: …)", m.Name)
		} else if mapFields.find(m.Name) != nil {
			c.addf(item.place("name"), "maps: a map cannot be called %s, which is the name of a field", m.Name)
		}
		names[strings.ToLower(m.Name)] = true
		cfg.resolveMap(c, m, item)
	}
	if n := cfg.evaluations(); n > maxEvaluations {
		c.addf(tree.place(mapsKey), "maps: an experiment has %d directions and grids, and may have %d: measure fewer pairs of directions, or make a sweep of its own for some of the maps", n, maxEvaluations)
	}
	cfg.resolveCompare(c, tree)
	cfg.resolvePlots(c, tree)
	cfg.resolveFigures(c, tree)
}

// evaluations is how many steps the maps have that draw directions or evaluate: of all the steps the most.
func (cfg *config) evaluations() (n int) {
	for _, m := range cfg.Maps {
		n += max(m.Pairs, 1) * (1 + len(m.Ranges))
	}
	return n
}

func (cfg *config) resolveDataset(c *checker, tree *node) {
	known := c.cat.dataset(cfg.Dataset.Name)
	cfg.Problem = known.Problem
	if known.Train > 0 && cfg.Dataset.Train > known.Train {
		c.addf(tree.place("dataset", "train"), "dataset.train is %d, but %s has %d training images", cfg.Dataset.Train, known.Name, known.Train)
	}
	if known.Test > 0 && cfg.Dataset.Test > known.Test {
		c.addf(tree.place("dataset", "test"), "dataset.test is %d, but %s has %d test images", cfg.Dataset.Test, known.Name, known.Test)
	}
}

func (cfg *config) resolveTrain(c *checker, tree *node) {
	t := &cfg.Train
	if t.Import != "" {
		for _, e := range tree.get("train").entries {
			if e.key != "net" && e.key != "import" && e.key != "rename" && e.value.kind != nullNode {
				c.addf(e.at, "train.%s has no effect beside train.import, which takes the place of a training; leave one of them out", clip(e.key))
			}
		}
		t.BatchSize = min(t.BatchSize, cfg.Dataset.Train)
	} else if t.Rename != nil {
		c.addf(tree.place("train", "rename"), "train.rename has no effect without train.import; leave it out")
	}
	if t.BatchSize > cfg.Dataset.Train {
		at := tree.place("train", "batch_size")
		if tree.get("train").get("batch_size") == nil { // the default, which the number of images does not allow
			at = tree.place("dataset", "train")
		}
		c.addf(at, "train.batch_size is %d, but dataset.train has only %d images", t.BatchSize, cfg.Dataset.Train)
	}
	if t.BNGroup == nil {
		t.BNGroup = ptr(min(t.BatchSize, defaultBNGroup))
	}
	if *t.BNGroup > t.BatchSize {
		c.addf(tree.place("train", "bn_group"), "train.bn_group is %d, more than train.batch_size, which is %d", *t.BNGroup, t.BatchSize)
	}
	if t.Augment == nil {
		t.Augment = ptr(c.cat.dataset(cfg.Dataset.Name).Augment)
	}
	t.Optimizer.resolve(c, tree, t.Epochs)
	t.resolveCheckpoints(c, tree)
}

// resolveMap settles which directions a map has and which images it looks at.
func (cfg *config) resolveMap(c *checker, m *mapConfig, tree *node) {
	m.resolveDirections(c, tree)
	if m.Kind == mapTrajectory {
		cfg.Train.resolvePath(c, m, tree)
	} else {
		if m.X == nil {
			m.X = ptr(m.Range)
		}
		if m.Y == nil {
			m.Y = ptr(m.Range)
		}
	}
	if m.Images != nil && len(m.Images.Ranges) > 0 {
		var named []string
		for _, r := range m.Images.Ranges {
			named = append(named, r.Split)
		}
		if m.Splits != nil && !slices.Equal(inOrder(m.Splits), named) {
			c.addf(tree.place("images"), "maps.images names the images of %s, but maps.splits says %s; leave splits out",
				strings.Join(named, " and "), strings.Join(m.Splits, " and "))
			return
		}
		m.Splits, m.Ranges = named, m.Images.Ranges
	} else {
		switch {
		case m.Splits == nil && m.Kind == mapLine:
			m.Splits = splitNames
		case m.Splits == nil:
			m.Splits = []string{splitTrain}
		}
		m.Splits = inOrder(m.Splits)
		for _, split := range m.Splits {
			r := imageRange{Split: split, To: cfg.Dataset.count(split)}
			if m.Images != nil {
				r.To = m.Images.Count
			}
			m.Ranges = append(m.Ranges, r)
		}
	}
	for _, r := range m.Ranges {
		if have := cfg.Dataset.count(r.Split); r.To > have {
			c.addf(tree.place("images"), "maps.images asks for %s, but dataset.%s has %d images", r, r.Split, have)
		}
	}
}

// inOrder returns splits as train, test, whichever way they were written.
func inOrder(splits []string) []string {
	out := slices.Clone(splits)
	slices.SortFunc(out, func(a, b string) int { return slices.Index(splitNames, a) - slices.Index(splitNames, b) })
	return out
}

// identity is a text that two experiments share when they are the same.
func (cfg *config) identity() string {
	b, err := json.Marshal(struct {
		config
		Network Network
		Ranges  [][]imageRange
	}{*cfg, cfg.network(), rangesOf(cfg.Maps)})
	if err != nil {
		panic(fmt.Sprintf("pipelines: a config is not JSON: %v", err)) // numbers are checked to be finite
	}
	return string(b)
}

func rangesOf(maps []mapConfig) [][]imageRange {
	out := make([][]imageRange, len(maps))
	for i, m := range maps {
		out[i] = m.Ranges
	}
	return out
}

func ptr[T any](v T) *T { return &v }
