package sweepfile

import (
	"slices"
	"strings"

	"lossatlas/pipelines/sweepfile/layers"
	"lossatlas/pipelines/syntax"
)

// presets is {name: overlay}. An overlay is laid over the file: mappings merge,
// anything else (a list, a schedule) replaces what was there, an empty value
// removes it, and dotted paths reach below (maps.resolution). A sweep that is a list is
// replaced as a whole. Overlays are checked
// where they are applied, so the check of the field itself is only for its shape.
type presets struct{}

func (presets) Check(c *syntax.Checker, n *syntax.Node, path string) any {
	if n.Kind != syntax.MappingNode {
		return c.Reject(n, path, "a mapping, as {laptop: {train: {epochs: 10}}}")
	}
	for _, e := range n.Entries {
		if !syntax.NameForm.MatchString(e.Key) {
			c.Addf(e.At, "presets: the name %s; want %s", syntax.Clip(e.Key), syntax.NameWant)
		}
		if e.Value.Kind != syntax.MappingNode && e.Value.Kind != syntax.NullNode {
			c.Reject(e.Value, syntax.Join(path, syntax.Clip(e.Key)), "a mapping of what differs, as {train: {epochs: 10}}")
		}
	}
	return nil
}

// leaf is one assignment of an overlay.
type leaf struct {
	path string
	at   syntax.Position // of the key
	v    *syntax.Node    // nil removes
}

// namesBelow are the fields below which stand names, in which a dot means nothing.
var namesBelow = []string{"sweep", repeatsKey, layers.Key}

// overlay lays a preset over the tree.
func overlay(c *syntax.Checker, root, preset *syntax.Node) *syntax.Node {
	var leaves []leaf
	collect(c, "", preset, &leaves)
	for _, l := range leaves {
		if list := root.Get("sweep"); strings.HasPrefix(l.path, "sweep.") && list != nil && list.Kind == syntax.ListNode {
			c.Addf(l.at, "sweep is a list, from %s on: a preset replaces it by a list of its own, as [{train.batch_size: [128, 8192]}]", list.At)
			continue
		}
		if head, name, ok := strings.Cut(l.path, "."); ok && slices.Contains(namesBelow, head) {
			root = root.With([]string{head, name}, l.v)
			continue
		}
		next, err := assign(root, l.path, l.v)
		if err != nil {
			c.Add(l.at, err.Error())
			continue
		}
		root = next
	}
	return root
}

// collect flattens an overlay into assignments and checks their paths.
func collect(c *syntax.Checker, prefix string, n *syntax.Node, out *[]leaf) {
	for _, e := range n.Entries {
		path := syntax.Join(prefix, e.Key)
		head, _, dotted := strings.Cut(path, ".")
		switch {
		case sweepFields.Find(head) == nil || head == "presets":
			c.Addf(e.At, "%s%s", syntax.UnknownKey("a preset", e.Key, overlayKeys()), elsewhere("", path))
			continue
		case dotted && slices.Contains(namesBelow, head): // one parameter's values, or zip, include, exclude; one network's layers
		case branch(path) && e.Value.Kind == syntax.MappingNode:
			collect(c, path, e.Value, out)
			continue
		case branch(path) && path != mapsKey && path != compareKey && path != repeatsKey && path != "sweep":
			c.Reject(e.Value, path, "a mapping of what differs")
			continue
		case dotted && head == compareKey:
			field := path[strings.LastIndexByte(path, '.')+1:]
			if compareFields.Find(field) == nil || strings.Count(path, ".") > 2 {
				c.Addf(e.At, "%s", syntax.UnknownKey(compareKey, field, compareFields.Names()))
				continue
			}
		case dotted:
			if _, err := declaredParameter(c, path); err != nil {
				c.Add(e.At, err.Error())
				continue
			}
			if head == syntax.VariablesKey && !syntax.CheckVariable(c, syntax.Entry{Key: strings.TrimPrefix(path, syntax.VariablesKey+"."), At: e.At, Value: e.Value}) {
				continue
			}
		}
		l := leaf{path: path, at: e.At, v: e.Value}
		if e.Value.Kind == syntax.NullNode {
			l.v = nil
		}
		for _, other := range *out {
			if other.path == path {
				c.Addf(e.At, "%s is given twice, first on line %d; keep one", path, other.at.Line)
			}
		}
		*out = append(*out, l)
	}
}

// branch says whether an overlay goes on below a path rather than replacing what is there.
func branch(path string) bool {
	switch path {
	case mapsKey, compareKey, layers.Key, syntax.VariablesKey, repeatsKey, "sweep":
		return true
	}
	parts := strings.Split(path, ".")
	if fields, ok := entryLists[parts[0]]; ok {
		return len(parts) == 2 && fields.Find(parts[1]) == nil // maps.<name>
	}
	o := sweepFields
	for _, part := range parts {
		f := o.Find(part)
		if f == nil {
			return false
		}
		sub, ok := f.Type.(syntax.Object)
		if !ok {
			return false
		}
		o = sub
	}
	return true
}

func overlayKeys() []string {
	var out []string
	for _, name := range sweepFields.Names() {
		if name != "presets" {
			out = append(out, name)
		}
	}
	return out
}
