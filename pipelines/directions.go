package pipelines

import (
	"encoding/json"
	"strings"
)

// What the directions of a map are.
const (
	directionsRandom  = "random"
	directionsHessian = "hessian"
	directionsImport  = "import"
)

// eigenvectorTolerance is the residual allowed to the eigenvalues whose
// eigenvectors are directions, relative to their size.
const eigenvectorTolerance = 1e-3

// source says where the directions of a map come from. As JSON it is random,
// hessian or {import: FILE}.
type source struct {
	kind string
	file string // of an import
}

// MarshalJSON writes the form in which a sweep file has it.
func (s source) MarshalJSON() ([]byte, error) {
	if s.kind == directionsImport {
		return json.Marshal(map[string]string{directionsImport: s.file})
	}
	return json.Marshal(s.kind)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *source) UnmarshalJSON(b []byte) error {
	if strings.HasPrefix(string(b), "{") {
		s.kind = directionsImport
		return json.Unmarshal(b, &struct {
			File *string `json:"import"`
		}{&s.file})
	}
	return json.Unmarshal(b, &s.kind)
}

// sources is the type of the field directions.
type sources struct{}

var (
	namedSources = choice{of: []string{directionsRandom, directionsHessian}, what: "random, hessian or {import: FILE}"}
	directionsAt = text{max: 500, form: importForm, want: "the path of a .safetensors or .npz file"}
)

func (sources) check(c *checker, n *node, path string) any {
	if n.kind != mappingNode {
		return namedSources.check(c, n, path)
	}
	if len(n.entries) != 1 || n.entries[0].key != directionsImport {
		return c.reject(n, path, namedSources.what)
	}
	file, ok := directionsAt.check(c, n.entries[0].value, join(path, directionsImport)).(string)
	if !ok {
		return nil
	}
	return source{kind: directionsImport, file: file}
}

func (sources) schema(cat Catalog) schema {
	return schema{"anyOf": []schema{namedSources.schema(cat), {
		"type": "object", "properties": schema{directionsImport: directionsAt.schema(cat)},
		"required": []string{directionsImport}, "additionalProperties": false,
	}}}
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

// addDirections adds the step that makes a map's directions and returns its
// output. Maps of the experiment that draw the same random ones share them.
func (b *builder) addDirections(m mapConfig, name string, seed uint64, weights Ref, drawn map[DirectionsParams]string) (Ref, error) {
	inputs := map[string]Ref{OutWeights: weights}
	axes := 2
	if m.Kind == mapLine {
		axes = 1
	}
	switch m.Directions.kind {
	case directionsImport:
		i := b.config.importsDirections(m)
		id, err := b.add(name, KindGivenDirections, GivenDirectionsParams{Net: i.Net, Directions: b.imported[i], Axes: axes}, nil)
		return Ref{Step: id, Output: OutDirections}, err
	case directionsHessian:
		subset := "all"
		if m.Ignore == "biasbn" {
			subset = "weights"
		}
		id, err := b.add(name, KindEigenvectors, EigenvectorsParams{
			Net: b.config.network(), Data: b.mapData(m.Ranges[0]), Batch: evaluateBatch,
			Subset: subset, Tolerance: eigenvectorTolerance, Axes: axes,
		}, inputs)
		return Ref{Step: id, Output: OutDirections}, err
	}
	params := DirectionsParams{Net: b.config.network(), Normalize: m.Normalize, Ignore: m.Ignore, Seed: seed, Axes: axes}
	if _, ok := drawn[params]; !ok {
		id, err := b.add(name, KindDirections, params, inputs)
		if err != nil {
			return Ref{}, err
		}
		drawn[params] = id
	}
	return Ref{Step: drawn[params], Output: OutDirections}, nil
}
