package syntax

import (
	"fmt"
	"slices"
	"strings"
)

// Position is a place in a file; line and column count from 1.
type Position struct {
	Line, Column int
	of           *Variable // whose value stands here, nil for a value that is written here
}

// String is the place as a message names it.
func (p Position) String() string {
	return fmt.Sprintf("line %d column %d", p.Line, p.Column)
}

type nodeKind uint8

// The kinds of nodes.
const (
	NullNode    nodeKind = iota
	PlainNode            // an unquoted scalar: its type depends on its field
	quotedNode           // always text
	ListNode             // items
	MappingNode          // entries
)

// Node is a value of a file with its place. Nodes are immutable: a
// preset or a swept value makes new nodes along one path and shares the rest.
type Node struct {
	Kind    nodeKind
	At      Position
	Text    string // plainNode, quotedNode
	Items   []*Node
	Entries []Entry // in file order, keys unique
}

// Entry is a key of a mapping with its value.
type Entry struct {
	Key   string
	At    Position
	Value *Node
}

// IsScalar says whether the node is a single value.
func (n *Node) IsScalar() bool { return n.Kind == PlainNode || n.Kind == quotedNode }

// Get returns the value of a key of a mapping, or nil. A key with an empty
// value counts as left out.
func (n *Node) Get(key string) *Node {
	if n == nil {
		return nil
	}
	for i := range n.Entries {
		if n.Entries[i].Key == key && n.Entries[i].Value.Kind != NullNode {
			return n.Entries[i].Value
		}
	}
	return nil
}

// Place returns where the value at a path stands, or where the nearest mapping
// around it begins when the file leaves it out.
func (n *Node) Place(path ...string) Position {
	at := n.At
	for _, key := range path {
		i := slices.IndexFunc(n.Entries, func(e Entry) bool { return e.Key == key })
		if i < 0 {
			return at
		}
		at, n = n.Entries[i].At, n.Entries[i].Value
		if n.IsScalar() || n.Kind == ListNode {
			at = n.At
		}
	}
	return at
}

// With returns a copy of the tree in which path holds v (nil removes it).
// Mappings that are missing on the way are made.
func (n *Node) With(path []string, v *Node) *Node {
	if len(path) == 0 {
		return v
	}
	out := &Node{Kind: MappingNode}
	if n != nil {
		out.At = n.At
		if n.Kind == MappingNode {
			out.Entries = slices.Clone(n.Entries)
		}
	} else if v != nil {
		out.At = v.At
	}
	i := slices.IndexFunc(out.Entries, func(e Entry) bool { return e.Key == path[0] })
	if i < 0 {
		if v == nil {
			return out
		}
		out.Entries = append(out.Entries, Entry{Key: path[0], At: v.At, Value: (*Node)(nil).With(path[1:], v)})
		return out
	}
	child := out.Entries[i].Value.With(path[1:], v)
	if child == nil {
		out.Entries = slices.Delete(out.Entries, i, i+1)
		return out
	}
	out.Entries[i].Value = child
	return out
}

// Describe names the kind of a node, for "got …" in an error.
func (n *Node) Describe() string {
	switch n.Kind {
	case PlainNode:
		return Clip(n.Text)
	case quotedNode:
		return fmt.Sprintf("the text %q", Clip(n.Text))
	case ListNode:
		return fmt.Sprintf("a list of %d", len(n.Items))
	case MappingNode:
		keys := make([]string, 0, 3)
		for _, e := range n.Entries[:min(3, len(n.Entries))] {
			keys = append(keys, Clip(e.Key))
		}
		return "a mapping {" + strings.Join(keys, ", ") + ", …}"
	}
	return "nothing"
}

// Clip shortens text from a file for an error message and keeps it on one line.
func Clip(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 60 {
		return string(r[:57]) + "…"
	}
	return s
}
