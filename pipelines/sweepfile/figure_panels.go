package sweepfile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"lossatlas/pipelines/sweepfile/parameters"
	"lossatlas/pipelines/syntax"
)

// figure is a figureConfig with its panels found.
type figure struct {
	config  figureConfig
	columns int
	panels  []figurePanel
	shared  string          // what all panels have in common, which their titles leave out
	settled map[string]bool // parts of names that titles leave out, too: parameters.Settled
	follow  []string        // the parameters of these that differ between panels
}

// figurePanel is what a figure shows of one experiment, or of one comparison.
type figurePanel struct {
	title       string
	row, column int
	experiments []int // one, or the ends of a comparison
	steps       string
}

// arrange finds the experiments of the figures, and the places of their panels.
func (s *Sweep) arrange(c *syntax.Checker, tree *syntax.Node, points []parameters.Point) {
	labels := parameters.PathLabels(points)
	for i, f := range s.experiments[0].config.Figures {
		item := tree.Get(figuresKey).Items[i]
		chosen := make([]bool, len(s.experiments))
		for k := range chosen {
			chosen[k] = len(f.Of) == 0 && (f.showsAll(points[k]) || k == 0 || points[k-1].Of != points[k].Of)
		}
		right := true
		for j, end := range f.Of {
			found := s.selected(end, points)
			for _, k := range found {
				chosen[k] = true
			}
			if len(found) == 0 {
				at := item.Get("of")
				if at.Kind == syntax.ListNode {
					at = at.Items[j]
				}
				c.Addf(at.At, "figures: %s", s.unknown(end))
				right = false
			}
		}
		if !right {
			continue
		}
		fig := figure{config: f}
		for k, e := range s.experiments {
			if chosen[k] && !f.compared {
				fig.panels = append(fig.panels, figurePanel{title: e.name, experiments: []int{k}, steps: e.name + "/" + f.Map + "-"})
			}
		}
		for _, cmp := range s.comparisons {
			if f.compared && cmp.config.Name == f.Map && f.source.Kind == compareBarriers {
				fig.panels = append(fig.panels, cmp.pairPanels(chosen)...)
				continue
			}
			if f.compared && cmp.config.Name == f.Map && !slices.ContainsFunc(cmp.ends, func(k int) bool { return !chosen[k] }) {
				title := strings.TrimPrefix(strings.TrimPrefix(cmp.name, cmp.config.Name), ",")
				if title == "" {
					title = cmp.name
				}
				fig.panels = append(fig.panels, figurePanel{title: title, experiments: cmp.ends, steps: cmp.name + "/"})
			}
		}
		if len(fig.panels) == 0 {
			c.Addf(item.Place("of"), "figures: no comparison %s is between the experiments of this figure", f.Map)
			continue
		}
		fig.share(parameters.Settled(points))
		if f.Kind == figureMultiples && !fig.place(c, item, points, labels) || !s.hasSplits(c, item, fig) {
			continue
		}
		s.figures = append(s.figures, fig)
	}
}

// pairPanels are those of the chosen pairs of many minimizers, called by their numbers.
func (cmp comparison) pairPanels(chosen []bool) (out []figurePanel) {
	for j, b := range cmp.ends {
		for i, a := range cmp.ends[:j] {
			if chosen[a] && chosen[b] {
				out = append(out, figurePanel{title: fmt.Sprintf("%d–%d", i+1, j+1), experiments: []int{a, b}, steps: fmt.Sprintf("%s/%d-%d-", cmp.name, i+1, j+1)})
			}
		}
	}
	return out
}

// showsAll says whether a figure shows all repetitions of an experiment, unless it
// is told which: multiples show the first, but where they are laid out by seeds.
func (f figureConfig) showsAll(p parameters.Point) bool {
	repeated := false
	for _, set := range p.Sets {
		if set.Field == parameters.RepeatsKey {
			if set.Path == f.Rows || set.Path == f.Columns {
				return true
			}
			repeated = true
		}
	}
	return f.Kind != figureMultiples || !repeated
}

