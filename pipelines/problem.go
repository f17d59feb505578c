package pipelines

import (
	"bytes"
	"encoding/json"
)

// Problem is the learning problem of a sweep's networks, in JSON, as activities/problem
// writes it: shape and type of the examples, outputs, normalization, loss. This
// package compares it and puts it into keys, and reads nothing in it.
type Problem string

// MarshalJSON writes the JSON itself, or null without one.
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
