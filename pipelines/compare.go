package pipelines

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Kinds of comparisons.
const (
	compareInterpolation = "interpolation"
	comparePlane         = "plane"
)

var compareKinds = []string{compareInterpolation, comparePlane}

const compareKey = "compare"

// compareConfig is a map between the minimizers of several experiments.
type compareConfig struct {
	mapConfig
	Between []selector `json:"between"` // of an interpolation: two
	Through []selector `json:"through"` // of a plane: three
	States  bool       `json:"states"`
}

// ends are the experiments that a comparison is between, as they are selected.
func (m compareConfig) ends() (key string, ends []selector) {
	if m.Kind == comparePlane || m.Kind == mapSurface { // before and after it is resolved
		return "through", m.Through
	}
	return "between", m.Between
}

// selector names an experiment, or gives some of the swept parameters a value:
// then it stands for every experiment that has these. As JSON it is a string or
// that mapping.
type selector struct {
	name string
	set  map[string]string // canonical values by path
}

// MarshalJSON writes the name, or the parameters.
func (s selector) MarshalJSON() ([]byte, error) {
	if s.name != "" {
		return json.Marshal(s.name)
	}
	return json.Marshal(s.set)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *selector) UnmarshalJSON(b []byte) error {
	if strings.HasPrefix(string(b), "{") {
		return json.Unmarshal(b, &s.set)
	}
	return json.Unmarshal(b, &s.name)
}

// selectors is a list of n selectors; n = 0 allows any number.
type selectors struct{ n int }

func (t selectors) want() string {
	if t.n == 0 {
		return "a list of experiments, each a name or parameters such as {train.batch_size: 128}"
	}
	return fmt.Sprintf("a list of %d experiments, each a name or parameters such as {train.batch_size: 128}", t.n)
}

func (t selectors) check(c *checker, n *node, path string) any {
	if n.kind != listNode || len(n.items) == 0 || t.n > 0 && len(n.items) != t.n {
		return c.reject(n, path, t.want())
	}
	var out []selector
	for _, item := range n.items {
		s, ok := readSelector(c, item, path, t.want())
		if !ok {
			return nil
		}
		out = append(out, s)
	}
	return out
}

func (t selectors) schema(Catalog) schema {
	one := schema{"anyOf": []schema{{"type": "string"}, pointRef}}
	if t.n == 0 {
		return schema{"type": "array", "minItems": 1, "items": one}
	}
	return schema{"type": "array", "minItems": t.n, "maxItems": t.n, "items": one}
}

// oneSelector is the type of a field that selects one experiment.
type oneSelector struct{}

func (oneSelector) check(c *checker, n *node, path string) any {
	if s, ok := readSelector(c, n, path, "an experiment, its name or parameters such as {train.batch_size: 128}"); ok {
		return s
	}
	return nil
}

// schema gives the names of parameters but not their types: this field is a parameter itself.
func (oneSelector) schema(Catalog) schema {
	properties := schema{}
	for _, path := range allPaths() {
		properties[path] = schema{}
	}
	return schema{"anyOf": []schema{{"type": "string"}, {"type": "object", "minProperties": 1, "properties": properties,
		"additionalProperties": false, "patternProperties": schema{mapPathPattern: schema{}}}}}
}

// readSelector reads a selector, or reports what is wanted instead.
func readSelector(c *checker, n *node, path, want string) (selector, bool) {
	if n.isScalar() && n.text != "" {
		return selector{name: n.text}, true
	}
	if n.kind != mappingNode || len(n.entries) == 0 {
		c.reject(n, path, want)
		return selector{}, false
	}
	s := selector{set: make(map[string]string)}
	for _, e := range n.entries {
		typ, err := c.parameter(e.key)
		if err != nil {
			c.addf(e.at, "%s: %v", path, err)
			return selector{}, false
		}
		v := typ.check(c, e.value, e.key)
		if v == nil {
			return selector{}, false
		}
		s.set[e.key] = canonical(v)
	}
	return s, true
}

