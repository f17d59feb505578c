package layers

import (
	"strings"

	"lossatlas/pipelines/sweepfile/values"
	"lossatlas/pipelines/syntax"
)

// Kinds of layers that need more than their row in layerForms.
const (
	layerConv     = "conv"
	layerMaxPool  = "maxpool"
	layerAvgPool  = "avgpool"
	layerResidual = "residual"
	layerDense    = "dense"
)

// layerForm describes a kind of layer: the value of its own key, and its other fields.
type layerForm struct {
	kind   string
	key    string      // of pipelines.Layer, as is the name of each field, for what its own key holds
	value  syntax.Type // of its own key; nil for nothing
	absent any         // the value where it is missing
	doc    string
	word   bool // it can be written as a word, without a value
	fields syntax.Object
}

var layerForms = []layerForm{
	{kind: layerConv, key: "out", value: channels, doc: "A convolution: its number of filters.", fields: fields(nameField,
		syntax.Field{Name: "kernel", Doc: "Side of the kernel, or [rows, columns].", Type: sides{1}, Default: int64(3)},
		syntax.Field{Name: "stride", Doc: "Pixels from one window to the next, or [rows, columns].", Type: sides{1}, Default: int64(1)},
		syntax.Field{Name: "padding", Doc: "Rows and columns of zeros around the image, or [rows, columns]. Default: half the kernel, which keeps the size.", Type: sides{0}},
		syntax.Field{Name: "dilation", Doc: "Pixels from one element of the kernel to the next, or [rows, columns]. Default: 1.", Type: sides{1}},
		syntax.Field{Name: "groups", Doc: "Parts into which channels and filters are divided; as many as channels make a depthwise convolution. Default: 1.", Type: channels},
		syntax.Field{Name: "bias", Doc: "Whether there is a bias.", Type: syntax.Boolean{}, Default: false})},
	{kind: "linear", key: "out", value: channels, doc: "A linear layer with bias, also on each token: its number of outputs.", fields: fields(nameField, initField)},
	{kind: "bn", key: "name", value: layerName, word: true, doc: "Batch normalization, of an image's channels or of features: its name, or nothing.", fields: fields(nameField)},
	{kind: "layernorm", key: "name", value: layerName, word: true, doc: "Layer normalization of the features of each token, of features, or of the channels of each pixel: its name, or nothing.",
		fields: fields(nameField, affineField, epsilonField)},
	{kind: "groupnorm", key: "groups", value: channels, doc: "Group normalization: the number of groups of channels.", fields: fields(nameField, affineField, epsilonField)},
	{kind: "instancenorm", key: "name", value: layerName, word: true, doc: "Instance normalization of each channel of an image: its name, or nothing. Without scale and shift unless affine is true, as in PyTorch.",
		fields: fields(nameField, syntax.Field{Name: "affine", Doc: affineField.Doc, Type: syntax.Boolean{}, Default: false}, epsilonField)},
	{kind: "relu", word: true},
	{kind: "relu6", word: true},
	{kind: "leakyrelu", key: "negative_slope", value: slope, absent: 0.01, word: true, doc: "Leaky ReLU: its slope below 0. Default: 0.01."},
	{kind: "elu", key: "alpha", value: slope, absent: 1.0, word: true, doc: "ELU: α. Default: 1."},
	{kind: "gelu", key: "approximate", value: syntax.Choice{Of: []string{exactGELU, "tanh"}, What: "a form of GELU"}, word: true, doc: "GELU: exact, or its approximation by tanh. Default: exact."},
	{kind: "silu", word: true},
	{kind: "tanh", word: true},
	{kind: "sigmoid", word: true},
	{kind: "hardswish", word: true},
	{kind: "hardsigmoid", word: true},
	{kind: "dropout", key: "rate", value: syntax.Number{Min: 0, Max: 1, Below: true}, doc: "Dropout in training: the share of activations that are set to zero."},
	{kind: layerMaxPool, key: "kernel", value: sides{1}, doc: "Maximum over windows: their side, or [rows, columns].", fields: poolFields},
	{kind: layerAvgPool, key: "kernel", value: window{}, absent: int64(0), word: true, doc: "Mean over windows: their side, or [rows, columns]; global, or nothing, for the whole image, or all tokens.", fields: poolFields},
	{kind: "flatten", word: true},
	{kind: "tokens", word: true},
	{kind: "classtoken", key: "name", value: layerName, word: true, doc: "A learned token in front of the others: its name, or nothing.", fields: fields(nameField, initField)},
	{kind: "positional", key: "name", value: layerName, word: true, doc: "Learned vectors that are added to the tokens, by their places: its name, or nothing.", fields: fields(nameField, initField)},
	{kind: "pick", key: "index", value: syntax.Integer{Min: -values.MaxRecords, Max: values.MaxRecords}, doc: "One token: its index, 0 for the first and -1 for the last."},
	{kind: "embedding", key: "out", value: channels, doc: "A vector for each index, of examples that are sequences of indices: its number of features.", fields: fields(nameField,
		syntax.Field{Name: "entries", Doc: "Number of different indices, from 0.", Type: syntax.Integer{Min: 1, Max: values.MaxRecords}, Required: true}, initField)},
	{kind: "attention", key: "heads", value: channels, doc: "Multi-head self-attention: its number of heads.", fields: fields(nameField,
		syntax.Field{Name: "causal", Doc: "Whether a token attends to itself and those before it only.", Type: syntax.Boolean{}, Default: false},
		syntax.Field{Name: "bias", Doc: "Whether the projections have biases.", Type: syntax.Boolean{}, Default: true}, initField)},
	{kind: layerResidual, value: layerList{}, doc: "The layers whose output is added to their input.", fields: fields(
		syntax.Field{Name: "shortcut", Doc: "Layers between the input and the sum, or pad: every n-th row and column, and channels of zeros. Default: none, the input itself.", Type: shortcut{}})},
	{kind: layerDense, value: layerList{}, doc: "The layers whose output is put in front of their input's channels."},
}

