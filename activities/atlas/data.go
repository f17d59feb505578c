package atlas

import (
	"encoding/json"

	"lossatlas/activities/surface"
	"lossatlas/activities/trainlog"
	"lossatlas/activities/trajectory"
	"lossatlas/pipelines"
)

// Data is everything that a sweep's page shows. All text is plain text: whatever
// it contains is shown as written.
type Data struct {
	// Title heads the page; Sweep is the name of the sweep.
	Title string
	Sweep string
	// Summary is a paragraph under the title. Empty, the page sums up the table itself.
	Summary string
	// Command prints the numbers of the sweep; shown at its foot.
	Command string
	// Facts hold for the whole sweep: dataset, network, numbers of images.
	Facts       []Pair
	Experiments []Experiment
	// Comparisons are sections after those of the experiments, about several of them: their Params say which.
	Comparisons []Experiment
	// Watched says that the experiments are checkpoints of one training, the latest last. The page shows the latest first.
	Watched bool
	// Unfinished says that what is missing may still come.
	Unfinished bool
	// MaxBytes bounds the size of the page, by default 24 MB. Downloads of pictures, then digits of maps beyond the seventh and
	// then the largest maps are left out where they do not fit; pictures never are.
	MaxBytes int
}

// Pair is a named value, in JSON a list of both.
type Pair struct{ Name, Value string }

// MarshalJSON writes the list.
func (p Pair) MarshalJSON() ([]byte, error) { return json.Marshal([]string{p.Name, p.Value}) }

// Experiment is one row of the table and one section of the page.
type Experiment struct {
	Name string
	// Group is what the experiment and its repetitions are called together, "" where nothing is repeated.
	Group string
	// Params are the swept values by their path in the sweep file.
	Params []Pair
	// Score is the score of the training.
	Score trainlog.Score
	// Losses are means. TestError, in percent, is the error, or what the score has in its place; nil where they are not known.
	TrainLoss, TestLoss, TestError *float64
	// TrainError, in percent, is known of imported weights with an accuracy.
	TrainError *float64
	// TestExamples is how many examples TestError is of.
	TestExamples int
	// Note says what is missing and why, for an experiment that failed or is not finished.
	Note string
	// AbsentMaps and AbsentPictures count the maps and pictures that are left out because there is no training.
	AbsentMaps, AbsentPictures int
	// Overview puts a comparison before the experiments, as it is of all of them.
	Overview bool
	Pictures []Picture
	// Maps are the numbers that the page draws itself.
	Maps []Map
	// Training is its log, nil without a training.
	Training *trainlog.Log
	// Flatness are the measures of maps, one a row of a table.
	Flatness   []Flatness
	Provenance []Provenance
}

// Flatness is how flat the loss is by one map.
type Flatness struct {
	Name    string // of the map and split
	Pairs   int    // of directions; lines have single ones
	Single  bool   // the measures are not of a grid: of sharpness or a spectrum, which differ from map to map
	Summary []surface.Summary
}

// Map is one map of an experiment over one split.
type Map struct {
	Name, Kind, Split string // surface; line, surface, hessian, trajectory or spectrum; train or test
	// Loss and Score are the names of both: "" for plain cross-entropy, and for accuracy.
	Loss  string
	Score trainlog.Score
	// Norm is the mode of batch normalization, "" for the running statistics of the training.
	Norm string
	// Grid is the loss over a line or plane, nil for a spectrum and for a map that is not there.
	Grid *surface.Grid
	// Plane names the centre and directions of the grid: maps of equal ones show the same plane.
	Plane string
	// Directions says along which directions the map is, "" where its kind says it.
	Directions string
	// Path is that of a trajectory, in the plane of its principal components.
	Path *trajectory.Path
	// Draws is how many pairs of directions the map has, of which this is the first.
	Draws int
	// Marks are named points of the plane.
	Marks []pipelines.Mark
	// Curve are points of a curve through the plane, in its order.
	Curve [][2]float64
	// Spectrum is nil for every other kind.
	Spectrum *Spectrum
	// Note says what is missing.
	Note       string
	Caption    string // what it is of; "" on a page, whose pictures have captions
	Provenance []Provenance
}

// Spectrum is the density of the Hessian's eigenvalues, and numbers about them.
type Spectrum struct {
	Matrix               string // whose eigenvalues: "Hessian"
	X, Density           []float64
	LambdaMin, LambdaMax float64
	Trace, TraceError    float64 // TraceError is NaN where it is not known
}

// Picture is a figure of the page.
type Picture struct {
	Title   string
	Caption string
	// SVG and PNG are whole files; one of them is enough. Without either, Note is shown in their place.
	SVG, PNG []byte
	// Data are the numbers behind the picture, offered for download.
	Data       []File
	Note       string
	Provenance []Provenance
}

// File is a file to download.
type File struct {
	Label string // of the link, "path (CSV)"
	Ext   string // of the file's name, "csv"
	Type  string // its media type
	Data  []byte
}

// Provenance says how one result came about.
type Provenance struct {
	Kind string `json:"kind"` // of the step, "surface"
	Key  string `json:"key"`  // of the step, 64 hexadecimal digits
	// Items are digests of inputs and outputs, seconds taken, the backend, and the like.
	Items []Pair `json:"items"`
	// Run is the address of the step's run in the Temporal UI, for a page that is served next to one.
	Run string `json:"run,omitempty"`
}
