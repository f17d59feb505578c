package pipelines

// KindRender draws a picture.
const KindRender Kind = "render"

var renderSpec = Spec{
	Version: 15,
	Outputs: []string{OutPNG, OutSVG, OutPDF},
	Label:   typed(func(p RenderParams) string { return p.Plot }),
}

// RenderParams is one picture. Inputs by plot: "line": grids "train", "test"
// (either or both), and InStraight of each next to a curve; "contour", "filled", "heat", "error", "surface3d", "tree", "diagram", "ratio": "grid"; "trajectory":
// "grid", "path", "losses"; "density": "spectrum"; "barriers", "layout", "components": "pairs"; "training": "log"; of a figure over several
// experiments as FigureParams says. Outputs: png, svg, pdf.
type RenderParams struct {
	Plot  string `json:"plot"` // a plot, or the kind of a figure
	Title string `json:"title"`
	// Loss and Score are the names of both at axes: "" for "loss" and "accuracy". A score of "none" has no axis.
	Loss  string `json:"loss,omitempty"`
	Score string `json:"score,omitempty"`
	// Style is how it looks, where a sweep says so.
	Style *Style `json:"style,omitempty"`
	// Figure is the content of a figure over several experiments.
	Figure *FigureParams `json:"figure,omitempty"`
	// Persistence is the least one of the basins that it shows.
	Persistence float64 `json:"persistence,omitempty"`
	// Marks are named points of a line or plane.
	Marks []Mark `json:"marks,omitempty"`
	// Names are those of networks and data for the caption, as of [Experiment].
	Names map[string]string `json:"names,omitempty"`
	// Along says along which directions the maps that it shows are, as of [Step], for the caption.
	Along string `json:"along,omitempty"`
	// Training has the parameters of the training that a picture of one is of, for the caption.
	Training *TrainParams `json:"training,omitempty"`
	// Curve is the shape of a curve that a plane shows: from (0, 0) over, or toward, (0, 1) to (1, 0).
	Curve string `json:"curve,omitempty"`
}

// InStraight is the input of a picture with the straight line between the ends of a curve, of which the losses over the split are drawn.
func InStraight(split string) string { return "line-" + split }

// Mark is a named point of a picture, at the coordinates (X, Y) of its map.
type Mark struct {
	X     float64 `json:"x"`
	Y     float64 `json:"y"`
	Label string  `json:"label"`
}
