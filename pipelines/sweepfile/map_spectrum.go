package sweepfile

import (
	"fmt"
	"slices"
	"strings"

	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile/values"
	"lossatlas/pipelines/syntax"
)

const (
	mapSpectrum      = "spectrum"
	matrixHessian    = "hessian"
	matrixFisher     = "fisher"
	traceHutchinson  = "hutchinson"
	maxEigenvalues   = 50
	maxBlocks        = 200
	maxImagesSubsets = 100
)

// matrices are the matrices with spectra, with their names in captions.
var matrices = map[string]string{matrixHessian: "Hessian", "gauss-newton": "Gauss-Newton matrix", matrixFisher: "empirical Fisher matrix"}

// spectrumMap is the spectrum of the Hessian at the trained weights.
var spectrumMap = mapKind{
	name:   mapSpectrum,
	doc:    "the extreme eigenvalues, the trace and the density of the eigenvalues of the second derivatives at the trained weights.",
	shared: []string{"subset", "layers", "tolerance", "probes", epochKey},
	own: []syntax.Field{
		{Name: "steps", Doc: "Lanczos steps with each random vector, one product and one vector in memory each: the more, the finer the density.",
			Type: syntax.Integer{Min: 2, Max: maxSteps}, Default: int64(80)},
		{Name: "matrix", Doc: "Whose eigenvalues. hessian: of the second derivatives. gauss-newton: of the generalized Gauss-Newton matrix. fisher: of the empirical Fisher matrix.",
			Type: syntax.Choice{Of: []string{matrixHessian, "gauss-newton", matrixFisher}, What: "a matrix"}, Default: matrixHessian},
		{Name: "top", Doc: "Eigenvalues with residuals at each end (at the upper end alone, of matrices without negative ones). From 5 on there is the ratio λ1/λ5.",
			Type: syntax.Integer{Min: 1, Max: maxEigenvalues}, Default: int64(1)},
		{Name: "vectors", Doc: "Keep the eigenvectors of these eigenvalues, each as large as the weights. lossatlas export eigenvectors writes them, and directions: {import: FILE} maps along two of them.",
			Type: syntax.Boolean{}, Default: false},
		{Name: "trace", Doc: "Estimate of the trace. hutchinson: from the products of the density. hutch++: three further products for each of probes, with a smaller error where few eigenvalues are large.",
			Type: syntax.Choice{Of: []string{traceHutchinson, pipelines.TraceHutchPP}, What: "an estimate of the trace"}, Default: traceHutchinson},
		{Name: "blocks", Doc: "Parts of the network, each the names of modules as of layers, or a list of them: [layer1, layer2, [layer3, fc]]. Eigenvalues and trace of each part of the matrix, by hutch++.",
			Type: syntax.List{Of: syntax.List{Of: layerPattern, Min: 1, Max: maxBlocks, Unique: true, Single: true}, Min: 1, Max: maxBlocks, Unique: true}},
		{Name: "subsets", Doc: "Equal parts of the images, over each of which eigenvalues and trace are computed as well: their means and deviations are shown.",
			Type: syntax.Integer{Min: 2, Max: maxImagesSubsets}},
	},
	splits:  []string{values.SplitTrain},
	resolve: resolveSpectrum,
	add:     addSpectrum,
}

// spectrumConfig holds the fields of a spectrum alone.
type spectrumConfig struct {
	Steps   int        `field:"steps"`
	Matrix  string     `field:"matrix"`
	Top     int        `field:"top"`
	Vectors bool       `field:"vectors"`
	Trace   string     `field:"trace"`
	Blocks  [][]string `field:"blocks"`
	Subsets int        `field:"subsets"`
}

// resolveSpectrum checks that the loss has the matrix.
func resolveSpectrum(_ *config, c *syntax.Checker, m *mapConfig, item *syntax.Node) {
	if m.Matrix == matrixFisher && m.loss.Decay != 0 {
		c.Addf(item.Place("weight_decay"), "maps.weight_decay: the empirical Fisher matrix is made of the gradients of single examples, which weight decay is no part of; leave it out, or choose matrix: gauss-newton")
	}
}

// resolveSubsets checks that each subset of the images has some, and whole batches where batch normalization takes their statistics.
func (m *mapConfig) resolveSubsets(c *syntax.Checker, item *syntax.Node) {
	for _, r := range m.Ranges {
		each := max(m.BatchNorm.images, 1)
		if m.BatchNorm.mode == normRecompute {
			each = 1
		}
		if n := r.To - r.From; m.Subsets > 0 && (n < m.Subsets || each > 1 && n%(m.Subsets*each) != 0) {
			c.Addf(item.Place("subsets"), "maps.subsets: %d images of %s are no %d parts of whole batches of %d; choose a number of images that is a multiple of %d", n, r.Split, m.Subsets, each, m.Subsets*each)
		}
	}
}

// spectrum are the parameters of the step, without its loss. Defaults are omitted, so that files without these fields keep their keys.
func (m mapConfig) spectrum() pipelines.SpectrumParams {
	p := pipelines.SpectrumParams{
		BatchNorm: m.norm(), Subset: m.Subset, Layers: m.layers(), Tolerance: m.Tolerance, Probes: m.Probes, Steps: m.Steps, Seed: m.Seed, Subsets: m.Subsets, Vectors: m.Vectors,
	}
	if m.Matrix != matrixHessian {
		p.Matrix = m.Matrix
	}
	if m.Top > 1 {
		p.Top = m.Top
	}
	if m.Trace != traceHutchinson {
		p.Trace = m.Trace
	}
	for _, block := range m.Blocks {
		p.Blocks = append(p.Blocks, strings.Join(slices.Sorted(slices.Values(block)), ","))
	}
	return p
}

// addSpectrum adds the spectrum of each split's loss, and its picture.
func addSpectrum(b *builder, m mapConfig, train string) {
	inputs := map[string]pipelines.Ref{pipelines.OutWeights: b.center(m, train)}
	for _, r := range m.Ranges {
		params := m.spectrum()
		params.Net, params.Data = b.config.network(), b.mapData(m, r)
		params.Batch = m.batch(params.Data)
		id := b.addMap(m, m.Name+"-"+r.Split, pipelines.Address{Map: m.Name, Split: r.Split}, pipelines.KindSpectrum, params, inputs)
		b.addPictures(m, r.Split, map[string]pipelines.Ref{pipelines.OutSpectrum: {Step: id, Output: pipelines.OutSpectrum}})
	}
}

// ofMatrix names the matrix in a caption of a spectrum's picture.
func (m mapConfig) ofMatrix(caption string) string {
	if m.Kind != mapSpectrum || m.Matrix == matrixHessian {
		return caption
	}
	return strings.Replace(caption, "the Hessian's eigenvalues", fmt.Sprintf("the %s's eigenvalues", matrices[m.Matrix]), 1)
}
