package sweepfile

import (
	"errors"
	"fmt"

	"lossatlas/pipelines/sweepfile/layers"
	"lossatlas/pipelines/sweepfile/values"
	"lossatlas/pipelines/syntax"
)

var datasetFields = syntax.Object{Fields: []syntax.Field{
	{Name: "name", Doc: "Data set: a built-in one, or the path of a file or folder, relative to the sweep file.",
		Type: syntax.Choice{From: namesOfDatasets, What: "a data set", Path: true}, Required: true},
	{Name: "train", Doc: "How many examples of the training split are used: the first ones. Default: all.", Type: syntax.Integer{Min: 1, Max: values.MaxRecords}},
	{Name: "test", Doc: "How many examples of the test split are used: the first ones. Default: all.", Type: syntax.Integer{Min: 1, Max: values.MaxRecords}},
	{Name: "labels", Doc: "The file with the labels, where they are in one of their own.", Type: dataFile},
	{Name: "holdout", Doc: "The share of a file's examples that becomes the test split, if the file has no test split.", Type: syntax.Number{Min: 0, Max: 1, Below: true}, Default: 0.0},
	{Name: "holdout_seed", Doc: "Seed that chooses the examples of the test split.", Type: syntax.Integer{Min: 0, Max: maxSeed}, Default: int64(1)},
	{Name: "resize", Doc: "Height and width that images of a folder are scaled to. Default: unchanged.", Type: syntax.List{Of: syntax.Integer{Min: 1, Max: 4096}, Min: 2, Max: 2}},
	{Name: "classes", Doc: "Number of classes. Default: the largest label and 1.", Type: syntax.Integer{Min: 1, Max: values.MaxRecords}},
	{Name: "normalization", Doc: "How numbers of a file reach the network. none: unchanged. unit: bytes divided by 255. computed: by the mean and deviation of each channel over the training split. Default: unit for pictures of 8 bits, else none.",
		Type: syntax.Choice{Of: []string{"none", "unit", "computed"}, What: "a normalization"}},
	{Name: "mean", Doc: "Subtracted from each channel of the inputs: one number for each, or one for all. For images of 8 bits, numbers up to 1 are shares of 255.",
		Type: syntax.List{Of: channelNumber, Max: layers.MaxChannels, Single: true}},
	{Name: "deviation", Doc: "Divisor of each channel after the subtraction, in the same form.", Type: syntax.List{Of: channelNumber, Max: layers.MaxChannels, Single: true}},
	{Name: "loss", Doc: "The loss. Default: that of the labels, cross-entropy for classes and mse for numbers.", Type: syntax.Choice{From: namesOfLosses, What: "a loss"}},
	{Name: "score", Doc: "The score that is shown with the loss. Default: the usual one of the loss.", Type: syntax.Choice{From: namesOfScores, What: "a score"}},
	{Name: "smoothing", Doc: "Label smoothing of cross-entropy.", Type: syntax.Number{Min: 0, Max: 1, Below: true}, Default: 0.0},
	{Name: "class_weights", Doc: "One weight of cross-entropy for each class.", Type: syntax.List{Of: syntax.Number{Min: 0, Max: maxNumber}, Min: 1, Max: layers.MaxChannels}},
	{Name: "ignore", Doc: "The label that counts neither in the loss nor in the score.", Type: syntax.Integer{Min: -values.MaxRecords, Max: values.MaxRecords}},
	{Name: "delta", Doc: "Where a Huber loss goes over from a parabola to a line.", Type: syntax.Number{Min: 0, Max: maxNumber, Above: true}},
}}

var (
	dataFile      = syntax.Text{Max: 500, Form: anyText, Want: "the path of a file"}
	channelNumber = syntax.Number{Min: -maxNumber, Max: maxNumber}
)

// datasetConfig holds what datasetFields says, in the same order.
type datasetConfig struct {
	Train int `field:"train"`
	Test  int `field:"test"`
	DataChoices
	have map[string]int // examples of each split, in use or not
}

