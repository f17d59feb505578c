package artifacts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// A digest proves that bytes are those that a record names, and nothing about the record: the author of a record can
// name any bytes. What can be told is whether the records of a sweep agree: its graph says what each step is, its root
// which outputs the step has, and the action under the step's key which outputs were made by which recipe.

// disagreement is where two records say different things of a step of a root.
type disagreement struct {
	step   string
	object string // the record to do without: the root, or an action
	reason string
	// outputs says that only the outputs differ. That has good reasons, too: see [Root.excuses].
	outputs bool
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

// disagreements holds a root against its graph and against those of its steps' actions that there are, in the order of the steps.
func (r Root) disagreements(graph []byte, actions map[Key]*storedAction) []disagreement {
	steps, err := readGraph(graph)
	if err != nil {
		return []disagreement{{object: rootObject(r.Sweep), reason: fmt.Sprintf("its list of steps, %s, can't be read: %v", r.Graph, err)}}
	}
	var out []disagreement
	for _, id := range slices.Sorted(maps.Keys(r.Steps)) {
		step := r.Steps[id]
		planned, ok := steps[id]
		add := func(object, format string, args ...any) {
			out = append(out, disagreement{step: id, object: object, reason: fmt.Sprintf(format, args...)})
		}
		switch a := actions[step.Key]; {
		case !ok && len(steps) == 0 && step.Key.IsZero(): // imported weights
		case !ok:
			add(rootObject(r.Sweep), "the sweep's list of steps, %s, does not have it", r.Graph)
		case planned.Kind != step.Kind:
			add(rootObject(r.Sweep), "it is a %s step in the sweep's list of steps, and a %s step in its record", planned.Kind, step.Kind)
		case step.Key.IsZero() && len(step.Outputs) > 0:
			add(rootObject(r.Sweep), "it has outputs, and no key under which a result could be looked up")
		case a == nil || step.Key.IsZero():
		default:
			if reason := r.otherRecipe(planned, a.Recipe); reason != "" {
				add(rootObject(r.Sweep), "the result under its key, %s, %s", step.Key, reason)
			} else if reason := otherOutputs(step, a.Action); reason != "" {
				add(actionObject(step.Key), "%s", reason)
				out[len(out)-1].outputs = true
			}
		}
	}
	return out
}

// otherRecipe says in what a recipe is not that of a step of the root, "" for nothing.
func (r Root) otherRecipe(planned graphStep, recipe Recipe) string {
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
	want, err := canonicalParams(planned.Params)
	if err != nil {
		return fmt.Sprintf("can't be compared: the parameters in the list of steps: %v", err)
	}
	if got, err := canonicalParams(recipe.Params); err != nil || !bytes.Equal(got, want) {
		return "was made with other parameters"
	}
	return ""
}

// otherOutputs says in what the outputs of a step are not those of its action, "" for nothing. A step without outputs
// failed, or was cancelled.
func otherOutputs(step RootStep, a Action) string {
	if len(step.Outputs) == 0 {
		return ""
	}
	for _, name := range Differing(step.Outputs, a.Outputs) {
		b, ok := step.Outputs[name]
		c, there := a.Outputs[name]
		switch {
		case !ok:
			return fmt.Sprintf("the sweep's record has no output %s, and the result under its key, %s, has %s", name, a.Key, c)
		case !there:
			return fmt.Sprintf("output %s is %s in the sweep's record, and the result under its key, %s, has none", name, b, a.Key)
		default:
			return fmt.Sprintf("output %s is %s in the sweep's record, and %s in the result under its key, %s", name, b, c, a.Key)
		}
	}
	return ""
}

// excuses says whether a step may well have other outputs than its action: it was copied from where those were made,
// or the action was lost after the run and made again, to other bytes, by another machine or for want of a fixed order.
func (r Root) excuses(step string, a *storedAction) bool {
	return r.Steps[step].Apart || a.Made.At.After(r.Finished)
}

// agree fails with *[ContradictionError] where the root and its steps' actions do not agree. Where they may have good
// reasons, actions with other outputs are taken out, and their keys returned.
func (r Root) agree(graph []byte, actions map[Key]*storedAction, trusted bool) (apart map[Key]bool, err error) {
	apart = map[Key]bool{}
	for _, d := range r.disagreements(graph, actions) {
		k := r.Steps[d.step].Key
		if !d.outputs || !trusted || !r.excuses(d.step, actions[k]) {
			return nil, &ContradictionError{r.Sweep, d.step, d.reason}
		}
		apart[k] = true
	}
	for k := range apart {
		delete(actions, k)
	}
	return apart, nil
}

// setApart marks the steps with some keys as apart from the actions there.
func (r *Root) setApart(keys map[Key]bool) {
	r.Steps = maps.Clone(r.Steps)
	for id, step := range r.Steps {
		if step.Apart = step.Apart || keys[step.Key]; step.Apart {
			r.Steps[id] = step
		}
	}
}

// ContradictionError refuses to copy a sweep whose records do not agree.
type ContradictionError struct {
	Sweep  string
	Step   string // "" for all of them
	Reason string
}

// Error says where, and what to do.
func (e *ContradictionError) Error() string {
	step := ""
	if e.Step != "" {
		step = " step " + e.Step + ":"
	}
	return fmt.Sprintf("sweep %s contradicts itself:%s %s; nothing was copied: `lossatlas artifacts verify`, where it comes from, sets such a record aside, and a run of the sweep makes it again",
		e.Sweep, step, e.Reason)
}
