package pipelines

// What the directions of a map are.
const (
	directionsRandom  = "random"
	directionsHessian = "hessian"
)

var directionKinds = []string{directionsRandom, directionsHessian}

// eigenvectorTolerance is the residual allowed to the eigenvalues whose
// eigenvectors are directions, relative to their size.
const eigenvectorTolerance = 1e-3

// resolveDirections settles how a map's directions are scaled, and checks that
// nothing that belongs to random ones alone stands beside others.
func (m *mapConfig) resolveDirections(c *checker, tree *node) {
	if m.Directions != directionsHessian {
		if m.Normalize == "" {
			m.Normalize = "filter"
		}
		return
	}
	if m.Normalize != "" && m.Normalize != "none" {
		c.addf(tree.place("normalize"), "maps.normalize is %s, but eigenvectors have length 1; leave it out, or map along directions: random", m.Normalize)
	}
	m.Normalize = "none"
	if m.Pairs > 1 {
		c.addf(tree.place("pairs"), "maps.pairs is %d, but eigenvectors are one pair; leave it out, or map along directions: random", m.Pairs)
	}
	if tree.get("seed") != nil {
		c.addf(tree.place("seed"), "maps.seed has no effect beside directions: hessian, which are not random; leave it out")
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
	if m.Directions == directionsHessian {
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
