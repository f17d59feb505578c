package sweepfile

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path"
	"slices"

	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile/parameters"
	"lossatlas/pipelines/syntax"
)

// What the directions of a map are.
const (
	directionsRandom  = "random"
	directionsHessian = "hessian"
	directionsImport  = "import"
	directionsOf      = "of" // those of another experiment
)

// eigenvectorTolerance is the residual allowed to the eigenvalues whose
// eigenvectors are directions, relative to their size.
const eigenvectorTolerance = 1e-3

// source says where the directions of a map come from. As JSON it is random,
// hessian, {import: FILE} or {of: EXPERIMENT}.
type source struct {
	kind string
	file string              // of an import
	of   parameters.Selector // the experiment whose directions they are
}

// MarshalJSON writes the form in which a sweep file has it.
func (s source) MarshalJSON() ([]byte, error) {
	switch s.kind {
	case directionsImport:
		return json.Marshal(map[string]string{directionsImport: s.file})
	case directionsOf:
		return json.Marshal(map[string]parameters.Selector{directionsOf: s.of})
	}
	return json.Marshal(s.kind)
}

// label writes the source in characters that file names may hold.
func (s source) Label() string {
	if s.kind == directionsRandom || s.kind == directionsHessian {
		return s.kind
	}
	return parameters.Safe(syntax.Canonical(s))
}

// sources is the type of the field directions.
type sources struct{}

var (
	namedSources = syntax.Choice{Of: []string{directionsRandom, directionsHessian}, What: "random, hessian, {import: FILE} or {of: EXPERIMENT}"}
	originAt     = oneSelector{}
)

func (sources) Check(c *syntax.Checker, n *syntax.Node, path string) any {
	if n.Kind != syntax.MappingNode {
		if kind, ok := namedSources.Check(c, n, path).(string); ok {
			return source{kind: kind}
		}
		return nil
	}
	if len(n.Entries) != 1 {
		return c.Reject(n, path, namedSources.What)
	}
	e := n.Entries[0]
	switch e.Key {
	case directionsImport:
		if file, ok := importedFile.Check(c, e.Value, syntax.Join(path, e.Key)).(string); ok {
			return source{kind: directionsImport, file: file}
		}
		return nil
	case directionsOf:
		if s, ok := originAt.Check(c, e.Value, syntax.Join(path, e.Key)).(parameters.Selector); ok {
			return source{kind: directionsOf, of: s}
		}
		return nil
	}
	return c.Reject(n, path, namedSources.What)
}

func (sources) Schema(known syntax.Names) syntax.Schema {
	only := func(key string, of syntax.Schema) syntax.Schema {
		return syntax.Schema{"type": "object", "properties": syntax.Schema{key: of}, "required": []string{key}, "additionalProperties": false}
	}
	return syntax.Schema{"anyOf": []syntax.Schema{namedSources.Schema(known), only(directionsImport, importedFile.Schema(known)), only(directionsOf, originAt.Schema(known))}}
}

// resolveDirections settles how a map's directions are scaled, and checks that
// nothing that belongs to random ones alone stands beside others.
func (m *mapConfig) resolveDirections(c *syntax.Checker, tree *syntax.Node) {
	var random []string // what has no effect
	switch m.Directions.kind {
	case directionsHessian:
		random = []string{"normalize", "pairs", "seed"}
	case directionsImport:
		random = []string{"ignore", "normalize", "pairs", "seed"}
	default:
		if m.Normalize == "" {
			m.Normalize = "filter"
		}
		return
	}
	for _, key := range random {
		if tree.Get(key) != nil {
			c.Addf(tree.Place(key), "maps.%s has no effect with directions: %s, which are used unchanged; leave it out, or map along directions: random", key, m.Directions.kind)
		}
	}
}

// resolveOrigins finds, for each map whose directions are those of another experiment,
// that experiment: the one that its selector stands for and that is like this
// one in all parameters that the selector doesn't name.
func (s *Sweep) resolveOrigins(c *syntax.Checker, tree *syntax.Node, points []parameters.Point) {
	for i := range s.experiments {
		e := &s.experiments[i]
		for j, m := range e.config.Maps {
			if m.Directions.kind != directionsOf {
				continue
			}
			of, at := m.Directions.of, tree.Get(mapsKey).Items[j].Place("directions")
			found := s.selected(of, points)
			if len(found) == 0 {
				c.Addf(at, "maps.directions: %s", s.unknown(of))
				return
			}
			found = sameRepetition(points, i, slices.DeleteFunc(found, func(k int) bool { return !of.Alike(points[i], points[k]) }))
			switch {
			case len(found) == 0:
				c.Addf(at, "maps.directions: no experiment is %s and else like %s; give more of its parameters, or its name", of, e.name)
				return
			case len(found) > 1:
				c.Addf(at, "maps.directions: %s is several experiments, %s and %s among them; give more of their parameters",
					of, s.experiments[found[0]].name, s.experiments[found[1]].name)
				return
			}
			origin := s.experiments[found[0]]
			if origin.config.network() != e.config.network() {
				c.Addf(at, "maps.directions: %s and %s are different networks, whose directions don't have the same shape; leave one out", origin.name, e.name)
				return
			}
			if found[0] == i {
				continue
			}
			if e.origins == nil {
				e.origins = make(map[string]experiment)
			}
			e.origins[m.Name] = origin
		}
	}
}

