package pipelines

import "strings"

// Role is the function of a step in its experiment, comparison or sweep.
type Role string

// The roles of steps.
const (
	RoleWeights    Role = "weights"    // the training or import of an experiment
	RoleFiles      Role = "files"      // the network or data of an experiment, where they come from files
	RoleOrigin     Role = "origin"     // the training of another experiment, whose directions are used
	RoleDirections Role = "directions" // of a map
	RoleEnd        Role = "end"        // weights that a comparison or a map makes from an experiment's
	RolePath       Role = "path"       // of a training, or of several
	RolePathLoss   Role = "path-loss"  // the loss along a path, over one split
	RoleRange      Role = "range"      // how far a map reaches
	RoleMap        Role = "map"        // the numbers of a map over one split: a grid or a spectrum
	RoleLoss       Role = "loss"       // the numbers of a map without the weight decay that its step of RoleMap adds
	RoleLine       Role = "line"       // the loss between two of many minimizers, over one split
	RolePairs      Role = "pairs"      // of many minimizers, over one split
	RoleFlatness   Role = "flatness"   // of a map over one split
	RolePicture    Role = "picture"    // of a training or a map, of its Split unless it shows several
	RoleFigure     Role = "figure"     // a picture over several experiments
	RoleReport     Role = "report"
)

// Address is where a step stands in its sweep. At most one of Experiment, Comparison and Figure is set; for the report all are empty.
type Address struct {
	Experiment string `json:"experiment,omitempty"`
	Comparison string `json:"comparison,omitempty"`
	Figure     string `json:"figure,omitempty"`
	// Map is the name of the map and Split the data that its loss is of: train or test.
	Map   string `json:"map,omitempty"`
	Split string `json:"split,omitempty"`
	// Pair numbers the pairs of directions of a map, from 0; everything but directions and grids is of pair 0.
	Pair int  `json:"pair,omitempty"`
	Role Role `json:"role"`
}

// Owner is the name of the experiment or comparison, "" for figures and the report.
func (a Address) Owner() string {
	if a.Comparison != "" {
		return a.Comparison
	}
	return a.Experiment
}

// MapSplit is the map with its split: "surface-train".
func (a Address) MapSplit() string { return a.Map + "-" + a.Split }

// Name is the step's name within its experiment or comparison: "surface-train-flatness".
func (s Step) Name() string { return strings.TrimPrefix(s.ID, s.At.Owner()+"/") }
