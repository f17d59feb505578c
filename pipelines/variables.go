package pipelines

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// A file may give values names: variables: {width: 32}. Then $width stands for
// the value wherever a whole value may stand, also in lists, in sweep and in
// presets. A preset may give a variable another value, and sweep may vary it, so
// that one swept value reaches several fields. A text that begins with a dollar
// sign is put in quotes.

const variablesKey = "variables"

// Limits on variables, so that a short file cannot stand for a long one.
const (
	maxVariables      = 256
	maxVariableValues = 1000    // in one list
	maxFilled         = 150_000 // nodes that are made to put values in their places
)

const variableWant = "letters, digits, '_' and '-', beginning with a letter, at most 64"

var variableForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)

// variable is a value with a name; the place where the name gets it is the value's.
type variable struct {
	name  string
	value *node
}

// variableUsed is the name of the variable that a node stands for.
func (n *node) variableUsed() (name string, ok bool) {
	if n.kind != plainNode {
		return "", false
	}
	return strings.CutPrefix(n.text, "$")
}

// variables is the field variables. They are read by declare, and put in their
// places before anything else is checked.
type variables struct{}

func (variables) check(*checker, *node, string) any { return nil }

func (variables) schema(Catalog) schema {
	single := []string{"string", "number", "boolean"}
	return schema{"type": "object", "propertyNames": schema{"pattern": variableForm.String()}, "maxProperties": maxVariables,
		"additionalProperties": schema{"anyOf": []schema{{"type": single}, {"type": "array", "maxItems": maxVariableValues,
			"items": schema{"type": append([]string{"array"}, single...)}}}}}
}

// declare reads the variables of a file, and checks that all that are used are
// there and that none is left over. Presets count: a variable may be for them alone.
func (c *checker) declare(root *node) bool {
	before := c.reported
	list := root.get(variablesKey)
	if list != nil && list.kind != mappingNode {
		c.reject(list, variablesKey, "a mapping of names to values, as {width: 32}")
		return false
	}
	if list == nil {
		list = &node{kind: mappingNode}
	}
	if len(list.entries) > maxVariables {
		c.addf(list.at, "more than %d variables", maxVariables)
		return false
	}
	for _, e := range list.entries {
		if !variableForm.MatchString(e.key) {
			c.addf(e.at, "%s: %s is no name for a variable; want %s", variablesKey, clip(e.key), variableWant)
			continue
		}
		c.declared = append(c.declared, e.key)
		checkVariable(c, e)
	}
	used := make(map[string]bool)
	root.with([]string{variablesKey}, nil).each(func(n *node) {
		name, ok := n.variableUsed()
		if !ok {
			return
		}
		used[name] = true
		if !slices.Contains(c.declared, name) {
			c.addf(n.at, "%s", c.unknownVariable(name))
		}
	})
	for _, e := range list.entries {
		if !used[e.key] && slices.Contains(c.declared, e.key) {
			c.addf(e.at, "%s: %s is not used; write $%s where its value belongs, or remove it", variablesKey, e.key, e.key)
		}
	}
	return c.reported == before
}

// unknownVariable says that there is no such variable, and what to do about it.
func (c *checker) unknownVariable(name string) string {
	if name == "" {
		return "$ without the name of a variable; put a text that begins with $ in quotes"
	}
	msg := "there is no variable " + clip(name) + didYouMean(name, c.declared)
	if len(c.declared) == 0 {
		return msg + "; give it a value under variables, or put a text that begins with $ in quotes"
	}
	return msg + "; there are " + some(c.declared) + " (a text that begins with $ stands in quotes)"
}

// checkVariable checks the value that a variable is given.
func checkVariable(c *checker, e entry) bool {
	before := c.reported
	const want = "a value or a list of values"
	values := 0
	e.value.each(func(n *node) {
		if n.isScalar() {
			values++
		}
		switch _, used := n.variableUsed(); {
		case used:
			c.addf(n.at, "%s: %s holds the variable %s; a variable's value is written out", variablesKey, e.key, clip(n.text))
		case n.kind == mappingNode, n.kind == nullNode:
			c.reject(n, join(variablesKey, e.key), want)
		}
	})
	if values > maxVariableValues {
		c.addf(e.at, "%s: %s holds more than %d values", variablesKey, e.key, maxVariableValues)
	}
	return c.reported == before
}

// each calls f for n and for every value below it.
func (n *node) each(f func(*node)) {
	f(n)
	for _, item := range n.items {
		item.each(f)
	}
	for _, e := range n.entries {
		e.value.each(f)
	}
}

// variablesOf are the variables of a tree by their names.
func variablesOf(tree *node) map[string]variable {
	out := make(map[string]variable)
	if list := tree.get(variablesKey); list != nil {
		for _, e := range list.entries {
			out[e.key] = variable{e.key, e.value}
		}
	}
	return out
}

