package parameters

import "lossatlas/pipelines/syntax"

// MaxExperiments is how many experiments one sweep may have.
const MaxExperiments = 2000

// axis varies one parameter, or several together (zip).
type axis struct {
	at   syntax.Position
	rows []Point
}

// The keys of a sweep beside paths. A path always holds a dot, so they cannot meet.
const (
	KeyGrid    = "grid"
	KeyZip     = "zip"
	KeyInclude = "include"
	KeyExclude = "exclude"
)

// ReadAxes reads the field sweep into the points of the sweep: those of all its
// parts, in order. A sweep without it has one point, which sets nothing. The field is
//
//	train.batch_size: [128, 8192]         # each path is an axis of a grid, the last one varying fastest
//	zip: {train.net: [a, b], train.optimizer.lr: [0.1, 0.01]}   # one axis of several parameters in step; or a list of such
//	include: [{train.net: c}]             # further experiments
//	exclude: [{train.net: a, train.batch_size: 8192}]           # all experiments with these values
//
// or a list of such mappings: the experiments of the first, then those of the second, and so on.
func (t *Table) ReadAxes(c *syntax.Checker, n *syntax.Node) []Point {
	const want = "a mapping, as {train.batch_size: [128, 8192]}, or a list of such"
	switch {
	case n == nil || n.Kind == syntax.NullNode:
		return []Point{{}}
	case n.Kind == syntax.MappingNode:
		return t.readPart(c, n)
	case n.Kind != syntax.ListNode || len(n.Items) == 0:
		c.Reject(n, "sweep", want)
		return nil
	}
	var points []Point
	for _, item := range n.Items {
		if item.Kind != syntax.MappingNode {
			c.Reject(item, "sweep", want)
			continue
		}
		points = append(points, t.readPart(c, item)...)
		if len(points) > MaxExperiments {
			c.Addf(item.At, "sweep: more than %d experiments", MaxExperiments)
			return nil
		}
	}
	return points
}

// readPart reads a mapping of axes into the points of its grid.
func (t *Table) readPart(c *syntax.Checker, n *syntax.Node) []Point {
	before := c.Reported
	var all []axis
	var exclude, include []Point
	used := make(map[string]syntax.Position)
	for _, e := range n.Entries {
		switch {
		case e.Value.Kind == syntax.NullNode:
			c.Addf(e.At, "sweep: %s has no values; list some, or remove the line", syntax.Clip(e.Key))
		case e.Key == KeyInclude:
			include = t.readPoints(c, e, false)
		case e.Key == KeyExclude:
			exclude = t.readPoints(c, e, true)
		case e.Key == KeyZip && e.Value.Kind == syntax.ListNode:
			for _, item := range e.Value.Items {
				all = append(all, t.readZip(c, item, used))
			}
		case e.Key == KeyZip:
			all = append(all, t.readZip(c, e.Value, used))
		case e.Key == KeyGrid && e.Value.Kind == syntax.MappingNode:
			for _, g := range e.Value.Entries {
				all = append(all, t.readAxis(c, g, used))
			}
		default:
			all = append(all, t.readAxis(c, e, used))
		}
	}
	if c.Reported > before {
		return nil
	}
	points := product(c, "sweep", n.At, all, len(include) > 0)
	points = drop(c, points, exclude)
	points = append(points, include...)
	if len(points) == 0 && c.Reported == before {
		c.Add(n.At, "sweep: exclude removes every experiment")
	}
	if len(points) > MaxExperiments {
		c.Addf(n.At, "sweep: more than %d experiments", MaxExperiments)
		return nil
	}
	return points
}

// readAxis reads "path: [values]".
func (t *Table) readAxis(c *syntax.Checker, e syntax.Entry, used map[string]syntax.Position) axis {
	a := axis{at: e.At}
	typ, err := t.DeclaredParameter(c, e.Key)
	if err == nil && e.Key == "dataset.name" {
		c.Add(e.At, "sweep: dataset.name cannot be swept; a sweep has one data set, make a file for each")
		return a
	}
	if err != nil {
		hint := ""
		if e.Value.Kind == syntax.MappingNode {
			hint = " (write a path in one piece, as train.batch_size: [128, 8192])"
		}
		c.Addf(e.At, "sweep: %v; or zip, include, exclude%s", err, hint)
		return a
	}
	if at, ok := used[e.Key]; ok {
		c.Addf(e.At, "sweep: %s is swept twice, first on line %d", e.Key, at.Line)
	}
	used[e.Key] = e.At
	a.rows = readValues(c, "sweep", e, typ)
	return a
}

