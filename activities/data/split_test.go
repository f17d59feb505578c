package data_test

import (
	"slices"
	"strings"
	"testing"

	"lossatlas/activities/data"
	"lossatlas/activities/problem"
)

// TestSplitOfTargets: slices and picks take examples and targets of any shape along.
func TestSplitOfTargets(t *testing.T) {
	p := problem.Problem{Shape: []int{2}, Type: problem.Uint8, Outputs: 3, Loss: problem.MeanSquaredError}
	s := data.Split{Name: "x", Problem: p, Examples: []byte{0, 1, 10, 11, 20, 21, 30, 31}, Targets: []float32{0, 1, 2, 10, 11, 12, 20, 21, 22, 30, 31, 32}}
	part := s.Slice(1, 4)
	if s.Len() != 4 || part.Len() != 3 || !slices.Equal(part.Example(0), []byte{10, 11}) || !slices.Equal(part.Targets[:3], []float32{10, 11, 12}) {
		t.Errorf("slice %+v of %d", part, s.Len())
	}
	picked, err := part.Pick([]int{2, 0})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(picked.Examples, []byte{30, 31, 10, 11}) || !slices.Equal(picked.Targets, []float32{30, 31, 32, 10, 11, 12}) || picked.Classes != nil {
		t.Errorf("picked %+v", picked)
	}
	picked.Examples[0] = 99
	if s.Examples[6] != 30 {
		t.Error("a pick shares memory with its split")
	}
}

// TestSplitForAnotherProblem: normalization and loss may be replaced, the data may not be read as others.
func TestSplitForAnotherProblem(t *testing.T) {
	set, err := data.Lookup(data.CIFAR10)
	if err != nil {
		t.Fatal(err)
	}
	s := data.Split{Name: "x", Problem: set.Problem}
	p := set.Problem
	p.Mean, p.Deviation = nil, nil
	if got, err := s.WithProblem(p); err != nil || !got.Problem.Equal(p) {
		t.Errorf("without normalization: %v (%v)", got.Problem, err)
	}
	for name, change := range map[string]func(p *problem.Problem){
		"shape":   func(p *problem.Problem) { p.Shape = []int{32, 32, 1} },
		"type":    func(p *problem.Problem) { p.Type = problem.Float32 },
		"outputs": func(p *problem.Problem) { p.Outputs = 9 },
		"labels":  func(p *problem.Problem) { p.Loss = problem.MeanSquaredError },
	} {
		p := set.Problem
		change(&p)
		if _, err := s.WithProblem(p); err == nil || !strings.Contains(err.Error(), "more than normalization and loss") {
			t.Errorf("another %s: %v", name, err)
		}
	}
}

// TestSets: every data set declares a possible problem, which its examples have.
func TestSets(t *testing.T) {
	for _, set := range data.Sets() {
		if err := set.Problem.Check(); err != nil || set.Train < 1 || set.Test < 1 {
			t.Errorf("%s: %d and %d examples, %v", set.Name, set.Train, set.Test, err)
		}
		src, err := data.Open(set.Name, data.Options{Dir: folder(t, map[string][]byte{"data_batch_1.bin": records(2, 1)})})
		if err != nil {
			t.Fatal(err)
		}
		s, err := src.Load(data.Train, 0, 2)
		if err != nil || !s.Problem.Equal(set.Problem) || len(s.Examples) != 2*set.Problem.Bytes() || s.Check() != nil {
			t.Errorf("%s: %d bytes of the problem %v (%v)", set.Name, len(s.Examples), s.Problem, err)
		}
	}
}
