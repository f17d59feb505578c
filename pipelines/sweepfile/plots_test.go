package sweepfile

import (
	"slices"
	"testing"

	"lossatlas/pipelines/sweepfile/style"
	"lossatlas/pipelines/syntax"
)

// Each plot names kinds of maps and fields of the style that exist, and is listed once.
func TestPlotTable(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range plotTable {
		if seen[p.name] {
			t.Errorf("%s is listed twice", p.name)
		}
		seen[p.name] = true
		if p.ofMap != "" && p.ofMap != compareBarriers && !slices.ContainsFunc(mapKinds, func(k mapKind) bool { return k.name == p.ofMap }) {
			t.Errorf("%s is of maps of kind %q, which don't exist", p.name, p.ofMap)
		}
		for _, name := range p.style {
			if !slices.ContainsFunc(style.Fields, func(s syntax.Field) bool { return s.Name == name }) {
				t.Errorf("%s has %q in its style, which is no field", p.name, name)
			}
		}
	}
}
