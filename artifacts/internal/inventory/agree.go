package inventory

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"lossatlas/artifacts"
	"lossatlas/artifacts/canonical"
	"lossatlas/artifacts/internal/layout"
)

// A digest proves that bytes match the record that names them, and nothing about the record: the author of a record can
// name any bytes. What can be told is whether the records of a sweep agree: its graph says what each step is, its root
// which outputs the step has, and the action under the step's key which outputs were made by which recipe.

// Disagreement is where two records say different things of a step of a root.
type Disagreement struct {
	Step   string // "" for all steps
	Object string // the record to do without: the root, or an action
	Reason string
	// Excused says that only the outputs differ, for which there may be a good reason: the step was copied from where those
	// outputs were made, or the action was lost after the run and made again, to other bytes, on other hardware or
	// without a fixed order of summation.
	Excused bool
}

// graphStep is what this package reads of a step of a graph.
type graphStep struct {
	ID     string          `json:"id"`
	Kind   string          `json:"kind"`
	Params json.RawMessage `json:"params"`
	// Inputs are outputs of other steps.
	Inputs map[string]struct{ Step, Output string } `json:"inputs"`
}

// readGraph returns the steps of a graph by ID.
func readGraph(graph []byte) (map[string]graphStep, error) {
	var g struct {
		Experiments []struct {
			Steps []graphStep `json:"steps"`
		} `json:"experiments"`
		Final []graphStep `json:"final"`
	}
	if err := json.Unmarshal(graph, &g); err != nil {
		return nil, err
	}
	all := g.Final
	for _, e := range g.Experiments {
		all = append(all, e.Steps...)
	}
	out := make(map[string]graphStep, len(all))
	for _, s := range all {
		out[s.ID] = s
	}
	if len(out) < len(all) {
		return nil, fmt.Errorf("it names a step twice")
	}
	return out, nil
}

// Disagreements compares a root with its graph and with the actions of its steps, as far as those are known. They come in
// the order of the steps.
func Disagreements(r artifacts.Root, graph []byte, actions map[artifacts.Key]*Action) []Disagreement {
	steps, err := readGraph(graph)
	if err != nil {
		return []Disagreement{{Object: layout.Root(r.Sweep), Reason: fmt.Sprintf("its list of steps, %s, can't be read: %v", r.Graph, err)}}
	}
	var out []Disagreement
	for _, id := range slices.Sorted(maps.Keys(r.Steps)) {
		step := r.Steps[id]
		planned, ok := steps[id]
		add := func(object, format string, args ...any) {
			out = append(out, Disagreement{Step: id, Object: object, Reason: fmt.Sprintf(format, args...)})
		}
		switch a := actions[step.Key]; {
		case !ok && len(steps) == 0 && step.Key.IsZero(): // imported weights
		case !ok:
			add(layout.Root(r.Sweep), "it is missing in the sweep's list of steps, %s", r.Graph)
		case planned.Kind != step.Kind:
			add(layout.Root(r.Sweep), "it is a %s step in the sweep's list of steps, and a %s step in its record", planned.Kind, step.Kind)
		case step.Key.IsZero() && len(step.Outputs) > 0:
			add(layout.Root(r.Sweep), "it has outputs, and no key under which a result could be looked up")
		case a == nil || step.Key.IsZero():
		default:
			if reason := otherRecipe(r, planned, a.Recipe); reason != "" {
				add(layout.Root(r.Sweep), "the result under its key, %s, %s", step.Key, reason)
			} else if reason := otherOutputs(step, a.Action); reason != "" {
				add(layout.Action(step.Key), "%s", reason)
				out[len(out)-1].Excused = step.Apart || a.Made.At.After(r.Finished)
			}
		}
	}
	return out
}

// otherRecipe says how a recipe differs from that of a step of the root, "" for equal ones.
func otherRecipe(r artifacts.Root, planned graphStep, recipe artifacts.Recipe) string {
	if recipe.Kind != planned.Kind {
		return fmt.Sprintf("is that of a %s step", recipe.Kind)
	}
	for _, name := range slices.Sorted(maps.Keys(planned.Inputs)) {
		from := planned.Inputs[name]
		b, known := r.Steps[from.Step].Outputs[from.Output]
		if d := recipe.Inputs[name]; known && b.Digest != d {
			return fmt.Sprintf("was made from another %s: %s, and %s wrote %s", name, d, from.Step, b.Digest)
		}
	}
	want, err := canonical.Object(planned.Params)
	if err != nil {
		return fmt.Sprintf("can't be compared: the parameters in the list of steps: %v", err)
	}
	if got, err := canonical.Object(recipe.Params); err != nil || !bytes.Equal(got, want) {
		return "was made with other parameters"
	}
	return ""
}

// otherOutputs describes how the outputs of a step differ from its action's, "" for equal outputs. A step without outputs
// failed, or was cancelled.
func otherOutputs(step artifacts.RootStep, a artifacts.Action) string {
	if len(step.Outputs) == 0 {
		return ""
	}
	for _, name := range artifacts.Differing(step.Outputs, a.Outputs) {
		b, ok := step.Outputs[name]
		c, there := a.Outputs[name]
		switch {
		case !ok:
			return fmt.Sprintf("the sweep's record has no output %s, and the result under its key, %s, has %s", name, a.Key, c)
		case !there:
			return fmt.Sprintf("output %s is %s in the sweep's record, but missing in the result under its key, %s", name, b, a.Key)
		default:
			return fmt.Sprintf("output %s is %s in the sweep's record, and %s in the result under its key, %s", name, b, c, a.Key)
		}
	}
	return ""
}
