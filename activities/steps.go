package activities

import (
	"encoding/json"
	"fmt"
	"strings"

	"lossatlas/activities/nets"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// Workflow names, for code that starts them without importing them.
const (
	SweepWorkflow      = "Sweep"
	ExperimentWorkflow = "Experiment"
	StepWorkflow       = "Step"
)

// RunStepActivity is the name of the activity by which a workflow asks for a step; its argument is a [StepRequest].
const RunStepActivity = "RunStep"

// StepInput is what a step workflow is started with: small, and the same for
// every sweep that needs the step.
type StepInput struct {
	Key    artifacts.Key    `json:"key"`
	Recipe artifacts.Recipe `json:"recipe"`
	// Label reads well in the UI: "train resnet20 bs128 wd0.0005".
	Label     string                   `json:"label"`
	Numeric   bool                     `json:"numeric,omitempty"`
	Producers map[string]artifacts.Key `json:"producers,omitempty"`
	// Queue is the task queue on which the step is computed; "" is QueueCPU, as in histories of an earlier release.
	Queue string `json:"queue,omitempty"`
	// Window is how many of a map's chunks may be in the queue, or with workers, at a time; 0 is LeastWindow.
	Window int `json:"window,omitempty"`
	// Large says that parameters, inputs and producers lie in the store, being too large for a history.
	Large bool `json:"large,omitempty"`
}

// StepResult is what a step made.
type StepResult struct {
	Key     artifacts.Key             `json:"key"`
	Outputs map[string]artifacts.Blob `json:"outputs"`
	// Cached says that the result was there before.
	Cached bool `json:"cached"`
	// Seconds is the time that it took when it was made.
	Seconds float64 `json:"seconds"`
}

// WorkflowID names the step's workflow: readable, and unique by key, so that
// Temporal itself lets each step run only once at a time.
func (in StepInput) WorkflowID() string {
	return strings.ReplaceAll(in.Label, " ", "-") + "-" + in.Key.String()[:12]
}

// NewStepInput makes the key of a step from its inputs' digests. It fails for a
// kind of step that this program does not know.
func NewStepInput(step pipelines.Step, inputs map[string]Input, numerics string) (StepInput, error) {
	digests := make(map[string]artifacts.Digest, len(inputs))
	producers := make(map[string]artifacts.Key, len(inputs))
	for name, in := range inputs {
		digests[name], producers[name] = in.Digest, in.Producer
	}
	recipe, err := step.Recipe(digests, numerics)
	if err != nil {
		return StepInput{}, err
	}
	key, err := recipe.Key()
	if err != nil {
		return StepInput{}, fmt.Errorf("step %s: %w", step.ID, err)
	}
	return StepInput{Key: key, Recipe: recipe, Label: label(step), Numeric: step.Kind.Numeric(), Producers: producers}, nil
}

// label describes a step by what is in its key alone, since steps are shared between sweeps.
func label(step pipelines.Step) string {
	words := []string{string(step.Kind)}
	add := func(format string, args ...any) { words = append(words, fmt.Sprintf(format, args...)) }
	switch step.Kind {
	case pipelines.KindTrain:
		var p pipelines.TrainParams
		if json.Unmarshal(step.Params, &p) == nil {
			add("%s", p.Net)
			add("bs%d", p.BatchSize)
			add("wd%g", p.Optimizer.WeightDecay)
		}
	case pipelines.KindImport:
		var p pipelines.ImportParams
		if json.Unmarshal(step.Params, &p) == nil {
			add("%s", p.Net)
		}
	case pipelines.KindDirections:
		var p pipelines.DirectionsParams
		if json.Unmarshal(step.Params, &p) == nil {
			add("%s", p.Net)
			add("%s", p.Normalize)
			add("seed%d", p.Seed)
		}
	case pipelines.KindEigenvectors:
		var p pipelines.EigenvectorsParams
		if json.Unmarshal(step.Params, &p) == nil {
			add("%s", p.Net)
			add("%s", p.Data.Split)
		}
	case pipelines.KindGivenDirections:
		var p pipelines.GivenDirectionsParams
		if json.Unmarshal(step.Params, &p) == nil {
			add("%s", p.Net)
		}
	case pipelines.KindTrajectory:
		var p pipelines.TrajectoryParams
		if json.Unmarshal(step.Params, &p) == nil {
			add("%s", p.Net)
			add("%d", len(p.Epochs))
		}
	case pipelines.KindDifference:
		var p pipelines.DifferenceParams
		if json.Unmarshal(step.Params, &p) == nil {
			add("%s", p.Net)
		}
	case pipelines.KindLine, pipelines.KindSurface, pipelines.KindHessian:
		var p pipelines.MapParams
		if json.Unmarshal(step.Params, &p) == nil {
			add("%s", p.Net)
			add("%s", p.Data.Split)
			if p.Y != nil {
				add("%dx%d", p.X.N, p.Y.N)
			} else {
				add("%d", p.X.N)
			}
		}
	case pipelines.KindSpectrum:
		var p pipelines.SpectrumParams
		if json.Unmarshal(step.Params, &p) == nil {
			add("%s", p.Net)
			add("%s", p.Data.Split)
			add("%dx%d", p.Probes, p.Steps)
		}
	case pipelines.KindRender:
		var p pipelines.RenderParams
		if json.Unmarshal(step.Params, &p) == nil {
			add("%s", p.Plot)
		}
	case pipelines.KindReport:
		var p pipelines.ReportParams
		if json.Unmarshal(step.Params, &p) == nil {
			add("%s", p.Sweep)
		}
	}
	return strings.Join(words, " ")
}

// Network is the network that a step's parameters name or write out.
func Network(n pipelines.Network) (*nets.Net, error) {
	if !n.Written() {
		return nets.ByName(string(n))
	}
	layers, err := nets.Parse([]byte(n))
	if err != nil {
		return nil, err
	}
	return nets.New(n.String(), layers)
}

// params decodes the step's parameters into the struct of its kind.
func params[T any](in StepInput) (T, error) {
	var p T
	if err := json.Unmarshal(in.Recipe.Params, &p); err != nil {
		return p, permanent("BadStep", fmt.Errorf("%s: parameters: %w", in.Label, err))
	}
	return p, nil
}
