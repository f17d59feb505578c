package nets

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// written is a layer in JSON. Which fields a kind has is what a sweep file allows
// it; the others are zero.
type written struct {
	Kind     string    `json:"kind"`
	Name     string    `json:"name"`
	Out      int       `json:"out"`
	Kernel   int       `json:"kernel"`
	Stride   int       `json:"stride"`
	Padding  int       `json:"padding"`
	Bias     bool      `json:"bias"`
	Body     []written `json:"body"`
	Shortcut []written `json:"shortcut"`
}

// Parse reads a written-out network: a JSON list of layers, each {"kind": conv,
// linear, bn, relu, maxpool, avgpool, flatten, residual or dense} with its fields
// (name, out, kernel, stride, padding, bias, body, shortcut). An avgpool of kernel
// 0 is the mean over the image.
func Parse(layers []byte) ([]Layer, error) {
	dec := json.NewDecoder(bytes.NewReader(layers))
	dec.DisallowUnknownFields()
	var list []written
	if err := dec.Decode(&list); err != nil {
		return nil, fmt.Errorf("the network's layers can't be read: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("the network's layers can't be read: something follows them")
	}
	return build(list)
}

func build(list []written) ([]Layer, error) {
	var layers []Layer
	for i, w := range list {
		l, err := w.layer()
		if err != nil {
			return nil, &LayerError{Layer: i, Err: err}
		}
		layers = append(layers, l)
	}
	return layers, nil
}

func (w written) layer() (Layer, error) {
	switch w.Kind {
	case "conv":
		return Convolution{Name: w.Name, Out: w.Out, Kernel: w.Kernel, Stride: w.Stride, Padding: w.Padding, Bias: w.Bias}, nil
	case "linear":
		return FullyConnected{Name: w.Name, Out: w.Out}, nil
	case "bn":
		return BatchNorm{Name: w.Name}, nil
	case "relu":
		return ReLU{}, nil
	case "maxpool":
		return MaxPool{Kernel: w.Kernel, Stride: w.Stride, Padding: w.Padding}, nil
	case "avgpool":
		return AvgPool{Kernel: w.Kernel, Stride: w.Stride, Padding: w.Padding}, nil
	case "flatten":
		return Flatten{}, nil
	case "residual":
		body, err := build(w.Body)
		if err != nil {
			return nil, &partError{"residual", "body", err}
		}
		shortcut, err := build(w.Shortcut)
		if err != nil {
			return nil, &partError{"residual", "shortcut", err}
		}
		return Residual{Body: body, Shortcut: shortcut}, nil
	case "dense":
		body, err := build(w.Body)
		if err != nil {
			return nil, &partError{"dense", "body", err}
		}
		return Dense{Body: body}, nil
	}
	return nil, fmt.Errorf("there is no layer of kind %q", w.Kind)
}

// LayerError says which layer of a list is wrong, counted from 0.
type LayerError struct {
	Layer int
	Err   error
}

// Error counts from 1, as people do.
func (e *LayerError) Error() string { return fmt.Sprintf("layer %d: %v", e.Layer+1, e.Err) }

// Unwrap is what is wrong with the layer.
func (e *LayerError) Unwrap() error { return e.Err }

// Innermost is where the error lies, as the way through the JSON that Parse reads
// (the layer's number, and for each list within a layer its key and the number in
// it: "4", "shortcut", "0"), and what is wrong there.
func (e *LayerError) Innermost() (place []string, err error) {
	place, err = []string{strconv.Itoa(e.Layer)}, e.Err
	var part *partError
	var inner *LayerError
	if errors.As(err, &part) && errors.As(part.err, &inner) {
		rest, cause := inner.Innermost()
		return slices.Concat(place, []string{part.part}, rest), cause
	}
	return place, err
}

// partError is an error in a list of layers within a layer.
type partError struct {
	kind, part string // "residual", "shortcut"
	err        error
}

func (e *partError) Error() string { return fmt.Sprintf("%s %s: %v", e.kind, e.part, e.err) }

func (e *partError) Unwrap() error { return e.err }
