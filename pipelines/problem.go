package pipelines

import (
	"bytes"
	"encoding/json"
)

// Problem is what the networks of a sweep learn, in JSON, as activities/problem
// writes it: shape and type of the examples, outputs, normalization, loss. This
// package compares it and puts it into keys, and reads nothing in it.
type Problem string

// setProblem notes the problem of the data set that is named. Networks that fit another problem are checked again.
func (c *checker) setProblem(dataset *node) {
	var p Problem
	if dataset != nil {
		p = c.cat.dataset(dataset.text).Problem
	}
	if p != c.problem {
		c.problem = p
		clear(c.right)
	}
}

// MarshalJSON writes the JSON itself, and null for none.
func (p Problem) MarshalJSON() ([]byte, error) {
	if p == "" {
		return []byte("null"), nil
	}
	return []byte(p), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (p *Problem) UnmarshalJSON(b []byte) error {
	var compact bytes.Buffer
	if err := json.Compact(&compact, b); err != nil {
		return err
	}
	if *p = Problem(compact.String()); *p == "null" {
		*p = ""
	}
	return nil
}