// resolveCompare settles the names and images of the comparisons.
func (cfg *config) resolveCompare(c *checker, tree *node) {
	names := make(map[string]bool)
	list := tree.get(compareKey)
	for i := range cfg.Compare {
		m := &cfg.Compare[i]
		item := list.items[i]
		if m.Name == "" {
			m.Name = m.Kind
		}
		if names[strings.ToLower(m.Name)] {
			c.addf(item.at, "compare: two comparisons with the name %s; give one another name (name: …)", m.Name)
		}
		names[strings.ToLower(m.Name)] = true
		if key, ends := m.ends(); len(ends) == 0 {
			c.addf(item.at, "compare: %s is missing: which experiments to compare, each a name or parameters such as {train.batch_size: 128}", key)
		}
		resolved := m.mapConfig
		if resolved.Kind = mapLine; m.Kind == comparePlane {
			resolved.Kind = mapSurface
		}
		cfg.resolveMap(c, &resolved, item)
		m.mapConfig = resolved
	}
}

// comparison is one map between minimizers: of a compareConfig, one for each
// value of the parameters that it keeps equal.
type comparison struct {
	name   string
	config compareConfig
	ends   []int // the experiments
}

// compare finds the experiments that the comparisons are between.
func (s *Sweep) compare(c *checker, tree *node, points []point) {
	first := s.experiments[0].config
	taken := make(map[string]bool)
	for _, e := range s.experiments {
		taken[strings.ToLower(e.name)] = true
	}
	labels := pathLabels(points)
	for i, m := range first.Compare {
		item := tree.get(compareKey).items[i]
		key, ends := m.ends()
		named := make(map[string]bool)
		for _, end := range ends {
			for path := range end.set {
				named[path] = true
			}
		}
		found := make([][]int, len(ends))
		for j, end := range ends {
			if found[j] = s.selected(end, points); len(found[j]) == 0 {
				c.addf(item.get(key).items[j].at, "compare: %s", s.unknown(end))
			}
		}
		if slices.ContainsFunc(found, func(f []int) bool { return len(f) == 0 }) {
			continue
		}
		before := len(s.comparisons)
		for _, a := range found[0] {
			group := []int{a}
			for j, end := range ends[1:] {
				var partners []int
				for _, b := range found[j+1] {
					if end.name != "" || ends[0].name != "" || rest(points[a], named) == rest(points[b], named) {
						partners = append(partners, b)
					}
				}
				if partners = sameRepetition(points, a, partners); len(partners) > 1 {
					c.addf(item.get(key).items[j+1].at, "compare: %s is several experiments, %s and %s among them; give more of their parameters",
						end, s.experiments[partners[0]].name, s.experiments[partners[1]].name)
					return
				}
				group = append(group, partners...)
			}
			if len(group) < len(ends) {
				continue // left out of the sweep
			}
			for j, b := range group[1:] {
				if slices.Contains(group[:j+1], b) {
					c.addf(item.get(key).items[j+1].at, "compare: %s is compared with itself; choose another experiment", s.experiments[b].name)
					return
				}
				if s.experiments[b].config.network() != s.experiments[a].config.network() {
					c.addf(item.get(key).items[j+1].at, "compare: %s and %s are different networks, whose weights don't lie on one line; compare equal ones",
						s.experiments[a].name, s.experiments[b].name)
					return
				}
			}
			cmp := comparison{name: m.Name, config: m, ends: group}
			if len(found[0]) > 1 {
				for _, set := range points[a].sets {
					if named[set.path] {
						continue
					}
					label := valueLabel(set.value)
					if labels[set.path] != "net" {
						label = labels[set.path] + "=" + label
					}
					cmp.name += "," + label
				}
			}
			for taken[strings.ToLower(cmp.name)] {
				cmp.name += "-compared"
			}
			taken[strings.ToLower(cmp.name)] = true
			s.comparisons = append(s.comparisons, cmp)
		}
		if len(s.comparisons) == before && c.reported == 0 {
			c.addf(item.get(key).at, "compare: no two experiments differ in just what %s names; parameters that it doesn't name must be equal", key)
		}
	}
}

// selects says whether the selector stands for an experiment.
func (s selector) selects(name string, p point) bool {
	if s.name != "" {
		return s.name == name
	}
	for path, v := range s.set {
		if !slices.ContainsFunc(p.sets, func(set setting) bool { return set.path == path && canonical(set.value) == v }) {
			return false
		}
	}
	return true
}

// alike says whether two points are the same but for what the selector names.
// A name leaves nothing open.
func (s selector) alike(a, b point) bool {
	named := make(map[string]bool, len(s.set))
	for path := range s.set {
		named[path] = true
	}
	return s.name != "" || rest(a, named) == rest(b, named)
}

