package sweepfile

import (
	"encoding/json"
	"strings"
	"testing"

	"lossatlas/pipelines"
)

const basinsSource = `name: one
dataset: {name: cifar10}
train: {net: resnet20}
sweep: {train.optimizer.lr: [0.1, 0.2]}
maps: [{kind: surface, persistence: 0.1}]
plots: [tree, diagram, filled, {kind: contour, basins: true}]
figures: [{kind: scatter, measure: basins}, {kind: multiples, plot: contour, basins: true}]
`

// TestBasins: a persistence changes what is measured and the pictures of basins, and no other result.
func TestBasins(t *testing.T) {
	steps := stepsOf(t, basinsSource)
	for id, want := range map[string]float64{"surface-train-tree": 0.1, "surface-train-diagram": 0.1, "surface-train-contour": 0.1, "surface-train-filled": 0} {
		for step, s := range steps {
			if !strings.HasSuffix(step, id) {
				continue
			}
			var p pipelines.RenderParams
			if err := json.Unmarshal(s.Params, &p); err != nil || p.Persistence != want {
				t.Errorf("%s has the persistence %v, want %v (%v)", step, p.Persistence, want, err)
			}
		}
	}
	counted, plain := keysOf(t, mustExpand(t, basinsSource, "")), keysOf(t, mustExpand(t, strings.NewReplacer(", persistence: 0.1", "", ", measure: basins", "").Replace(basinsSource), ""))
	for id, key := range counted {
		changes := id == "report" || id == "figures/scatter" || id == "figures/multiples" ||
			strings.HasSuffix(id, "-flatness") || strings.HasSuffix(id, "-tree") || strings.HasSuffix(id, "-diagram") || strings.HasSuffix(id, "-contour")
		if (plain[id] != key) != changes {
			t.Errorf("the key of %s changes: %v, want %v", id, plain[id] != key, changes)
		}
	}
}

func TestBasinsErrors(t *testing.T) {
	for src, want := range map[string]string{
		strings.Replace(basinsSource, ", persistence: 0.1", "", 1):                                   "figures: basins needs a map that counts basins; give the map surface a persistence, such as 0.1",
		strings.Replace(basinsSource, "persistence: 0.1", "persistence: -1", 1):                      "maps.persistence: want a number from 0 to 1e+30, got -1",
		strings.Replace(basinsSource, "kind: surface, persistence", "kind: hessian, persistence", 1): "a map of kind hessian has no persistence, only line and surface have",
		strings.Replace(basinsSource, "filled,", "{kind: heat, basins: true},", 1):                   "heat has no basins",
	} {
		if _, err := Parse("one.yaml", []byte(src), Catalog{}, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