// hasSplits checks that the map of a figure has the splits that it shows in every
// experiment, where that is swept.
func (s *Sweep) hasSplits(c *syntax.Checker, item *syntax.Node, fig figure) bool {
	f := fig.config
	if f.Map == "" || f.compared {
		return true
	}
	want := []string{f.Split}
	if f.source.Kind == mapLine && f.Kind != figureScatter {
		want = f.source.Splits
	}
	for _, p := range fig.panels {
		e := s.experiments[p.experiments[0]]
		for _, m := range e.config.Maps {
			for _, split := range want {
				if m.Name == f.Map && !slices.Contains(m.Splits, split) {
					c.Addf(item.At, "figures: %s of %s has no split %s, only %s; choose experiments with this split by of, or choose another split", f.Map, e.name, split, strings.Join(m.Splits, " and "))
					return false
				}
			}
		}
	}
	return true
}

// share shortens the panels' titles: it drops the parts that all panels have, and the settled ones. No title becomes empty.
func (fig *figure) share(settled map[string]bool) {
	parts := make([][]string, len(fig.panels))
	for i, p := range fig.panels {
		parts[i] = strings.Split(p.title, ",")
	}
	var shared []string
	for _, part := range parts[0] {
		if !slices.ContainsFunc(parts, func(of []string) bool { return !slices.Contains(of, part) }) {
			shared = append(shared, part)
		}
	}
	if slices.ContainsFunc(parts, func(of []string) bool {
		return !slices.ContainsFunc(of, func(part string) bool { return !slices.Contains(shared, part) && !settled[part] })
	}) {
		shared = nil // a title would be empty
	}
	for _, part := range slices.Concat(parts...) {
		name, _, isNamed := strings.Cut(part, "=")
		if isNamed && settled[part] && !slices.Contains(shared, part) && !slices.Contains(fig.follow, name) {
			fig.follow = append(fig.follow, name)
		}
	}
	for i := range fig.panels {
		own := slices.DeleteFunc(parts[i], func(part string) bool { return slices.Contains(shared, part) || settled[part] })
		fig.panels[i].title = strings.Join(own, ", ")
	}
	fig.shared, fig.settled = strings.Join(shared, ", "), settled
}

// place puts panels into rows and columns.
func (fig *figure) place(c *syntax.Checker, item *syntax.Node, points []parameters.Point, labels map[string]string) bool {
	f := fig.config
	for _, key := range []string{"rows", "columns"} {
		path := map[string]string{"rows": f.Rows, "columns": f.Columns}[key]
		if path == "" {
			continue
		}
		if _, swept := labels[path]; !swept {
			paths := make([]string, 0, len(labels))
			for p := range labels {
				paths = append(paths, p)
			}
			slices.Sort(paths)
			c.Addf(item.Place(key), "figures: %s is not swept%s", syntax.Clip(path), cmp.Or(syntax.DidYouMean(path, paths), "; swept are "+syntax.Some(paths)))
			return false
		}
	}
	if f.Rows == "" && f.Columns == "" {
		fig.columns = wrapped(len(fig.panels))
		for i := range fig.panels {
			fig.panels[i].row, fig.panels[i].column = i/fig.columns, i%fig.columns
		}
		return true
	}
	// A side that names no parameter is for whatever the other does not name.
	named := map[string]bool{f.Rows: true, f.Columns: true}
	key := func(p parameters.Point, path string) string {
		if path == "" {
			return parameters.Rest(p, named)
		}
		for _, set := range p.Sets {
			if set.Path == path {
				return syntax.Canonical(set.Value)
			}
		}
		return ""
	}
	var rows, columns []string
	index := func(of *[]string, key string) int {
		if i := slices.Index(*of, key); i >= 0 {
			return i
		}
		*of = append(*of, key)
		return len(*of) - 1
	}
	taken := make(map[[2]int]string)
	for i := range fig.panels {
		p := &fig.panels[i]
		at := points[p.experiments[0]]
		p.row, p.column = index(&rows, key(at, f.Rows)), index(&columns, key(at, f.Columns))
		if other, ok := taken[[2]int{p.row, p.column}]; ok {
			c.Addf(item.At, "figures: %s and %s would be in one place, because they differ in neither rows nor columns: choose one of them with of", other, p.title)
			return false
		}
		taken[[2]int{p.row, p.column}] = p.title
	}
	fig.columns = len(columns)
	return true
}

// wrapped is the number of columns of n panels that nothing orders.
func wrapped(n int) int {
	switch {
	case n <= 3:
		return n
	case n == 4:
		return 2
	case n <= 6 || n == 9:
		return 3
	}
	return 4
}