// DataChoices are what a sweep file says of its data, and of the problem that they pose. The zero value of a field is its
// default.
type DataChoices struct {
	Name          string    `field:"name"` // of a built-in data set, or a path
	Labels        string    `field:"labels"`
	Holdout       float64   `field:"holdout"`
	HoldoutSeed   uint64    `field:"holdout_seed"`
	Resize        []int     `field:"resize"`
	Classes       int       `field:"classes"`
	Normalization string    `field:"normalization"`
	Mean          []float64 `field:"mean"`
	Deviation     []float64 `field:"deviation"`
	Loss          string    `field:"loss"`
	Score         string    `field:"score"`
	Smoothing     float64   `field:"smoothing"`
	ClassWeights  []float64 `field:"class_weights"`
	Ignore        *int32    `field:"ignore"`
	Delta         float64   `field:"delta"`
}

// IsFile says whether the data lie in a file or folder and are not built in.
func (d DataChoices) IsFile() bool { return syntax.IsPath(d.Name) }

// CheckBuiltIn returns an error for choices that only data from files allow.
func (d DataChoices) CheckBuiltIn() error {
	for _, f := range []struct {
		field string
		given bool
	}{{"labels", d.Labels != ""}, {"holdout", d.Holdout != 0}, {"resize", d.Resize != nil}, {"classes", d.Classes != 0}, {"normalization", d.Normalization != ""}} {
		if f.given {
			return &FieldError{Field: f.field, Err: fmt.Errorf("it is for data from files, and %s is built in", d.Name)}
		}
	}
	return nil
}

// count is the number of examples in use of a split.
func (d datasetConfig) count(split string) int {
	if split == values.SplitTrain {
		return d.Train
	}
	return d.Test
}

// population is the number of examples of which a map's examples of a split are a sample: the training's, else all of the data set.
func (cfg *config) population(split string) int {
	if split == values.SplitTrain && cfg.Train.Import == "" {
		return cfg.Dataset.Train
	}
	return cfg.Dataset.have[split]
}

// Default numbers of examples, where the data set is not known.
const (
	defaultTrain = 50000
	defaultTest  = 10000
)

// resolveDataset settles what the network learns, and checks that the data set has as many examples. ok is false if it
// can't be read.
func (cfg *config) resolveDataset(c *syntax.Checker, cat Catalog, tree *syntax.Node) (augment, ok bool) {
	known, err := cat.data(cfg.Dataset.DataChoices)
	if err != nil {
		at := "name"
		var field *FieldError
		if errors.As(err, &field) {
			at = field.Field
		}
		c.Addf(tree.Place("dataset", at), "dataset.%s: %v", at, err)
		return false, false // other mistakes may follow from it
	}
	cfg.Problem, cfg.Loss, cfg.Score = known.Problem, known.Loss, known.Score
	settle := func(split string, count *int, have, usual int) {
		switch {
		case *count == 0 && have == 0 && cfg.Dataset.IsFile():
		case *count == 0 && have == 0:
			*count = usual
		case *count == 0:
			*count = have
		case *count > have && (have > 0 || cfg.Dataset.IsFile()):
			c.Addf(tree.Place("dataset", split), "dataset.%s is %d, but %s has %d %s examples", split, *count, known.Name, have, map[string]string{values.SplitTrain: "training", values.SplitTest: "test"}[split])
		}
	}
	settle(values.SplitTrain, &cfg.Dataset.Train, known.Train, defaultTrain)
	settle(values.SplitTest, &cfg.Dataset.Test, known.Test, defaultTest)
	cfg.Dataset.have = map[string]int{values.SplitTrain: max(known.Train, cfg.Dataset.Train), values.SplitTest: max(known.Test, cfg.Dataset.Test)}
	return known.Augment, true
}

// data is the data set with the file's choices.
func (cat Catalog) data(choices DataChoices) (Dataset, error) {
	if cat.Data != nil {
		return cat.Data(choices)
	}
	if choices.IsFile() {
		return Dataset{}, fmt.Errorf("%q is a file, and files can't be read here", choices.Name)
	}
	return cat.dataset(choices.Name), nil
}

// FieldError says which field of dataset is wrong.
type FieldError struct {
	Field string
	Err   error
}

// Error describes the mistake.
func (e *FieldError) Error() string { return e.Err.Error() }

// Unwrap is the fault.
func (e *FieldError) Unwrap() error { return e.Err }
