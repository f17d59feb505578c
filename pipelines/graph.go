package pipelines

import (
	"fmt"
	"slices"
)

// Experiment is one point of a sweep and the steps it needs, in topological order.
type Experiment struct {
	Name string `json:"name"`
	// Group is what an experiment and its repetitions are called together, "" where the sweep repeats nothing.
	Group  string         `json:"group,omitempty"`
	Params map[string]any `json:"params"` // the swept values, by path
	// Shown are the parameters that the page of the sweep shows: the swept ones and the most asked for.
	Shown map[string]any `json:"shown"`
	// Names are what the sweep file calls its network and data where recipes name them by their content, by those names in recipes.
	Names map[string]string `json:"names,omitempty"`
	Steps []Step            `json:"steps"`
}

// Comparison is a map between the minimizers of several experiments, or of the paths of their trainings. Its steps are
// among the final ones.
type Comparison struct {
	Name string `json:"name"`
	// Between are the experiments. Label names them in pictures.
	Between []string `json:"between"`
	// Paths says that the comparison is of the paths.
	Paths bool `json:"paths,omitempty"`
	// Curve is the shape of the curve between the two, as of CurveParams; "" for other comparisons.
	Curve string `json:"curve,omitempty"`
	// Pairs says that the comparison is of each with each.
	Pairs bool `json:"pairs,omitempty"`
}

// Label is what pictures call experiment i of the comparison: a letter, of many experiments a number from 1 on.
func (c Comparison) Label(i int) string {
	if c.Pairs {
		return fmt.Sprint(i + 1)
	}
	return Letter(i)
}

// Letter is what pictures call experiment i of a comparison: a, b, ….
func Letter(i int) string { return string(rune('a' + i)) }

// Marks are the named points of the comparison's maps: the minimizers. Paths have marks of their own.
func (c Comparison) Marks() []Mark {
	if c.Paths {
		return nil
	}
	return Marks(len(c.Between))
}

// Graph is an expanded sweep: what to run, in topological order. Steps of
// different experiments with the same key are the same work and run once.
type Graph struct {
	Sweep       string       `json:"sweep"`
	Title       string       `json:"title"`             // of the page, at the least the sweep's name
	Watched     bool         `json:"watched,omitempty"` // the experiments are checkpoints of one training, in the order in which they were found
	Experiments []Experiment `json:"experiments"`
	Comparisons []Comparison `json:"comparisons,omitempty"`
	Final       []Step       `json:"final"` // steps over all experiments: comparisons, figures and the report
}

// All returns the steps of the graph in topological order, with the name of the
// experiment each belongs to ("" for the final ones).
func (g *Graph) All() []Placed {
	var out []Placed
	for _, e := range g.Experiments {
		for _, s := range e.Steps {
			out = append(out, Placed{Experiment: e.Name, Step: s})
		}
	}
	for _, s := range g.Final {
		out = append(out, Placed{Step: s})
	}
	return out
}

// Placed is a step with the experiment it belongs to.
type Placed struct {
	Experiment string
	Step       Step
}

// Check reports whether the graph can run: IDs are unique, and every input is an
// output that an earlier step has. Steps of an experiment look only at their own
// experiment; final ones at all.
func (g *Graph) Check() error {
	place := make(map[string]Placed)
	for _, p := range g.All() {
		id := p.Step.ID
		if !p.Step.Kind.Known() {
			return fmt.Errorf("step %s: unknown kind %q", id, p.Step.Kind)
		}
		if _, ok := place[id]; ok {
			return fmt.Errorf("step %s: the ID is not unique", id)
		}
		for name, ref := range p.Step.Inputs {
			from, ok := place[ref.Step]
			switch {
			case !ok:
				return fmt.Errorf("step %s: its input %s comes from %s, which is not a step before it", id, name, ref.Step)
			case p.Experiment != "" && p.Experiment != from.Experiment:
				return fmt.Errorf("step %s: its input %s comes from another experiment (%s)", id, name, ref.Step)
			case !slices.Contains(from.Step.Outputs(), ref.Output):
				return fmt.Errorf("step %s: its input %s is the output %q of %s, and a %s has no such output", id, name, ref.Output, ref.Step, from.Step.Kind)
			}
		}
		place[id] = p
	}
	return nil
}

// Levels groups the steps by how many steps must run before them, one after
// another: steps of one level do not wait for each other.
func (g *Graph) Levels() [][]Placed {
	depth := make(map[string]int)
	var levels [][]Placed
	for _, p := range g.All() {
		d := 0
		for _, ref := range p.Step.Inputs {
			d = max(d, depth[ref.Step]+1)
		}
		depth[p.Step.ID] = d
		for len(levels) <= d {
			levels = append(levels, nil)
		}
		levels[d] = append(levels[d], p)
	}
	return levels
}

// Marks name the minimizers of a comparison: the first at 0, the others at 1.
func Marks(n int) []Mark {
	out := []Mark{{X: 0, Label: "a"}, {X: 1, Label: "b"}}
	if n > 2 {
		out = append(out, Mark{Y: 1, Label: "c"})
	}
	return out
}
