package pipelines

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"lossatlas/artifacts"
	"lossatlas/pipelines/changes"
)

// WhyType is the kind of reason for the state of a planned step.
type WhyType string

// The kinds of reasons: of a step that would run, and, the last two, of one that is blocked.
const (
	WhyNeverRun    WhyType = "never-run"
	WhyFailed      WhyType = "failed"       // it failed in the last recorded run
	WhyInterrupted WhyType = "interrupted"  // the last recorded run was stopped during it
	WhyParameter   WhyType = "parameter"    // a parameter changed
	WhyVersion     WhyType = "version"      // the version of the step's code changed
	WhyNumerics    WhyType = "numerics"     // the numerics class changed
	WhyInput       WhyType = "input"        // an input changed
	WhyBlobMissing WhyType = "blob-missing" // its result is recorded, but its bytes are missing
	WhyRecordGone  WhyType = "record-gone"  // the sweep's record names its result, which is no longer in the store
	WhyWaits       WhyType = "waits"
	WhyNoInput     WhyType = "no-input" // an input will never come
)

// Why is the reason for the state of a planned step, for programs.
type Why struct {
	Type WhyType `json:"type"`
	// Missing are the outputs whose bytes are gone.
	Missing []string `json:"missing,omitempty"`
	// Steps are the steps that a blocked step waits for, or whose output will never exist.
	Steps []string `json:"steps,omitempty"`
	// Since is the recorded step that this one was compared with: the same, or the
	// closest step that the sweep no longer has.
	Since string `json:"since,omitempty"`
	// Changes are the differences from it; the first one decides the type.
	Changes []Change `json:"changes,omitempty"`
	// More is the number of omitted changes.
	More int `json:"more,omitempty"`
	// Error is that of the last run.
	Error string `json:"error,omitempty"`
}

// Change is one difference from a recorded step.
type Change struct {
	Type WhyType `json:"type"`
	// Name is the path of a parameter, or the name of an input.
	Name string `json:"name,omitempty"`
	From string `json:"from"` // "" for nothing
	To   string `json:"to"`
	// By is the step that wrote an input.
	By string `json:"by,omitempty"`
}

// maxChanges is the number of reported changes of a step: a report has thousands of parameters.
const maxChanges = 20

// Past is the result of a sweep's last recorded run.
type Past struct {
	Graph *Graph
	Steps map[string]artifacts.RootStep
	// Read returns the record of a result; it fails with artifacts.ErrNotFound.
	Read func(context.Context, artifacts.Key) (artifacts.Action, error)
}

// Explain says of the steps that would run for the first time what changed since
// a past run of the sweep. g is the graph that the plan was made of.
func (p *Plan) Explain(ctx context.Context, g *Graph, past Past) error {
	e := &explaining{past: past, g: map[string]Step{}, old: map[string]Step{}, numbers: map[string]int{}}
	for _, s := range g.All() {
		e.g[s.Step.ID] = s.Step
	}
	for _, s := range past.Graph.All() {
		e.old[s.Step.ID] = s.Step
	}
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.State != StateRun || s.Why.Type != WhyNeverRun {
			continue
		}
		why, err := e.why(ctx, s)
		if err != nil {
			return fmt.Errorf("step %s: %w", s.ID, err)
		}
		if why.Type != WhyNeverRun {
			s.Reason = why.text(s.Kind) + strings.TrimPrefix(s.Reason, s.Why.text(s.Kind))
			s.Why = why
		}
	}
	return nil
}

type explaining struct {
	past   Past
	g, old map[string]Step
	gone   map[string][]candidate // by kind and local name
	// numbers are the parameters with their values.
	numbers map[string]int
}

// why compares a step with its record, or with the record of a step that it replaces.
func (e *explaining) why(ctx context.Context, s *PlannedStep) (*Why, error) {
	never := &Why{Type: WhyNeverRun}
	id := s.ID
	if _, ok := e.old[id]; !ok {
		if id = e.replaced(s); id == "" {
			return never, nil
		}
	}
	recorded := e.past.Steps[id]
	if recorded.Key == s.Key {
		return &Why{Type: WhyRecordGone, Since: id}, nil
	}
	was, err := e.recorded(ctx, id, s)
	if err != nil {
		return nil, err
	}
	why := &Why{Since: id}
	for _, d := range artifacts.Changes(was, artifacts.Action{Recipe: s.recipe, Made: was.Made}) {
		c := Change{Type: aspects[d.What.Aspect], Name: d.What.Name, From: d.A, To: d.B}
		switch d.What.Aspect {
		case artifacts.AspectKind:
			c.Name = "kind"
		case artifacts.AspectInput:
			c.By = e.g[s.ID].Inputs[c.Name].Step
		}
		why.Changes = append(why.Changes, c)
	}
	if len(why.Changes) == 0 {
		if recorded.State == artifacts.StateFailed {
			return &Why{Type: WhyFailed, Since: id, Error: recorded.Error}, nil
		}
		if recorded.State == artifacts.StateInterrupted {
			return &Why{Type: WhyInterrupted, Since: id}, nil
		}
		return never, nil
	}
	why.Type = why.Changes[0].Type
	if n := len(why.Changes) - maxChanges; n > 0 {
		why.Changes, why.More = why.Changes[:maxChanges], n
	}
	return why, nil
}

