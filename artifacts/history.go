package artifacts

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"

	"lossatlas/artifacts/objects"
)

// History is how a result came about: its step and all steps before it, down to
// data and seeds.
type History struct {
	Top   Key                   `json:"top"`
	Steps map[Key]*HistoricStep `json:"steps"`
}

// HistoricStep is one step of a history.
type HistoricStep struct {
	Key      Key               `json:"key"`
	Kind     string            `json:"kind"`
	Version  int               `json:"version"`
	Params   json.RawMessage   `json:"params"`
	Numerics string            `json:"numerics,omitempty"`
	Inputs   map[string]Origin `json:"inputs"`
	Outputs  map[string]Blob   `json:"outputs"`
	Made     Provenance        `json:"made"`
}

// Origin is where an input came from.
type Origin struct {
	Digest Digest `json:"digest"`
	// Step made it; zero for one that was imported, or whose maker was not recorded.
	Step Key `json:"step,omitzero"`
	// Gone is set when that step's record is missing from the store.
	Gone bool `json:"gone,omitempty"`
}

// Makers are the steps of a sweep, or of a part of it, by the blobs that they wrote.
type Makers map[Digest][]Key

// Add notes that a step wrote a blob.
func (m Makers) Add(k Key, d Digest) {
	if !k.IsZero() && !slices.Contains(m[d], k) {
		m[d] = append(m[d], k)
	}
}

// maker is the step that made an input of a step. A blob that several steps wrote, perhaps in other sweeps, is taken from the first
// of within that has it; there the recorded producer has precedence.
func maker(of Key, d Digest, recorded Key, within []Makers) Key {
	for _, m := range within {
		keys := slices.DeleteFunc(slices.Clone(m[d]), func(k Key) bool { return k == of }) // a step may write its input again
		switch {
		case slices.Contains(keys, recorded):
			return recorded
		case len(keys) > 0:
			return keys[0]
		}
	}
	return recorded
}

// History reads how the result of a step came about, as told by the recorded producers of inputs, or by steps of within, the first
// having precedence: a cached step was first computed for another sweep, whose steps are no part of this one. It fails with
// [ErrNotFound] and *[RecordError] for the step itself; steps before it may be gone.
func (s *Store) History(ctx context.Context, k Key, within ...Makers) (*History, error) {
	h := &History{Top: k, Steps: map[Key]*HistoricStep{}}
	gone := map[Key]bool{}
	for queue := []Key{k}; len(queue) > 0; {
		next := queue[0]
		queue = queue[1:]
		if h.Steps[next] != nil || gone[next] {
			continue
		}
		a, err := s.Recorded(ctx, next)
		var harm *RecordError
		if next != k && (errors.Is(err, ErrNotFound) || errors.As(err, &harm)) {
			gone[next] = true
			continue
		}
		if err != nil {
			return nil, err
		}
		step := &HistoricStep{
			Key: a.Key, Kind: a.Recipe.Kind, Version: a.Recipe.Version, Params: a.Recipe.Params, Numerics: a.Recipe.Numerics,
			Inputs: map[string]Origin{}, Outputs: a.Outputs, Made: a.Made,
		}
		for name, d := range a.Recipe.Inputs {
			from := maker(next, d, a.Made.Producers[name], within)
			step.Inputs[name] = Origin{Digest: d, Step: from}
			if !from.IsZero() {
				queue = append(queue, from)
			}
		}
		h.Steps[next] = step
	}
	for _, step := range h.Steps {
		for name, from := range step.Inputs {
			if from.Gone = gone[from.Step]; from.Gone {
				step.Inputs[name] = from
			}
		}
	}
	return h, nil
}

// MadeBy returns the steps that wrote a blob, the earliest first, after reading all actions.
func (s *Store) MadeBy(ctx context.Context, d Digest) ([]Key, error) {
	var found []Action
	err := s.EachAction(ctx, func(_ objects.Info, a Action, _ *RecordError) error {
		if a.Wrote(d) {
			found = append(found, a)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b Action) int {
		return cmp.Or(a.Made.At.Compare(b.Made.At), bytes.Compare(a.Key[:], b.Key[:]))
	})
	var keys []Key
	for _, a := range found {
		keys = append(keys, a.Key)
	}
	return keys, nil
}

// Difference is one difference between two histories.
type Difference struct {
	// Path leads to it from the results that were compared, by names of inputs.
	Path []string `json:"path"`
	// A and B are the steps that differ.
	A    Key  `json:"a"`
	B    Key  `json:"b"`
	What What `json:"what"`
	// ValueA and ValueB are their values, "" for an absent one.
	ValueA string `json:"value_a"`
	ValueB string `json:"value_b"`
}

// Compare returns the differences between two results: differences of the steps
// themselves first, then of their inputs, each pair of steps once.
// Inputs with the same digest are the same, however they came about.
func Compare(a, b *History) []Difference {
	c := &comparison{a: a, b: b, seen: map[[2]Key]bool{}}
	c.steps([]string{}, a.Top, b.Top)
	return c.out
}

type comparison struct {
	a, b *History
	seen map[[2]Key]bool
	out  []Difference
}

// steps compares two steps and what is below them, and says whether that told
// them apart.
func (c *comparison) steps(path []string, ka, kb Key) bool {
	if ka == kb {
		return false
	}
	if c.seen[[2]Key{ka, kb}] {
		return true
	}
	c.seen[[2]Key{ka, kb}] = true
	before := len(c.out)
	x, y := c.a.Steps[ka], c.b.Steps[kb]
	for _, change := range Changes(x.action(), y.action()) {
		if name := change.What.Name; change.What.Aspect == AspectInput {
			from, to := x.Inputs[name].Step, y.Inputs[name].Step
			if c.a.Steps[from] != nil && c.b.Steps[to] != nil && c.steps(append(path[:len(path):len(path)], name), from, to) {
				continue
			}
		}
		c.out = append(c.out, Difference{path, ka, kb, change.What, change.A, change.B})
	}
	return len(c.out) > before
}

// action is the compared part of a step.
func (s *HistoricStep) action() Action {
	inputs := make(map[string]Digest, len(s.Inputs))
	for name, from := range s.Inputs {
		inputs[name] = from.Digest
	}
	return Action{Recipe: Recipe{Kind: s.Kind, Version: s.Version, Params: s.Params, Numerics: s.Numerics, Inputs: inputs}, Made: s.Made}
}
