package layers

import (
	"fmt"
	"slices"
	"strconv"

	"lossatlas/pipelines"
	"lossatlas/pipelines/syntax"
)

// Limits of written-out networks.
const (
	maxNetworks = 64
	maxLayers   = 2000 // of one network, those within residual and dense layers included
	maxDepth    = 8    // of residual and dense layers within each other
	MaxChannels = 100_000
	maxKernel   = 32
)

// Key is the key of the field.
const Key = "networks"

// Networks is the type of the field: {name: [layers]}. They are read by Reader, as their layers may hold variables that are swept.
type Networks struct{}

func (Networks) Check(*syntax.Checker, *syntax.Node, string) any { return nil }

// Reader reads the networks that a file writes out. builtIn are the names that they can't have.
type Reader struct {
	BuiltIn []string
	// Check returns the fault of a network for a problem, and the way to the layer through the network's JSON ("4", "shortcut",
	// "0"); nil checks nothing.
	Check   func(n pipelines.Network, p pipelines.Problem) (place []string, err error)
	Problem pipelines.Problem // of the file's data set
	// known are the networks read already: experiments and presets share most of them.
	known map[readNetwork]pipelines.Network
}

// readNetwork is a list of layers that was checked for a problem.
type readNetwork struct {
	layers  *syntax.Node
	problem pipelines.Problem
}

// Read returns the networks of a tree by their names.
func (r *Reader) Read(c *syntax.Checker, tree *syntax.Node) map[string]pipelines.Network {
	n := tree.Get(Key)
	switch {
	case n == nil:
		return nil
	case n.Kind != syntax.MappingNode:
		c.Reject(n, Key, "networks by name, as {mynet: [{conv: 16}, {bn: }, relu, avgpool, flatten, {linear: 10}]}")
		return nil
	case len(n.Entries) > maxNetworks:
		c.Addf(n.At, "%s: more than %d networks", Key, maxNetworks)
		return nil
	}
	if r.known == nil {
		r.known = make(map[readNetwork]pipelines.Network)
	}
	out := make(map[string]pipelines.Network)
	for _, e := range n.Entries {
		switch {
		case !syntax.NameForm.MatchString(e.Key):
			c.Addf(e.At, "%s: %s is no name for a network; want %s", Key, syntax.Clip(e.Key), syntax.NameWant)
		case slices.Contains(r.BuiltIn, e.Key):
			c.Addf(e.At, "%s: %s is the name of a built-in network; choose another", Key, e.Key)
		default:
			if net, ok := r.network(c, e); ok {
				out[e.Key] = net
			}
		}
	}
	return out
}

// network reads the layers of one network.
func (r *Reader) network(c *syntax.Checker, e syntax.Entry) (pipelines.Network, bool) {
	where := syntax.Join(Key, e.Key)
	if net, ok := r.known[readNetwork{e.Value, r.Problem}]; ok {
		return net, true
	}
	var net pipelines.Network
	var err error
	switch before := c.Reported; {
	case e.Value.Kind == syntax.MappingNode:
		name, _ := Net.variant(c, e.Value, where).(string)
		net = pipelines.Network(name)
	case e.Value.Kind != syntax.ListNode || len(e.Value.Items) == 0:
		c.Reject(e.Value, where, "a list of layers, from the example to the outputs, or "+netForm)
		return "", false
	default:
		layers := (&layerReader{c: c}).list(e.Value, where, "", 0)
		if c.Reported > before {
			return "", false
		}
		net, err = pipelines.NetworkOf(layers)
	}
	if net == "" {
		return "", false
	}
	at := e.At
	if err == nil && r.Check != nil {
		var place []string
		if place, err = r.Check(net, r.Problem); err != nil {
			at, where = layerAt(e.Value, where, place)
		}
	}
	if err != nil {
		c.Addf(at, "%s: %v", where, err)
		return "", false
	}
	r.known[readNetwork{e.Value, r.Problem}] = net
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

// Names are the names that a tree gives networks.
func Names(tree *syntax.Node) []string {
	var names []string
	if list := tree.Get(Key); list != nil {
		for _, e := range list.Entries {
			names = append(names, e.Key)
		}
	}
	return names
}

// schema of written-out networks.
func (Networks) Schema(syntax.Names) syntax.Schema {
	return syntax.Schema{"type": "object", "propertyNames": syntax.Schema{"pattern": syntax.NameForm.String()}, "maxProperties": maxNetworks,
		"additionalProperties": syntax.Schema{"anyOf": []syntax.Schema{layerList{}.Schema(nil), netVariantSchema()}}}
}
