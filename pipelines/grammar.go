package pipelines

import (
	"regexp"
	"sync"
)

// Catalog holds the names that the caller knows, so that this package needs to
// know neither networks nor data sets. A nil list allows any name.
type Catalog struct {
	Nets     []string
	Datasets []Dataset
	// CheckNetwork says what is wrong with a written-out network for a problem, and the
	// way to the layer through the network's JSON ("4", "shortcut", "0"); nil checks nothing.
	CheckNetwork func(n Network, p Problem) (place []string, err error)
}

// Dataset is what this package knows of a data set.
type Dataset struct {
	Name    string
	Problem Problem
	// Train and Test are the numbers of records of the splits; 0 allows any number.
	Train, Test int
	// Augment is the default of train.augment.
	Augment bool
}

// datasets are the names of the data sets, nil for any.
func (c Catalog) datasets() (names []string) {
	for _, d := range c.Datasets {
		names = append(names, d.Name)
	}
	return names
}

// dataset is the data set of a name, with nothing but the name when it is not known.
func (c Catalog) dataset(name string) Dataset {
	for _, d := range c.Datasets {
		if d.Name == name {
			return d
		}
	}
	return Dataset{Name: name}
}

// Kinds of maps.
const (
	mapLine    = "line"
	mapSurface = "surface"
	mapHessian = "hessian"

	mapTrajectory = "trajectory"
	mapSpectrum   = "spectrum"
)

// Update rules.
const (
	optimizerSGD  = "sgd"
	optimizerAdam = "adam"
)

// Splits of a data set.
const (
	splitTrain = "train"
	splitTest  = "test"
)

var (
	mapKinds       = []string{mapLine, mapSurface, mapHessian, mapTrajectory, mapSpectrum}
	splitNames     = []string{splitTrain, splitTest}
	normalizations = []string{"filter", "layer", "weight", "dfilter", "dlayer", "none"}
	subsets        = []string{"weights", "all"}

	optimizerKinds = []string{optimizerSGD, optimizerAdam}

	nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)
)

// Limits of single values.
const (
	maxRecords    = 10_000_000
	maxEpochs     = 100_000
	maxResolution = 1025    // points along one side of a surface
	maxPoints     = 100_001 // points of a line
	maxRange      = 1e6
	maxSeed       = 1<<53 - 1 // JSON keeps whole numbers exactly up to here
	maxMaps       = 32
	maxPairs      = 100
	maxProbes     = 1000
	maxSteps      = 1000
	// maxEvaluations is how many steps that evaluate one experiment may have: they may all wait at a time, and
	// Temporal lets a workflow wait for 2,000.
	maxEvaluations = 1000
)

// importedFile is recognized by its content when it is read, not by its extension.
var importedFile = text{max: 500, form: regexp.MustCompile(`.`), want: "the path of a .safetensors or .npz file"}

const nameWant = "letters, digits, '.', '_' and '-', beginning with a letter or digit, at most 64"

// optimizerFields are the defaults of Li et al. (2018), appendix A.
var optimizerFields = object{[]field{
	{name: "kind", doc: "Update rule.", typ: choice{of: optimizerKinds, what: "an update rule"}, def: optimizerSGD},
	{name: "lr", doc: "Learning rate before any drop. Default: 0.1 for sgd, 0.001 for adam.", typ: number{min: 0, max: 1000, above: true}},
	{name: "momentum", doc: "Momentum of sgd. Default: 0.9.", typ: number{min: 0, max: 1, below: true}},
	{name: "nesterov", doc: "Nesterov's form of the momentum of sgd. Default: true where there is momentum.", typ: boolean{}},
	{name: "beta1", doc: "Decay of adam's first moment. Default: 0.9.", typ: number{min: 0, max: 1, below: true}},
	{name: "beta2", doc: "Decay of adam's second moment. Default: 0.999.", typ: number{min: 0, max: 1, below: true}},
	{name: "epsilon", doc: "What adam adds to the root of the second moment. Default: 1e-8.", typ: number{min: 0, max: 1, above: true}},
	{name: "weight_decay", doc: "Weight decay (L2, as part of the gradient), on all parameters.", typ: number{min: 0, max: 1000}, def: 5e-4},
	{name: "schedule", doc: "Factors on the learning rate, {epoch: factor}, each from the start of that epoch on, counted from 0; " +
		"or {cosine: true}, half a cosine down to 0 over the epochs. Either with warmup: N, epochs in which the rate rises to its full value. " +
		"Default: 0.1 at 1/2, 3/4 and 11/12 of the epochs, which for 300 epochs is the paper's 150, 225 and 275.", typ: schedule{}},
}}

