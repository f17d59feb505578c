package results

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/pipelines/changes"
)

// Side is one experiment of a comparison, with all that is known of it.
type Side struct {
	Experiment
	Sweep string
	Facts Fact
	Steps []SideStep
	// Shown are the parameters that people know it by, as the sweep file has them.
	Shown map[string]any
}

// WeightsField is the field of the sweep file whose file holds the weights of an import: train.net where the network's own are taken.
func (s Side) WeightsField() string {
	if s.Shown["train.import"] != s.Shown["train.net"] {
		return "train.import"
	}
	return "train.net"
}

// Files are what the sweep file calls files that recipes know by their content, by digest.
func (s Side) Files() map[string]string {
	out := map[string]string{}
	name := func(fact, shown string) {
		digest, isKnown := s.Facts[fact].(string)
		if file, isFile := s.Shown[shown].(string); isKnown && isFile {
			out[digest] = file
		}
	}
	name("import.dataset.content", "dataset.name")
	name("import.weights", s.WeightsField())
	return out
}

// SideStep is a step of a side, by its name within the experiment.
type SideStep struct {
	Name string
	Kind pipelines.Kind
	artifacts.RootStep
}

// Sides are the experiments of a sweep, whose rows are given.
func (s *Sweep) Sides(rows []Experiment) []Side {
	facts := s.Facts()
	out := make([]Side, len(rows))
	for i, r := range rows {
		out[i] = Side{Experiment: r, Sweep: s.Graph.Sweep, Facts: facts[r.Name], Shown: s.Graph.Experiments[i].Shown}
		for _, step := range s.Graph.Experiments[i].Steps {
			out[i].Steps = append(out[i].Steps, SideStep{step.Name(), step.Kind, s.Steps[step.ID]})
		}
	}
	return out
}

// Makers are the steps that wrote the blobs of a list of steps.
func Makers(steps []SideStep) artifacts.Makers {
	m := artifacts.Makers{}
	for _, s := range steps {
		for _, blob := range s.Outputs {
			m.Add(s.Key, blob.Digest)
		}
	}
	return m
}

// OverAll are the steps over all experiments of a sweep.
func (s *Sweep) OverAll() []SideStep {
	var out []SideStep
	for _, step := range s.Graph.Final {
		out = append(out, SideStep{step.ID, step.Kind, s.Steps[step.ID]})
	}
	return out
}

// FullName is the sweep and the experiment.
func (s Side) FullName() string { return s.Sweep + "/" + s.Name }

// param is a parameter, swept or not; nil where it isn't known.
func (s Side) param(path string) any {
	if v, ok := s.Params[path]; ok {
		return v
	}
	return s.Facts[path]
}

// Pair puts experiments of two sweeps side by side: those that agree in all
// parameters that either sweeps, and of several such those that agree in most
// others. Two that stand alone are a pair whatever they are.
func Pair(a, b []Side) (pairs [][2]Side, onlyA, onlyB []Side) {
	if len(a) == 1 && len(b) == 1 {
		return [][2]Side{{a[0], b[0]}}, nil, nil
	}
	swept := map[string]bool{}
	for _, s := range slices.Concat(a, b) {
		for path := range s.Params {
			swept[path] = true
		}
	}
	paths := slices.Sorted(maps.Keys(swept))
	left := slices.Clone(b)
	for _, x := range a {
		best, fewest := -1, math.MaxInt
		for i, y := range left {
			if !agree(x, y, paths) {
				continue
			}
			if n := len(differences(x, y)); n < fewest {
				best, fewest = i, n
			}
		}
		if best < 0 {
			onlyA = append(onlyA, x)
			continue
		}
		pairs = append(pairs, [2]Side{x, left[best]})
		left = slices.Delete(left, best, best+1)
	}
	return pairs, onlyA, left
}

// agree says whether two experiments have the same values of parameters, as far as both are known.
func agree(x, y Side, paths []string) bool {
	for _, p := range paths {
		if v, w := x.param(p), y.param(p); v != nil && w != nil && fmt.Sprint(v) != fmt.Sprint(w) {
			return false
		}
	}
	return true
}

// ParamDifference is a parameter that two experiments do not share; nil stands for none.
type ParamDifference struct {
	Name string `json:"name"`
	A    any    `json:"a"`
	B    any    `json:"b"`
}

// ResultDifference is a result side by side. What is not known is nil.
type ResultDifference struct {
	Name string   `json:"name"`
	A    *float64 `json:"a"`
	B    *float64 `json:"b"`
	// BoundsA and BoundsB are how many of the values behind A and B are lower bounds, as A and B then are.
	BoundsA    int      `json:"bounds_a"`
	BoundsB    int      `json:"bounds_b"`
	Difference *float64 `json:"difference"` // B − A; nil also where either is a lower bound
}

// Relations of a step in two experiments.
const (
	StepShared   = "shared"            // the same step
	StepEqual    = "equal outputs"     // another step that wrote the same bytes
	StepOther    = "other outputs"     // another step that wrote something else
	StepUnstable = "not deterministic" // the same step, or one with an equal recipe, that wrote something else
	StepOnlyA    = "only in A"
	StepOnlyB    = "only in B"
	StepOpen     = "no result"
)

