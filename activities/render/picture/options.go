package picture

import (
	"cmp"
	"fmt"
	"math"

	"gonum.org/v1/plot/vg"

	"lossatlas/activities/curve"
	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/surface"
	"lossatlas/activities/trainlog"
)

// Scales of a quantity; the zero value lets the data decide.
const (
	ScaleAuto   = ""
	ScaleLinear = "linear"
	ScaleLog    = "log"
	ScaleSymlog = "symlog" // the symmetric logarithm, for values that touch or cross 0
)

// Themes of a figure's ground and text; the zero value is the light one.
const (
	ThemeLight = "light"
	ThemeDark  = "dark"
)

// Options are the look of a figure. The zero value is the default look; no option
// changes what was computed.
type Options struct {
	// Title stands above the frame, wrapped where it is longer than the figure is wide.
	Title string
	// Caption stands below the note of a figure, in two lines at most.
	Caption string
	// Loss names the loss at axes, by default "loss", and Score the score, by default accuracy.
	Loss  string
	Score trainlog.Score
	// Width of the figure in inches, by default 4. The height follows from the kind of
	// figure: surfaces keep the aspect of their directions.
	Width float64
	// DPI is the resolution of the PNG in dots per inch, by default 220.
	DPI int
	// Scale of the loss: linear, log, symlog, or chosen from its range ("").
	Scale string
	// Min, Max and Step choose the contour levels Min, Min+Step, … ≤ Max, where Max > Min.
	// With Scale "log", Step counts decades: 0.5 gives two levels per decade. Step 0
	// chooses round levels between Min and Max; Min = Max = 0 chooses everything.
	Min  float64
	Max  float64
	Step float64
	// Cut is the largest loss that a line, heat or 3D figure shows: curves leave the frame there,
	// colours and heights stay at their last, and a note says so. 0 chooses by the data.
	Cut float64
	// Open leaves a surface in 3D open above Cut, in place of a flat top.
	Open bool
	// Azimuth and Elevation, in degrees, are where a surface in 3D is seen from: from azimuth −90 α runs from left to right, from 0 β
	// does. Nil and 0 are −58 and 32; elevations are from 5 to 90.
	Azimuth   *float64
	Elevation float64
	// Colormap is viridis (the default) or another of canvas.ColormapNames.
	Colormap string
	// Theme is light (the default) or dark.
	Theme string
	// Marks are named points: of a line at their X, of a surface at (X, Y). Points outside are left out.
	Marks []Mark
	// Curve is drawn over a surface, from (0, 0) over, or toward, (0, 1) to (1, 0); "" for none.
	Curve curve.Shape
	// NoLabels leaves the level off the contour lines.
	NoLabels bool
	// Points shows the points at which the loss was evaluated, over contours.
	Points bool
	// Basins outlines the basins over contours. Persistence is the least persistence of a basin in a picture of basins.
	Basins      bool
	Persistence float64
	// Rate shows the learning rate of each epoch of a training in a frame of its own, in place of marks where it changes.
	Rate bool
	// Turning leaves room for a surface in 3D from any azimuth, so that pictures from all azimuths are equally large.
	Turning bool
	// Blended says that a surface in 3D lies between two that were computed: the note says so, in place of its range.
	Blended bool
	// Until is the epoch up to which a path is drawn; nil draws all of it.
	Until *int
	// Meta is carried inside the picture (a PNG text chunk named "lossatlas", SVG
	// <metadata>): the provenance, usually as JSON.
	Meta string

	// Panel is set for a figure that is one of the panels of a sheet.
	Panel *PanelOptions
}

// PanelOptions say how a figure is drawn as one of several panels: without title, note, legend and bar.
type PanelOptions struct {
	Lo, Hi      float64 // of the values in all panels; lo > hi without values
	X, Y, Right bool    // whether this one names its axis at the bottom, at the left, at the right
	// Room is the least width for the labels of ticks, so that frames with different labels are equally large.
	Room vg.Length
}

// LossName is the name of the loss at axes.
func (o Options) LossName() string { return cmp.Or(o.Loss, "loss") }

// Room is the space for labels of ticks.
func (o Options) Room(ticks []chart.Tick) vg.Length {
	if o.Panel != nil {
		return max(o.Panel.Room, chart.Widest(ticks))
	}
	return chart.Widest(ticks)
}

// Mark is a named point of a figure.
type Mark struct {
	X     float64
	Y     float64
	Label string
}

// maxLevels bounds the number of contour levels: beyond it the lines merge into a surface.
const maxLevels = 200