var trainFields = object{[]field{
	{name: "net", doc: "Network to train: a built-in one, or one of networks.", typ: choice{from: func(c Catalog) []string { return c.Nets }, what: "a network", open: true}, required: true},
	{name: "import", doc: "Weights to take in place of a training: a .safetensors or .npz file with PyTorch's names, relative to the sweep file.",
		typ: importedFile},
	{name: "rename", doc: "Other names for parts of the names in the imported file: {fc: linear} takes fc.weight for linear.weight, {model: \"\"} takes a prefix off.", typ: renames{}},
	{name: "optimizer", doc: "How the weights are updated.", typ: optimizerFields},
	{name: "epochs", doc: "Passes over the training images.", typ: integer{1, maxEpochs}, def: int64(300)},
	{name: "batch_size", doc: "Images per update.", typ: integer{1, maxRecords}, def: int64(128)},
	{name: "bn_group", doc: "Images that share batch statistics; a larger batch is processed in groups of this size. " +
		"Default: the batch size, at most 256.", typ: integer{1, maxRecords}},
	{name: "augment", doc: "Random crops and flips of the training images. Default: true for photographs (cifar10), else false.", typ: boolean{}},
	{name: "label_noise", doc: "Fraction of wrong labels: each training label becomes another class with this probability. " +
		"Maps of the training split see the same wrong labels.", typ: number{min: 0, max: 1}, def: 0.0},
	{name: "checkpoints", doc: "Epochs after which the weights are kept: 5 for every fifth, or a list such as [0, 1, 5]; 0 is the initial weights. " +
		"The last epoch's are kept always. Default: none else.", typ: checkpoints{}},
	{name: "seed", doc: "Seed of the initial weights, the order of the images, the augmentation and the wrong labels.", typ: integer{0, maxSeed}, def: int64(1)},
}}

var datasetFields = object{[]field{
	{name: "name", doc: "Data set.", typ: choice{from: Catalog.datasets, what: "a data set"}, required: true},
	{name: "train", doc: "How many images of the training split are used: the first ones.", typ: integer{1, maxRecords}, def: int64(50000)},
	{name: "test", doc: "How many images of the test split are used: the first ones.", typ: integer{1, maxRecords}, def: int64(10000)},
}}

var (
	onLine    = []string{mapLine}
	onPlane   = []string{mapSurface, mapHessian, mapTrajectory}
	onPath    = []string{mapTrajectory}
	onRandom  = []string{mapLine, mapSurface}
	ofHessian = []string{mapHessian, mapSpectrum}
	onProbes  = []string{mapSpectrum}
	// withDirections are the kinds that lie along directions.
	withDirections = []string{mapLine, mapSurface, mapHessian, mapTrajectory}
	// aroundCenter are the kinds whose lattice lies around the weights, where that of a trajectory lies around its path.
	aroundCenter = []string{mapLine, mapSurface, mapHessian}
)

