package sweepfile

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"lossatlas/pipelines"
	"lossatlas/pipelines/syntax"
)

// NamedNetwork is a network with its name in a sweep file.
type NamedNetwork struct {
	Name    string
	Network pipelines.Network
	Problem pipelines.Problem // what it learns
}

// Networks lists the networks of the sweep: those that it trains in the order of
// its experiments, then those that it writes out and doesn't train, by name.
func (s *Sweep) Networks() []NamedNetwork {
	var out []NamedNetwork
	add := func(n NamedNetwork) {
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	for _, e := range s.experiments {
		add(NamedNetwork{e.config.Train.Net, e.config.network(), e.config.Problem})
	}
	for _, e := range s.experiments {
		for _, name := range slices.Sorted(maps.Keys(e.config.Networks)) {
			add(NamedNetwork{name, e.config.Networks[name], e.config.Problem})
		}
	}
	return out
}

// Kinds of layers.
const (
	layerConv     = "conv"
	layerLinear   = "linear"
	layerBN       = "bn"
	layerReLU     = "relu"
	layerMaxPool  = "maxpool"
	layerAvgPool  = "avgpool"
	layerFlatten  = "flatten"
	layerResidual = "residual"
	layerDense    = "dense"
)

// Limits of written-out networks.
const (
	maxNetworks = 64
	maxLayers   = 2000 // of one network, those within residual and dense layers included
	maxDepth    = 8    // of residual and dense layers within each other
	maxChannels = 100_000
	maxKernel   = 32
)

// networks is {name: [layers]}. They are read by networkReader, as their layers may hold variables that are swept.
type networks struct{}

func (networks) Check(*syntax.Checker, *syntax.Node, string) any { return nil }

// networkReader reads the networks that a file writes out.
type networkReader struct {
	builtIn []string
	check   func(pipelines.Network, pipelines.Problem) (place []string, err error) // as of Catalog
	problem pipelines.Problem                                                      // of the file's data set
	// known are those that were read already: experiments and presets share most of them.
	known map[readNetwork]pipelines.Network
}

// readNetwork is a list of layers that was checked for a problem.
type readNetwork struct {
	layers  *syntax.Node
	problem pipelines.Problem
}

// read returns the networks of a tree by their names.
func (r *networkReader) read(c *syntax.Checker, tree *syntax.Node) map[string]pipelines.Network {
	n := tree.Get(networksKey)
	switch {
	case n == nil:
		return nil
	case n.Kind != syntax.MappingNode:
		c.Reject(n, networksKey, "networks by name, as {mynet: [{conv: 16}, {bn: }, relu, avgpool, flatten, {linear: 10}]}")
		return nil
	case len(n.Entries) > maxNetworks:
		c.Addf(n.At, "%s: more than %d networks", networksKey, maxNetworks)
		return nil
	}
	out := make(map[string]pipelines.Network)
	for _, e := range n.Entries {
		switch {
		case !syntax.NameForm.MatchString(e.Key):
			c.Addf(e.At, "%s: %s is no name for a network; want %s", networksKey, syntax.Clip(e.Key), syntax.NameWant)
		case slices.Contains(r.builtIn, e.Key):
			c.Addf(e.At, "%s: %s is the name of a built-in network; choose another", networksKey, e.Key)
		default:
			if net, ok := r.network(c, e); ok {
				out[e.Key] = net
			}
		}
	}
	return out
}

// network reads the layers of one network.
func (r *networkReader) network(c *syntax.Checker, e syntax.Entry) (pipelines.Network, bool) {
	where := syntax.Join(networksKey, e.Key)
	if net, ok := r.known[readNetwork{e.Value, r.problem}]; ok {
		return net, true
	}
	if e.Value.Kind != syntax.ListNode || len(e.Value.Items) == 0 {
		c.Reject(e.Value, where, "a list of layers, from the example to the outputs")
		return "", false
	}
	before := c.Reported
	layers := (&layerReader{c: c}).list(e.Value, where, "", 0)
	if c.Reported > before {
		return "", false
	}
	net, err := pipelines.NetworkOf(layers)
	at := e.At
	if err == nil && r.check != nil {
		var place []string
		if place, err = r.check(net, r.problem); err != nil {
			at, where = layerAt(e.Value, where, place)
		}
	}
	if err != nil {
		c.Addf(at, "%s: %v", where, err)
		return "", false
	}
	r.known[readNetwork{e.Value, r.problem}] = net
	return net, true
}

// layerAt follows a place in a network's JSON through its list of layers in the file,
// and returns the position and the path, at which n is.
func layerAt(n *syntax.Node, path string, place []string) (syntax.Position, string) {
	for _, step := range place {
		if i, err := strconv.Atoi(step); err == nil {
			if i < 0 || i >= len(n.Items) {
				break
			}
			n, path = n.Items[i], fmt.Sprintf("%s[%d]", path, i)
			continue
		}
		inner := n.Get(step) // shortcut; the body stands under the layer's kind
		for _, kind := range []string{layerResidual, layerDense} {
			if step == "body" && n.Get(kind) != nil {
				inner, step = n.Get(kind), kind
			}
		}
		if inner == nil {
			break
		}
		n, path = inner, syntax.Join(path, step)
	}
	return n.At, path
}

// writtenNetworks are the names that a tree gives networks.
func writtenNetworks(tree *syntax.Node) []string {
	var names []string
	if list := tree.Get(networksKey); list != nil {
		for _, e := range list.Entries {
			names = append(names, e.Key)
		}
	}
	return names
}

// layerReader reads the layers of one network and counts them.
type layerReader struct {
	c     *syntax.Checker
	count int
}

// list reads layers one after another. Those without a name of their own get
// their place as one, as in PyTorch's nn.Sequential.
func (r *layerReader) list(n *syntax.Node, path, prefix string, depth int) []pipelines.Layer {
	if n.Kind != syntax.ListNode || len(n.Items) == 0 {
		r.c.Reject(n, path, "a list of at least one layer")
		return nil
	}
	if depth > maxDepth {
		r.c.Addf(n.At, "%s: layers within layers, more than %d deep", path, maxDepth)
		return nil
	}
	layers := make([]pipelines.Layer, 0, len(n.Items))
	for i, item := range n.Items {
		if r.count++; r.count == maxLayers+1 {
			r.c.Addf(item.At, "%s: more than %d layers", path, maxLayers)
		}
		if r.count > maxLayers {
			return nil
		}
		layers = append(layers, r.layer(item, fmt.Sprintf("%s[%d]", path, i), fmt.Sprintf("%s%d", prefix, i), depth))
	}
	return layers
}

// layerForms say of each kind of layer what its own key holds, and which other
// fields it has. A layer whose own key may be empty can be written as a word.
var layerForms = []struct {
	kind   string
	value  syntax.Type // nil for nothing
	doc    string
	word   bool
	fields syntax.Object
}{
	{layerConv, syntax.Integer{Min: 1, Max: maxChannels}, "A convolution: its number of filters.", false, syntax.Object{Fields: []syntax.Field{
		nameField,
		{Name: "kernel", Doc: "Side of the kernel.", Type: syntax.Integer{Min: 1, Max: maxKernel}, Default: int64(3)},
		{Name: "stride", Doc: "Pixels from one window to the next.", Type: syntax.Integer{Min: 1, Max: maxKernel}, Default: int64(1)},
		{Name: "padding", Doc: "Rows and columns of zeros around the image. Default: half the kernel, which keeps the size.", Type: syntax.Integer{Min: 0, Max: maxKernel}},
		{Name: "bias", Doc: "Whether there is a bias.", Type: syntax.Boolean{}, Default: false},
	}}},
	{layerLinear, syntax.Integer{Min: 1, Max: maxChannels}, "A linear layer with bias: its number of outputs.", false, syntax.Object{Fields: []syntax.Field{nameField}}},
	{layerBN, layerName, "Batch normalization, of an image's channels or of features: its name, or nothing.", true, syntax.Object{Fields: []syntax.Field{nameField}}},
	{layerReLU, nil, "", true, syntax.Object{}},
	{layerMaxPool, syntax.Integer{Min: 1, Max: maxKernel}, "Maximum over windows: their side.", false, poolFields},
	{layerAvgPool, window{}, "Mean over windows: their side; global, or nothing, for the whole image.", true, poolFields},
	{layerFlatten, nil, "", true, syntax.Object{}},
	{layerResidual, layerList{}, "The layers whose output is added to their input.", false, syntax.Object{Fields: []syntax.Field{
		{Name: "shortcut", Doc: "Layers between the input and the sum. Default: none, the input itself.", Type: layerList{}},
	}}},
	{layerDense, layerList{}, "The layers whose output is put in front of their input's channels.", false, syntax.Object{}},
}

var (
	layerName  = syntax.Text{Max: 100, Form: syntax.NameForm, Want: "letters, digits, '.', '_' and '-', beginning with a letter or digit, at most 100"}
	nameField  = syntax.Field{Name: "name", Doc: "What the names of its weights begin with. Default: its place in the list.", Type: layerName}
	poolFields = syntax.Object{Fields: []syntax.Field{
		{Name: "stride", Doc: "Pixels from one window to the next. Default: the kernel.", Type: syntax.Integer{Min: 1, Max: maxKernel}},
		{Name: "padding", Doc: "Rows and columns around the image.", Type: syntax.Integer{Min: 0, Max: maxKernel}, Default: int64(0)},
	}}
	layerKinds = []string{layerConv, layerLinear, layerBN, layerReLU, layerMaxPool, layerAvgPool, layerFlatten, layerResidual, layerDense}
)

// window is the side of a window, or global, the whole image, which is 0.
type window struct{}

const globalPool = "global"

func (window) Check(c *syntax.Checker, n *syntax.Node, path string) any {
	if n.IsScalar() && n.Text == globalPool {
		return int64(0)
	}
	side := syntax.Integer{Min: 1, Max: maxKernel}
	if n.Kind == syntax.PlainNode && syntax.IntText.MatchString(n.Text) {
		return side.Check(c, n, path)
	}
	return c.Reject(n, path, side.Want()+", or "+globalPool)
}

func (window) Schema(syntax.Names) syntax.Schema {
	return syntax.Schema{"anyOf": []syntax.Schema{syntax.Integer{Min: 1, Max: maxKernel}.Schema(nil), {"const": globalPool}}}
}

// layerList is a list of layers; layerReader reads it.
type layerList struct{}

func (layerList) Check(c *syntax.Checker, n *syntax.Node, path string) any { return n }

func (layerList) Schema(syntax.Names) syntax.Schema {
	return syntax.Schema{"type": "array", "minItems": 1, "items": syntax.Schema{"$ref": layerRef}}
}

// layerRef is where the schema keeps the definition of a layer, which is recursive.
const (
	layerRef  = "#/$defs/layer"
	layerWant = "a layer: a word (bn, relu, avgpool, flatten), or a mapping with one of conv, linear, bn, maxpool, avgpool, residual, dense"
)

func (r *layerReader) layer(n *syntax.Node, path, place string, depth int) pipelines.Layer {
	kind, value := n.Text, (*syntax.Node)(nil)
	if n.Kind == syntax.MappingNode {
		kind = ""
		for _, e := range n.Entries {
			for _, k := range layerKinds {
				if e.Key != k {
					continue
				}
				if kind != "" {
					r.c.Addf(e.At, "%s: one layer cannot be %s and %s; write two", path, kind, k)
					return pipelines.Layer{}
				}
				kind, value = k, e.Value
			}
		}
		if kind == "" {
			r.c.Addf(n.At, "%s: want %s", path, layerWant)
			return pipelines.Layer{}
		}
	} else if !n.IsScalar() {
		r.c.Reject(n, path, layerWant)
		return pipelines.Layer{}
	}
	for _, form := range layerForms {
		if form.kind == kind {
			if value != nil && value.Kind == syntax.NullNode {
				value = nil
			}
			if value == nil && !form.word {
				r.c.Addf(n.At, "%s: %s needs a value, as {%s: …}", path, kind, kind)
				return pipelines.Layer{}
			}
			if value != nil && form.value == nil {
				r.c.Addf(value.At, "%s: %s takes no value; write the word alone", path, kind)
				return pipelines.Layer{}
			}
			return r.fill(form.kind, form.value, form.fields, n, value, path, place, depth)
		}
	}
	r.c.Addf(n.At, "%s: unknown layer %s%s; want %s", path, syntax.Clip(kind), syntax.DidYouMean(kind, layerKinds), layerWant)
	return pipelines.Layer{}
}

// fill reads the value and the fields of a layer of a known kind.
func (r *layerReader) fill(kind string, typ syntax.Type, fields syntax.Object, n, value *syntax.Node, path, place string, depth int) pipelines.Layer {
	l := pipelines.Layer{Kind: kind}
	rest := &syntax.Node{Kind: syntax.MappingNode, At: n.At}
	for _, e := range n.Entries {
		switch {
		case e.Key == kind:
		case fields.Find(e.Key) == nil:
			r.c.Addf(e.At, "%s: a %s layer has no %s%s; allowed: %s", path, kind, syntax.Clip(e.Key), syntax.DidYouMean(e.Key, fields.Names()),
				strings.Join(append([]string{kind}, fields.Names()...), ", "))
		default:
			rest.Entries = append(rest.Entries, e)
		}
	}
	options, _ := fields.Check(r.c, rest, path).(map[string]any)
	number := func(name string, otherwise int) int {
		if v, ok := options[name].(int64); ok {
			return int(v)
		}
		return otherwise
	}
	size := 0
	if value != nil {
		if v, ok := typ.Check(r.c, value, syntax.Join(path, kind)).(int64); ok {
			size = int(v)
		}
	}
	switch kind {
	case layerConv:
		l.Out, l.Kernel, l.Stride = size, number("kernel", 0), number("stride", 0)
		l.Padding = number("padding", l.Kernel/2)
		l.Bias, _ = options["bias"].(bool)
	case layerLinear:
		l.Out = size
	case layerMaxPool, layerAvgPool:
		l.Kernel, l.Stride, l.Padding = size, number("stride", size), number("padding", 0)
		if kind == layerAvgPool && size == 0 && len(rest.Entries) > 0 {
			r.c.Addf(rest.Entries[0].At, "%s: %s has no effect on the mean over the whole image; give the side of the windows, as {avgpool: 2}", path, rest.Entries[0].Key)
		}
	case layerResidual, layerDense:
		l.Body = r.list(value, syntax.Join(path, kind), place+".", depth+1)
		if shortcut, ok := options["shortcut"].(*syntax.Node); ok {
			l.Shortcut = r.list(shortcut, syntax.Join(path, "shortcut"), place+".shortcut.", depth+1)
		}
	}
	switch kind {
	case layerConv, layerLinear, layerBN:
		l.Name, _ = options["name"].(string)
		if kind == layerBN && value != nil {
			if l.Name != "" {
				r.c.Addf(rest.Get("name").At, "%s: the bn layer has the name %s already; leave one out", path, syntax.Clip(value.Text))
			}
			l.Name = value.Text
		}
		if l.Name == "" {
			l.Name = place
		}
	}
	return l
}

// schema of written-out networks.
func (networks) Schema(syntax.Names) syntax.Schema {
	return syntax.Schema{"type": "object", "propertyNames": syntax.Schema{"pattern": syntax.NameForm.String()}, "maxProperties": maxNetworks,
		"additionalProperties": syntax.Schema{"type": "array", "minItems": 1, "items": syntax.Schema{"$ref": layerRef}}}
}

// layerSchema is the definition behind layerRef.
func layerSchema() syntax.Schema {
	var forms []syntax.Schema
	var words []string
	for _, form := range layerForms {
		if form.word {
			words = append(words, form.kind)
		}
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
		s["required"] = []string{form.kind}
		forms = append(forms, s)
	}
	return syntax.Schema{"oneOf": append([]syntax.Schema{{"enum": words}}, forms...)}
}