func fields(all ...syntax.Field) syntax.Object { return syntax.Object{Fields: all} }

// exactGELU is the form of GELU that has no name in pipelines.Layer.
const exactGELU = "exact"

var (
	channels     = syntax.Integer{Min: 1, Max: MaxChannels}
	slope        = syntax.Number{Min: -1e3, Max: 1e3}
	layerName    = syntax.Text{Max: 100, Form: syntax.NameForm, Want: "letters, digits, '.', '_' and '-', beginning with a letter or digit, at most 100"}
	nameField    = syntax.Field{Name: "name", Doc: "Prefix of the names of its weights. Default: its place in the list.", Type: layerName}
	affineField  = syntax.Field{Name: "affine", Doc: "Whether there are scale and shift.", Type: syntax.Boolean{}, Default: true}
	epsilonField = syntax.Field{Name: "epsilon", Doc: "Number that is added to the variance.", Type: syntax.Number{Min: 0, Above: true, Max: 1}, Default: 1e-5}
	initField    = syntax.Field{Name: "init", Doc: "Standard deviation of the initial weights. Default: 0.02, and 0.001 of a linear layer that is not on tokens.", Type: syntax.Number{Min: 0, Above: true, Max: 1e3}}
	poolFields   = fields(
		syntax.Field{Name: "stride", Doc: "Pixels from one window to the next, or [rows, columns]. Default: the kernel.", Type: sides{1}},
		syntax.Field{Name: "padding", Doc: "Rows and columns around the image, or [rows, columns].", Type: sides{0}, Default: int64(0)},
		syntax.Field{Name: "ceil", Doc: "Whether windows may reach beyond the padding, as PyTorch's ceil_mode. Default: false.", Type: syntax.Boolean{}})
)

// layerKinds are the kinds of layers: all, kinds that can be words, and kinds with a value.
var layerKinds, layerWords, layerKeys = func() (kinds, words, keys []string) {
	for _, f := range layerForms {
		kinds = append(kinds, f.kind)
		if f.word {
			words = append(words, f.kind)
		}
		if f.value != nil {
			keys = append(keys, f.kind)
		}
	}
	return kinds, words, keys
}()

// layerWant says what a layer is, in messages.
var layerWant = "a layer: a word (" + strings.Join(layerWords, ", ") + "), or a mapping with one of " + strings.Join(layerKeys, ", ")

// Definition is the definition of a layer in the schema, below $defs/layer.
func Definition() syntax.Schema {
	var forms []syntax.Schema
	for _, form := range layerForms {
		if form.value == nil {
			continue
		}
		s := form.fields.Schema(nil)
		value := form.value.Schema(nil)
		if form.word {
			value = syntax.Nullable(value)
		}
		value["description"] = form.doc
		s["properties"].(syntax.Schema)[form.kind] = value
		required, _ := s["required"].([]string)
		s["required"] = append([]string{form.kind}, required...)
		forms = append(forms, s)
	}
	return syntax.Schema{"oneOf": append([]syntax.Schema{{"enum": layerWords}}, forms...)}
}
