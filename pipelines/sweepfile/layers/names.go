package layers

import (
	"fmt"
	"slices"
	"strings"

	"lossatlas/pipelines/syntax"
)

// BuiltInNames is the list of built-in networks among the names that choices allow.
const BuiltInNames = "nets"

// Net is the type of a field that names a network.
var Net = netChoice{syntax.Choice{From: BuiltInNames, What: "a network", Open: true, Path: true}}

// netChoice is a network: a name, a file, or a built-in one with parameters, {resnet56: {width: 8}}, which becomes the name
// resnet56:width=8 and can be written so.
type netChoice struct{ syntax.Choice }

// netParameters are the parameters of built-in networks, in the order of writing.
var netParameters = syntax.Object{Fields: []syntax.Field{
	{Name: "width", Doc: "Number of filters of the first layers; the others are in proportion. Of a DenseNet the growth.", Type: syntax.Integer{Min: 1, Max: 1024}},
	{Name: "shortcut", Doc: "Of a residual network: conv, or pad, shortcuts without parameters (option A of He et al.).", Type: syntax.Choice{Of: []string{"conv", padShortcut}, What: "a shortcut"}},
}}

const netForm = "a built-in network with parameters, as {resnet56: {width: 8}}"

func (t netChoice) Check(c *syntax.Checker, n *syntax.Node, path string) any {
	if isLayers(n) || n.Kind == syntax.MappingNode && len(n.Entries) == 1 && isLayers(n.Entries[0].Value) {
		c.Addf(n.At, "%s: a network that is written out has its place below networks:, as networks: {mine: [{conv: 16}, relu, …]}, and is named here", path)
		return nil
	}
	if n.Kind == syntax.MappingNode {
		return t.variant(c, n, path)
	}
	base, parameters, given := strings.Cut(n.Text, ":")
	if !given || !n.IsScalar() || syntax.IsPath(n.Text) {
		return t.Choice.Check(c, n, path)
	}
	fields := &syntax.Node{Kind: syntax.MappingNode, At: n.At}
	for _, one := range strings.Split(parameters, ",") {
		key, value, _ := strings.Cut(one, "=")
		fields.Entries = append(fields.Entries, syntax.Entry{Key: key, At: n.At, Value: &syntax.Node{Kind: syntax.PlainNode, Text: value, At: n.At}})
	}
	return t.named(c, syntax.Entry{Key: base, At: n.At, Value: fields}, path)
}

// isLayers says whether a node is a list of layers: some of its items are mappings with kinds of layers as keys.
func isLayers(n *syntax.Node) bool {
	return n.Kind == syntax.ListNode && slices.ContainsFunc(n.Items, func(item *syntax.Node) bool {
		return item.Kind == syntax.MappingNode && slices.ContainsFunc(item.Entries, func(e syntax.Entry) bool { return slices.Contains(layerKeys, e.Key) })
	})
}

// variant reads {name: {parameter: value}}.
func (t netChoice) variant(c *syntax.Checker, n *syntax.Node, path string) any {
	if len(n.Entries) != 1 || n.Entries[0].Value.Kind != syntax.MappingNode || len(n.Entries[0].Value.Entries) == 0 {
		return c.Reject(n, path, netForm)
	}
	return t.named(c, n.Entries[0], path)
}

// named is the name of a network with parameters.
func (t netChoice) named(c *syntax.Checker, e syntax.Entry, path string) any {
	before := c.Reported
	t.Path = false
	name := t.Choice.Check(c, &syntax.Node{Kind: syntax.PlainNode, Text: e.Key, At: e.At}, path)
	given, _ := netParameters.Check(c, e.Value, syntax.Join(path, e.Key)).(map[string]any)
	if c.Reported > before {
		return nil
	}
	var parts []string
	for _, f := range netParameters.Fields {
		if v, ok := given[f.Name]; ok {
			parts = append(parts, fmt.Sprintf("%s=%v", f.Name, v))
		}
	}
	return fmt.Sprintf("%v:%s", name, strings.Join(parts, ","))
}

func (t netChoice) Schema(known syntax.Names) syntax.Schema {
	return syntax.Schema{"anyOf": []syntax.Schema{t.Choice.Schema(known), netVariantSchema()}}
}

func netVariantSchema() syntax.Schema {
	return syntax.Schema{"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": netParameters.Schema(nil)}
}