var mapFields = mapEntry{object{[]field{
	{name: "kind", doc: "line: the loss along one direction. surface: in the plane of two. hessian: the extreme eigenvalues of its second derivatives, in the same plane. " +
		"trajectory: the path of the training, and the loss in the plane of its first two principal components; train.checkpoints says which weights it leads through. " +
		"spectrum: the extreme eigenvalues, the trace and the density of the eigenvalues of the second derivatives at the trained weights.", typ: choice{of: mapKinds, what: "a kind of map"}, required: true},
	{name: "name", doc: "Name of the map in step names, and in paths: maps.<name>.range. Default: its kind.",
		typ: text{max: 64, form: nameForm, want: nameWant}},
	{name: "title", doc: "Heading of its pictures. Default: the experiment's name.", typ: text{max: 200, want: "a text of at most 200 characters"}},
	{name: "directions", doc: "random: Gaussian directions. hessian: the eigenvectors of the largest eigenvalues of the second derivatives at the weights, of length 1, " +
		"for the images of the map (of the training split, if it has both). With ignore: biasbn the second derivatives are those over weights alone. " +
		"{import: FILE}: those of a .safetensors or .npz file, with the tensors x/<parameter> and y/<parameter>, as they are. " +
		"{of: EXPERIMENT}: random ones as that experiment has them, scaled to its weights; it is a name, or parameters such as {train.batch_size: 128}, " +
		"the others being equal.",
		typ: sources{}, def: directionsRandom, kinds: aroundCenter},
	{name: "normalize", doc: "How random directions are scaled to the weights; dfilter and dlayer give each filter or layer length 1 instead. " +
		"Default: filter.",
		typ: choice{of: normalizations, what: "a normalization"}, kinds: withDirections},
	{name: "ignore", doc: "biasbn: directions are zero on biases and on batch normalization's parameters, which a trajectory leaves out.",
		typ: choice{of: []string{"biasbn", "none"}, what: "what directions leave out"}, def: "biasbn", kinds: withDirections},
	{name: "seed", doc: "Seed of the random directions, or of a spectrum's random vectors.", typ: integer{0, maxSeed}, def: int64(1)},
	{name: "pairs", doc: "Pairs of directions (of a line: directions) along which flatness is measured, with the seeds seed, seed + 1 and so on. The first is drawn.",
		typ: integer{1, maxPairs}, def: int64(1), kinds: onRandom},
	{name: "range", doc: "First and last value of α (and of β, unless y says otherwise).", typ: interval{}, def: []any{-1.0, 1.0}, kinds: aroundCenter},
	{name: "x", doc: "First and last value of α, in place of range; of a trajectory, of the first principal component, in place of what fits the path.", typ: interval{}, kinds: onPlane},
	{name: "y", doc: "First and last value of β, in place of range; of a trajectory, of the second principal component.", typ: interval{}, kinds: onPlane},
	{name: "margin", doc: "Room around the path on each side, as a fraction of its extent along that axis.", typ: number{min: 0, max: 100}, def: 0.15, kinds: onPath},
	{name: "points", doc: "Points along the line.", typ: integer{2, maxPoints}, def: int64(401), kinds: onLine},
	{name: "resolution", doc: "Points along each side: one number, or [x, y].", typ: resolution{}, def: []any{int64(51), int64(51)}, kinds: onPlane},
	{name: "splits", doc: "Splits whose loss is mapped. Default: train and test for a line, train for the others.",
		typ: list{of: choice{of: splitNames, what: "a split"}, min: 1, max: 2, unique: true}},
	{name: "images", doc: "Images the loss is the mean over: a number (the first ones of each split), or ranges such as test[0:1000]. " +
		"Default: all that dataset names.", typ: images{}},
	{name: "subset", doc: "Parameters of the second derivatives. weights: those of convolutions and linear layers, as in the paper. all: biases and batch normalization's as well.",
		typ: choice{of: subsets, what: "a set of parameters"}, def: "weights", kinds: ofHessian},
	{name: "tolerance", doc: "Largest residual of each eigenvalue, relative to its size.",
		typ: number{min: 0, max: 0.1, above: true}, def: 1e-3, kinds: ofHessian},
	{name: "probes", doc: "Random vectors for the trace and the density.", typ: integer{2, maxProbes}, def: int64(10), kinds: onProbes},
	{name: "steps", doc: "Lanczos steps with each random vector, one product and one vector in memory each: the more, the finer the density.",
		typ: integer{2, maxSteps}, def: int64(80), kinds: onProbes},
}}}

var (
	onInterpolation = []string{compareInterpolation}
	onThree         = []string{comparePlane}
)

var compareFields = compareEntry{mapEntry{object{[]field{
	{name: "kind", doc: "interpolation: the loss at (1 − α)θa + αθb, between two minimizers and beyond. plane: in the plane through three.",
		typ: choice{of: compareKinds, what: "a kind of comparison"}, required: true},
	{name: "name", doc: "Name of the comparison in step names. Default: its kind.", typ: text{max: 64, form: nameForm, want: nameWant}},
	{name: "title", doc: "Heading of its pictures. Default: the experiments' names.", typ: text{max: 200, want: "a text of at most 200 characters"}},
	{name: "between", doc: "The two experiments, each a name or parameters such as {train.batch_size: 128}. Parameters that neither names are kept equal: " +
		"there is a comparison for each of their values.", typ: selectors{2}, kinds: onInterpolation},
	{name: "through", doc: "The three experiments, written as those of between.", typ: selectors{3}, kinds: onThree},
	{name: "range", doc: "First and last value of α (and of β, unless y says otherwise); the first minimizer is at 0, the others at 1.", typ: interval{}, def: []any{-0.5, 1.5}},
	{name: "x", doc: "First and last value of α, in place of range.", typ: interval{}, kinds: onThree},
	{name: "y", doc: "First and last value of β, in place of range.", typ: interval{}, kinds: onThree},
	{name: "points", doc: "Points along the line.", typ: integer{2, maxPoints}, def: int64(401), kinds: onInterpolation},
	{name: "resolution", doc: "Points along each side: one number, or [x, y].", typ: resolution{}, def: []any{int64(51), int64(51)}, kinds: onThree},
	{name: "splits", doc: "Splits whose loss is mapped. Default: train and test for an interpolation, train for a plane.",
		typ: list{of: choice{of: splitNames, what: "a split"}, min: 1, max: 2, unique: true}},
	{name: "images", doc: "Images the loss is the mean over: a number (the first ones of each split), or ranges such as test[0:1000]. " +
		"Default: all that dataset names.", typ: images{}},
	{name: "states", doc: "Whether batch normalization's running statistics are interpolated like the weights. Without it they stay those of the first minimizer.",
		typ: boolean{}, def: true},
}}}}

