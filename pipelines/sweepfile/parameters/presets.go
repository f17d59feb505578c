package parameters

import (
	"slices"
	"strings"

	"lossatlas/pipelines/sweepfile/layers"
	"lossatlas/pipelines/syntax"
)

// checkPresets checks the shape of {name: overlay}. An overlay is laid over the file: mappings merge,
// anything else (a list, a schedule) replaces the old value, an empty value
// removes it, and dotted paths reach below (maps.resolution). A sweep that is a list is
// replaced as a whole. Overlays are checked
// where they are applied.
func checkPresets(c *syntax.Checker, n *syntax.Node) {
	const path = "presets"
	if n.Kind != syntax.MappingNode {
		c.Reject(n, path, "a mapping, as {laptop: {train: {epochs: 10}}}")
		return
	}
	for _, e := range n.Entries {
		if !syntax.NameForm.MatchString(e.Key) {
			c.Addf(e.At, "presets: the name %s; want %s", syntax.Clip(e.Key), syntax.NameWant)
		}
		if e.Value.Kind != syntax.MappingNode && e.Value.Kind != syntax.NullNode {
			c.Reject(e.Value, syntax.Join(path, syntax.Clip(e.Key)), "a mapping of the changed fields, such as {train: {epochs: 10}}")
		}
	}
}

// leaf is one assignment of an overlay.
type leaf struct {
	path string
	at   syntax.Position // of the key
	v    *syntax.Node    // nil removes
}

// isEntries says whether a key is that of a list whose entries' fields depend on their kind.
func (t *Table) isEntries(key string) bool {
	_, ok := t.Entries[key]
	return ok
}

// namesBelow are the fields below which stand names, in which a dot means nothing.
var namesBelow = []string{"sweep", RepeatsKey, layers.Key}

// Overlay lays a preset over the tree.
func (t *Table) Overlay(c *syntax.Checker, root, preset *syntax.Node) *syntax.Node {
	var leaves []leaf
	t.collect(c, "", preset, &leaves)
	for _, l := range leaves {
		if list := root.Get("sweep"); strings.HasPrefix(l.path, "sweep.") && list != nil && list.Kind == syntax.ListNode {
			c.Addf(l.at, "sweep is a list, from %s on: a preset replaces it by a list of its own, as [{train.batch_size: [128, 8192]}]", list.At)
			continue
		}
		if head, name, ok := strings.Cut(l.path, "."); ok && slices.Contains(namesBelow, head) {
			root = root.With([]string{head, name}, l.v)
			continue
		}
		next, err := t.Assign(root, l.path, l.v)
		if err != nil {
			c.Add(l.at, err.Error())
			continue
		}
		root = next
	}
	return root
}

// collect flattens an overlay into assignments and checks their paths.
func (t *Table) collect(c *syntax.Checker, prefix string, n *syntax.Node, out *[]leaf) {
	for _, e := range n.Entries {
		path := syntax.Join(prefix, e.Key)
		head, _, dotted := strings.Cut(path, ".")
		switch {
		case t.fields.Find(head) == nil || head == "presets":
			c.Addf(e.At, "%s%s", syntax.UnknownKey("a preset", e.Key, t.overlayKeys()), t.Elsewhere("", path))
			continue
		case dotted && slices.Contains(namesBelow, head): // one parameter's values, or zip, include, exclude; one network's layers
		case t.branch(path) && e.Value.Kind == syntax.MappingNode:
			t.collect(c, path, e.Value, out)
			continue
		case t.branch(path) && !t.isEntries(path) && path != RepeatsKey && path != "sweep":
			if guess := t.misspelled(head, path); guess != "" {
				c.Addf(e.At, "unknown parameter %s%s", syntax.Clip(path), guess)
			} else {
				c.Reject(e.Value, path, "a mapping of the changed fields")
			}
			continue
		case dotted && t.isEntries(head) && !slices.Contains(t.roots, head):
			field := path[strings.LastIndexByte(path, '.')+1:]
			if t.Entries[head].Find(field) == nil || strings.Count(path, ".") > 2 {
				c.Addf(e.At, "%s", syntax.UnknownKey(head, field, t.Entries[head].Names()))
				continue
			}
		case dotted:
			if _, err := t.DeclaredParameter(c, path); err != nil {
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

// branch reports whether an overlay continues below a path rather than replacing its value.
func (t *Table) branch(path string) bool {
	switch path {
	case layers.Key, syntax.VariablesKey, RepeatsKey, "sweep":
		return true
	}
	parts := strings.Split(path, ".")
	if len(parts) == 1 && t.isEntries(path) {
		return true
	}
	if fields, ok := t.Entries[parts[0]]; ok {
		return len(parts) == 2 && fields.Find(parts[1]) == nil // maps.<name>
	}
	o := t.fields
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

// misspelled guesses which field of entries a path below them means; "" if no field is close, as of an entry's name.
func (t *Table) misspelled(head, path string) string {
	if !t.isEntries(head) {
		return ""
	}
	return syntax.DidYouMean(strings.TrimPrefix(path, head+"."), t.Entries[head].Names())
}

func (t *Table) overlayKeys() []string {
	var out []string
	for _, name := range t.fields.Names() {
		if name != "presets" {
			out = append(out, name)
		}
	}
	return out
}

// maxPresets is how many presets a file may have.
const maxPresets = 16

// ReadPresets returns the names of the presets that change something, and the chosen one.
func ReadPresets(c *syntax.Checker, list *syntax.Node, preset string) (names []string, chosen *syntax.Node) {
	if list == nil {
		return nil, nil
	}
	before := c.Reported
	checkPresets(c, list)
	if len(list.Entries) > maxPresets {
		c.Addf(list.At, "more than %d presets", maxPresets)
	}
	if c.Reported > before {
		return nil, nil
	}
	for _, e := range list.Entries {
		if e.Value.Kind == syntax.NullNode {
			c.Addf(e.At, "presets.%s is empty; write the changed fields, or remove it", e.Key)
			continue
		}
		names = append(names, e.Key)
	}
	return names, list.Get(preset)
}
