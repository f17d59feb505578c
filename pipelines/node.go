package pipelines

import (
	"fmt"
	"slices"
	"strings"
)

// position is a place in a sweep file; line and column count from 1.
type position struct {
	line, column int
	of           *variable // whose value stands here, nil for what is written here
}

// String is the place as a message names it.
func (p position) String() string {
	return fmt.Sprintf("line %d column %d", p.line, p.column)
}

type nodeKind uint8

const (
	nullNode    nodeKind = iota
	plainNode            // an unquoted scalar: what it is depends on the field it is for
	quotedNode           // always text
	listNode             // items
	mappingNode          // entries
)

// node is a value of a sweep file with its place. Nodes are immutable: a
// preset or a swept value makes new nodes along one path and shares the rest.
type node struct {
	kind    nodeKind
	at      position
	text    string // plainNode, quotedNode
	items   []*node
	entries []entry // in file order, keys unique
}

type entry struct {
	key   string
	at    position
	value *node
}

func (n *node) isScalar() bool { return n.kind == plainNode || n.kind == quotedNode }

// get returns the value of a key of a mapping, or nil. A key with an empty
// value counts as left out.
func (n *node) get(key string) *node {
	if n == nil {
		return nil
	}
	for i := range n.entries {
		if n.entries[i].key == key && n.entries[i].value.kind != nullNode {
			return n.entries[i].value
		}
	}
	return nil
}

// place returns where the value at a path stands, or where the nearest mapping
// around it begins when the file leaves it out.
func (n *node) place(path ...string) position {
	at := n.at
	for _, key := range path {
		i := slices.IndexFunc(n.entries, func(e entry) bool { return e.key == key })
		if i < 0 {
			return at
		}
		at, n = n.entries[i].at, n.entries[i].value
		if n.isScalar() || n.kind == listNode {
			at = n.at
		}
	}
	return at
}

// with returns a copy of the tree in which path holds v (nil removes it).
// Mappings that are missing on the way are made.
func (n *node) with(path []string, v *node) *node {
	if len(path) == 0 {
		return v
	}
	out := &node{kind: mappingNode}
	if n != nil {
		out.at = n.at
		if n.kind == mappingNode {
			out.entries = slices.Clone(n.entries)
		}
	} else if v != nil {
		out.at = v.at
	}
	i := slices.IndexFunc(out.entries, func(e entry) bool { return e.key == path[0] })
	if i < 0 {
		if v == nil {
			return out
		}
		out.entries = append(out.entries, entry{key: path[0], at: v.at, value: (*node)(nil).with(path[1:], v)})
		return out
	}
	child := out.entries[i].value.with(path[1:], v)
	if child == nil {
		out.entries = slices.Delete(out.entries, i, i+1)
		return out
	}
	out.entries[i].value = child
	return out
}

// describe says what a node is, for "got …" in an error.
func (n *node) describe() string {
	switch n.kind {
	case plainNode:
		return clip(n.text)
	case quotedNode:
		return fmt.Sprintf("the text %q", clip(n.text))
	case listNode:
		return fmt.Sprintf("a list of %d", len(n.items))
	case mappingNode:
		keys := make([]string, 0, 3)
		for _, e := range n.entries[:min(3, len(n.entries))] {
			keys = append(keys, clip(e.key))
		}
		return "a mapping {" + strings.Join(keys, ", ") + ", …}"
	}
	return "nothing"
}

// clip shortens text from a file for an error message and keeps it on one line.
func clip(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 60 {
		return string(r[:57]) + "…"
	}
	return s
}
