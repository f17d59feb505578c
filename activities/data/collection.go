package data

import (
	"fmt"
	"math"

	"lossatlas/activities/problem"
)

// Collection is a data set with a description of itself, such as one
// that was read from the files of a user.
type Collection struct {
	Source
	Problem problem.Problem
	// Names are the names of the classes, nil where classes have numbers only.
	Names []string
	// Notes are sentences about derived and converted values.
	Notes []string
}

// maxNumbers bounds the numbers and the labels of one example.
const maxNumbers = 1 << 28

// CheckSize returns an error for examples or labels so large that their bytes could not be counted or held.
func CheckSize(p problem.Problem) error {
	for what, shape := range map[string][]int{"an example": p.Shape, "the labels of an example": p.Labels, "a target": {p.Outputs}} {
		n := 1
		for _, d := range shape {
			if d < 1 || d > maxNumbers/n {
				return fmt.Errorf("%s has the shape %v: sizes are at least 1, and their product is at most %d", what, shape, maxNumbers)
			}
			n *= d
		}
	}
	return nil
}

// labelBytes is how many bytes the labels of one example take: four for each class or number.
func labelBytes(p problem.Problem) int {
	if p.HasTargets() {
		return 4 * p.Outputs
	}
	return 4 * p.Places()
}

// sizes are the numbers of examples of the splits, in the order in which they are listed.
func (c *Collection) sizes() (sizes []splitSize, err error) {
	for _, split := range []string{Train, Test} {
		n, err := c.Size(split)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			sizes = append(sizes, splitSize{split, n})
		}
	}
	return sizes, nil
}

type splitSize struct {
	name     string
	examples int
}

// eachBlock loads a split in blocks of at most per examples, and calls f with each block and its examples.
func (c *Collection) eachBlock(split splitSize, per int, f func(s Split, examples []byte) error) error {
	var buffer []byte
	for from := 0; from < split.examples; from += per {
		s, err := c.Load(split.name, from, min(from+per, split.examples))
		if err != nil {
			return err
		}
		examples := s.Examples
		if examples == nil {
			if buffer == nil {
				buffer = make([]byte, per*s.Problem.Bytes())
			}
			examples = buffer[:s.Len()*s.Problem.Bytes()]
			if err := s.Read(examples, 0); err != nil {
				return err
			}
		}
		if err := f(s, examples); err != nil {
			return err
		}
	}
	return nil
}

// checkTargets returns an error for a target that is not finite.
func checkTargets(targets []float32) error {
	for i, v := range targets {
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Errorf("number %d is %g; targets must be finite", i, f)
		}
	}
	return nil
}
