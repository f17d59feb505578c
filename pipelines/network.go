package pipelines

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"lossatlas/artifacts"
)

// Network is which network a step works on: the name of a built-in one, or the
// layers of one that is written out in the sweep file, as canonical JSON (a list
// of Layer). In JSON it is a string or that list. A written-out network's name is
// no part of it, so that equal networks share results whatever they are called.
type Network string

// Written says that the network is a list of layers.
func (n Network) Written() bool { return strings.HasPrefix(string(n), "[") }

// String is the name, or "net-" and the beginning of the digest of the layers.
func (n Network) String() string {
	if !n.Written() {
		return string(n)
	}
	return "net-" + artifacts.Of([]byte(n)).Hex()[:8]
}

// MarshalJSON writes a name as a string and layers as a list.
func (n Network) MarshalJSON() ([]byte, error) {
	if n.Written() {
		return []byte(n), nil
	}
	return json.Marshal(string(n))
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (n *Network) UnmarshalJSON(b []byte) error {
	if strings.HasPrefix(string(b), "[") {
		var layers []Layer
		if err := json.Unmarshal(b, &layers); err != nil {
			return err
		}
		next, err := network(layers)
		*n = next
		return err
	}
	return json.Unmarshal(b, (*string)(n))
}

func network(layers []Layer) (Network, error) {
	b, err := json.Marshal(layers)
	return Network(b), err
}

// NamedNetwork is a network with its name in a sweep file.
type NamedNetwork struct {
	Name    string
	Network Network
	Problem Problem // what it learns
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

// Layer is one layer of a written-out network, with all defaults filled in.
type Layer struct {
	Kind string `json:"kind"` // conv, linear, bn, relu, maxpool, avgpool, flatten, residual, dense
	// Name is what the names of the weights of a conv, linear or bn begin with.
	Name string `json:"name,omitempty"`
	Out  int    `json:"out,omitempty"` // filters of a conv, outputs of a linear
	// Kernel of an avgpool is 0 for the mean over the whole image.
	Kernel   int     `json:"kernel,omitempty"`
	Stride   int     `json:"stride,omitempty"`
	Padding  int     `json:"padding,omitempty"`
	Bias     bool    `json:"bias,omitempty"`     // of a conv; a linear always has one
	Body     []Layer `json:"body,omitempty"`     // of a residual or dense
	Shortcut []Layer `json:"shortcut,omitempty"` // of a residual; none is the identity
}

// Limits of written-out networks.
const (
	maxNetworks = 64
	maxLayers   = 2000 // of one network, those within residual and dense layers included
	maxDepth    = 8    // of residual and dense layers within each other
	maxChannels = 100_000
	maxKernel   = 32
)

// networks is {name: [layers]}.
type networks struct{}

// check leaves the networks in the checker.
func (networks) check(c *checker, n *node, path string) any {
	if n.kind != mappingNode {
		return c.reject(n, path, "networks by name, as {mynet: [{conv: 16}, {bn: }, relu, avgpool, flatten, {linear: 10}]}")
	}
	if len(n.entries) > maxNetworks {
		c.addf(n.at, "%s: more than %d networks", path, maxNetworks)
		return nil
	}
	out := make(map[string]Network)
	for _, e := range n.entries {
		where := join(path, e.key)
		switch {
		case !nameForm.MatchString(e.key):
			c.addf(e.at, "%s: %s is no name for a network; want %s", path, clip(e.key), nameWant)
			continue
		case slices.Contains(c.builtIn, e.key):
			c.addf(e.at, "%s: %s is the name of a built-in network; choose another", path, e.key)
			continue
		case e.value.kind != listNode || len(e.value.items) == 0:
			c.reject(e.value, where, "a list of layers, from the example to the outputs")
			continue
		}
		if net, ok := c.right[e.value]; ok {
			out[e.key] = net
			continue
		}
		r := layerReader{c: c}
		before := c.reported
		layers := r.list(e.value, where, "", 0)
		if c.reported > before {
			continue
		}
		net, err := network(layers)
		if err != nil {
			c.addf(e.at, "%s: %v", where, err)
			continue
		}
		if c.cat.CheckNetwork != nil {
			if place, err := c.cat.CheckNetwork(net, c.problem); err != nil {
				at, where := e.value.layer(where, place)
				c.addf(at, "%s: %v", where, err)
				continue
			}
		}
		c.right[e.value], out[e.key] = net, net
	}
	c.networks = out
	return nil
}

// layer follows a place in a network's JSON through its list of layers in the file,
// and returns the position and the path, at which n is.
func (n *node) layer(path string, place []string) (position, string) {
	for _, step := range place {
		if i, err := strconv.Atoi(step); err == nil {
			if i < 0 || i >= len(n.items) {
				break
			}
			n, path = n.items[i], fmt.Sprintf("%s[%d]", path, i)
			continue
		}
		inner := n.get(step) // shortcut; the body stands under the layer's kind
		for _, kind := range []string{layerResidual, layerDense} {
			if step == "body" && n.get(kind) != nil {
				inner, step = n.get(kind), kind
			}
		}
		if inner == nil {
			break
		}
		n, path = inner, join(path, step)
	}
	return n.at, path
}

// writtenNetworks are the names that a tree gives networks.
func writtenNetworks(tree *node) []string {
	var names []string
	if list := tree.get(networksKey); list != nil {
		for _, e := range list.entries {
			names = append(names, e.key)
		}
	}
	return names
}

// layerReader reads the layers of one network and counts them.
type layerReader struct {
	c     *checker
	count int
}

// list reads layers one after another. Those without a name of their own get
// their place as one, as in PyTorch's nn.Sequential.
func (r *layerReader) list(n *node, path, prefix string, depth int) []Layer {
	if n.kind != listNode || len(n.items) == 0 {
		r.c.reject(n, path, "a list of at least one layer")
		return nil
	}
	if depth > maxDepth {
		r.c.addf(n.at, "%s: layers within layers, more than %d deep", path, maxDepth)
		return nil
	}
	layers := make([]Layer, 0, len(n.items))
	for i, item := range n.items {
		if r.count++; r.count == maxLayers+1 {
			r.c.addf(item.at, "%s: more than %d layers", path, maxLayers)
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
	value  typ // nil for nothing
	doc    string
	word   bool
	fields object
}{
	{layerConv, integer{1, maxChannels}, "A convolution: its number of filters.", false, object{[]field{
		nameField,
		{name: "kernel", doc: "Side of the kernel.", typ: integer{1, maxKernel}, def: int64(3)},
		{name: "stride", doc: "Pixels from one window to the next.", typ: integer{1, maxKernel}, def: int64(1)},
		{name: "padding", doc: "Rows and columns of zeros around the image. Default: half the kernel, which keeps the size.", typ: integer{0, maxKernel}},
		{name: "bias", doc: "Whether there is a bias.", typ: boolean{}, def: false},
	}}},
	{layerLinear, integer{1, maxChannels}, "A linear layer with bias: its number of outputs.", false, object{[]field{nameField}}},
	{layerBN, layerName, "Batch normalization, of an image's channels or of features: its name, or nothing.", true, object{[]field{nameField}}},
	{layerReLU, nil, "", true, object{}},
	{layerMaxPool, integer{1, maxKernel}, "Maximum over windows: their side.", false, poolFields},
	{layerAvgPool, window{}, "Mean over windows: their side; global, or nothing, for the whole image.", true, poolFields},
	{layerFlatten, nil, "", true, object{}},
	{layerResidual, layerList{}, "The layers whose output is added to their input.", false, object{[]field{
		{name: "shortcut", doc: "Layers between the input and the sum. Default: none, the input itself.", typ: layerList{}},
	}}},
	{layerDense, layerList{}, "The layers whose output is put in front of their input's channels.", false, object{}},
}

var (
	layerName  = text{max: 100, form: nameForm, want: "letters, digits, '.', '_' and '-', beginning with a letter or digit, at most 100"}
	nameField  = field{name: "name", doc: "What the names of its weights begin with. Default: its place in the list.", typ: layerName}
	poolFields = object{[]field{
		{name: "stride", doc: "Pixels from one window to the next. Default: the kernel.", typ: integer{1, maxKernel}},
		{name: "padding", doc: "Rows and columns around the image.", typ: integer{0, maxKernel}, def: int64(0)},
	}}
	layerKinds = []string{layerConv, layerLinear, layerBN, layerReLU, layerMaxPool, layerAvgPool, layerFlatten, layerResidual, layerDense}
)

// window is the side of a window, or global, the whole image, which is 0.
type window struct{}

const globalPool = "global"

func (window) check(c *checker, n *node, path string) any {
	if n.isScalar() && n.text == globalPool {
		return int64(0)
	}
	side := integer{1, maxKernel}
	if n.kind == plainNode && intText.MatchString(n.text) {
		return side.check(c, n, path)
	}
	return c.reject(n, path, side.want()+", or "+globalPool)
}

func (window) schema(Catalog) schema {
	return schema{"anyOf": []schema{integer{1, maxKernel}.schema(Catalog{}), {"const": globalPool}}}
}

// layerList is a list of layers; layerReader reads it.
type layerList struct{}

func (layerList) check(c *checker, n *node, path string) any { return n }

func (layerList) schema(Catalog) schema {
	return schema{"type": "array", "minItems": 1, "items": schema{"$ref": layerRef}}
}

// layerRef is where the schema keeps the definition of a layer, which is recursive.
const (
	layerRef  = "#/$defs/layer"
	layerWant = "a layer: a word (bn, relu, avgpool, flatten), or a mapping with one of conv, linear, bn, maxpool, avgpool, residual, dense"
)

func (r *layerReader) layer(n *node, path, place string, depth int) Layer {
	kind, value := n.text, (*node)(nil)
	if n.kind == mappingNode {
		kind = ""
		for _, e := range n.entries {
			for _, k := range layerKinds {
				if e.key != k {
					continue
				}
				if kind != "" {
					r.c.addf(e.at, "%s: one layer cannot be %s and %s; write two", path, kind, k)
					return Layer{}
				}
				kind, value = k, e.value
			}
		}
		if kind == "" {
			r.c.addf(n.at, "%s: want %s", path, layerWant)
			return Layer{}
		}
	} else if !n.isScalar() {
		r.c.reject(n, path, layerWant)
		return Layer{}
	}
	for _, form := range layerForms {
		if form.kind == kind {
			if value != nil && value.kind == nullNode {
				value = nil
			}
			if value == nil && !form.word {
				r.c.addf(n.at, "%s: %s needs a value, as {%s: …}", path, kind, kind)
				return Layer{}
			}
			if value != nil && form.value == nil {
				r.c.addf(value.at, "%s: %s takes no value; write the word alone", path, kind)
				return Layer{}
			}
			return r.fill(form.kind, form.value, form.fields, n, value, path, place, depth)
		}
	}
	r.c.addf(n.at, "%s: unknown layer %s%s; want %s", path, clip(kind), didYouMean(kind, layerKinds), layerWant)
	return Layer{}
}

// fill reads the value and the fields of a layer of a known kind.
func (r *layerReader) fill(kind string, typ typ, fields object, n, value *node, path, place string, depth int) Layer {
	l := Layer{Kind: kind}
	rest := &node{kind: mappingNode, at: n.at}
	for _, e := range n.entries {
		switch {
		case e.key == kind:
		case fields.find(e.key) == nil:
			r.c.addf(e.at, "%s: a %s layer has no %s%s; allowed: %s", path, kind, clip(e.key), didYouMean(e.key, fields.names()),
				strings.Join(append([]string{kind}, fields.names()...), ", "))
		default:
			rest.entries = append(rest.entries, e)
		}
	}
	options, _ := fields.check(r.c, rest, path).(map[string]any)
	number := func(name string, otherwise int) int {
		if v, ok := options[name].(int64); ok {
			return int(v)
		}
		return otherwise
	}
	size := 0
	if value != nil {
		if v, ok := typ.check(r.c, value, join(path, kind)).(int64); ok {
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
		if kind == layerAvgPool && size == 0 && len(rest.entries) > 0 {
			r.c.addf(rest.entries[0].at, "%s: %s has no effect on the mean over the whole image; give the side of the windows, as {avgpool: 2}", path, rest.entries[0].key)
		}
	case layerResidual, layerDense:
		l.Body = r.list(value, join(path, kind), place+".", depth+1)
		if shortcut, ok := options["shortcut"].(*node); ok {
			l.Shortcut = r.list(shortcut, join(path, "shortcut"), place+".shortcut.", depth+1)
		}
	}
	switch kind {
	case layerConv, layerLinear, layerBN:
		l.Name, _ = options["name"].(string)
		if kind == layerBN && value != nil {
			if l.Name != "" {
				r.c.addf(rest.get("name").at, "%s: the bn layer has the name %s already; leave one out", path, clip(value.text))
			}
			l.Name = value.text
		}
		if l.Name == "" {
			l.Name = place
		}
	}
	return l
}

// schema of written-out networks.
func (networks) schema(Catalog) schema {
	return schema{"type": "object", "propertyNames": schema{"pattern": nameForm.String()}, "maxProperties": maxNetworks,
		"additionalProperties": schema{"type": "array", "minItems": 1, "items": schema{"$ref": layerRef}}}
}

// layerSchema is the definition behind layerRef.
func layerSchema() schema {
	var forms []schema
	var words []string
	for _, form := range layerForms {
		if form.word {
			words = append(words, form.kind)
		}
		if form.value == nil {
			continue
		}
		s := form.fields.schema(Catalog{})
		value := form.value.schema(Catalog{})
		if form.word {
			value = nullable(value)
		}
		value["description"] = form.doc
		s["properties"].(schema)[form.kind] = value
		s["required"] = []string{form.kind}
		forms = append(forms, s)
	}
	return schema{"oneOf": append([]schema{{"enum": words}}, forms...)}
}