// readValues reads the values of a parameter, which must differ.
func readValues(c *syntax.Checker, field string, e syntax.Entry, t syntax.Type) []Point {
	if e.Value.Kind != syntax.ListNode || len(e.Value.Items) == 0 {
		c.Reject(e.Value, field+": "+e.Key, "a list of at least one value, as [1, 2]")
		return nil
	}
	var rows []Point
	seen := make(map[string]*syntax.Node)
	for _, item := range e.Value.Items {
		v := t.Check(c, item, e.Key)
		if v == nil {
			continue
		}
		if was := seen[syntax.Canonical(v)]; was != nil {
			c.Addf(item.At, "%s: %s: %s is listed twice, first as %s in column %d of line %d", field, e.Key, item.Describe(), was.Describe(), was.At.Column, was.At.Line)
			continue
		}
		seen[syntax.Canonical(v)] = item
		rows = append(rows, Point{At: item.At, Sets: []Setting{{Field: field, Path: e.Key, At: e.At, Node: item, Value: v}}})
	}
	return rows
}

// readZip reads {path: [values], path: [values]} with lists of one length.
func (t *Table) readZip(c *syntax.Checker, n *syntax.Node, used map[string]syntax.Position) axis {
	out := axis{at: n.At}
	if n.Kind != syntax.MappingNode || len(n.Entries) == 0 {
		c.Reject(n, "sweep.zip", "a mapping of lists of one length, as {train.net: [a, b], train.seed: [1, 2]}")
		return out
	}
	for i, e := range n.Entries {
		before := c.Reported
		a := t.readZipped(c, e, used)
		if c.Reported > before {
			continue
		}
		if i == 0 || out.rows == nil {
			out.rows = a
			continue
		}
		if len(a) != len(out.rows) {
			c.Addf(e.At, "sweep.zip: %s has %d values and %s has %d; zipped lists are of one length", e.Key, len(a), out.rows[0].Sets[0].Path, len(out.rows))
			continue
		}
		for j := range a {
			out.rows[j] = out.rows[j].and(a[j])
		}
	}
	return out
}

// readZipped reads one list of a zip. Unlike a grid's it may repeat values: only
// whole rows must differ, which the uniqueness of experiments sees to.
func (t *Table) readZipped(c *syntax.Checker, e syntax.Entry, used map[string]syntax.Position) []Point {
	var rows []Point
	if e.Value.Kind != syntax.ListNode {
		t.readAxis(c, e, used)
		return nil
	}
	for i, item := range e.Value.Items {
		one := syntax.Entry{Key: e.Key, At: e.At, Value: &syntax.Node{Kind: syntax.ListNode, At: item.At, Items: []*syntax.Node{item}}}
		scratch := used
		if i > 0 {
			scratch = map[string]syntax.Position{}
		}
		rows = append(rows, t.readAxis(c, one, scratch).rows...)
	}
	if len(e.Value.Items) == 0 {
		t.readAxis(c, e, used)
	}
	return rows
}

// readPoints reads a list of {path: value}. Of an exclusion a value may be a list of alternatives.
func (t *Table) readPoints(c *syntax.Checker, e syntax.Entry, alternatives bool) []Point {
	if e.Value.Kind != syntax.ListNode {
		c.Reject(e.Value, "sweep."+e.Key, "a list of mappings, as [{train.net: a, train.batch_size: 128}]")
		return nil
	}
	var out []Point
	for _, item := range e.Value.Items {
		if item.Kind != syntax.MappingNode || len(item.Entries) == 0 {
			c.Reject(item, "sweep."+e.Key, "a mapping, as {train.net: a, train.batch_size: 128}")
			continue
		}
		points := []Point{{At: item.At}}
		for _, kv := range item.Entries {
			values := kv.Value
			if !alternatives || values.Kind != syntax.ListNode {
				values = &syntax.Node{Kind: syntax.ListNode, At: values.At, Items: []*syntax.Node{values}}
			}
			rows := t.readAxis(c, syntax.Entry{Key: kv.Key, At: kv.At, Value: values}, map[string]syntax.Position{}).rows
			if len(points)*len(rows) > MaxExperiments {
				c.Addf(kv.At, "sweep.%s: more than %d combinations", e.Key, MaxExperiments)
				return nil
			}
			points = multiply(points, rows)
		}
		out = append(out, points...)
	}
	return out
}
