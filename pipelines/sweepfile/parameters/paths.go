package parameters

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"lossatlas/pipelines/syntax"
)

// Table has the fields that paths lead to. A path names a parameter: train.batch_size,
// train.optimizer.lr. Below a list whose entries' fields depend on their kind, such as maps, it
// means every entry that has the field (maps.resolution), or the one with a name
// (maps.surface.resolution; a map without a name goes by its kind). Below
// variables stand the file's own (variables.width).
type Table struct {
	fields syntax.Object // of the file
	// Entries are the lists whose entries' fields depend on their kind.
	Entries map[string]syntax.Variants
	// roots are the keys below which every field is a parameter that can be swept.
	roots []string
	// AllPaths lists the parameters: dotted paths to every field below the roots.
	AllPaths func() []string
}

// New is the table of a file's fields.
func New(fields syntax.Object, entries map[string]syntax.Variants, roots ...string) *Table {
	t := &Table{fields: fields, Entries: entries, roots: roots}
	t.AllPaths = sync.OnceValue(func() []string {
		var out []string
		var walk func(path string, o syntax.Object)
		walk = func(path string, o syntax.Object) {
			for _, f := range o.Fields {
				if sub, ok := f.Type.(syntax.Object); ok {
					walk(syntax.Join(path, f.Name), sub)
				} else {
					out = append(out, syntax.Join(path, f.Name))
				}
			}
		}
		for _, root := range roots {
			if of, ok := entries[root]; ok {
				walk(root, of.Object)
			} else if of, ok := fields.Find(root).Type.(syntax.Object); ok {
				walk(root, of)
			}
		}
		return out
	})
	return t
}

// Parameter returns the type of the parameter at a path, or what is wrong with the path.
func (t *Table) Parameter(path string) (syntax.Type, error) {
	parts := strings.Split(path, ".")
	if parts[0] == syntax.VariablesKey && len(parts) == 2 {
		return syntax.AnyValue{}, nil
	}
	if !slices.Contains(t.roots, parts[0]) || len(parts) < 2 {
		return nil, fmt.Errorf("unknown parameter %s%s; a parameter is a dotted path below %s",
			syntax.Clip(path), t.suggestPath(path), strings.Join(t.roots, ", "))
	}
	if of, ok := t.Entries[parts[0]]; ok {
		f := of.Find(parts[len(parts)-1])
		if f != nil && (f.Name == "name" || f.Name == "kind") {
			return nil, fmt.Errorf("%s is no parameter: write an entry of %s for each %s", syntax.Clip(path), parts[0], f.Name)
		}
		if f == nil || len(parts) > 3 {
			guess := t.suggestPath(parts[0] + "." + parts[len(parts)-1])
			return nil, fmt.Errorf("unknown parameter %s%s", syntax.Clip(path), cmp.Or(guess, "; allowed: "+t.below(parts[0])))
		}
		return f.Type, nil
	}
	o := t.fields
	for i, part := range parts {
		f := o.Find(part)
		if f == nil {
			return nil, fmt.Errorf("unknown parameter %s%s", syntax.Clip(path), cmp.Or(t.suggestPath(path), "; allowed: "+t.below(strings.Join(parts[:i], "."))))
		}
		sub, ok := f.Type.(syntax.Object)
		switch {
		case ok && i < len(parts)-1:
			o = sub
		case ok:
			return nil, fmt.Errorf("%s holds several parameters; name one of %s", path, t.below(path))
		case i < len(parts)-1:
			return nil, fmt.Errorf("unknown parameter %s: %s has nothing below it", syntax.Clip(path), strings.Join(parts[:i+1], "."))
		default:
			return f.Type, nil
		}
	}
	return nil, fmt.Errorf("unknown parameter %s", syntax.Clip(path))
}

// DeclaredParameter is parameter for a file, whose variables are known.
func (t *Table) DeclaredParameter(c *syntax.Checker, path string) (syntax.Type, error) {
	if name, ok := strings.CutPrefix(path, syntax.VariablesKey+"."); ok && !slices.Contains(c.Declared, name) {
		return nil, errors.New(c.UnknownVariable(name))
	}
	return t.Parameter(path)
}

