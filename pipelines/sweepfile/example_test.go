package sweepfile_test

import (
	"fmt"

	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile"
)

// catalog is what this program knows by name.
var catalog = sweepfile.Catalog{Nets: []string{"small", "vgg9"}, Datasets: []sweepfile.Dataset{{Name: "shapes10", Train: 50000, Test: 10000}}}

const file = `name: example
dataset: {name: shapes10, train: 1000}
train: {net: small, epochs: 5}
sweep: {train.batch_size: [32, 128]}
maps: [{kind: surface, resolution: 17}]
presets: {tiny: {train: {epochs: 1}}}
`

// A sweep file becomes experiments, and these become steps.
func ExampleParse() {
	sweep, err := sweepfile.Parse("example.yaml", []byte(file), catalog, "tiny")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(sweep.Name, sweep.Experiments())
	graph, err := sweep.Expand("sha256:0000000000000000000000000000000000000000000000000000000000000001")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, step := range graph.Experiments[0].Steps {
		fmt.Println(step.ID)
	}
	// Output:
	// example [batch_size=32 batch_size=128]
	// batch_size=32/train
	// batch_size=32/surface-directions
	// batch_size=32/surface-train
	// batch_size=32/surface-train-flatness
	// batch_size=32/surface-train-contour
	// batch_size=32/surface-train-filled
	// batch_size=32/training
}

// Mistakes come together, each with its place and a guess.
func ExampleParse_mistakes() {
	_, err := sweepfile.Parse("example.yaml", []byte("name: example\ndataset: {name: shapes}\ntrain: {net: small, epoch: 5}\n"), catalog, "")
	fmt.Println(err)
	// Output:
	// example.yaml:2:17: dataset.name: unknown name shapes; did you mean shapes10?; allowed: shapes10; or the path of a file or folder, with a / or an extension
	// example.yaml:3:21: unknown key epoch in train; did you mean epochs? (there is maps.epoch)
}

// A graph names all steps. Those of one level need nothing of each other and run side by side.
func ExampleSweep_Expand() {
	sweep, err := sweepfile.Parse("example.yaml", []byte(file), catalog, "")
	if err != nil {
		fmt.Println(err)
		return
	}
	graph, err := sweep.Expand("sha256:0000000000000000000000000000000000000000000000000000000000000001")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(graph.Experiments), "experiments,", len(graph.All()), "steps in", len(graph.Levels()), "levels")
	for _, c := range []pipelines.Kind{pipelines.KindTrain, pipelines.KindSurface} {
		n := 0
		for _, p := range graph.All() {
			if p.Step.Kind == c {
				n++
			}
		}
		fmt.Println(c, n)
	}
	// Output:
	// 2 experiments, 15 steps in 5 levels
	// train 2
	// surface 2
}
