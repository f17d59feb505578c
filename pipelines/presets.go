package pipelines

import (
	"slices"
	"strings"
)

// presets is {name: overlay}. An overlay is laid over the file: mappings merge,
// anything else (a list, a schedule) replaces what was there, an empty value
// removes it, and dotted paths reach below (maps.resolution). A sweep that is a list is
// replaced as a whole. Overlays are checked
// where they are applied, so the check of the field itself is only for its shape.
type presets struct{}

func (presets) check(c *checker, n *node, path string) any {
	if n.kind != mappingNode {
		return c.reject(n, path, "a mapping, as {laptop: {train: {epochs: 10}}}")
	}
	for _, e := range n.entries {
		if !nameForm.MatchString(e.key) {
			c.addf(e.at, "presets: the name %s; want %s", clip(e.key), nameWant)
		}
		if e.value.kind != mappingNode && e.value.kind != nullNode {
			c.reject(e.value, join(path, clip(e.key)), "a mapping of what differs, as {train: {epochs: 10}}")
		}
	}
	return nil
}

// leaf is one assignment of an overlay.
type leaf struct {
	path string
	at   position // of the key
	v    *node    // nil removes
}

// namesBelow are the fields below which stand names, in which a dot means nothing.
var namesBelow = []string{"sweep", repeatsKey, networksKey}

// overlay lays a preset over the tree.
func overlay(c *checker, root, preset *node) *node {
	var leaves []leaf
	collect(c, "", preset, &leaves)
	for _, l := range leaves {
		if list := root.get("sweep"); strings.HasPrefix(l.path, "sweep.") && list != nil && list.kind == listNode {
			c.addf(l.at, "sweep is a list, from %s on: a preset replaces it by a list of its own, as [{train.batch_size: [128, 8192]}]", list.at)
			continue
		}
		if head, name, ok := strings.Cut(l.path, "."); ok && slices.Contains(namesBelow, head) {
			root = root.with([]string{head, name}, l.v)
			continue
		}
		next, err := assign(root, l.path, l.v)
		if err != nil {
			c.add(l.at, err.Error())
			continue
		}
		root = next
	}
	return root
}

// collect flattens an overlay into assignments and checks their paths.
func collect(c *checker, prefix string, n *node, out *[]leaf) {
	for _, e := range n.entries {
		path := join(prefix, e.key)
		head, _, dotted := strings.Cut(path, ".")
		switch {
		case sweepFields.find(head) == nil || head == "presets":
			c.addf(e.at, "%s%s", unknownKey("a preset", e.key, overlayKeys()), elsewhere("", path))
			continue
		case dotted && slices.Contains(namesBelow, head): // one parameter's values, or zip, include, exclude; one network's layers
		case branch(path) && e.value.kind == mappingNode:
			collect(c, path, e.value, out)
			continue
		case branch(path) && path != mapsKey && path != compareKey && path != repeatsKey && path != "sweep":
			c.reject(e.value, path, "a mapping of what differs")
			continue
		case dotted && head == compareKey:
			field := path[strings.LastIndexByte(path, '.')+1:]
			if compareFields.find(field) == nil || strings.Count(path, ".") > 2 {
				c.addf(e.at, "%s", unknownKey(compareKey, field, compareFields.names()))
				continue
			}
		case dotted:
			if _, err := c.parameter(path); err != nil {
				c.add(e.at, err.Error())
				continue
			}
			if head == variablesKey && !checkVariable(c, entry{key: strings.TrimPrefix(path, variablesKey+"."), at: e.at, value: e.value}) {
				continue
			}
		}
		l := leaf{path: path, at: e.at, v: e.value}
		if e.value.kind == nullNode {
			l.v = nil
		}
		for _, other := range *out {
			if other.path == path {
				c.addf(e.at, "%s is given twice, first on line %d; keep one", path, other.at.line)
			}
		}
		*out = append(*out, l)
	}
}

// branch says whether an overlay goes on below a path rather than replacing what is there.
func branch(path string) bool {
	switch path {
	case mapsKey, compareKey, networksKey, variablesKey, repeatsKey, "sweep":
		return true
	}
	parts := strings.Split(path, ".")
	if fields, ok := entryLists[parts[0]]; ok {
		return len(parts) == 2 && fields.find(parts[1]) == nil // maps.<name>
	}
	o := sweepFields
	for _, part := range parts {
		f := o.find(part)
		if f == nil {
			return false
		}
		sub, ok := f.typ.(object)
		if !ok {
			return false
		}
		o = sub
	}
	return true
}

func overlayKeys() []string {
	var out []string
	for _, name := range sweepFields.names() {
		if name != "presets" {
			out = append(out, name)
		}
	}
	return out
}
