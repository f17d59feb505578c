package sweepfile

import (
	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile/values"
	"lossatlas/pipelines/syntax"
)

const mapSpectrum = "spectrum"

// spectrumMap is the spectrum of the Hessian at the trained weights.
var spectrumMap = mapKind{
	name:   mapSpectrum,
	doc:    "the extreme eigenvalues, the trace and the density of the eigenvalues of the second derivatives at the trained weights.",
	shared: []string{"subset", "layers", "tolerance"},
	own: []syntax.Field{
		{Name: "probes", Doc: "Random vectors for the trace and the density.", Type: syntax.Integer{Min: 2, Max: maxProbes}, Default: int64(10)},
		{Name: "steps", Doc: "Lanczos steps with each random vector, one product and one vector in memory each: the more, the finer the density.",
			Type: syntax.Integer{Min: 2, Max: maxSteps}, Default: int64(80)},
	},
	splits: []string{values.SplitTrain},
	add:    addSpectrum,
}

// spectrumConfig holds the fields of a spectrum alone.
type spectrumConfig struct {
	Probes int `field:"probes"`
	Steps  int `field:"steps"`
}

// addSpectrum adds the spectrum of each split's loss, and its picture.
func addSpectrum(b *builder, m mapConfig, train string) {
	inputs := map[string]pipelines.Ref{pipelines.OutWeights: {Step: train, Output: pipelines.OutWeights}}
	for _, r := range m.Ranges {
		data := b.mapData(m, r)
		params := pipelines.SpectrumParams{
			Net: b.config.network(), Data: data, Batch: m.batch(data), BatchNorm: m.norm(),
			Subset: m.Subset, Layers: m.layers(), Tolerance: m.Tolerance, Probes: m.Probes, Steps: m.Steps, Seed: m.Seed,
		}
		id := b.addMap(m, m.Name+"-"+r.Split, pipelines.Address{Map: m.Name, Split: r.Split}, pipelines.KindSpectrum, params, inputs)
		b.addPictures(m, r.Split, map[string]pipelines.Ref{pipelines.OutSpectrum: {Step: id, Output: pipelines.OutSpectrum}})
	}
}