// StepRelation is what a step is to the step of its name in the other experiment.
type StepRelation struct {
	Name     string         `json:"name"`
	Kind     pipelines.Kind `json:"kind"`
	Relation string         `json:"relation"`
	// Outputs that are not the same, by name.
	Differ []string      `json:"differ,omitempty"`
	KeyA   artifacts.Key `json:"key_a,omitzero"`
	KeyB   artifacts.Key `json:"key_b,omitzero"`
	// Differences tell two steps with other outputs apart, the first cause first.
	Differences []artifacts.Difference `json:"differences,omitempty"`
}

// differences lists the parameters that tell two experiments apart. One that
// several steps have is told once, of the training if that has it.
func differences(x, y Side) []ParamDifference {
	shared, kinds := map[string]bool{}, map[string]string{}
	for _, s := range x.Steps {
		kinds[s.Name] = string(s.Kind)
		shared[s.Name] = slices.ContainsFunc(y.Steps, func(t SideStep) bool { return t.Name == s.Name })
	}
	names := artifacts.Differing(x.params(), y.params())
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(order(a), order(b)) })
	told := map[string]bool{}
	out := []ParamDifference{}
	for _, name := range names {
		v, w := x.param(name), y.param(name)
		step, rest, _ := strings.Cut(name, ".")
		same := fmt.Sprint(rest, "\x00", v, "\x00", w)
		if slices.ContainsFunc(out, func(d ParamDifference) bool { return d.Name == rest }) {
			continue // the training's own
		}
		if told[same] || slices.Contains(names, step+"."+changes.Word(kinds[step], rest)) && changes.Word(kinds[step], rest) != rest || !shared[step] && x.Params[name] == nil && y.Params[name] == nil {
			continue
		}
		told[same] = true
		out = append(out, ParamDifference{name, v, w})
	}
	return out
}

// params are all parameters of an experiment, swept or not, as texts by their paths.
func (s Side) params() map[string]string {
	out := map[string]string{}
	for name, v := range s.Facts {
		if strings.ContainsRune(name, '.') && !strings.ContainsRune(name, '/') && !strings.HasSuffix(name, ".key") && !strings.HasSuffix(name, ".seconds") {
			out[name] = ParamText(v)
		}
	}
	for name, v := range s.Params {
		out[name] = ParamText(v)
	}
	return out
}

// order puts the training before what is made of it.
func order(name string) string {
	if strings.HasPrefix(name, "train.") {
		return "\x00" + name
	}
	return name
}

// Differences are the parameters and the results of two experiments side by side.
// A brief list has the most telling measures of flatness only.
func Differences(x, y Side, brief bool) (params []ParamDifference, numbers []ResultDifference) {
	numbers = []ResultDifference{}
	both := []Experiment{x.Experiment, y.Experiment}
	for _, m := range Measures(both) {
		if brief && !m.Brief {
			continue
		}
		a, _ := m.Of(x.Experiment)
		b, _ := m.Of(y.Experiment)
		d := ResultDifference{Name: m.Name, A: finite(a.Mean), B: finite(b.Mean), BoundsA: a.Bounds, BoundsB: b.Bounds}
		if d.A != nil && d.B != nil && a.Bounds+b.Bounds == 0 {
			d.Difference = finite(*d.B - *d.A)
		}
		if d.A != nil || d.B != nil {
			numbers = append(numbers, d)
		}
	}
	return differences(x, y), numbers
}

// Relations say what the steps of two experiments are to each other.
func Relations(x, y Side) []StepRelation {
	var out []StepRelation
	for _, s := range x.Steps {
		i := slices.IndexFunc(y.Steps, func(t SideStep) bool { return t.Name == s.Name })
		if i < 0 {
			out = append(out, StepRelation{Name: s.Name, Kind: s.Kind, Relation: StepOnlyA, KeyA: s.Key})
			continue
		}
		out = append(out, relate(s, y.Steps[i]))
	}
	for _, t := range y.Steps {
		if !slices.ContainsFunc(x.Steps, func(s SideStep) bool { return s.Name == t.Name }) {
			out = append(out, StepRelation{Name: t.Name, Kind: t.Kind, Relation: StepOnlyB, KeyB: t.Key})
		}
	}
	return out
}

func relate(s, t SideStep) StepRelation {
	r := StepRelation{Name: s.Name, Kind: s.Kind, KeyA: s.Key, KeyB: t.Key}
	if len(s.Outputs) == 0 || len(t.Outputs) == 0 {
		r.Relation = StepOpen
		return r
	}
	r.Differ = artifacts.Differing(s.Outputs, t.Outputs)
	switch same := len(r.Differ) == 0; {
	case s.Key == t.Key && same:
		r.Relation = StepShared
	case s.Key == t.Key:
		r.Relation = StepUnstable
	case same:
		r.Relation = StepEqual
	default:
		r.Relation = StepOther
	}
	return r
}
