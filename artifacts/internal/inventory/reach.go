package inventory

import (
	"fmt"
	"regexp"

	"lossatlas/artifacts"
)

// named finds digests that parameters name: imported weights and directions.
var named = regexp.MustCompile(`sha256:[0-9a-f]{64}`)

// Needs are the digests that an action's recipe takes, by their role in it: "input weights", "parameter 1".
func (a *Action) Needs() map[string]artifacts.Digest {
	out := make(map[string]artifacts.Digest, len(a.Recipe.Inputs))
	for name, d := range a.Recipe.Inputs {
		out["input "+name] = d
	}
	for i, text := range named.FindAllString(string(a.Recipe.Params), -1) {
		if d, err := artifacts.ParseDigest(text); err == nil {
			out[fmt.Sprintf("parameter %d", i+1)] = d
		}
	}
	return out
}

// Reach is what must stay.
type Reach struct {
	Actions map[artifacts.Key]bool
	Blobs   map[artifacts.Digest]bool
}

// Reach follows roots, and the actions for which keep is true (nil for no actions), to all that they need: blobs,
// and the actions that made the inputs.
func (v *Survey) Reach(roots []artifacts.Root, keep func(*Action) bool) Reach {
	r := Reach{map[artifacts.Key]bool{}, map[artifacts.Digest]bool{}}
	var queue []artifacts.Key
	visit := func(k artifacts.Key) {
		if !k.IsZero() && !r.Actions[k] {
			r.Actions[k] = true
			queue = append(queue, k)
		}
	}
	for _, root := range roots {
		r.Blobs[root.Graph.Digest] = true
		for _, step := range root.Steps {
			visit(step.Key)
			for _, b := range step.Outputs {
				r.Blobs[b.Digest] = true
			}
		}
	}
	for k, a := range v.Actions {
		if keep != nil && keep(a) {
			visit(k)
		}
	}
	for len(queue) > 0 {
		a := v.Actions[queue[len(queue)-1]]
		queue = queue[:len(queue)-1]
		if a == nil {
			continue
		}
		for _, b := range a.Outputs {
			r.Blobs[b.Digest] = true
		}
		for _, d := range a.Needs() {
			r.Blobs[d] = true
		}
		for _, k := range a.Made.Producers {
			visit(k)
		}
	}
	return r
}