// aspects are the reasons that changes are.
var aspects = map[artifacts.Aspect]WhyType{
	artifacts.AspectKind: WhyParameter, artifacts.AspectParameter: WhyParameter,
	artifacts.AspectVersion: WhyVersion, artifacts.AspectNumerics: WhyNumerics, artifacts.AspectInput: WhyInput,
}

// recorded is what a step of the past run was made from. Where its record is gone,
// the past graph has its parameters and inputs.
func (e *explaining) recorded(ctx context.Context, id string, now *PlannedStep) (artifacts.Action, error) {
	if key := e.past.Steps[id].Key; !key.IsZero() {
		a, err := e.past.Read(ctx, key)
		var harm *artifacts.RecordError
		if err == nil || !errors.Is(err, artifacts.ErrNotFound) && !errors.As(err, &harm) {
			return a, err
		}
	}
	old, same := e.old[id], now.recipe
	inputs := map[string]artifacts.Digest{}
	for name, ref := range old.Inputs {
		if blob, ok := e.past.Steps[ref.Step].Outputs[ref.Output]; ok {
			inputs[name] = blob.Digest
		} else if d, ok := same.Inputs[name]; ok {
			inputs[name] = d // unknown: not reported
		}
	}
	same.Kind, same.Params, same.Inputs = string(old.Kind), old.Params, inputs
	return artifacts.Action{Recipe: same}, nil
}

// candidate is a past step that the sweep no longer has.
type candidate struct {
	id     string
	params []int
}

// replaced is the closest in parameters of the past steps of the same kind and
// name that the sweep has no more, "" if it is missing.
func (e *explaining) replaced(s *PlannedStep) string {
	if e.gone == nil {
		e.gone = map[string][]candidate{}
		for _, id := range sortedKeys(e.old) {
			if _, ok := e.g[id]; !ok {
				role := string(e.old[id].Kind) + " " + local(id)
				e.gone[role] = append(e.gone[role], candidate{id, e.flat(e.old[id])})
			}
		}
	}
	mine := e.flat(e.g[s.ID])
	best, least := "", len(mine)
	for _, c := range e.gone[string(s.Kind)+" "+local(s.ID)] {
		if n := differing(mine, c.params, least); n < least {
			best, least = c.id, n
		}
	}
	return best
}

// local is a step's name within its experiment.
func local(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }

// flat is the parameters of a step as sorted numbers, the same for the same path and value.
func (e *explaining) flat(s Step) []int {
	var out []int
	for path, value := range artifacts.Flat(s.Params) {
		text := path + "=" + value
		n, ok := e.numbers[text]
		if !ok {
			n = len(e.numbers)
			e.numbers[text] = n
		}
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

// differing counts the elements of sorted a that sorted b has not, up to a limit.
func differing(a, b []int, limit int) int {
	n := 0
	for _, v := range a {
		for len(b) > 0 && b[0] < v {
			b = b[1:]
		}
		if len(b) == 0 || b[0] != v {
			if n++; n >= limit {
				break
			}
		}
	}
	return n
}

// text is the reason for people, for a step of a kind.
func (w *Why) text(kind Kind) string {
	switch w.Type {
	case WhyNeverRun:
		return "never run"
	case WhyFailed:
		return "failed in the last run: " + w.Error
	case WhyInterrupted:
		return "interrupted in the last run"
	case WhyRecordGone:
		return "its result is no longer in the store"
	case WhyBlobMissing:
		return "blob missing: " + strings.Join(w.Missing, ", ")
	}
	if len(w.Changes) == 0 {
		return string(w.Type)
	}
	names := make([]string, len(w.Changes))
	for i, c := range w.Changes {
		names[i] = c.Name
	}
	return changes.First(names, w.More, func(i int, follows string) string { return w.Changes[i].text(kind) + follows })
}

// text is the change for people.
func (c Change) text(kind Kind) string {
	what := map[WhyType]string{WhyVersion: "code version", WhyNumerics: "numerics class", WhyInput: "input "}[c.Type]
	if what += c.Name; c.Type == WhyParameter {
		what = "parameter " + changes.Word(string(kind), c.Name)
	}
	if c.By != "" {
		what += " (of " + c.By + ")"
	}
	switch {
	case c.Type == WhyNumerics: // its end may differ
		return fmt.Sprintf("%s changed from %s to %s", what, cmp.Or(c.From, "any"), cmp.Or(c.To, "any"))
	case c.From == "":
		return what + " is new: " + brief(c.To)
	case c.To == "":
		return what + " was " + brief(c.From) + " and is no longer given"
	}
	return fmt.Sprintf("%s changed from %s to %s", what, brief(c.From), brief(c.To))
}

// brief shortens a value to fit a line.
func brief(v string) string {
	const most = 24
	if d, ok := strings.CutPrefix(v, "sha256:"); ok && len(d) > 12 {
		return "sha256:" + d[:12]
	}
	if r := []rune(v); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return v
}
