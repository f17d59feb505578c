package pipelines

import (
	"fmt"
	"slices"
	"strings"
)

// field is one row of the field table, from which a sweep file is checked, its
// defaults are filled in, and its JSON Schema is made.
type field struct {
	name     string
	doc      string
	typ      typ
	required bool
	def      any      // the default, as normalised; nil when there is none or it depends on other fields
	kinds    []string // of a map: the kinds of map that have this field; nil means all
}

// object is a mapping with fixed keys.
type object struct{ fields []field }

func (t object) find(name string) *field {
	for i := range t.fields {
		if t.fields[i].name == name {
			return &t.fields[i]
		}
	}
	return nil
}

func (t object) names() []string {
	out := make([]string, len(t.fields))
	for i, f := range t.fields {
		out[i] = f.name
	}
	return out
}

func (t object) check(c *checker, n *node, path string) any {
	if n.kind != mappingNode {
		what := path
		if what == "" {
			what = "the sweep file"
		}
		return c.reject(n, what, "a mapping with "+strings.Join(t.names(), ", "))
	}
	out := make(map[string]any)
	for _, e := range n.entries {
		f := t.find(e.key)
		if f == nil {
			c.addf(e.at, "%s%s", unknownKey(path, e.key, t.names()), elsewhere(path, e.key))
			continue
		}
		if e.value.kind == nullNode {
			continue
		}
		if v := f.typ.check(c, e.value, join(path, e.key)); v != nil {
			out[f.name] = v
		}
	}
	for _, f := range t.fields {
		if n.get(f.name) != nil {
			continue
		}
		if sub, ok := f.typ.(object); ok && !f.required {
			out[f.name] = sub.check(c, &node{kind: mappingNode, at: n.at}, join(path, f.name))
		} else if f.def != nil {
			out[f.name] = f.def
		} else if f.required && !c.partial {
			c.addf(n.at, "%s is missing (%s)", join(path, f.name), f.doc)
		}
	}
	return out
}

func (t object) schema(cat Catalog) schema {
	properties := schema{}
	required := []string{}
	for _, f := range t.fields {
		properties[f.name] = f.schema(cat)
		if f.required {
			required = append(required, f.name)
		}
	}
	s := schema{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

func (f field) schema(cat Catalog) schema {
	s := f.typ.schema(cat)
	s["description"] = f.doc
	if f.def != nil {
		s["default"] = f.def
	}
	return s
}

// mapEntry is one map of a sweep. Which of the fields it has depends on its kind.
type mapEntry struct{ object }

// compareEntry is one comparison of a sweep, whose fields depend on its kind as a map's do.
type compareEntry struct{ mapEntry }

func (t compareEntry) check(c *checker, n *node, path string) any {
	return t.checkKinds(c, n, path, compareKinds, "a map", "a comparison, as {kind: interpolation, between: [a, b]} or {kind: plane, through: [a, b, c]}")
}

func (t compareEntry) schema(cat Catalog) schema { return t.kindsSchema(cat, compareKinds) }

// ofKind returns the fields that maps of a kind have.
func (t mapEntry) ofKind(kind string) object {
	var o object
	for _, f := range t.fields {
		if f.kinds == nil || slices.Contains(f.kinds, kind) {
			o.fields = append(o.fields, f)
		}
	}
	return o
}

func (t mapEntry) check(c *checker, n *node, path string) any {
	return t.checkKinds(c, n, path, mapKinds, "a map", "a map, as {kind: line, …}, {kind: surface, …} or {kind: hessian, …}")
}

func (t mapEntry) checkKinds(c *checker, n *node, path string, kinds []string, what, want string) any {
	kind := n.get("kind")
	if n.kind != mappingNode || kind == nil {
		return c.reject(n, path, want)
	}
	if slices.Contains(kinds, kind.text) {
		for _, e := range n.entries {
			if f := t.find(e.key); f != nil && f.kinds != nil && !slices.Contains(f.kinds, kind.text) {
				have := "has"
				if len(f.kinds) > 1 {
					have = "have"
				}
				c.addf(e.at, "%s: %s of kind %s has no %s, only %s %s; allowed: %s", path, what, kind.text, e.key,
					strings.Join(f.kinds, " and "), have, strings.Join(t.ofKind(kind.text).names(), ", "))
				return nil
			}
		}
		return t.ofKind(kind.text).check(c, n, path)
	}
	return t.object.check(c, n, path)
}

func (t mapEntry) schema(cat Catalog) schema { return t.kindsSchema(cat, mapKinds) }

func (t mapEntry) kindsSchema(cat Catalog, of []string) schema {
	var kinds []schema
	for _, kind := range of {
		s := t.ofKind(kind).schema(cat)
		properties := s["properties"].(schema)
		properties["kind"] = schema{"const": kind, "description": properties["kind"].(schema)["description"]}
		s["title"] = kind
		kinds = append(kinds, s)
	}
	return schema{"anyOf": kinds}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// unknownKey says that a key is not known, which it may have been meant as, and
// what is allowed.
func unknownKey(path, key string, allowed []string) string {
	in := ""
	if path != "" {
		in = " in " + path
	}
	return fmt.Sprintf("unknown key %s%s%s; allowed: %s", clip(key), in, didYouMean(key, allowed), strings.Join(allowed, ", "))
}

// elsewhere says where a misplaced key belongs: lr under train, say.
func elsewhere(path, key string) string {
	var found []string
	for _, p := range allPaths() {
		if p != join(path, key) && (strings.HasSuffix(p, "."+key) || p == key) {
			found = append(found, p)
		}
	}
	if len(found) == 0 {
		return ""
	}
	return " (there is " + strings.Join(found, " and ") + ")"
}
