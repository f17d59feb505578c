package pipelines

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A path names a parameter: train.batch_size, train.optimizer.lr. Below maps it
// means every map that has the field (maps.resolution), or the one with a name
// (maps.surface.resolution; a map without a name goes by its kind). Below
// variables stand the file's own (variables.width).

// parameter returns the type of the parameter at a path, or what is wrong with the path.
func parameter(path string) (typ, error) {
	parts := strings.Split(path, ".")
	if parts[0] == variablesKey && len(parts) == 2 {
		return anyValue{}, nil
	}
	if !slices.Contains(pathRoots, parts[0]) || len(parts) < 2 {
		return nil, fmt.Errorf("unknown parameter %s%s; a parameter is a dotted path below %s",
			clip(path), suggestPath(path), strings.Join(pathRoots, ", "))
	}
	if parts[0] == mapsKey {
		f := mapFields.find(parts[len(parts)-1])
		if f == nil || len(parts) > 3 || f.name == "name" || f.name == "kind" {
			return nil, fmt.Errorf("unknown parameter %s%s; allowed: %s", clip(path), suggestPath(path), below(mapsKey))
		}
		return f.typ, nil
	}
	o := sweepFields
	for i, part := range parts {
		f := o.find(part)
		if f == nil {
			return nil, fmt.Errorf("unknown parameter %s%s; allowed: %s", clip(path), suggestPath(path), below(strings.Join(parts[:i], ".")))
		}
		sub, ok := f.typ.(object)
		switch {
		case ok && i < len(parts)-1:
			o = sub
		case ok:
			return nil, fmt.Errorf("%s holds several parameters; name one of %s", path, below(path))
		case i < len(parts)-1:
			return nil, fmt.Errorf("unknown parameter %s: %s has nothing below it", clip(path), strings.Join(parts[:i+1], "."))
		default:
			return f.typ, nil
		}
	}
	return nil, fmt.Errorf("unknown parameter %s", clip(path))
}

// parameter is the function parameter for a file, whose variables are known.
func (c *checker) parameter(path string) (typ, error) {
	if name, ok := strings.CutPrefix(path, variablesKey+"."); ok && !slices.Contains(c.declared, name) {
		return nil, errors.New(c.unknownVariable(name))
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
	if s := didYouMean(path, allPaths()); s != "" {
		return s
	}
	last := path[strings.LastIndexByte(path, '.')+1:]
	var ends []string
	for _, p := range allPaths() {
		if fold(p[strings.LastIndexByte(p, '.')+1:]) == fold(last) {
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
func assign(root *node, path string, v *node) (*node, error) {
	parts := strings.Split(path, ".")
	fields, ok := entryLists[parts[0]]
	if !ok || len(parts) == 1 {
		return root.with(parts, v), nil
	}
	key, field := parts[0], parts[len(parts)-1]
	name := ""
	if len(parts) == 3 {
		name = parts[1]
	}
	old := root.get(key)
	if old == nil || old.kind != listNode {
		return nil, fmt.Errorf("%s: there is nothing in %s to set it on", path, key)
	}
	set := &node{kind: listNode, at: old.at, items: slices.Clone(old.items)}
	var names []string
	found := false
	for i, item := range set.items {
		kind := item.get("kind")
		if kind == nil {
			continue
		}
		names = append(names, mapName(item))
		f := fields.ofKind(kind.text).find(field)
		if f == nil || name != "" && name != mapName(item) {
			continue
		}
		found = true
		set.items[i] = item.with([]string{field}, v)
	}
	if !found {
		return nil, fmt.Errorf("%s: nothing in %s has it%s; there are %s", path, key, didYouMean(name, names), strings.Join(names, ", "))
	}
	return root.with([]string{key}, set), nil
}

// entryLists are the lists whose entries' fields depend on their kind.
var entryLists = map[string]mapEntry{mapsKey: mapFields, compareKey: compareFields.mapEntry}

// mapName is the name of a map, by default its kind.
func mapName(n *node) string {
	if name := n.get("name"); name != nil {
		return name.text
	}
	if kind := n.get("kind"); kind != nil {
		return kind.text
	}
	return ""
}
