package pipelines

import (
	"fmt"
	"slices"
)

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

// Outline returns steps without their parameters, and with those inputs alone that come
// from each other: the order in which they run. The rest may be large, as the thousands of inputs of a report.
func Outline(steps []Step) []Step {
	out := make([]Step, len(steps))
	among := make(map[string]bool, len(steps))
	for i, s := range steps {
		among[s.ID] = true
		inputs := make(map[string]Ref)
		for name, ref := range s.Inputs {
			if among[ref.Step] {
				inputs[name] = ref
			}
		}
		s.Params, s.Inputs = nil, inputs
		out[i] = s
	}
	return out
}

// Check reports whether the graph can run: IDs are unique, and every input is an
// output that an earlier step has. Steps of an experiment look only at their own
// experiment; final ones at all.
func (g *Graph) Check() error {
	place := make(map[string]Placed)
	for _, p := range g.All() {
		id := p.Step.ID
		if _, ok := kinds[p.Step.Kind]; !ok {
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
			case !from.Step.has(ref.Output):
				return fmt.Errorf("step %s: its input %s is the output %q of %s, and a %s has no such output", id, name, ref.Output, ref.Step, from.Step.Kind)
			}
		}
		place[id] = p
	}
	return nil
}

// has says whether a step writes an output: one of its kind, or a checkpoint that its parameters ask for.
func (s Step) has(output string) bool {
	return outputs[s.Kind][output] || slices.Contains(s.checkpoints(), output)
}

// outputs says which outputs the kinds of steps write.
var outputs = map[Kind]map[string]bool{
	KindTrain:           {OutWeights: true, OutLog: true},
	KindImport:          {OutWeights: true, OutLog: true},
	KindDirections:      {OutDirections: true},
	KindEigenvectors:    {OutDirections: true},
	KindGivenDirections: {OutDirections: true},
	KindDifference:      {OutDirections: true},
	KindLine:            {OutGrid: true},
	KindSurface:         {OutGrid: true},
	KindHessian:         {OutGrid: true},
	KindTrajectory:      {OutPath: true, OutDirections: true},
	KindSpectrum:        {OutSpectrum: true},
	KindFlatness:        {OutFlatness: true},
	KindRender:          {OutPNG: true, OutSVG: true, OutPDF: true},
	KindReport:          {OutHTML: true},
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
