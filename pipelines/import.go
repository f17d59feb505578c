package pipelines

import "lossatlas/artifacts"

// Import is a weights file that a sweep takes in place of a training.
type Import struct {
	File string  // as the sweep file names it, relative to its folder
	Net  Network // the network that the weights are of
	Name string  // its name in the sweep file, for messages
}

// imports is what the experiment takes in place of a training, if it does.
func (cfg *config) imports() Import {
	return Import{File: cfg.Train.Import, Net: cfg.network(), Name: cfg.Train.Net}
}

// Imports lists the weights files of the sweep, each once, in the order of the experiments.
func (s *Sweep) Imports() []Import {
	var out []Import
	seen := make(map[Import]bool)
	for _, e := range s.experiments {
		i := e.config.imports()
		if i.File != "" && !seen[i] {
			seen[i] = true
			out = append(out, i)
		}
	}
	return out
}

// Resolve tells Expand the digest of a weights file's content, in the form in
// which a training stores weights.
func (s *Sweep) Resolve(i Import, weights artifacts.Digest) {
	if s.imported == nil {
		s.imported = make(map[Import]string)
	}
	s.imported[i] = weights.String()
}

// addWeights adds the step that the maps take their weights from: a training, or
// an import in place of one.
func (b *builder) addWeights() (string, error) {
	t := b.config.Train
	if t.Import == "" {
		return b.add("train", KindTrain, b.trainParams(), nil)
	}
	i := b.config.imports()
	return b.add("import", KindImport, ImportParams{Net: i.Net, Weights: b.imported[i], Data: b.trainParams().Data}, nil)
}
