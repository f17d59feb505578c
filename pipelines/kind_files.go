package pipelines

import "fmt"

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
