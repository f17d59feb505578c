package artifacts

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
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
	// Gone is set when that step's record is in the store no more.
	Gone bool `json:"gone,omitempty"`
}

// History reads how the result of a step came about. It fails with [ErrNotFound]
// and *[RecordError] for the step itself; steps before it may be gone.
func (s *Store) History(ctx context.Context, k Key) (*History, error) {
	h := &History{Top: k, Steps: map[Key]*HistoricStep{}}
	gone := map[Key]bool{}
	for queue := []Key{k}; len(queue) > 0; {
		next := queue[0]
		queue = queue[1:]
		if h.Steps[next] != nil || gone[next] {
			continue
		}
		a, err := s.readAction(ctx, actionObject(next))
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
			from := a.Made.Producers[name]
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
	v := &survey{actions: map[Key]*storedAction{}}
	if err := v.readActions(ctx, s); err != nil {
		return nil, err
	}
	var found []*storedAction
	for _, a := range v.actions {
		for _, b := range a.Outputs {
			if b.Digest == d {
				found = append(found, a)
				break
			}
		}
	}
	slices.SortFunc(found, func(a, b *storedAction) int {
		return cmp.Or(a.Made.At.Compare(b.Made.At), bytes.Compare(a.Key[:], b.Key[:]))
	})
	var keys []Key
	for _, a := range found {
		keys = append(keys, a.Key)
	}
	return keys, nil
}

// Difference is one thing that tells two histories apart.
type Difference struct {
	// Path leads to it from the results that were compared, by names of inputs.
	Path []string `json:"path"`
	// A and B are the steps that differ.
	A Key `json:"a"`
	B Key `json:"b"`
	// What is "kind", "version", "numerics", "computed on", "input NAME", or "parameter PATH".
	What string `json:"what"`
	// ValueA and ValueB are what they have, "" for nothing.
	ValueA string `json:"value_a"`
	ValueB string `json:"value_b"`
}

// Compare returns what tells two results apart: differences of the steps
// themselves first, then of what they were made from, each pair of steps once.
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
	add := func(what, va, vb string) {
		if va != vb {
			c.out = append(c.out, Difference{path, ka, kb, what, va, vb})
		}
	}
	add("kind", x.Kind, y.Kind)
	if x.Kind == y.Kind {
		add("version", strconv.Itoa(x.Version), strconv.Itoa(y.Version))
		add("numerics", x.Numerics, y.Numerics)
		if x.Numerics == "" && y.Numerics == "" {
			add("computed on", x.Made.Numerics, y.Made.Numerics)
		}
		pa, pb := Flat(x.Params), Flat(y.Params)
		for _, p := range both(pa, pb) {
			add("parameter "+p, pa[p], pb[p])
		}
	}
	for _, name := range both(x.Inputs, y.Inputs) {
		from, to := x.Inputs[name], y.Inputs[name]
		if from.Digest == to.Digest {
			continue
		}
		known := c.a.Steps[from.Step] != nil && c.b.Steps[to.Step] != nil
		if known && c.steps(append(path[:len(path):len(path)], name), from.Step, to.Step) {
			continue
		}
		add("input "+name, from.String(), to.String())
	}
	return len(c.out) > before
}

// String is the digest, "" for none.
func (o Origin) String() string {
	if o.Digest.IsZero() {
		return ""
	}
	return o.Digest.String()
}

// both are the keys of two maps, sorted.
func both[V any](a, b map[string]V) []string {
	all := maps.Clone(a)
	if all == nil {
		all = map[string]V{}
	}
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}

// Flat turns parameters into values by path: {"x": {"n": 9}} is "x.n" = "9".
// Numbers have their canonical spelling where they are compared, and texts no quotes.
func Flat(params json.RawMessage) map[string]string {
	out := map[string]string{}
	dec := json.NewDecoder(bytes.NewReader(params))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) == nil {
		flatten(out, "", v)
	}
	return out
}

func flatten(out map[string]string, path string, v any) {
	below := func(name string) string {
		if path == "" {
			return name
		}
		return path + "." + name
	}
	switch v := v.(type) {
	case map[string]any:
		for name, e := range v {
			flatten(out, below(name), e)
		}
	case []any:
		for i, e := range v {
			flatten(out, below(strconv.Itoa(i)), e)
		}
	case json.Number:
		out[path] = v.String()
		if f, err := v.Float64(); err == nil { // for people, and the same for equal numbers of a usual size
			out[path] = strconv.FormatFloat(f, 'g', -1, 64)
		}
	case nil:
	default:
		out[path] = fmt.Sprint(v)
	}
}
