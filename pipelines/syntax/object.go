package syntax

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Field is one row of a field table, from which a file is checked, its
// defaults are filled in, and its JSON Schema is made.
type Field struct {
	Name     string
	Doc      string
	Type     Type
	Required bool
	Default  any      // the default, as normalised; nil when it is absent or depends on other fields
	Kinds    []string // of a map: the kinds of map that have this field; nil means all
}

// Object is a mapping with fixed keys. check fills in the defaults of what remains
// out; that nothing required is, require says.
type Object struct{ Fields []Field }

// Find returns the field with a name, or nil.
func (t Object) Find(name string) *Field {
	for i := range t.Fields {
		if t.Fields[i].Name == name {
			return &t.Fields[i]
		}
	}
	return nil
}

// Names lists the names of the fields.
func (t Object) Names() []string {
	out := make([]string, len(t.Fields))
	for i, f := range t.Fields {
		out[i] = f.Name
	}
	return out
}

// Check returns the values by name, with the defaults of omitted ones.
func (t Object) Check(c *Checker, n *Node, path string) any {
	if n.Kind != MappingNode {
		what := path
		if what == "" {
			what = "the " + c.What
		}
		return c.Reject(n, what, "a mapping with "+strings.Join(t.Names(), ", "))
	}
	out := make(map[string]any)
	for _, e := range n.Entries {
		f := t.Find(e.Key)
		if f == nil {
			hint := ""
			if c.Elsewhere != nil {
				hint = c.Elsewhere(path, e.Key)
			}
			c.Addf(e.At, "%s%s", UnknownKey(path, e.Key, t.Names()), hint)
			continue
		}
		if e.Value.Kind == NullNode {
			continue
		}
		if v := f.Type.Check(c, e.Value, Join(path, e.Key)); v != nil {
			out[f.Name] = v
		}
	}
	for _, f := range t.Fields {
		if n.Get(f.Name) != nil {
			continue
		}
		if sub, ok := f.Type.(Object); ok {
			out[f.Name] = sub.Check(c, &Node{Kind: MappingNode, At: n.At}, Join(path, f.Name))
		} else if f.Default != nil {
			out[f.Name] = f.Default
		}
	}
	return out
}

// Require reports the required fields that a mapping leaves out.
func (t Object) Require(c *Checker, n *Node, path string) {
	for _, f := range t.Fields {
		v := n.Get(f.Name)
		if sub, ok := f.Type.(Object); ok && v != nil {
			sub.Require(c, v, Join(path, f.Name))
		} else if f.Required && v == nil {
			c.Addf(n.At, "%s is missing (%s)", Join(path, f.Name), f.Doc)
		}
	}
}

func (t Object) Schema(known Names) Schema {
	properties := Schema{}
	required := []string{}
	for _, f := range t.Fields {
		properties[f.Name] = f.Schema(known)
		if f.Required {
			required = append(required, f.Name)
		}
	}
	s := Schema{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

// Schema is that of the type, with the description of the field.
func (f Field) Schema(known Names) Schema {
	s := f.Type.Schema(known)
	s["description"] = f.Doc
	if f.Default != nil {
		s["default"] = f.Default
	}
	return s
}

// Variants is a mapping whose field kind says which of the other fields it has.
type Variants struct {
	Object
	Of   []string
	What string // "a map"
	Want string // "a map, as {kind: line, …}"
	Word bool   // the kind alone, without a mapping, will do
}

// OfKind returns the fields of a kind.
func (t Variants) OfKind(kind string) Object {
	var o Object
	for _, f := range t.Fields {
		if f.Kinds == nil || slices.Contains(f.Kinds, kind) {
			o.Fields = append(o.Fields, f)
		}
	}
	return o
}

// HasKind says whether a text names a kind.
func (t Variants) HasKind(kind string) bool {
	kinds, _ := t.Find("kind").Type.(Choice)
	return slices.Contains(kinds.Of, kind)
}

func (t Variants) Check(c *Checker, n *Node, path string) any {
	if t.Word && n.Kind != MappingNode {
		if kind := t.Find("kind").Type.Check(c, n, path); kind != nil {
			return map[string]any{"kind": kind}
		}
		return nil
	}
	kind := n.Get("kind")
	if n.Kind != MappingNode || kind == nil {
		return c.Reject(n, path, t.Want)
	}
	if !slices.Contains(t.Of, kind.Text) {
		return t.Object.Check(c, n, path)
	}
	known := n // without the fields of other kinds, which are reported once
	for _, e := range n.Entries {
		if f := t.Find(e.Key); f != nil && f.Kinds != nil && !slices.Contains(f.Kinds, kind.Text) {
			have := "has"
			if len(f.Kinds) > 1 {
				have = "have"
			}
			names := t.OfKind(kind.Text).Names()
			c.Addf(e.At, "%s: %s of kind %s has no %s, only %s %s%s", path, t.What, kind.Text, e.Key,
				Enumerated(f.Kinds), have, GuessOrList(e.Key, names, "allowed:"))
			known = known.With([]string{e.Key}, nil)
		}
	}
	return t.OfKind(kind.Text).Check(c, known, path)
}

func (t Variants) Schema(known Names) Schema {
	var alternatives []Schema
	for _, kind := range t.Of {
		s := t.OfKind(kind).Schema(known)
		properties := s["properties"].(Schema)
		properties["kind"] = Schema{"const": kind, "description": properties["kind"].(Schema)["description"]}
		s["title"] = kind
		alternatives = append(alternatives, s)
	}
	s := Schema{"anyOf": alternatives}
	if t.Word {
		return Schema{"anyOf": []Schema{t.Find("kind").Type.Schema(known), s}}
	}
	return s
}

// Join returns the path of a key below a path.
func Join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

var digits = regexp.MustCompile(`^[0-9]+$`)

// UnknownKey is the message about a key that no field has: with the most similar name, or else all allowed names.
func UnknownKey(path, key string, allowed []string) string {
	in := ""
	if path != "" {
		in = " in " + path
	}
	guess := GuessOrList(key, allowed, "allowed:")
	if name, value, found := strings.Cut(key, " "); found && slices.Contains(allowed, name) {
		guess = fmt.Sprintf("; a key needs a colon: %s: %s", name, Clip(value))
	}
	if digits.MatchString(key) { // of {lr: 0,05}
		guess = "; decimals have a point, as 0." + Clip(key)
	}
	return fmt.Sprintf("unknown key %s%s%s", Clip(key), in, guess)
}
