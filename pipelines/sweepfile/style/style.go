// Package style is how pictures look, as sweep files say it.
package style

import (
	"math"

	"lossatlas/pipelines"
	"lossatlas/pipelines/syntax"
)

// Config is a style in a sweep file, next to the kind of a plot or figure.
type Config struct {
	Scale    string   `field:"scale"`
	Min      *float64 `field:"min"`
	Max      *float64 `field:"max"`
	Step     float64  `field:"step"`
	Cut      float64  `field:"cut"`
	Open     bool     `field:"open"`
	Colormap string   `field:"colormap"`
	Width    float64  `field:"width"`
	DPI      int      `field:"dpi"`
	Labels   *bool    `field:"labels"`
	Points   bool     `field:"points"`
	Basins   bool     `field:"basins"`

	Azimuth   *float64 `field:"azimuth"`
	Elevation float64  `field:"elevation"`
	Theme     string   `field:"theme"`
	Rate      bool     `field:"rate"`
}

// Style is nil for a picture that looks as pictures do.
func (s Config) Style() *pipelines.Style {
	out := pipelines.Style{Scale: s.Scale, Step: s.Step, Cut: s.Cut, Open: s.Open, Colormap: s.Colormap, Width: s.Width, DPI: s.DPI, Points: s.Points, Basins: s.Basins,
		Azimuth: s.Azimuth, Elevation: s.Elevation, Rate: s.Rate}
	if s.Theme != themes[0] {
		out.Theme = s.Theme
	}
	if s.Min != nil && s.Max != nil {
		out.Min, out.Max = *s.Min, *s.Max
	}
	out.NoLabels = s.Labels != nil && !*s.Labels
	if out == (pipelines.Style{}) {
		return nil
	}
	return &out
}

// Limits of a style.
const (
	maxLevels = 200
	maxPixels = 12000
	// A level or cut is 0, or of a size from minShown to maxShown.
	maxShown = 1e30
)

var (
	scaleNames    = []string{"linear", "log", "symlog"}
	colormapNames = []string{"cividis", "coolwarm", "inferno", "magma", "plasma", "viridis"}
	themes        = []string{"light", "dark"}
)

// Fields are the fields of a style. The declarations of plots and figures name the ones that they have.
var Fields = []syntax.Field{
	{Name: "scale", Doc: "Scale of the loss (of a histogram, of the counts). symlog is linear near 0 and logarithmic on both sides. Default: logarithmic where the range is wide, symlog where it also touches or crosses 0.",
		Type: syntax.Choice{Of: scaleNames, What: "a scale"}},
	{Name: "min", Doc: "Lowest level or color. Default: chosen from the data, as the paper's levels where they fit.", Type: syntax.Number{Min: -maxShown, Max: maxShown}},
	{Name: "max", Doc: "Highest level or color; given together with min.", Type: syntax.Number{Min: -maxShown, Max: maxShown}},
	{Name: "step", Doc: "Distance of levels from min to max; with scale: log, in decades. Default: round levels.", Type: syntax.Number{Min: 0, Max: maxShown, Above: true}},
	{Name: "cut", Doc: "Largest loss that is shown: curves leave the frame there, colors and heights stay at their last.", Type: syntax.Number{Min: 0, Max: maxShown, Above: true}},
	{Name: "open", Doc: "Leaves a surface in 3D open above cut, in place of a flat top.", Type: syntax.Boolean{}},
	{Name: "colormap", Doc: "Colors, all of them even to the eye and safe for the color blind; coolwarm is lightest in its middle. Default: viridis, of a ratio cividis.",
		Type: syntax.Choice{Of: colormapNames, What: "a color map"}},
	{Name: "azimuth", Doc: "Direction, in degrees, from which a surface in 3D is seen: from -90 α runs from left to right, from 0 β does. Default: -58.", Type: syntax.Number{Min: -180, Max: 180}},
	{Name: "elevation", Doc: "Height, in degrees, from which a surface in 3D is seen; 90 is from above. Default: 32.", Type: syntax.Number{Min: 5, Max: 90}},
	{Name: "labels", Doc: "Whether levels are written into their lines. Default: true.", Type: syntax.Boolean{}},
	{Name: "points", Doc: "Whether the points at which the loss was evaluated are shown. Default: false.", Type: syntax.Boolean{}},
	{Name: "basins", Doc: "Whether basins are outlined, each up to the pass where it meets another one, and their lowest points marked. Default: false.", Type: syntax.Boolean{}},
	{Name: "theme", Doc: "light or dark ground. Default: light.", Type: syntax.Choice{Of: themes, What: "a theme"}},
	{Name: "rate", Doc: "Whether the learning rate of each epoch has a frame of its own; in the plot training it always has one where it changes after four or more epochs in a row. Default: false.", Type: syntax.Boolean{}},
	{Name: "width", Doc: "Width of the picture in inches.", Type: syntax.Number{Min: 2, Max: 40}},
	{Name: "dpi", Doc: "Dots per inch of the PNG. Default: 220.", Type: syntax.Integer{Min: 36, Max: 1200}},
}

// Check finds fields that contradict each other, in the item of the file that what names.
func (s Config) Check(c *syntax.Checker, item *syntax.Node, what string) {
	switch {
	case (s.Min == nil) != (s.Max == nil):
		c.Addf(item.At, "%s: min and max belong together; give both or neither", what)
	case s.Min == nil && s.Step > 0:
		c.Addf(item.Place("step"), "%s: step without min and max; give all three", what)
	case s.Min == nil:
	case *s.Min >= *s.Max:
		c.Addf(item.Place("min"), "%s: min is %g and max is %g; max must be above min", what, *s.Min, *s.Max)
	case s.Scale == "log" && *s.Min <= 0:
		c.Addf(item.Place("min"), "%s: min is %g; a logarithmic scale needs min above 0", what, *s.Min)
	case s.Step > 0 && s.Scale == "symlog":
		c.Addf(item.Place("step"), "%s: levels on a symmetric logarithmic scale have no step; leave it out", what)
	case s.Step > 0:
		span := *s.Max - *s.Min
		if s.Scale == "log" {
			span = math.Log10(*s.Max / *s.Min)
		}
		if n := span/s.Step + 1; n > maxLevels {
			c.Addf(item.Place("step"), "%s: min, max and step make %.0f levels; at most %d are allowed: take a larger step", what, n, maxLevels)
		}
	}
	if pixels := s.Width * float64(s.DPI); pixels > maxPixels {
		c.Addf(item.Place("dpi"), "%s: width and dpi make a picture %.0f pixels wide; at most %d are allowed", what, pixels, maxPixels)
	}
	if s.Open && s.Cut == 0 && s.Max == nil {
		c.Addf(item.Place("open"), "%s: open has no effect without cut, above which a surface is open", what)
	}
}
