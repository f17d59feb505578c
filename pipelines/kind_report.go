package pipelines

// KindReport makes the page of a sweep.
const KindReport Kind = "report"

var reportSpec = Spec{
	Version: 4,
	Outputs: []string{OutHTML},
	Label:   typed(func(p ReportParams) string { return p.Sweep }),
}

// ReportParams is the page of a sweep. Output: html.
type ReportParams struct {
	Sweep       string             `json:"sweep"`
	Title       string             `json:"title"`
	Experiments []ReportExperiment `json:"experiments"`
	// Figures are pictures over several experiments, which come first.
	Figures []ReportPicture `json:"figures,omitempty"`
	// Comparisons are maps between the minimizers of several experiments; they have no log.
	Comparisons []ReportExperiment `json:"comparisons,omitempty"`
}

// ReportExperiment is one row of the report.
type ReportExperiment struct {
	Name   string         `json:"name"`
	Group  string         `json:"group,omitempty"` // as of Experiment
	Params map[string]any `json:"params"`
	// Log is the input that holds the training log; Pictures are the inputs that hold
	// the SVG (and PNG) pictures, in order.
	Log      string          `json:"log"`
	Pictures []ReportPicture `json:"pictures"`
	// Flatness are the inputs with numbers of flatness, in order.
	Flatness []ReportFlatness `json:"flatness,omitempty"`
	// Maps are the inputs with the numbers of maps, in order.
	Maps []ReportMap `json:"maps,omitempty"`
}

// ReportMap names the inputs of one map and split.
type ReportMap struct {
	Name  string `json:"name"`  // of the map, surface
	Kind  string `json:"kind"`  // line, surface, hessian, trajectory, spectrum
	Split string `json:"split"` // train, test
	// Data is the input with the grid, or of a spectrum; Path that with the path of a trajectory.
	Data string `json:"data"`
	Path string `json:"path,omitempty"`
	// Marks are the named points of a comparison.
	Marks []Mark `json:"marks,omitempty"`
}

// ReportFlatness names the input with the numbers of one map and split.
type ReportFlatness struct {
	Name  string `json:"name"` // of the map and split, surface-train
	Input string `json:"input"`
}

// ReportPicture names the inputs of one picture. Grid is the input with its data, a grid or a spectrum ("" for training curves),
// Path that with the path of a trajectory; a picture with a path offers both for download.
type ReportPicture struct {
	Title string `json:"title"`
	SVG   string `json:"svg"`
	PNG   string `json:"png"`
	Grid  string `json:"grid,omitempty"`
	Path  string `json:"path,omitempty"`
}
