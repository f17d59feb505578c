package pipelines

import (
	"encoding/json"
	"fmt"
)

// Style is how a picture looks. It is part of the key of the picture alone, so
// that another style draws again and computes nothing.
type Style struct {
	Scale    string  `json:"scale,omitempty"` // linear, log, symlog; "" lets the data decide
	Min      float64 `json:"min,omitempty"`
	Max      float64 `json:"max,omitempty"`
	Step     float64 `json:"step,omitempty"`
	Cut      float64 `json:"cut,omitempty"`
	Open     bool    `json:"open,omitempty"`
	Colormap string  `json:"colormap,omitempty"`
	Width    float64 `json:"width,omitempty"` // inches
	DPI      int     `json:"dpi,omitempty"`
	NoLabels bool    `json:"no_labels,omitempty"`
	Points   bool    `json:"points,omitempty"`
	Basins   bool    `json:"basins,omitempty"`
	// Azimuth and Elevation, in degrees, are where a surface in 3D is seen from; nil and 0 are the usual view.
	Azimuth   *float64 `json:"azimuth,omitempty"`
	Elevation float64  `json:"elevation,omitempty"`
	Theme     string   `json:"theme,omitempty"` // dark; "" is light
	Rate      bool     `json:"rate,omitempty"`  // of a training: the learning rate in a frame of its own
}

// FigureParams is a picture over several experiments. Any of its inputs may be
// missing. Inputs of panel i, named by InPanel: "log" of its experiment (of a comparison, those of
// its ends, "log-a" and so on) and by the figure's kind those of Plot, "train" and "test" of lines,
// "weights" of a histogram, "flatness" of a scatter plot, "grid" of one of barriers.
type FigureParams struct {
	Plot    string        `json:"plot,omitempty"`    // of multiples
	Columns int           `json:"columns,omitempty"` // of multiples
	Measure string        `json:"measure,omitempty"` // of a scatter plot
	Map     string        `json:"map,omitempty"`     // of a scatter plot: the map and its split that are measured, "line-train"
	Panels  []FigurePanel `json:"panels"`
}

// FigurePanel is the part of a figure for one experiment or comparison.
type FigurePanel struct {
	Title  string `json:"title"`
	Row    int    `json:"row,omitempty"`
	Column int    `json:"column,omitempty"`
	// Group is the common name of the experiment and its repetitions, in a figure that shows their means.
	Group string `json:"group,omitempty"`
	// Directions is how many lines through the minimizer a figure of lines shows the mean of; 0 is one.
	Directions int `json:"directions,omitempty"`
	// Score is the name of the training's score, as of RenderParams.
	Score string `json:"score,omitempty"`
	// Tests is how many examples the test errors are of, in figures that show them.
	Tests int `json:"tests,omitempty"`
	// Training has the parameters of the step that made the weights, in figures of trainings and weights, for the caption.
	Training json.RawMessage `json:"training,omitempty"`
	// Net is the network whose weights a histogram counts.
	Net     Network `json:"net,omitempty"`
	Problem Problem `json:"problem,omitempty"`
}

// InDirection is the name of a panel's input with the losses of a split along a further direction, counted from 1.
func InDirection(split string, direction int) string { return fmt.Sprintf("%s@%d", split, direction+1) }

// InPanel is the name of an input of the i-th panel in a figure's step.
func InPanel(i int, name string) string { return fmt.Sprintf("%d/%s", i, name) }
