package pipelines

// maxExperiments is how many experiments one sweep may have.
const maxExperiments = 2000

// axis varies one parameter, or several together (zip).
type axis struct {
	at   position
	rows []point
}

// The keys of a sweep beside paths. A path always holds a dot, so they cannot meet.
const (
	keyGrid    = "grid"
	keyZip     = "zip"
	keyInclude = "include"
	keyExclude = "exclude"
)

// axes is the field sweep:
//
//	train.batch_size: [128, 8192]         # each path is an axis of a grid, the last one varying fastest
//	zip: {train.net: [a, b], train.optimizer.lr: [0.1, 0.01]}   # one axis of several parameters in step; or a list of such
//	include: [{train.net: c}]             # further experiments
//	exclude: [{train.net: a, train.batch_size: 8192}]           # all experiments with these values
//
// or a list of such mappings: the experiments of the first, then those of the second, and so on.
//
// It is read by readAxes, once the presets are applied.
type axes struct{}

func (axes) check(*checker, *node, string) any { return nil }

// readAxes reads the field sweep into the points of the sweep: those of all its
// parts, in order. A sweep without it has one point, which sets nothing.
func readAxes(c *checker, n *node) []point {
	const want = "a mapping, as {train.batch_size: [128, 8192]}, or a list of such"
	switch {
	case n == nil || n.kind == nullNode:
		return []point{{}}
	case n.kind == mappingNode:
		return readPart(c, n)
	case n.kind != listNode || len(n.items) == 0:
		c.reject(n, "sweep", want)
		return nil
	}
	var points []point
	for _, item := range n.items {
		if item.kind != mappingNode {
			c.reject(item, "sweep", want)
			continue
		}
		points = append(points, readPart(c, item)...)
		if len(points) > maxExperiments {
			c.addf(item.at, "sweep: more than %d experiments", maxExperiments)
			return nil
		}
	}
	return points
}

// readPart reads a mapping of axes into the points of its grid.
func readPart(c *checker, n *node) []point {
	before := c.reported
	var all []axis
	var exclude, include []point
	used := make(map[string]position)
	for _, e := range n.entries {
		switch {
		case e.value.kind == nullNode:
			c.addf(e.at, "sweep: %s has no values; list some, or remove the line", clip(e.key))
		case e.key == keyInclude:
			include = readPoints(c, e, false)
		case e.key == keyExclude:
			exclude = readPoints(c, e, true)
		case e.key == keyZip && e.value.kind == listNode:
			for _, item := range e.value.items {
				all = append(all, readZip(c, item, used))
			}
		case e.key == keyZip:
			all = append(all, readZip(c, e.value, used))
		case e.key == keyGrid && e.value.kind == mappingNode:
			for _, g := range e.value.entries {
				all = append(all, readAxis(c, g, used))
			}
		default:
			all = append(all, readAxis(c, e, used))
		}
	}
	if c.reported > before {
		return nil
	}
	points := product(c, "sweep", n.at, all, len(include) > 0)
	points = drop(c, points, exclude)
	points = append(points, include...)
	if len(points) == 0 && c.reported == before {
		c.add(n.at, "sweep: no experiment is left")
	}
	if len(points) > maxExperiments {
		c.addf(n.at, "sweep: more than %d experiments", maxExperiments)
		return nil
	}
	return points
}

// readAxis reads "path: [values]".
func readAxis(c *checker, e entry, used map[string]position) axis {
	a := axis{at: e.at}
	t, err := c.parameter(e.key)
	if err == nil && e.key == "dataset.name" {
		c.add(e.at, "sweep: dataset.name cannot be swept; a sweep has one data set, make a file for each")
		return a
	}
	if err != nil {
		hint := ""
		if e.value.kind == mappingNode {
			hint = " (write a path in one piece, as train.batch_size: [128, 8192])"
		}
		c.addf(e.at, "sweep: %v; or zip, include, exclude%s", err, hint)
		return a
	}
	if at, ok := used[e.key]; ok {
		c.addf(e.at, "sweep: %s is swept twice, first on line %d", e.key, at.line)
	}
	used[e.key] = e.at
	a.rows = readValues(c, "sweep", e, t)
	return a
}

// readValues reads the values of a parameter, which must differ.
func readValues(c *checker, field string, e entry, t typ) []point {
	if e.value.kind != listNode || len(e.value.items) == 0 {
		c.reject(e.value, field+": "+e.key, "a list of at least one value, as [1, 2]")
		return nil
	}
	var rows []point
	seen := make(map[string]*node)
	for _, item := range e.value.items {
		v := t.check(c, item, e.key)
		if v == nil {
			continue
		}
		if was := seen[canonical(v)]; was != nil {
			c.addf(item.at, "%s: %s: %s is listed twice, first as %s in column %d of line %d", field, e.key, item.describe(), was.describe(), was.at.column, was.at.line)
			continue
		}
		seen[canonical(v)] = item
		rows = append(rows, point{at: item.at, sets: []setting{{field: field, path: e.key, at: e.at, node: item, value: v}}})
	}
	return rows
}

// readZip reads {path: [values], path: [values]} with lists of one length.
func readZip(c *checker, n *node, used map[string]position) axis {
	out := axis{at: n.at}
	if n.kind != mappingNode || len(n.entries) == 0 {
		c.reject(n, "sweep.zip", "a mapping of lists of one length, as {train.net: [a, b], train.seed: [1, 2]}")
		return out
	}
	for i, e := range n.entries {
		before := c.reported
		a := readZipped(c, e, used)
		if c.reported > before {
			continue
		}
		if i == 0 || out.rows == nil {
			out.rows = a
			continue
		}
		if len(a) != len(out.rows) {
			c.addf(e.at, "sweep.zip: %s has %d values and %s has %d; zipped lists are of one length", e.key, len(a), out.rows[0].sets[0].path, len(out.rows))
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
func readZipped(c *checker, e entry, used map[string]position) []point {
	var rows []point
	if e.value.kind != listNode {
		readAxis(c, e, used)
		return nil
	}
	for i, item := range e.value.items {
		one := entry{key: e.key, at: e.at, value: &node{kind: listNode, at: item.at, items: []*node{item}}}
		scratch := used
		if i > 0 {
			scratch = map[string]position{}
		}
		rows = append(rows, readAxis(c, one, scratch).rows...)
	}
	if len(e.value.items) == 0 {
		readAxis(c, e, used)
	}
	return rows
}

// readPoints reads a list of {path: value}. Of an exclusion a value may be a list of alternatives.
func readPoints(c *checker, e entry, alternatives bool) []point {
	if e.value.kind != listNode {
		c.reject(e.value, "sweep."+e.key, "a list of mappings, as [{train.net: a, train.batch_size: 128}]")
		return nil
	}
	var out []point
	for _, item := range e.value.items {
		if item.kind != mappingNode || len(item.entries) == 0 {
			c.reject(item, "sweep."+e.key, "a mapping, as {train.net: a, train.batch_size: 128}")
			continue
		}
		points := []point{{at: item.at}}
		for _, kv := range item.entries {
			values := kv.value
			if !alternatives || values.kind != listNode {
				values = &node{kind: listNode, at: values.at, items: []*node{values}}
			}
			rows := readAxis(c, entry{key: kv.key, at: kv.at, value: values}, map[string]position{}).rows
			if len(points)*len(rows) > maxExperiments {
				c.addf(kv.at, "sweep.%s: more than %d combinations", e.key, maxExperiments)
				return nil
			}
			points = multiply(points, rows)
		}
		out = append(out, points...)
	}
	return out
}
