package parameters

import (
	"maps"
	"strings"

	"lossatlas/pipelines/sweepfile/layers"
	"lossatlas/pipelines/syntax"
)

// Filler makes the trees of a sweep's points: the file with the values of its
// variables in their places.
type Filler struct {
	Tree *syntax.Node
	vars map[string]syntax.Variable
	made map[string]*syntax.Node // by the values of the variables that are swept
}

// NewFiller is the filler of a file's tree.
func NewFiller(tree *syntax.Node) *Filler {
	return &Filler{Tree: tree.With([]string{syntax.VariablesKey}, nil), vars: syntax.VariablesOf(tree), made: make(map[string]*syntax.Node)}
}

// At is the file of a point. Points with the same variables share one.
func (f *Filler) At(c *syntax.Checker, p Point) *syntax.Node {
	vars, key := f.vars, ""
	for _, set := range p.Sets {
		if name, ok := strings.CutPrefix(set.Path, syntax.VariablesKey+"."); ok {
			if key == "" {
				vars = maps.Clone(vars)
			}
			vars[name] = syntax.Variable{Name: name, Value: set.Node}
			key += name + "=" + syntax.Canonical(set.Value) + "\n"
		}
	}
	if _, ok := f.made[key]; !ok {
		f.made[key] = c.Fill(f.Tree, vars)
	}
	return f.made[key]
}

// CheckSwept checks that variables that are swept stand where each experiment can
// have its own value: where a value could be swept, and in networks.
func (t *Table) CheckSwept(c *syntax.Checker, n *syntax.Node, path string, swept map[string]syntax.Position) {
	if name, ok := n.VariableUsed(); ok {
		if at, ok := swept[name]; ok && !t.canVary(path) {
			c.Addf(n.At, "$%s is swept (%s) and cannot stand here; a swept variable stands in the parameters of dataset, train and maps, and in networks", name, at)
		}
	}
	for _, item := range n.Items {
		t.CheckSwept(c, item, path, swept)
	}
	for _, e := range n.Entries {
		t.CheckSwept(c, e.Value, syntax.Join(path, e.Key), swept)
	}
}

// canVary says whether a value at a path can differ between experiments.
func (t *Table) canVary(path string) bool {
	if strings.HasPrefix(path, layers.Key+".") {
		return true
	}
	for path != "" {
		if _, err := t.Parameter(path); err == nil {
			return path != "dataset.name"
		}
		path = path[:max(strings.LastIndexByte(path, '.'), 0)]
	}
	return false
}

// SweptVariables are the variables that points set, with the place where they do.
func SweptVariables(points []Point) map[string]syntax.Position {
	out := make(map[string]syntax.Position)
	for _, p := range points {
		for _, set := range p.Sets {
			if name, ok := strings.CutPrefix(set.Path, syntax.VariablesKey+"."); ok {
				if _, known := out[name]; !known {
					out[name] = set.At
				}
			}
		}
	}
	return out
}
