package pipelines

import "fmt"

// KindImport takes weights from a file in place of a training.
const KindImport Kind = "import"

var importSpec = Spec{
	Version: 3, Numeric: true,
	Outputs: []string{OutWeights, OutLog},
	MoreOutputs: typed(func(p ImportParams) (names []string) {
		for _, c := range p.Checkpoints {
			names = append(names, OutCheckpoint(c.Epoch))
		}
		return names
	}),
	Label: typed(func(p ImportParams) string { return p.Net.String() }),
	Cost: typed(func(p ImportParams) Cost {
		return forward(p.Net, p.Data.Problem, float64(p.Data.Train+p.Data.Test))
	}),
}

// ImportParams takes weights that are in the store in place of a training's, and
// evaluates them on the data. As maps depend on the weights' digest alone, they are
// shared with a training that produced the same weights.
type ImportParams struct {
	Net     Network   `json:"net"`
	Weights string    `json:"weights"` // digest of the weights as a training would store them
	Data    TrainData `json:"data"`
	// Checkpoints are weights from earlier in the training, rising by epoch.
	Checkpoints []ImportedCheckpoint `json:"checkpoints,omitempty"`
	// CheckGradient compares the gradient of the loss with its differences, for a network from a file.
	CheckGradient bool `json:"check_gradient,omitempty"`
}

// ImportedCheckpoint is weights after an epoch of a training elsewhere.
type ImportedCheckpoint struct {
	Epoch   int    `json:"epoch"`
	Weights string `json:"weights"` // digest, as of ImportParams
}

// KindFiles stands for files that a sweep was given, a network or data, whose content is in the store when the
// sweep starts: as outputs of a step they are kept, checked and archived like every result.
const KindFiles Kind = "files"

var filesSpec = Spec{
	Version: 1,
	Outputs: []string{OutIndex},
	MoreOutputs: typed(func(p FilesParams) (names []string) {
		for i := range p.Parts {
			names = append(names, OutPart(i))
		}
		return names
	}),
	Label: typed(func(p FilesParams) string { return p.What }),
}

// OutIndex is the output of KindFiles under whose digest other steps name the content: a network, or the list of a data
// set's parts.
const OutIndex = "index"

// OutPart is the name of the output with the i-th part of a data set, counted from 0.
func OutPart(i int) string { return fmt.Sprintf("part-%05d", i) }

// FilesParams name the files of a sweep.
type FilesParams struct {
	What  string `json:"what"`  // FilesNetwork or FilesData
	Index string `json:"index"` // digest
	Parts int    `json:"parts,omitempty"`
}

// What files may be.
const (
	FilesNetwork = "network"
	FilesData    = "data"
)