// filler makes the trees of a sweep's points: the file with the values of its
// variables in their places.
type filler struct {
	tree *node
	vars map[string]variable
	made map[string]*node // by the values of the variables that are swept
}

func newFiller(tree *node) *filler {
	return &filler{tree: tree.with([]string{variablesKey}, nil), vars: variablesOf(tree), made: make(map[string]*node)}
}

// at is the tree of a point. Points with the same variables share one.
func (f *filler) at(c *checker, p point) *node {
	vars, key := f.vars, ""
	for _, set := range p.sets {
		if name, ok := strings.CutPrefix(set.path, variablesKey+"."); ok {
			if key == "" {
				vars = maps.Clone(vars)
			}
			vars[name] = variable{name, set.node}
			key += name + "=" + canonical(set.value) + "\n"
		}
	}
	if _, ok := f.made[key]; !ok {
		f.made[key] = c.fill(f.tree, vars)
	}
	return f.made[key]
}

// fill returns n with values in the places of variables. What holds none is shared with n.
func (c *checker) fill(n *node, vars map[string]variable) *node {
	if c.filled > maxFilled {
		return n
	}
	switch n.kind {
	case plainNode:
		if name, ok := n.variableUsed(); ok {
			v := vars[name]
			at := n.at
			at.of = &v
			return c.stand(v.value, at)
		}
	case listNode:
		var items []*node
		for i, item := range n.items {
			filled := c.fill(item, vars)
			if filled != item && items == nil {
				items = slices.Clone(n.items)
			}
			if items != nil {
				items[i] = filled
			}
		}
		if items != nil {
			c.count(n.at, len(items))
			return &node{kind: listNode, at: n.at, items: items}
		}
	case mappingNode:
		var entries []entry
		for i, e := range n.entries {
			filled := c.fill(e.value, vars)
			if filled != e.value && entries == nil {
				entries = slices.Clone(n.entries)
			}
			if entries != nil {
				entries[i].value = filled
			}
		}
		if entries != nil {
			c.count(n.at, len(entries))
			return &node{kind: mappingNode, at: n.at, entries: entries}
		}
	}
	return n
}

// stand is a variable's value where it is used: its place is that of the use, so
// that errors point there.
func (c *checker) stand(value *node, at position) *node {
	out := *value
	out.at = at
	out.items = make([]*node, len(value.items))
	for i, item := range value.items {
		out.items[i] = c.stand(item, at)
	}
	c.count(at, 1)
	return &out
}

// count notes that n nodes were made, and reports it once when they are too many.
func (c *checker) count(at position, n int) {
	before := c.filled
	c.filled += n
	if before <= maxFilled && c.filled > maxFilled {
		c.addf(position{line: at.line, column: at.column}, "variables stand in too many places, or are swept over too many values; write some of them out")
	}
}

// checkSwept checks that variables that are swept stand where each experiment can
// have its own value: where a value could be swept, and in networks.
func (c *checker) checkSwept(n *node, path string, swept map[string]position) {
	if name, ok := n.variableUsed(); ok {
		if at, ok := swept[name]; ok && !canVary(path) {
			c.addf(n.at, "$%s is swept (%s) and cannot stand here; a swept variable stands in the parameters of dataset, train and maps, and in networks", name, at)
		}
	}
	for _, item := range n.items {
		c.checkSwept(item, path, swept)
	}
	for _, e := range n.entries {
		c.checkSwept(e.value, join(path, e.key), swept)
	}
}

// canVary says whether a value at a path can differ between experiments.
func canVary(path string) bool {
	if strings.HasPrefix(path, networksKey+".") {
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
func sweptVariables(points []point) map[string]position {
	out := make(map[string]position)
	for _, p := range points {
		for _, set := range p.sets {
			if name, ok := strings.CutPrefix(set.path, variablesKey+"."); ok {
				if _, known := out[name]; !known {
					out[name] = set.at
				}
			}
		}
	}
	return out
}

// anyValue is the type of a variable: what its value must be is for the fields
// to say in which it stands.
type anyValue struct{}

func (anyValue) check(c *checker, n *node, path string) any {
	switch n.kind {
	case quotedNode:
		return n.text
	case plainNode:
		if intText.MatchString(n.text) {
			if v := (integer{-maxSeed, maxSeed}).check(c, n, path); v != nil {
				return v
			}
			return nil
		}
		if v, ok := parseNumber(n); ok {
			return v
		}
		for _, b := range []string{"true", "false"} {
			if strings.EqualFold(n.text, b) {
				return b == "true"
			}
		}
		return n.text
	case listNode:
		out := make([]any, 0, len(n.items))
		for _, item := range n.items {
			v := anyValue{}.check(c, item, path)
			if v == nil {
				return nil
			}
			out = append(out, v)
		}
		return out
	}
	return c.reject(n, path, "a value or a list of values")
}

func (anyValue) schema(Catalog) schema { return schema{} }
