package nets

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"lossatlas/activities/nets/module"
)

// written is a layer in JSON. Which fields a kind has is what a sweep file allows
// it; the others are zero.
type written struct {
	module.Fields
	Body     []written `json:"body"`
	Shortcut []written `json:"shortcut"`
}

// Parse reads a written-out network: a JSON list of layers, each {"kind": conv,
// linear, bn, relu, maxpool, avgpool, flatten, dropout, residual, dense, or one of
// package module} with its fields (module.Fields, body, shortcut). An avgpool
// of kernel 0 is the mean over the image or the tokens.
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
	kernel, stride, padding := w.Kernel[0], w.Stride[0], w.Padding[0]
	switch {
	case w.Kind == "linear":
		return FullyConnected{Name: w.Name, Out: w.Out, Init: w.Init}, nil
	case w.Kind == "bn":
		return BatchNorm{Name: w.Name}, nil
	case w.Kind == "relu":
		return ReLU{}, nil
	case w.Kind == "flatten":
		return Flatten{}, nil
	case w.Kind == "dropout":
		return Dropout{Rate: w.Rate}, nil
	case w.Kind == "conv" && w.isPlain():
		return Convolution{Name: w.Name, Out: w.Out, Kernel: kernel, Stride: stride, Padding: padding, Bias: w.Bias}, nil
	case w.Kind == "maxpool" && w.isPlain():
		return MaxPool{Kernel: kernel, Stride: stride, Padding: padding}, nil
	case w.Kind == "avgpool" && w.isPlain():
		return AvgPool{Kernel: kernel, Stride: stride, Padding: padding}, nil
	case module.Has(w.Kind):
		return Translated{w.Fields}, nil
	}
	switch w.Kind {
	case "residual":
		body, err := build(w.Body)
		if err != nil {
			return nil, &partError{"residual", "body", err}
		}
		shortcut, err := build(w.Shortcut)
		if err != nil {
			return nil, &partError{"residual", "shortcut", err}
		}
		return Residual{Body: body, Shortcut: shortcut, Pad: w.Pad}, nil
	case "dense":
		body, err := build(w.Body)
		if err != nil {
			return nil, &partError{"dense", "body", err}
		}
		return Dense{Body: body}, nil
	}
	return nil, fmt.Errorf("there is no layer of kind %q", w.Kind)
}

// isPlain reports whether windows are square, not dilated, over all channels and within the padded image: those of the layers
// that are written for the backends here.
func (w written) isPlain() bool {
	square := func(s module.Sides) bool { return s[0] == s[1] }
	return square(w.Kernel) && square(w.Stride) && square(w.Padding) && w.Groups <= 1 && !w.Ceil &&
		(w.Dilation == module.Sides{} || w.Dilation == module.Square(1))
}

// LayerError says which layer of a list is wrong, counted from 0.
type LayerError struct {
	Layer int
	Err   error
}

// Error counts from 1, as people do.
func (e *LayerError) Error() string { return fmt.Sprintf("layer %d: %v", e.Layer+1, e.Err) }

// Unwrap is the fault of the layer.
func (e *LayerError) Unwrap() error { return e.Err }

// Innermost is where the error lies, as the way through the JSON that Parse reads
// (the layer's number, and for each list within a layer its key and the number in
// it: "4", "shortcut", "0"), and the fault there.
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
