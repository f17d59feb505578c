package parameters

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"lossatlas/pipelines/syntax"
)

// Selector names an experiment, or gives some of the swept parameters a value:
// then it stands for every experiment that has these. As JSON it is a string or
// that mapping.
type Selector struct {
	Name string
	Set  map[string]string // canonical values by path
}

// MarshalJSON writes the name, or the parameters.
func (s Selector) MarshalJSON() ([]byte, error) {
	if s.Name != "" {
		return json.Marshal(s.Name)
	}
	return json.Marshal(s.Set)
}

// Selects reports whether the selector stands for an experiment.
func (s Selector) Selects(name string, p Point) bool {
	if s.Name != "" {
		return s.Named(name)
	}
	for path, v := range s.Set {
		if !slices.ContainsFunc(p.Sets, func(set Setting) bool { return set.Path == path && syntax.Canonical(set.Value) == v }) {
			return false
		}
	}
	return true
}

// Named reports whether the selector has the name of an experiment or group, also as tables spell it: small:width=8 for small_width_8.
func (s Selector) Named(name string) bool { return s.Name != "" && Safe(s.Name) == Safe(name) }

// Alike reports whether two points agree apart from the parameters that the selector names.
// A name leaves nothing open.
func (s Selector) Alike(a, b Point) bool {
	named := make(map[string]bool, len(s.Set))
	for path := range s.Set {
		named[path] = true
	}
	return s.Name != "" || Rest(a, named) == Rest(b, named)
}

// String is the selector as a message shows it.
func (s Selector) String() string {
	if s.Name != "" {
		return syntax.Clip(s.Name)
	}
	var parts []string
	for _, path := range slices.Sorted(maps.Keys(s.Set)) {
		parts = append(parts, path+"="+s.Set[path])
	}
	return strings.Join(parts, ", ")
}

// Rest is the point without the named parameters.
func Rest(p Point, named map[string]bool) string {
	var parts []string
	for _, set := range p.Sets {
		if !named[set.Path] {
			parts = append(parts, set.Path+"="+syntax.Canonical(set.Value))
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, "\n")
}