var sweepFields = object{[]field{
	{name: "name", doc: "Name of the sweep.", typ: text{max: 64, form: nameForm, want: nameWant}, required: true},
	{name: "title", doc: "Heading of the report.", typ: text{max: 200, want: "a text of at most 200 characters"}},
	{name: "dataset", doc: "The images: {name, train, test}.", typ: datasetFields, required: true},
	{name: networksKey, doc: "Networks written out as lists of layers: {name: [layers]}.", typ: networks{}},
	{name: "train", doc: "How the network is trained.", typ: trainFields, required: true},
	{name: variablesKey, doc: "Values with names: {name: value}. $name stands for the value wherever a value may stand.", typ: variables{}},
	{name: "sweep", doc: "Which parameters vary: {path: [values]}, or a list of such, one after the other.", typ: axes{}},
	{name: repeatsKey, doc: "Repetitions of every experiment, whose results have a mean and a spread: how many, with the seeds train.seed, train.seed + 1 and so on; " +
		"or the seeds themselves, as {train.seed: [1, 2], maps.seed: [1, 2]}.", typ: repeats{}},
	{name: "maps", doc: "What is computed around the trained weights.", typ: list{of: mapFields, max: maxMaps}, def: []any{}},
	{name: compareKey, doc: "What is computed between the trained weights of several experiments.", typ: list{of: compareFields, max: maxMaps}, def: []any{}},
	{name: "plots", doc: "Pictures of each experiment: names, or mappings of a kind and how it looks. Default: every one that the maps allow, but for heat and surface3d.",
		typ: list{of: plotFields, max: len(plotKinds)}},
	{name: figuresKey, doc: "Pictures over several experiments.", typ: list{of: figureFields, max: maxFigures}},
	{name: "presets", doc: "The same sweep at other sizes, chosen by name: {name: {what differs}}.", typ: presets{}},
	{name: "numerics", doc: "exact: results of different numeric backends are kept apart. any: one serves all.",
		typ: choice{of: []string{exactNumerics, anyNumerics}, what: "a policy"}, def: exactNumerics},
	{name: deviceKey, doc: "Which workers compute the sweep, where there are several kinds: cpu, gpu, or a part of their numerics class, as cuda-NVIDIA-H100 or avx512.",
		typ: text{max: 128, form: nameForm, want: "cpu, gpu, or a part of a numerics class, as cuda-NVIDIA-H100 or avx512"}},
}}

// Policies of numerics, and the key that goes with the first.
const (
	exactNumerics = "exact"
	anyNumerics   = "any"
	deviceKey     = "device"
)

// The parts of a file that paths lead into.
const (
	mapsKey     = "maps"
	networksKey = "networks"
)

// pathRoots are the keys below which every field is a parameter that can be swept.
var pathRoots = []string{"dataset", "train", mapsKey, variablesKey}

// allPaths lists the parameters: dotted paths to every field of dataset, train and maps.
var allPaths = sync.OnceValue(func() []string {
	var out []string
	var walk func(path string, o object)
	walk = func(path string, o object) {
		for _, f := range o.fields {
			if sub, ok := f.typ.(object); ok {
				walk(join(path, f.name), sub)
			} else {
				out = append(out, join(path, f.name))
			}
		}
	}
	walk("dataset", datasetFields)
	walk("train", trainFields)
	walk(mapsKey, mapFields.object)
	return out
})
