package sweepfile

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"lossatlas/pipelines/syntax"
)

// A path names a parameter: train.batch_size, train.optimizer.lr. Below maps it
// means every map that has the field (maps.resolution), or the one with a name
// (maps.surface.resolution; a map without a name goes by its kind). Below
// variables stand the file's own (variables.width).

// parameter returns the type of the parameter at a path, or what is wrong with the path.
func parameter(path string) (syntax.Type, error) {
	parts := strings.Split(path, ".")
	if parts[0] == syntax.VariablesKey && len(parts) == 2 {
		return syntax.AnyValue{}, nil
	}
	if !slices.Contains(pathRoots, parts[0]) || len(parts) < 2 {
		return nil, fmt.Errorf("unknown parameter %s%s; a parameter is a dotted path below %s",
			syntax.Clip(path), suggestPath(path), strings.Join(pathRoots, ", "))
	}
	if parts[0] == mapsKey {
		f := mapFields.Find(parts[len(parts)-1])
		if f == nil || len(parts) > 3 || f.Name == "name" || f.Name == "kind" {
			return nil, fmt.Errorf("unknown parameter %s%s; allowed: %s", syntax.Clip(path), suggestPath(path), below(mapsKey))
		}
		return f.Type, nil
	}
	o := sweepFields
	for i, part := range parts {
		f := o.Find(part)
		if f == nil {
			return nil, fmt.Errorf("unknown parameter %s%s; allowed: %s", syntax.Clip(path), suggestPath(path), below(strings.Join(parts[:i], ".")))
		}
		sub, ok := f.Type.(syntax.Object)
		switch {
		case ok && i < len(parts)-1:
			o = sub
		case ok:
			return nil, fmt.Errorf("%s holds several parameters; name one of %s", path, below(path))
		case i < len(parts)-1:
			return nil, fmt.Errorf("unknown parameter %s: %s has nothing below it", syntax.Clip(path), strings.Join(parts[:i+1], "."))
		default:
			return f.Type, nil
		}
	}
	return nil, fmt.Errorf("unknown parameter %s", syntax.Clip(path))
}

// declaredParameter is parameter for a file, whose variables are known.
func declaredParameter(c *syntax.Checker, path string) (syntax.Type, error) {
	if name, ok := strings.CutPrefix(path, syntax.VariablesKey+"."); ok && !slices.Contains(c.Declared, name) {
		return nil, errors.New(c.UnknownVariable(name))
	}
	return parameter(path)
}

// below lists the parameters below a path.
func below(path string) string {
	var out []string
	for _, p := range allPaths() {
		if strings.HasPrefix(p, path+".") && p != mapsKey+".name" && p != mapsKey+".kind" {
			out = append(out, p)
		}
	}
	return strings.Join(out, ", ")
}

// suggestPath guesses which parameter a wrong path was meant as: one that is
// spelled alike, or one whose last part is what was written.
func suggestPath(path string) string {
	if s := syntax.DidYouMean(path, allPaths()); s != "" {
		return s
	}
	last := path[strings.LastIndexByte(path, '.')+1:]
	var ends []string
	for _, p := range allPaths() {
		if syntax.Fold(p[strings.LastIndexByte(p, '.')+1:]) == syntax.Fold(last) {
			ends = append(ends, p)
		}
	}
	if len(ends) == 0 {
		return ""
	}
	return "; did you mean " + strings.Join(ends, " or ") + "?"
}

// assign returns the tree with v at path. Below maps, and in presets below
// compare, it sets every entry the path means; an error says why there is none.
func assign(root *syntax.Node, path string, v *syntax.Node) (*syntax.Node, error) {
	parts := strings.Split(path, ".")
	fields, ok := entryLists[parts[0]]
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
		names = append(names, mapName(item))
		f := fields.OfKind(kind.Text).Find(field)
		if f == nil || name != "" && name != mapName(item) {
			continue
		}
		found = true
		set.Items[i] = item.With([]string{field}, v)
	}
	if !found {
		return nil, fmt.Errorf("%s: nothing in %s has it%s; there are %s", path, key, syntax.DidYouMean(name, names), strings.Join(names, ", "))
	}
	return root.With([]string{key}, set), nil
}

// entryLists are the lists whose entries' fields depend on their kind.
var entryLists = map[string]syntax.Variants{mapsKey: mapFields, compareKey: compareFields}

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

// elsewhere says where a misplaced key belongs: lr under train, say.
func elsewhere(path, key string) string {
	var found []string
	for _, p := range allPaths() {
		if p != syntax.Join(path, key) && (strings.HasSuffix(p, "."+key) || p == key) {
			found = append(found, p)
		}
	}
	if len(found) == 0 {
		return ""
	}
	return " (there is " + strings.Join(found, " and ") + ")"
}
