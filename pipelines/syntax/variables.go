package syntax

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// A file may give values names: variables: {width: 32}. Then $width stands for
// the value wherever a whole value may stand, also in lists. A text that begins
// with a dollar sign is put in quotes.

// VariablesKey is the field that gives them.
const VariablesKey = "variables"

// Limits on variables, so that a short file cannot stand for a long one.
const (
	maxVariables      = 256
	MaxVariableValues = 1000    // in one list
	MaxFilled         = 150_000 // nodes that are made to put values in their places
)

const variableWant = "letters, digits, '_' and '-', beginning with a letter, at most 64"

var variableForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)

// Variable is a value with a name; the place where the name gets it is the value's.
type Variable struct {
	Name  string
	Value *Node
}

// VariableUsed is the name of the variable that a node stands for.
func (n *Node) VariableUsed() (name string, ok bool) {
	if n.Kind != PlainNode {
		return "", false
	}
	return strings.CutPrefix(n.Text, "$")
}

// Variables is the field variables. They are read by Declare, and put in their
// places before anything else is checked.
type Variables struct{}

func (Variables) Check(*Checker, *Node, string) any { return nil }

func (Variables) Schema(Names) Schema {
	single := []string{"string", "number", "boolean"}
	return Schema{"type": "object", "propertyNames": Schema{"pattern": variableForm.String()}, "maxProperties": maxVariables,
		"additionalProperties": Schema{"anyOf": []Schema{{"type": single}, {"type": "array", "maxItems": MaxVariableValues,
			"items": Schema{"type": append([]string{"array"}, single...)}}}}}
}

// Declare reads the variables of a file, and checks that all that are used are
// there and that none remains over.
func (c *Checker) Declare(root *Node) bool {
	before := c.Reported
	list := root.Get(VariablesKey)
	if list != nil && list.Kind != MappingNode {
		c.Reject(list, VariablesKey, "a mapping of names to values, as {width: 32}")
		return false
	}
	if list == nil {
		list = &Node{Kind: MappingNode}
	}
	if len(list.Entries) > maxVariables {
		c.Addf(list.At, "more than %d variables", maxVariables)
		return false
	}
	for _, e := range list.Entries {
		if !variableForm.MatchString(e.Key) {
			c.Addf(e.At, "%s: %s is no name for a variable; want %s", VariablesKey, Clip(e.Key), variableWant)
			continue
		}
		c.Declared = append(c.Declared, e.Key)
		CheckVariable(c, e)
	}
	used := make(map[string]bool)
	root.With([]string{VariablesKey}, nil).each(func(n *Node) {
		name, ok := n.VariableUsed()
		if !ok {
			return
		}
		used[name] = true
		if !slices.Contains(c.Declared, name) {
			c.Addf(n.At, "%s", c.UnknownVariable(name))
		}
	})
	for _, e := range list.Entries {
		if !used[e.Key] && slices.Contains(c.Declared, e.Key) {
			c.Addf(e.At, "%s: %s is not used; write $%s where its value belongs, or remove it", VariablesKey, e.Key, e.Key)
		}
	}
	return c.Reported == before
}

// UnknownVariable reports an unknown variable, with the remedy.
func (c *Checker) UnknownVariable(name string) string {
	if name == "" {
		return "$ without the name of a variable; put a text that begins with $ in quotes"
	}
	msg := "there is no variable " + Clip(name)
	if len(c.Declared) == 0 {
		return msg + "; give it a value under variables, or put a text that begins with $ in quotes"
	}
	return msg + cmp.Or(DidYouMean(name, c.Declared), "; there are "+Some(c.Declared)) + " (a text that begins with $ stands in quotes)"
}

// CheckVariable checks the value that a variable is given.
func CheckVariable(c *Checker, e Entry) bool {
	before := c.Reported
	const want = "a value or a list of values"
	values := 0
	e.Value.each(func(n *Node) {
		if n.IsScalar() {
			values++
		}
		switch _, used := n.VariableUsed(); {
		case used:
			c.Addf(n.At, "%s: %s holds the variable %s; a variable's value is written out", VariablesKey, e.Key, Clip(n.Text))
		case n.Kind == MappingNode, n.Kind == NullNode:
			c.Reject(n, Join(VariablesKey, e.Key), want)
		}
	})
	if values > MaxVariableValues {
		c.Addf(e.At, "%s: %s holds more than %d values", VariablesKey, e.Key, MaxVariableValues)
	}
	return c.Reported == before
}

