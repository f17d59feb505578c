package activities

import "lossatlas/pipelines"

// StepID returns what identifies the work of a step whose inputs are known:
// the input of its workflow, with its key, from which the workflow's ID follows.
// Clients use it to look at a step that is running.
func StepID(step pipelines.Step, inputs map[string]Input, numerics string) (StepInput, error) {
	return newStepInput(step, inputs, numerics)
}
