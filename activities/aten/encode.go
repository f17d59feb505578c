package aten

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxBytes is the largest encoded program that Parse accepts.
const maxBytes = 256 << 20

// Encode writes a program as JSON. Equal programs give equal bytes.
func (p *Program) Encode() ([]byte, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return json.Marshal(p) // maps are written with sorted keys
}

// Parse reads what Encode wrote and validates it. Whether the shapes of operations fit together is checked by forward.Check.
func Parse(b []byte) (*Program, error) {
	if len(b) > maxBytes {
		return nil, fmt.Errorf("a network of %d bytes is larger than the %d that are allowed", len(b), maxBytes)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	p := &Program{}
	if err := d.Decode(p); err != nil {
		return nil, fmt.Errorf("the network is not valid JSON of a program: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("the network has more text after the program")
	}
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return p, nil
}
