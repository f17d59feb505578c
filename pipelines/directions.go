package pipelines

import (
	"encoding/json"
	"slices"
	"strings"
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
	file string   // of an import
	of   selector // the experiment whose directions they are
}

// MarshalJSON writes the form in which a sweep file has it.
func (s source) MarshalJSON() ([]byte, error) {
	switch s.kind {
	case directionsImport:
		return json.Marshal(map[string]string{directionsImport: s.file})
	case directionsOf:
		return json.Marshal(map[string]selector{directionsOf: s.of})
	}
	return json.Marshal(s.kind)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *source) UnmarshalJSON(b []byte) error {
	if !strings.HasPrefix(string(b), "{") {
		return json.Unmarshal(b, &s.kind)
	}
	var v struct {
		File *string   `json:"import"`
		Of   *selector `json:"of"`
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	switch {
	case v.File != nil:
		s.kind, s.file = directionsImport, *v.File
	case v.Of != nil:
		s.kind, s.of = directionsOf, *v.Of
	}
	return nil
}

// sources is the type of the field directions.
type sources struct{}

var (
	namedSources = choice{of: []string{directionsRandom, directionsHessian}, what: "random, hessian, {import: FILE} or {of: EXPERIMENT}"}
	lenderAt     = oneSelector{}
)

func (sources) check(c *checker, n *node, path string) any {
	if n.kind != mappingNode {
		return namedSources.check(c, n, path)
	}
	if len(n.entries) != 1 {
		return c.reject(n, path, namedSources.what)
	}
	e := n.entries[0]
	switch e.key {
	case directionsImport:
		if file, ok := importedFile.check(c, e.value, join(path, e.key)).(string); ok {
			return source{kind: directionsImport, file: file}
		}
		return nil
	case directionsOf:
		if s, ok := lenderAt.check(c, e.value, join(path, e.key)).(selector); ok {
			return source{kind: directionsOf, of: s}
		}
		return nil
	}
	return c.reject(n, path, namedSources.what)
}

func (sources) schema(cat Catalog) schema {
	only := func(key string, of schema) schema {
		return schema{"type": "object", "properties": schema{key: of}, "required": []string{key}, "additionalProperties": false}
	}
	return schema{"anyOf": []schema{namedSources.schema(cat), only(directionsImport, importedFile.schema(cat)), only(directionsOf, lenderAt.schema(cat))}}
}

// resolveDirections settles how a map's directions are scaled, and checks that
// nothing that belongs to random ones alone stands beside others.
func (m *mapConfig) resolveDirections(c *checker, tree *node) {
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
		if tree.get(key) != nil {
			c.addf(tree.place(key), "maps.%s has no effect beside directions: %s, which are taken as they are; leave it out, or map along directions: random", key, m.Directions.kind)
		}
	}
}

// lend finds, for each map whose directions are those of another experiment,
// that experiment: the one that its selector stands for and that is like this
// one in whatever the selector doesn't name.
func (s *Sweep) lend(c *checker, tree *node, points []point) {
	for i := range s.experiments {
		e := &s.experiments[i]
		for j, m := range e.config.Maps {
			if m.Directions.kind != directionsOf {
				continue
			}
			of, at := m.Directions.of, tree.get(mapsKey).items[j].place("directions")
			found := s.selected(of, points)
			if len(found) == 0 {
				c.addf(at, "maps.directions: %s", s.unknown(of))
				return
			}
			found = sameRepetition(points, i, slices.DeleteFunc(found, func(k int) bool { return !of.alike(points[i], points[k]) }))
			switch {
			case len(found) == 0:
				c.addf(at, "maps.directions: no experiment is %s and else like %s; give more of its parameters, or its name", of, e.name)
				return
			case len(found) > 1:
				c.addf(at, "maps.directions: %s is several experiments, %s and %s among them; give more of their parameters",
					of, s.experiments[found[0]].name, s.experiments[found[1]].name)
				return
			}
			lender := s.experiments[found[0]]
			if lender.config.network() != e.config.network() {
				c.addf(at, "maps.directions: %s and %s are different networks, whose directions don't have the same shape; leave one out", lender.name, e.name)
				return
			}
			if found[0] == i {
				continue
			}
			if e.lenders == nil {
				e.lenders = make(map[string]experiment)
			}
			e.lenders[m.Name] = lender
		}
	}
}

// drawing is what random directions are drawn from: maps of an experiment for
// which it is the same share them.
type drawing struct {
	DirectionsParams
	around Ref // the weights
}

// addDirections adds the step that makes a map's directions and returns its
// output. drawn are the steps of the experiment that have drawn some already.
func (b *builder) addDirections(m mapConfig, name string, pair int, weights Ref, drawn map[drawing]string) (Ref, error) {
	at := Address{Map: m.Name, Pair: pair, Role: RoleDirections}
	axes := 2
	if m.Kind == mapLine {
		axes = 1
	}
	switch m.Directions.kind {
	case directionsImport:
		i := b.config.importsDirections(m)
		id, err := b.add(name, at, KindGivenDirections, GivenDirectionsParams{Net: i.Net, Problem: i.Problem, Directions: b.imported[i], Axes: axes}, nil)
		return Ref{Step: id, Output: OutDirections}, err
	case directionsHessian:
		subset := "all"
		if m.Ignore == "biasbn" {
			subset = "weights"
		}
		id, err := b.add(name, at, KindEigenvectors, EigenvectorsParams{
			Net: b.config.network(), Data: b.mapData(m.Ranges[0]), Batch: evaluateBatch,
			Subset: subset, Tolerance: eigenvectorTolerance, Axes: axes,
		}, map[string]Ref{OutWeights: weights})
		return Ref{Step: id, Output: OutDirections}, err
	case directionsOf:
		if lender, ok := b.lenders[m.Name]; ok {
			id, err := b.addLender(lender)
			if err != nil {
				return Ref{}, err
			}
			weights.Step = id
		}
	}
	params := DirectionsParams{Net: b.config.network(), Problem: b.config.Problem, Normalize: m.Normalize, Ignore: m.Ignore, Seed: m.Seed + uint64(pair), Axes: axes}
	d := drawing{params, weights}
	if _, ok := drawn[d]; !ok {
		id, err := b.add(name, at, KindDirections, params, map[string]Ref{OutWeights: weights})
		if err != nil {
			return Ref{}, err
		}
		drawn[d] = id
	}
	return Ref{Step: drawn[d], Output: OutDirections}, nil
}

// addLender adds the step that another experiment's weights come from. It has
// that experiment's key, so that it runs once for both.
func (b *builder) addLender(lender experiment) (string, error) {
	id := b.name + "/" + lenderStep(lender.name)
	if slices.ContainsFunc(b.steps, func(s Step) bool { return s.ID == id }) {
		return id, nil
	}
	other := builder{experiment: lender, digest: b.digest, imported: b.imported}
	if _, err := other.addWeights(); err != nil {
		return "", err
	}
	step := other.steps[0]
	step.ID, step.At = id, Address{Experiment: b.name, Role: RoleLender}
	b.steps = append(b.steps, step)
	return id, nil
}

// lenderStep names that step; no map can have an @ in its name.
func lenderStep(lender string) string { return "train@" + lender }