// Filled returns the options with their defaults in place, or says which of them cannot be drawn.
func (o Options) Filled() (Options, error) {
	for _, v := range []struct {
		name string
		v    float64
	}{{"width", o.Width}, {"min", o.Min}, {"max", o.Max}, {"step", o.Step}, {"cut", o.Cut}} {
		if math.IsNaN(v.v) || math.IsInf(v.v, 0) {
			return o, fmt.Errorf("plot option %s: %g is not a finite number", v.name, v.v)
		}
		if lattice.Drawable(v.v) != v.v {
			return o, fmt.Errorf("plot option %s: %g; apart from 0, sizes from %g to %g are allowed", v.name, v.v, lattice.Least, lattice.Most)
		}
	}
	o.Width = cmp.Or(o.Width, 4)
	if o.Panel == nil && o.Width < 2 || o.Width > 40 {
		return o, fmt.Errorf("plot option width: %g inches; allowed are 2 to 40", o.Width)
	}
	o.DPI = cmp.Or(o.DPI, 220)
	if o.DPI < 36 || o.DPI > 1200 {
		return o, fmt.Errorf("plot option dpi: %d; allowed are 36 to 1200", o.DPI)
	}
	if pixels := o.Width * float64(o.DPI); pixels > 12000 {
		return o, fmt.Errorf("plot options width %g and dpi %d make a picture %.0f pixels wide; at most 12000 are allowed", o.Width, o.DPI, pixels)
	}
	switch o.Scale {
	case ScaleAuto, ScaleLinear, ScaleLog, ScaleSymlog:
	default:
		return o, fmt.Errorf("plot option scale: %q; allowed are linear, log, symlog, or none to choose from the data", o.Scale)
	}
	switch o.Theme {
	case "", ThemeLight, ThemeDark:
	default:
		return o, fmt.Errorf("plot option theme: %q; allowed are light and dark", o.Theme)
	}
	if o.Azimuth != nil && !(*o.Azimuth >= -180 && *o.Azimuth <= 180) {
		return o, fmt.Errorf("plot option azimuth: %g; allowed are -180 to 180", *o.Azimuth)
	}
	if o.Elevation != 0 && !(o.Elevation >= 5 && o.Elevation <= 90) {
		return o, fmt.Errorf("plot option elevation: %g; allowed are 5 to 90", o.Elevation)
	}
	o.Colormap = cmp.Or(o.Colormap, "viridis")
	if !canvas.IsColormap(o.Colormap) {
		return o, fmt.Errorf("plot option colormap: %q; allowed are %s", o.Colormap, canvas.ColormapNames())
	}
	if o.Cut < 0 {
		return o, fmt.Errorf("plot option cut: %g; it must be above 0", o.Cut)
	}
	if o.Panel != nil {
		o.Title = ""
	}
	return o, o.checkLevels()
}

// Span is the range of values that a figure's scale is for.
func (o Options) Span(f *lattice.Field) (lo, hi float64) {
	if o.Panel != nil {
		return o.Panel.Lo, o.Panel.Hi
	}
	return f.Lo, f.Hi
}

// Side is the white space at the sides of the figure.
func (o Options) Side() vg.Length {
	if o.Panel != nil {
		return 2
	}
	return chart.Edge
}

// Names are the names of the axes of a plane, "" for a name that this figure does not write.
func (o Options) Names() (x, y string) {
	x, y = "α", "β"
	if o.Panel != nil && !o.Panel.X {
		x = ""
	}
	if o.Panel != nil && !o.Panel.Y {
		y = ""
	}
	return x, y
}

// Space that the names of axes take.
const (
	bottomName vg.Length = chart.LabelGap + chart.LabelSize*(canvas.CapHeight+canvas.Descent)
	SideName   vg.Length = chart.LabelGap + chart.LabelSize
)

// Spare is the space below a panel for a name that it does not write, which the panel below may use.
func (o Options) Spare() vg.Length {
	if o.Panel != nil && !o.Panel.X {
		return bottomName
	}
	return 0
}

// Chosen reports whether the options give the range of the levels.
func (o Options) Chosen() bool { return o.Min != 0 || o.Max != 0 }

func (o Options) checkLevels() error {
	if o.Step < 0 {
		return fmt.Errorf("plot option step: %g; it must be above 0", o.Step)
	}
	if !o.Chosen() {
		if o.Step != 0 {
			return fmt.Errorf("plot option step: %g without min and max; give all three", o.Step)
		}
		return nil
	}
	if o.Max <= o.Min {
		return fmt.Errorf("plot options min %g and max %g: max must be above min", o.Min, o.Max)
	}
	if o.Scale == ScaleLog && o.Min <= 0 {
		return fmt.Errorf("plot option min: %g; a logarithmic scale needs min above 0", o.Min)
	}
	if o.Step > 0 && o.Scale == ScaleSymlog {
		return fmt.Errorf("plot option step: %g; levels on a symmetric logarithmic scale have no step, leave it out", o.Step)
	}
	if o.Step > 0 {
		span := o.Max - o.Min
		if o.Scale == ScaleLog {
			span = math.Log10(o.Max / o.Min)
		}
		if n := span/o.Step + 1; n > maxLevels {
			return fmt.Errorf("plot options min %g, max %g and step %g make %.0f contour levels; at most %d are allowed: take a larger step", o.Min, o.Max, o.Step, n, maxLevels)
		}
	}
	return nil
}

// LossPlane takes the losses of a grid over a plane, and the options that a picture of it has.
func LossPlane(g surface.Grid, opt Options) (*lattice.Field, Options, error) {
	opt, err := opt.Filled()
	if err != nil {
		return nil, opt, err
	}
	f, err := lattice.NewField(g, "loss", g.Loss, 2)
	if err != nil {
		return nil, opt, err
	}
	f.Note = opt.NotesOn(g)
	return f, opt, nil
}

// NotesOn are the notes on a grid's values below a picture of it. With marks the center is one of several minimizers.
func (o Options) NotesOn(g surface.Grid) string {
	if len(o.Marks) > 0 {
		return g.Notes()
	}
	return chart.Joined(g.Notes(), g.CenterNote())
}