// below lists the parameters below a path.
func (t *Table) below(path string) string {
	var out []string
	_, ofEntries := t.Entries[path]
	for _, p := range t.AllPaths() {
		if strings.HasPrefix(p, path+".") && !(ofEntries && (p == path+".name" || p == path+".kind")) {
			out = append(out, p)
		}
	}
	return strings.Join(out, ", ")
}

// suggestPath guesses which parameter a wrong path was meant as: one of its group, another one that is spelled similarly, one whose last
// part is the given text, or the kind of the group of that name.
func (t *Table) suggestPath(path string) string {
	dot := strings.LastIndexByte(path, '.') + 1
	group, last := path[:dot], path[dot:]
	var members []string
	for _, p := range t.AllPaths() {
		if member, ok := strings.CutPrefix(p, group); ok && group != "" && !strings.Contains(member, ".") && p != path {
			members = append(members, member)
		}
	}
	if best := syntax.Closest(last, members); best != "" {
		return "; did you mean " + group + best + "?"
	}
	if s := syntax.DidYouMean(path, t.AllPaths()); s != "" {
		return s
	}
	var ends []string
	for _, p := range t.AllPaths() {
		named := strings.TrimSuffix(p, ".kind")
		if syntax.Fold(named[strings.LastIndexByte(named, '.')+1:]) == syntax.Fold(last) {
			ends = append(ends, p)
		}
	}
	if len(ends) == 0 {
		return ""
	}
	return "; did you mean " + strings.Join(ends, " or ") + "?"
}

// Assign returns the tree with v at path. Below maps, and in presets below
// compare, it sets every entry the path means; an error gives the reason when it means no entry.
func (t *Table) Assign(root *syntax.Node, path string, v *syntax.Node) (*syntax.Node, error) {
	parts := strings.Split(path, ".")
	fields, ok := t.Entries[parts[0]]
	if !ok || len(parts) == 1 {
		return root.With(parts, v), nil
	}
	key, field := parts[0], parts[len(parts)-1]
	name := ""
	if len(parts) == 3 {
		name = parts[1]
	}
	old := root.Get(key)
	if old == nil || old.Kind != syntax.ListNode {
		return nil, fmt.Errorf("%s: there is nothing in %s to set it on", path, key)
	}
	set := &syntax.Node{Kind: syntax.ListNode, At: old.At, Items: slices.Clone(old.Items)}
	var names []string
	found := false
	for i, item := range set.Items {
		kind := item.Get("kind")
		if kind == nil {
			continue
		}
		if !fields.HasKind(kind.Text) { // which is a mistake of its own
			found = true
			continue
		}
		names = append(names, mapName(item))
		f := fields.OfKind(kind.Text).Find(field)
		if f == nil || name != "" && name != mapName(item) {
			continue
		}
		found = true
		set.Items[i] = item.With([]string{field}, v)
	}
	if !found {
		return nil, fmt.Errorf("%s: nothing in %s has this name%s", path, key, syntax.GuessOrList(name, names, "there are"))
	}
	return root.With([]string{key}, set), nil
}

// mapName is the name of a map, by default its kind.
func mapName(n *syntax.Node) string {
	if name := n.Get("name"); name != nil {
		return name.Text
	}
	if kind := n.Get("kind"); kind != nil {
		return kind.Text
	}
	return ""
}

// Elsewhere says where a misplaced key belongs: lr under train, say.
func (t *Table) Elsewhere(path, key string) string {
	var found []string
	for _, p := range t.AllPaths() {
		last := p[strings.LastIndexByte(p, '.')+1:]
		if p != syntax.Join(path, key) && (last == key || syntax.IsSynonym(key, last) && syntax.Join(path, last) != p) {
			found = append(found, p)
		}
	}
	if len(found) == 0 {
		return ""
	}
	return " (there is " + strings.Join(found, " and ") + ")"
}
