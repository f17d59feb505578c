package pipelines

// addSpectrum adds the spectrum at the trained weights of each split's loss, and its picture.
func (b *builder) addSpectrum(m mapConfig, train string) error {
	inputs := map[string]Ref{OutWeights: {Step: train, Output: OutWeights}}
	for _, r := range m.Ranges {
		params := SpectrumParams{
			Net: b.config.network(), Data: b.mapData(r), Batch: evaluateBatch,
			Subset: m.Subset, Tolerance: m.Tolerance, Probes: m.Probes, Steps: m.Steps, Seed: m.Seed,
		}
		id, err := b.add(m.Name+"-"+r.Split, Address{Map: m.Name, Split: r.Split, Role: RoleMap}, KindSpectrum, params, inputs)
		if err != nil {
			return err
		}
		if !b.draws(plotDensity) {
			continue
		}
		picture := RenderParams{Plot: plotDensity, Title: b.mapTitle(m) + " · " + splitLoss[r.Split]}
		caption := "Density of the Hessian's eigenvalues, " + splitLoss[r.Split]
		if err := b.addPicture(m.Name+"-"+r.Split+"-"+plotDensity, Address{Map: m.Name, Split: r.Split}, picture, caption, map[string]Ref{OutSpectrum: {Step: id, Output: OutSpectrum}}); err != nil {
			return err
		}
	}
	return nil
}
