package layers

import "lossatlas/pipelines/syntax"

// sides is a number for rows and columns, or [rows, columns]; each is at least min.
type sides struct{ min int64 }

func (t sides) one() syntax.Integer { return syntax.Integer{Min: t.min, Max: maxKernel} }

func (t sides) want() string { return t.one().Want() + ", or two for rows and columns, as [3, 1]" }

func (t sides) Check(c *syntax.Checker, n *syntax.Node, path string) any {
	if n.Kind == syntax.ListNode && len(n.Items) == 2 {
		rows, columns := t.one().Check(c, n.Items[0], path), t.one().Check(c, n.Items[1], path)
		switch {
		case rows == nil || columns == nil:
			return nil
		case rows == columns:
			return rows
		}
		return []any{rows, columns}
	}
	if n.Kind == syntax.PlainNode && syntax.IntText.MatchString(n.Text) {
		return t.one().Check(c, n, path)
	}
	return c.Reject(n, path, t.want())
}

func (t sides) Schema(syntax.Names) syntax.Schema {
	one := t.one().Schema(nil)
	return syntax.Schema{"anyOf": []syntax.Schema{one, {"type": "array", "items": one, "minItems": 2, "maxItems": 2}}}
}

// window is the sides of a window, or global, the whole image, which is 0.
type window struct{}

const globalPool = "global"

func (window) Check(c *syntax.Checker, n *syntax.Node, path string) any {
	switch {
	case n.IsScalar() && n.Text == globalPool:
		return int64(0)
	case n.Kind == syntax.ListNode || n.Kind == syntax.PlainNode && syntax.IntText.MatchString(n.Text):
		return sides{1}.Check(c, n, path)
	}
	return c.Reject(n, path, sides{1}.one().Want()+", or "+globalPool)
}

func (window) Schema(syntax.Names) syntax.Schema {
	return syntax.Schema{"anyOf": []syntax.Schema{sides{1}.Schema(nil), {"const": globalPool}}}
}

// layerList is a list of layers; layerReader reads it.
type layerList struct{}

func (layerList) Check(_ *syntax.Checker, n *syntax.Node, _ string) any { return n }

func (layerList) Schema(syntax.Names) syntax.Schema {
	return syntax.Schema{"type": "array", "minItems": 1, "items": syntax.Schema{"$ref": layerRef}}
}

// layerRef is where the schema keeps the definition of a layer, which is recursive.
const layerRef = "#/$defs/layer"

// shortcut is a list of layers, or pad.
type shortcut struct{}

const padShortcut = "pad"

func (shortcut) Check(c *syntax.Checker, n *syntax.Node, path string) any {
	if n.Kind == syntax.ListNode || n.IsScalar() && n.Text == padShortcut {
		return n
	}
	return c.Reject(n, path, "a list of layers, or "+padShortcut)
}

func (shortcut) Schema(syntax.Names) syntax.Schema {
	return syntax.Schema{"anyOf": []syntax.Schema{layerList{}.Schema(nil), {"const": padShortcut}}}
}
