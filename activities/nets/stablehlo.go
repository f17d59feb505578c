package nets

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"lossatlas/activities/hlo"
	"lossatlas/activities/problem"
)

// foreign is a network that comes with its loss, as StableHLO programs.
type foreign struct {
	*hlo.Program
	digest [sha256.Size]byte
}

// FromStableHLO makes the network of StableHLO programs for a problem with the loss program, whose examples and labels are
// those of the programs. The error says how they differ.
func FromStableHLO(name string, p *hlo.Program, of problem.Problem) (*Net, error) {
	net, err := fromStableHLO(name, p, of)
	if err != nil {
		return nil, fmt.Errorf("network %q: %w", name, err)
	}
	return net, nil
}

// StableHLO are the programs of a network that comes with them, else nil. It has no graph then.
func (n *Net) StableHLO() *hlo.Program {
	if n.foreign == nil {
		return nil
	}
	return n.foreign.Program
}

// TensorsOfStableHLO lists the parameters and buffers of StableHLO programs with their roles.
func TensorsOfStableHLO(p *hlo.Program) (params, buffers []Param, err error) {
	plan := planner{names: map[string]bool{}}
	for _, t := range p.Params {
		if _, err := plan.add(t.Name, paramRole(t), t.Shape...); err != nil {
			return nil, nil, err
		}
		if t.FiltersAt() == hlo.Last {
			plan.params[len(plan.params)-1].Axes = []int{len(t.Shape) - 1}
		}
	}
	for _, t := range p.Buffers {
		if _, err := plan.addState(t.Name, bufferRole(t), t.Shape...); err != nil {
			return nil, nil, err
		}
	}
	return plan.params, plan.state, nil
}

// paramRole is the role of a parameter: a weight if it has filters, else by its name, as Flax gives names.
func paramRole(t hlo.Tensor) Role {
	switch name := lastPart(t.Name); {
	case t.FiltersAt() != hlo.None:
		return Linear
	case name == "scale":
		return BNScale
	case name == "bias":
		return Bias
	}
	return Other
}

func bufferRole(t hlo.Tensor) Role {
	switch lastPart(t.Name) {
	case "mean":
		return RunningMean
	case "var":
		return RunningVar
	}
	return Other
}

func lastPart(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

func fromStableHLO(name string, p *hlo.Program, of problem.Problem) (*Net, error) {
	if err := of.Check(); err != nil {
		return nil, err
	}
	if of.Loss != problem.Program {
		return nil, fmt.Errorf("it computes its own loss: say `loss: %s` below dataset, in place of %s", problem.Program, of.Loss)
	}
	if err := checkExamples(p, of); err != nil {
		return nil, err
	}
	b, err := p.Encode()
	if err != nil {
		return nil, err
	}
	n := &Net{Name: name, Problem: of, foreign: &foreign{p, sha256.Sum256(b)}}
	if n.plan.params, n.plan.state, err = TensorsOfStableHLO(p); err != nil {
		return nil, err
	}
	n.plan.macs = int64(n.NumParams()) // at least: a convolution uses each weight many times
	return n, nil
}

// checkExamples compares examples and labels with the programs' arguments. Axes of size 1 don't matter.
func checkExamples(p *hlo.Program, of problem.Problem) error {
	labels, labelType := of.Labels, "int32"
	if of.HasTargets() {
		labels, labelType = []int{of.Outputs}, "float32"
	}
	for _, v := range []struct {
		what       string
		want       hlo.Value
		have       []int
		haveNumber string
	}{{"examples", p.X, of.Shape, string(of.Type)}, {"labels", p.Y, labels, labelType}} {
		same := slices.Equal(withoutOnes(v.want.Shape), withoutOnes(v.have)) || v.what == "labels" && of.HasTargets() && size(v.want.Shape) == of.Outputs
		if v.want.Type != v.haveNumber || !same {
			return fmt.Errorf("it takes %s of the shape %v and type %s, but the data have %v and %s: export the program for the data, or convert the data",
				v.what, v.want.Shape, v.want.Type, v.have, v.haveNumber)
		}
	}
	if len(of.Mean) > 0 {
		return fmt.Errorf("it takes unnormalized examples, but the data are normalized by mean and deviation: write `normalization: none` below dataset without mean and deviation, or normalize in the network")
	}
	return nil
}

// checkProblem returns an error for problems that a network with a graph can't have.
func checkProblem(p problem.Problem) error {
	if p.Loss == problem.Program {
		return fmt.Errorf("the loss %s is for networks that come with their loss, from StableHLO: choose another", p.Loss)
	}
	return p.Check()
}
