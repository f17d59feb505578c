package runner

import (
	"encoding/json"
	"fmt"
	"strings"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// Job is a step whose inputs are known: all that its result follows from.
type Job struct {
	Key    artifacts.Key    `json:"key"`
	Recipe artifacts.Recipe `json:"recipe"`
	// Producers are the steps that made the inputs, for the record.
	Producers map[string]artifacts.Key `json:"producers,omitempty"`
	// Label describes the step in the UI and in messages: "train resnet20 bs128 wd0.0005".
	Label string `json:"label"`
}

// Input is one resolved input of a step.
type Input struct {
	Digest   artifacts.Digest `json:"digest"`
	Producer artifacts.Key    `json:"producer"`
}

// NewJob makes the key of a step from its inputs' digests. It fails for a
// kind of step that this program does not know.
func NewJob(step pipelines.Step, inputs map[string]Input, numerics string) (Job, error) {
	digests := make(map[string]artifacts.Digest, len(inputs))
	producers := make(map[string]artifacts.Key, len(inputs))
	for name, in := range inputs {
		digests[name], producers[name] = in.Digest, in.Producer
	}
	recipe, err := step.Recipe(digests, numerics)
	if err != nil {
		return Job{}, err
	}
	key, err := recipe.Key()
	if err != nil {
		return Job{}, fmt.Errorf("step %s: %w", step.ID, err)
	}
	return Job{Key: key, Recipe: recipe, Label: step.Label(), Producers: producers}, nil
}

// Kind is the kind of the step.
func (j Job) Kind() pipelines.Kind { return pipelines.Kind(j.Recipe.Kind) }

// WorkflowID names the step's workflow: readable, and unique by key, so that
// Temporal itself lets each step run only once at a time.
func (j Job) WorkflowID() string {
	return strings.ReplaceAll(j.Label, " ", "-") + "-" + j.Key.String()[:12]
}

// meta is the provenance that goes into the files of a step: its key and recipe, from which it can be made again.
func (j Job) meta() (json.RawMessage, error) {
	return json.Marshal(map[string]any{"key": j.Key, "recipe": j.Recipe})
}

// has says whether the step has an input.
func (j Job) has(input string) bool {
	_, ok := j.Recipe.Inputs[input]
	return ok
}

// params decodes the step's parameters into the struct of its kind.
func params[T any](j Job) (T, error) {
	var p T
	if err := json.Unmarshal(j.Recipe.Params, &p); err != nil {
		return p, Permanent("BadStep", fmt.Errorf("%s: parameters: %w", j.Label, err))
	}
	return p, nil
}