// each calls f for n and for every value below it.
func (n *Node) each(f func(*Node)) {
	f(n)
	for _, item := range n.Items {
		item.each(f)
	}
	for _, e := range n.Entries {
		e.Value.each(f)
	}
}

// VariablesOf are the variables of a tree by their names.
func VariablesOf(tree *Node) map[string]Variable {
	out := make(map[string]Variable)
	if list := tree.Get(VariablesKey); list != nil {
		for _, e := range list.Entries {
			out[e.Key] = Variable{e.Key, e.Value}
		}
	}
	return out
}

// Fill returns n with values in the places of variables. Parts without variables are shared with n.
func (c *Checker) Fill(n *Node, vars map[string]Variable) *Node {
	if c.Filled > MaxFilled {
		return n
	}
	switch n.Kind {
	case PlainNode:
		if name, ok := n.VariableUsed(); ok {
			v := vars[name]
			at := n.At
			at.of = &v
			return c.stand(v.Value, at)
		}
	case ListNode:
		var items []*Node
		for i, item := range n.Items {
			filled := c.Fill(item, vars)
			if filled != item && items == nil {
				items = slices.Clone(n.Items)
			}
			if items != nil {
				items[i] = filled
			}
		}
		if items != nil {
			c.count(n.At, len(items))
			return &Node{Kind: ListNode, At: n.At, Items: items}
		}
	case MappingNode:
		var entries []Entry
		for i, e := range n.Entries {
			filled := c.Fill(e.Value, vars)
			if filled != e.Value && entries == nil {
				entries = slices.Clone(n.Entries)
			}
			if entries != nil {
				entries[i].Value = filled
			}
		}
		if entries != nil {
			c.count(n.At, len(entries))
			return &Node{Kind: MappingNode, At: n.At, Entries: entries}
		}
	}
	return n
}

// stand is a variable's value where it is used: its place is that of the use, so
// that errors point there.
func (c *Checker) stand(value *Node, at Position) *Node {
	out := *value
	out.At = at
	out.Items = make([]*Node, len(value.Items))
	for i, item := range value.Items {
		out.Items[i] = c.stand(item, at)
	}
	c.count(at, 1)
	return &out
}

// Overfilled says whether too many nodes were made.
func (c *Checker) Overfilled() bool { return c.Filled > MaxFilled }

// count notes that n nodes were made, and reports it once when they are too many.
func (c *Checker) count(at Position, n int) {
	before := c.Filled
	c.Filled += n
	if before <= MaxFilled && c.Filled > MaxFilled {
		c.Addf(Position{Line: at.Line, Column: at.Column}, "variables stand in too many places, or are swept over too many values; write some of them out")
	}
}

// AnyValue is the type of a variable: what its value must be is for the fields
// to say in which it stands.
type AnyValue struct{}

func (AnyValue) Check(c *Checker, n *Node, path string) any {
	switch n.Kind {
	case quotedNode:
		return n.Text
	case PlainNode:
		if IntText.MatchString(n.Text) {
			if v := (Integer{-MaxInteger, MaxInteger}).Check(c, n, path); v != nil {
				return v
			}
			return nil
		}
		if v, ok := parseNumber(n); ok {
			return v
		}
		for _, b := range []string{"true", "false"} {
			if strings.EqualFold(n.Text, b) {
				return b == "true"
			}
		}
		return n.Text
	case ListNode:
		out := make([]any, 0, len(n.Items))
		for _, item := range n.Items {
			v := AnyValue{}.Check(c, item, path)
			if v == nil {
				return nil
			}
			out = append(out, v)
		}
		return out
	}
	return c.Reject(n, path, "a value or a list of values")
}

func (AnyValue) Schema(Names) Schema { return Schema{} }
