package render

import "lossatlas/activities/surface"

// ReportData is everything that a sweep's page shows. All text is plain text: whatever
// it contains is shown as written.
type ReportData struct {
	// Title heads the page; Sweep is the name of the sweep.
	Title string
	Sweep string
	// Summary is a paragraph under the title. Empty, the page sums up the table itself.
	Summary string
	// Command makes the page again; shown at its foot.
	Command string
	// Facts hold for the whole sweep: dataset, network, numbers of images.
	Facts       []Pair
	Experiments []ReportExperiment
	// Comparisons are sections after those of the experiments, about several of them: their Params say which.
	Comparisons []ReportExperiment
	// MaxBytes bounds the size of the page, by default 5 MB. Downloads are left out where they do not
	// fit; pictures never are.
	MaxBytes int
}

// Pair is a named value.
type Pair struct{ Name, Value string }

// ReportExperiment is one row of the table and one section of the page.
type ReportExperiment struct {
	Name string
	// Params are the swept values by their path in the sweep file.
	Params []Pair
	// Losses are mean cross-entropies, TestError is in percent; nil where they are not known.
	TrainLoss, TestLoss, TestError *float64
	// Note says what is missing and why, for an experiment that failed or is not finished.
	Note     string
	Pictures []ReportPicture
	// Flatness are the measures of maps, one a row of a table.
	Flatness   []ReportFlatness
	Provenance []Provenance
}

// ReportFlatness is how flat the loss is by one map.
type ReportFlatness struct {
	Name    string // of the map and split
	Pairs   int    // of directions; lines have single ones
	Summary []surface.Summary
}

// ReportPicture is a figure of the page.
type ReportPicture struct {
	Title   string
	Caption string
	// SVG and PNG are whole files; one of them is enough. Without either, Note is shown in their place.
	SVG, PNG []byte
	// Data are the numbers behind the picture, offered for download.
	Data       []ReportFile
	Note       string
	Provenance []Provenance
}

// ReportFile is a file to download.
type ReportFile struct {
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
}
