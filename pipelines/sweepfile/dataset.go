package sweepfile

import "lossatlas/pipelines/syntax"

var datasetFields = syntax.Object{Fields: []syntax.Field{
	{Name: "name", Doc: "Data set.", Type: syntax.Choice{From: namesOfDatasets, What: "a data set"}, Required: true},
	{Name: "train", Doc: "How many images of the training split are used: the first ones.", Type: syntax.Integer{Min: 1, Max: maxRecords}, Default: int64(50000)},
	{Name: "test", Doc: "How many images of the test split are used: the first ones.", Type: syntax.Integer{Min: 1, Max: maxRecords}, Default: int64(10000)},
}}

// datasetConfig holds what datasetFields says, in the same order.
type datasetConfig struct {
	Name  string `field:"name"`
	Train int    `field:"train"`
	Test  int    `field:"test"`
}

// count is the number of images in use of a split.
func (d datasetConfig) count(split string) int {
	if split == splitTrain {
		return d.Train
	}
	return d.Test
}

// resolveDataset settles what the network learns, and checks that the data set has as many images.
func (cfg *config) resolveDataset(c *syntax.Checker, known Dataset, tree *syntax.Node) {
	cfg.Problem = known.Problem
	if known.Train > 0 && cfg.Dataset.Train > known.Train {
		c.Addf(tree.Place("dataset", "train"), "dataset.train is %d, but %s has %d training images", cfg.Dataset.Train, known.Name, known.Train)
	}
	if known.Test > 0 && cfg.Dataset.Test > known.Test {
		c.Addf(tree.Place("dataset", "test"), "dataset.test is %d, but %s has %d test images", cfg.Dataset.Test, known.Name, known.Test)
	}
}