// drawing is what random directions are drawn from: maps of an experiment for
// which it is the same share them.
type drawing struct {
	pipelines.DirectionsParams
	around pipelines.Ref // the weights
}

// addDirections adds the step that makes a map's directions and returns its output.
func (b *builder) addDirections(m mapConfig, name string, pair int, weights pipelines.Ref) pipelines.Ref {
	at := pipelines.Address{Map: m.Name, Pair: pair, Role: pipelines.RoleDirections}
	axes := 2
	if m.Kind == mapLine {
		axes = 1
	}
	switch m.Directions.kind {
	case directionsImport:
		i := b.config.importsDirections(m)
		id := b.add(name, at, pipelines.KindGivenDirections, pipelines.GivenDirectionsParams{Net: i.Net, Problem: i.Problem, Directions: b.imported[i], Axes: axes}, nil)
		return pipelines.Ref{Step: id, Output: pipelines.OutDirections}
	case directionsHessian:
		subset := "all"
		if m.Ignore == "biasbn" {
			subset = "weights"
		}
		data := b.mapData(m, m.Ranges[0])
		id := b.add(name, at, pipelines.KindEigenvectors, pipelines.EigenvectorsParams{
			Net: b.config.network(), Data: data, Batch: m.batch(data), BatchNorm: m.norm(),
			Subset: subset, Tolerance: eigenvectorTolerance, Axes: axes, Layers: m.layers(),
		}, map[string]pipelines.Ref{pipelines.OutWeights: weights})
		return pipelines.Ref{Step: id, Output: pipelines.OutDirections}
	case directionsOf:
		if origin, ok := b.origins[m.Name]; ok {
			weights = pipelines.Ref{Step: b.addOrigin(origin), Output: pipelines.OutWeights}
		}
	}
	params := b.randomDirections(m, pair, axes)
	d := drawing{params, weights}
	if _, ok := b.drawn[d]; !ok {
		if b.drawn == nil {
			b.drawn = make(map[drawing]string)
		}
		b.drawn[d] = b.add(name, at, pipelines.KindDirections, params, map[string]pipelines.Ref{pipelines.OutWeights: weights})
	}
	return pipelines.Ref{Step: b.drawn[d], Output: pipelines.OutDirections}
}

// scaled names random directions by how they are scaled, one of them and several.
var scaled = map[string][2]string{
	"filter":  {"a filter-normalized random direction", "filter-normalized random directions"},
	"layer":   {"a layer-normalized random direction", "layer-normalized random directions"},
	"weight":  {"a weight-normalized random direction", "weight-normalized random directions"},
	"dfilter": {"a random direction with filters of length 1", "random directions with filters of length 1"},
	"dlayer":  {"a random direction with layers of length 1", "random directions with layers of length 1"},
	"none":    {"a random direction without normalization", "random directions without normalization"},
}

// along says along which directions a map is.
func (b *builder) along(m mapConfig, pair int) string {
	several := 1
	if m.Kind == mapLine {
		several = 0
	}
	switch m.Directions.kind {
	case directionsImport:
		return "along " + [2]string{"the first direction", "the directions"}[several] + " from " + path.Base(m.Directions.file)
	case directionsHessian:
		return "along the " + [2]string{"eigenvector of the Hessian's largest eigenvalue", "eigenvectors of the Hessian's two largest eigenvalues"}[several]
	}
	of := ""
	if origin, ok := b.origins[m.Name]; ok {
		of = " of " + origin.name
	}
	return fmt.Sprintf("along %s%s (seed %d)", scaled[m.Normalize][several], of, m.Seed+uint64(pair))
}

func (b *builder) randomDirections(m mapConfig, pair, axes int) pipelines.DirectionsParams {
	return pipelines.DirectionsParams{Net: b.config.network(), Problem: b.config.Problem, Normalize: m.Normalize, Ignore: m.Ignore, Seed: m.Seed + uint64(pair), Axes: axes, Layers: m.layers()}
}

// addShift adds the step that moves the weights to a surface's offset, if it has one, and returns the weights at the center of its plane.
func (b *builder) addShift(m mapConfig, name string, pair int, weights pipelines.Ref) pipelines.Ref {
	if m.Offset == 0 {
		return weights
	}
	at := pipelines.Address{Map: m.Name, Pair: pair, Role: pipelines.RoleEnd}
	params := pipelines.ShiftParams{DirectionsParams: b.randomDirections(m, pair, 2), By: m.Offset}
	return pipelines.Ref{Step: b.add(name, at, pipelines.KindShift, params, map[string]pipelines.Ref{pipelines.OutWeights: weights}), Output: pipelines.OutWeights}
}

// addOrigin adds the step that another experiment's weights come from. It has
// that experiment's key, so that it runs once for both.
func (b *builder) addOrigin(origin experiment) string {
	id := b.name + "/" + originStep(origin.name)
	if slices.ContainsFunc(b.steps, func(s pipelines.Step) bool { return s.ID == id }) {
		return id
	}
	other := builder{experiment: origin, digest: b.digest, imported: b.imported}
	other.addWeights()
	b.err = cmp.Or(b.err, other.err)
	step := other.steps[0]
	step.ID, step.At = id, pipelines.Address{Experiment: b.name, Role: pipelines.RoleOrigin}
	b.steps = append(b.steps, step)
	return id
}

// originStep names that step; no map can have an @ in its name.
func originStep(origin string) string { return "train@" + origin }
