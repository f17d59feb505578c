package sweepfile

import (
	"regexp"
	"slices"

	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile/layers"
	"lossatlas/pipelines/sweepfile/parameters"
	"lossatlas/pipelines/sweepfile/values"
	"lossatlas/pipelines/syntax"
)

// Catalog holds the names that the caller knows, so that this package needs to
// know neither networks nor data sets. A nil list allows any name.
type Catalog struct {
	Nets           []string
	Datasets       []Dataset
	Losses, Scores []string
	// Data is the data set of a name or file with what a sweep file says of it. Without it, data sets are
	// those of the list and files can't be read.
	Data func(DataChoices) (Dataset, error)
	// MapLoss is a problem with the loss and score that a map has for the labels of a data set; without it, maps have the training's.
	MapLoss func(of pipelines.Problem, dataset string, choices LossChoices) (Loss, error)
	// Checkpoints lists the weights of a training in a folder, or in the files that a pattern matches, in their order; without it
	// there are none.
	Checkpoints func(path string) ([]Checkpoint, error)
	// CheckWeights returns an error for a file of weights that does not exist; nil checks nothing.
	CheckWeights func(path string) error
	// NetworkOfFile reads a network from a file, whose parameters may get their names from files of weights; without it, files
	// can't be read.
	NetworkOfFile func(path string, weights []string) (pipelines.Network, error)
	// CheckNetwork returns the fault of a written-out network for a problem, and the
	// way to the layer through the network's JSON ("4", "shortcut", "0"); nil checks nothing.
	CheckNetwork func(n pipelines.Network, p pipelines.Problem) (place []string, err error)
	// CheckCurvature returns an error for a network from a file whose second derivatives can't be computed; nil checks nothing.
	CheckCurvature func(n pipelines.Network) error
	// CheckLayers returns an error for patterns of modules, divided by commas, of which one has no parameter in a network; nil checks nothing.
	CheckLayers func(n pipelines.Network, p pipelines.Problem, layers string) error
}

// Checkpoint is a file with the weights after an epoch of a training.
type Checkpoint struct {
	File  string
	Epoch int
}

// Dataset is what this package knows of a data set.
type Dataset struct {
	Name    string
	Problem pipelines.Problem
	// Loss is the name of the problem's loss as titles have it, "" for plain cross-entropy.
	Loss string
	// Score is the name of its score as titles have it, "" for accuracy.
	Score string
	// Train and Test are the numbers of records of the splits; 0 allows any number.
	Train, Test int
	// Augment is the default of train.augment.
	Augment bool
}

// datasets are the names of the data sets, nil for any.
func (cat Catalog) datasets() (names []string) {
	for _, d := range cat.Datasets {
		names = append(names, d.Name)
	}
	return names
}

// dataset is the data set of a name, with nothing but the name when it is not known.
func (cat Catalog) dataset(name string) Dataset {
	for _, d := range cat.Datasets {
		if d.Name == name {
			return d
		}
	}
	return Dataset{Name: name}
}

// Lists of names that choices allow.
const (
	namesOfDatasets = "datasets"
	namesOfLosses   = "losses"
	namesOfScores   = "scores"
)

// names are the catalog's names, with further networks.
func (cat Catalog) names(written ...string) syntax.Names {
	out := syntax.Names{layers.BuiltInNames: cat.Nets, namesOfDatasets: cat.datasets(), namesOfLosses: cat.Losses, namesOfScores: cat.Scores}
	if cat.Nets != nil {
		out[layers.BuiltInNames] = slices.Concat(cat.Nets, written)
	}
	return out
}

var (
	normalizations = []string{"filter", "layer", "weight", "dfilter", "dlayer", "none"}
	subsets        = []string{"weights", "all"}
)

// Limits of single values.
const (
	maxPoints = 100_001 // points of a line
	maxSeed   = syntax.MaxInteger
	maxNumber = 1e12 // of a normalization or a loss
	maxMaps   = 32
	maxPairs  = 100
	maxProbes = 1000
	maxSteps  = 1000
	// maxEvaluations is how many steps that evaluate one experiment may have: they may all wait at a time, and
	// Temporal lets a workflow wait for 2,000.
	maxEvaluations = 1000
)

// importedFile is recognized by its content when it is read, not by its extension.
var importedFile = syntax.Text{Max: 500, Form: anyText, Want: "the path of a PyTorch checkpoint, .safetensors or .npz file"}

var anyText = regexp.MustCompile(`.`)

// Types that several tables have.
var (
	nameText    = syntax.Text{Max: 64, Form: syntax.NameForm, Want: syntax.NameWant}
	titleText   = syntax.Text{Max: 200, Want: "a text of at most 200 characters"}
	splitChoice = syntax.Choice{Of: values.SplitNames, What: "a split"}
	splitsList  = syntax.List{Of: splitChoice, Min: 1, Max: 2, Unique: true, Single: true}

	pointsField     = syntax.Field{Name: "points", Doc: "Points along the line.", Type: syntax.Integer{Min: 2, Max: maxPoints}, Default: int64(401)}
	resolutionField = syntax.Field{Name: "resolution", Doc: "Points along each side: one number, or [x, y].", Type: values.Resolution{}, Default: []any{int64(51), int64(51)}}
	imagesField     = syntax.Field{Name: "images", Doc: "Images the loss is the mean over: a number (the first ones of each split), or ranges such as test[0:1000]. " +
		"Default: all that dataset names.", Type: values.Images{}}
)

// persistenceField is the same for all maps whose basins are counted.
var persistenceField = syntax.Field{Name: "persistence", Doc: "Counts basins, as the measures basins and depth: minima from which the loss rises at least so far before it leads to a lower one, however the points deviate within their stated errors. " +
	"Pictures of basins show the same ones; without it they show all, and none are counted.",
	Type: syntax.Number{Min: 0, Max: maxPersistence}}

const maxPersistence = 1e30

// errorField is the same for all maps over a lattice.
var errorField = syntax.Field{Name: "error", Doc: "Error that the loss may have at every point with 95 % confidence: then few points are evaluated, and the " +
	"others estimated from them. 0.02: 2 % of the loss; one of " + values.Errors(pipelines.RelativeErrors) + ". {absolute: 0.01}: 0.01 in the unit of the loss; one of " + values.Errors(pipelines.AbsoluteErrors) + ". Of a hessian it is the error of λmin and λmax, relative to the larger of their sizes at the point. exact evaluates all. Default: exact.", Type: values.StatedErrors{}}

// of is a field of some kinds alone.
func of(kinds []string, f syntax.Field) syntax.Field {
	f.Kinds = kinds
	return f
}

// Policies of numerics, and the key that goes with the first.
const (
	exactNumerics = "exact"
	anyNumerics   = "any"
	deviceKey     = "device"
)

// The orders of work.
const (
	OrderDepth   = "depth"
	OrderBreadth = "breadth"
)

// The parts of a file that paths lead into.
const (
	mapsKey = "maps"
)

// parameterTable has the parameters that can be set by their paths: the fields of dataset, train and maps, and variables.
var parameterTable = parameters.New(sweepFields, map[string]syntax.Variants{mapsKey: mapFields, compareKey: compareFields}, "dataset", "train", mapsKey, syntax.VariablesKey)
