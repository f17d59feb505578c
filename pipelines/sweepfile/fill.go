package sweepfile

import (
	"maps"
	"strings"

	"lossatlas/pipelines/sweepfile/layers"
	"lossatlas/pipelines/syntax"
)

// filler makes the trees of a sweep's points: the file with the values of its
// variables in their places.
type filler struct {
	tree *syntax.Node
	vars map[string]syntax.Variable
	made map[string]*filled // by the values of the variables that are swept
}

// filled is a file with the values of its variables in their places.
type filled struct {
	tree   *syntax.Node
	config *config // of the tree without anything that is swept, nil until it is read
}

func newFiller(tree *syntax.Node) *filler {
	return &filler{tree: tree.With([]string{syntax.VariablesKey}, nil), vars: syntax.VariablesOf(tree), made: make(map[string]*filled)}
}

// at is the file of a point. Points with the same variables share one.
func (f *filler) at(c *syntax.Checker, p point) *filled {
	vars, key := f.vars, ""
	for _, set := range p.sets {
		if name, ok := strings.CutPrefix(set.path, syntax.VariablesKey+"."); ok {
			if key == "" {
				vars = maps.Clone(vars)
			}
			vars[name] = syntax.Variable{Name: name, Value: set.node}
			key += name + "=" + syntax.Canonical(set.value) + "\n"
		}
	}
	if _, ok := f.made[key]; !ok {
		f.made[key] = &filled{tree: c.Fill(f.tree, vars)}
	}
	return f.made[key]
}

// checkSwept checks that variables that are swept stand where each experiment can
// have its own value: where a value could be swept, and in networks.
func checkSwept(c *syntax.Checker, n *syntax.Node, path string, swept map[string]syntax.Position) {
	if name, ok := n.VariableUsed(); ok {
		if at, ok := swept[name]; ok && !canVary(path) {
			c.Addf(n.At, "$%s is swept (%s) and cannot stand here; a swept variable stands in the parameters of dataset, train and maps, and in networks", name, at)
		}
	}
	for _, item := range n.Items {
		checkSwept(c, item, path, swept)
	}
	for _, e := range n.Entries {
		checkSwept(c, e.Value, syntax.Join(path, e.Key), swept)
	}
}

// canVary says whether a value at a path can differ between experiments.
func canVary(path string) bool {
	if strings.HasPrefix(path, layers.Key+".") {
		return true
	}
	for path != "" {
		if _, err := parameter(path); err == nil {
			return path != "dataset.name"
		}
		path = path[:max(strings.LastIndexByte(path, '.'), 0)]
	}
	return false
}

// sweptVariables are the variables that points set, with the place where they do.
func sweptVariables(points []point) map[string]syntax.Position {
	out := make(map[string]syntax.Position)
	for _, p := range points {
		for _, set := range p.sets {
			if name, ok := strings.CutPrefix(set.path, syntax.VariablesKey+"."); ok {
				if _, known := out[name]; !known {
					out[name] = set.at
				}
			}
		}
	}
	return out
}