// selected are the experiments that the selector stands for. The name of a group
// stands for all of its repetitions.
func (s *Sweep) selected(end selector, points []point) []int {
	var found []int
	for k := range s.experiments {
		if end.selects(s.experiments[k].name, points[k]) || end.name != "" && end.name == s.experiments[k].group {
			found = append(found, k)
		}
	}
	return found
}

// sameRepetition leaves of several experiments those that are the same repetition
// as point a, if any is: with the same seeds.
func sameRepetition(points []point, a int, others []int) []int {
	same := slices.DeleteFunc(slices.Clone(others), func(b int) bool { return points[a].repetition() != points[b].repetition() })
	if len(same) == 0 {
		return others
	}
	return same
}

// unknown says that a selector stands for no experiment.
func (s *Sweep) unknown(end selector) string {
	hint := ""
	if end.name != "" {
		hint = didYouMean(end.name, append(s.groups(), s.Experiments()...))
	}
	return fmt.Sprintf("no experiment is %s%s; the experiments are %s", end, hint, some(s.Experiments()))
}

// String is the selector as a message shows it.
func (s selector) String() string {
	if s.name != "" {
		return clip(s.name)
	}
	var parts []string
	for _, path := range slices.Sorted(maps.Keys(s.set)) {
		parts = append(parts, path+"="+s.set[path])
	}
	return strings.Join(parts, ", ")
}

// rest is what a point sets beside the named parameters.
func rest(p point, named map[string]bool) string {
	var parts []string
	for _, set := range p.sets {
		if !named[set.path] {
			parts = append(parts, set.path+"="+canonical(set.value))
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, "\n")
}

// some lists the first of many names.
func some(names []string) string {
	const most = 12
	if n := len(names); n > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", n-most)
	}
	return strings.Join(names, ", ")
}

// addComparison adds the steps of one comparison: directions from the first minimizer to
// the others, a grid per split, and their pictures. train are the steps that the
// minimizers come from.
func (b *builder) addComparison(m compareConfig, train []string, names []string) error {
	net := b.config.network()
	weights := Ref{Step: train[0], Output: OutWeights}
	inputs := map[string]Ref{OutWeights: weights}
	for i, toward := range []string{InTowardX, InTowardY}[:len(train)-1] {
		inputs[toward] = Ref{Step: train[i+1], Output: OutWeights}
	}
	directions, err := b.add("directions", Address{Map: m.Name, Role: RoleDirections}, KindDifference, DifferenceParams{Net: net, Problem: b.config.Problem, States: m.States}, inputs)
	if err != nil {
		return err
	}
	mp := MapParams{Net: net, X: Axis{m.X[0], m.X[1], m.Points}, Batch: evaluateBatch}
	if m.Kind == mapSurface {
		mp.X.N = m.Resolution[0]
		mp.Y = &Axis{m.Y[0], m.Y[1], m.Resolution[1]}
	}
	inputs = map[string]Ref{OutWeights: weights, OutDirections: {Step: directions, Output: OutDirections}}
	grids := make(map[string]string)
	for _, r := range m.Ranges {
		mp.Data = b.mapData(r)
		kind, params := m.step(mp)
		id, err := b.add(r.Split, Address{Map: m.Name, Split: r.Split, Role: RoleMap}, kind, params, inputs)
		if err != nil {
			return err
		}
		grids[r.Split] = id
	}
	title := m.Title
	if title == "" {
		title = "a: " + plainName(names[0])
		for i, name := range names[1:] {
			title += fmt.Sprintf(" · %c: %s", 'b'+rune(i), plainName(name))
		}
	}
	if m.Kind == mapLine {
		drawn := make(map[string]Ref)
		for split, id := range grids {
			drawn[split] = Ref{Step: id, Output: OutGrid}
		}
		return b.addPicture("plot", Address{Map: m.Name}, RenderParams{Plot: plotLine, Title: title, Marks: marks(len(train))}, "Loss and accuracy between two minimizers", drawn)
	}
	for _, split := range m.Splits {
		drawn := map[string]Ref{OutGrid: {Step: grids[split], Output: OutGrid}}
		for _, p := range plotTable {
			if p.ofMap != m.Kind || p.name != plotContour && p.name != plotFilled && !b.draws(p.name) {
				continue
			}
			params := RenderParams{Plot: p.name, Title: title + " · " + splitLoss[split], Marks: marks(len(train))}
			if err := b.addPicture(split+"-"+p.name, Address{Map: m.Name, Split: split}, params, p.captionOf(split)+", in the plane of three minimizers", drawn); err != nil {
				return err
			}
		}
	}
	return nil
}
