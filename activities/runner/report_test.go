package runner

import (
	"lossatlas/activities/results"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// sweepOf is the graph of a sweep "s" with experiments, each of its training and other steps.
func sweepOf(experiments map[string][]pipelines.Step, names ...string) *pipelines.Graph {
	g := &pipelines.Graph{Sweep: "s", Title: "t"}
	for _, name := range names {
		train := pipelines.Step{ID: name + "/train", Kind: pipelines.KindTrain, At: pipelines.Address{Role: pipelines.RoleWeights}}
		steps := append([]pipelines.Step{train}, experiments[name]...)
		for i := range steps {
			steps[i].At.Experiment = name
		}
		g.Experiments = append(g.Experiments, pipelines.Experiment{Name: name, Steps: steps})
	}
	return g
}

// pictureStep is a step that draws a picture of a training, or of a map and split.
func pictureStep(id, caption, of, split string) pipelines.Step {
	return pipelines.Step{ID: id, Kind: pipelines.KindRender, Caption: caption, At: pipelines.Address{Map: of, Split: split, Role: pipelines.RolePicture}}
}

// mapStep is a step with the numbers of a map.
func mapStep(id string, kind pipelines.Kind, of, split string) pipelines.Step {
	return pipelines.Step{ID: id, Kind: kind, At: pipelines.Address{Map: of, Split: split, Role: pipelines.RoleMap}}
}

// resultsOf is a sweep with results of its steps, by their IDs.
func (b *bench) resultsOf(g *pipelines.Graph, made map[string]artifacts.Action) *results.Sweep {
	steps := make(map[string]artifacts.RootStep)
	for id, r := range made {
		steps[id] = artifacts.RootStep{Key: r.Key, State: artifacts.StateRan, Outputs: r.Outputs}
	}
	return &results.Sweep{Store: b.Store, Graph: g, Steps: steps}
}
