package data

import (
	"cmp"
	"fmt"
	"slices"

	"lossatlas/activities/problem"
)

// Split is a run of labelled examples of a data set. The labels are in memory.
// So are the examples, unless they are larger than Options.Resident: then they
// stay in their files or in the store, and Read gets them from there each time.
type Split struct {
	Name    string // which part of the data set: "train" or "test"
	Problem problem.Problem
	// Examples are Len() times the numbers of an example, of the problem's type,
	// little-endian, in the order of its shape; nil when they stay where they are.
	Examples []byte
	Classes  []int32   // Len()×Places labels of a problem with classes
	Targets  []float32 // Len()×Outputs labels of a problem with targets
	reader   Reader    // reads examples that are not in memory
	first    int       // the number that example 0 has there
}

// Reader reads the examples of a split from where they are stored. It is safe for concurrent use.
type Reader interface {
	// ReadExamples fills dst with whole examples, from the i-th of the split on.
	ReadExamples(dst []byte, i int) error
}

// Attach is the split, which has labels, with its examples. Example 0 is example first of r. They
// are read into memory if they have at most resident bytes (0 means DefaultResident), else on each Read.
func (s Split) Attach(r Reader, first, resident int) (Split, error) {
	if size := s.Problem.Bytes(); s.Len() > cmp.Or(resident, DefaultResident)/size {
		s.reader, s.first = r, first
		return s, nil
	}
	s.Examples = make([]byte, s.Len()*s.Problem.Bytes())
	return s, r.ReadExamples(s.Examples, first)
}

// Len is the number of examples.
func (s Split) Len() int {
	if s.Problem.HasTargets() {
		return len(s.Targets) / s.Problem.Outputs
	}
	return len(s.Classes) / s.Problem.Places()
}

// WithProblem is the split for a problem with the same examples and labels, of which the
// normalization and the loss may be others.
func (s Split) WithProblem(p problem.Problem) (Split, error) {
	have := s.Problem
	if !slices.Equal(p.Shape, have.Shape) || p.ChannelsFirst != have.ChannelsFirst || p.Type != have.Type || p.Outputs != have.Outputs ||
		!slices.Equal(p.Labels, have.Labels) || p.HasTargets() != have.HasTargets() {
		return Split{}, fmt.Errorf("the examples of %q are of the problem %v, which differs from %v in more than normalization and loss", s.Name, have, p)
	}
	s.Problem = p
	return s, nil
}

// OneClass is the classes of the examples, nil where an example has several labels, or targets.
func (s Split) OneClass() []int32 {
	if s.Problem.HasTargets() || s.Problem.Places() != 1 {
		return nil
	}
	return s.Classes
}

// Check returns an error when a label is no class of the problem.
func (s Split) Check() error {
	for i, class := range s.Classes {
		if (class < 0 || int(class) >= s.Problem.Outputs) && (s.Problem.Ignore == nil || class != *s.Problem.Ignore) {
			return fmt.Errorf("example %d of %q has the label %d: labels must be classes from 0 to %d", i/s.Problem.Places(), s.Name, class, s.Problem.Outputs-1)
		}
	}
	return nil
}

// Totals are the sums over the labels.
func (s Split) Totals() problem.Totals { return s.Problem.Totals(s.Classes, s.Targets) }

// Example is the i-th example of a split in memory. It shares memory with the split.
func (s Split) Example(i int) []byte { return window(s.Examples, i, i+1, s.Problem.Bytes()) }

// Read copies as many examples as fill dst, from the i-th on, from memory or from
// where they are stored. A file that can't be read or has changed is a *FileError.
func (s Split) Read(dst []byte, i int) error {
	if s.reader != nil {
		return s.reader.ReadExamples(dst, s.first+i)
	}
	copy(dst, s.Examples[i*s.Problem.Bytes():][:len(dst)])
	return nil
}

// Slice is the examples from ≤ i < to. It shares memory with s and, as the
// slice expression s[from:to] would, panics when the range isn't inside.
func (s Split) Slice(from, to int) Split {
	if from < 0 || to < from || to > s.Len() {
		panic(fmt.Sprintf("data: slice [%d:%d] of a split of %d examples", from, to, s.Len()))
	}
	s.first += from
	s.Examples = window(s.Examples, from, to, s.Problem.Bytes())
	s.Classes, s.Targets = window(s.Classes, from, to, s.Problem.Places()), window(s.Targets, from, to, s.Problem.Outputs)
	return s
}

// window is the elements from ≤ i < to of a list of elements of n numbers, nil for nil.
func window[E any](list []E, from, to, n int) []E {
	if list == nil {
		return nil
	}
	return list[from*n : to*n : to*n]
}

// Pick copies the examples with the given indices into memory, in their order.
func (s Split) Pick(indices []int) (Split, error) {
	size := s.Problem.Bytes()
	picked := Split{Name: s.Name, Problem: s.Problem, Examples: make([]byte, len(indices)*size)}
	for at, i := range indices {
		if err := s.Read(picked.Example(at), i); err != nil {
			return Split{}, err
		}
		one := s.Slice(i, i+1)
		picked.Classes, picked.Targets = append(picked.Classes, one.Classes...), append(picked.Targets, one.Targets...)
	}
	return picked, nil
}
