package atlas

import "lossatlas/activities/surface"

// Data is everything that a sweep's page shows. All text is plain text: whatever
// it contains is shown as written.
type Data struct {
	// Title heads the page; Sweep is the name of the sweep.
	Title string
	Sweep string
	// Summary is a paragraph under the title. Empty, the page sums up the table itself.
	Summary string
	// Command makes the page again; shown at its foot.
	Command string
	// Facts hold for the whole sweep: dataset, network, numbers of images.
	Facts       []Pair
	Experiments []Experiment
	// Comparisons are sections after those of the experiments, about several of them: their Params say which.
	Comparisons []Experiment
	// MaxBytes bounds the size of the page, by default 5 MB. Downloads are left out where they do not
	// fit; pictures never are.
	MaxBytes int
}

// Pair is a named value.
type Pair struct{ Name, Value string }

// Experiment is one row of the table and one section of the page.
type Experiment struct {
	Name string
	// Params are the swept values by their path in the sweep file.
	Params []Pair
	// Losses are mean cross-entropies, TestError is in percent; nil where they are not known.
	TrainLoss, TestLoss, TestError *float64
	// Note says what is missing and why, for an experiment that failed or is not finished.
	Note     string
	Pictures []Picture
	// Flatness are the measures of maps, one a row of a table.
	Flatness   []Flatness
	Provenance []Provenance
}

// Flatness is how flat the loss is by one map.
type Flatness struct {
	Name    string // of the map and split
	Pairs   int    // of directions; lines have single ones
	Summary []surface.Summary
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
	Kind string // of the step, "surface"
	Key  string // of the step, 64 hexadecimal digits
	// Items are digests of inputs and outputs, seconds taken, the backend, and the like.
	Items []Pair
	// Run is the address of the step's run in the Temporal UI, for a page that is served beside one.
	Run string
}
