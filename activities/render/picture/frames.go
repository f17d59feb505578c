package picture

import (
	"image/color"

	"gonum.org/v1/plot/vg"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
)

// Frames are one or more frames above each other with one x axis.
type Frames struct {
	X      chart.Scale
	XTicks []chart.Tick
	XName  string
	Parts  []FramePart
	Series []chart.LegendEntry // of the legend
	Kinds  []chart.LegendEntry // of lines, in the legend's last row
	Note   string
	Height vg.Length                          // of each frame; 0 for one by their width
	Right  vg.Length                          // space at their right
	Above  vg.Length                          // space between the top frame and the legend
	Over   func(pn canvas.Pen, p chart.Panel) // draws there; may be nil
}

// FramePart is one of the frames.
type FramePart struct {
	chart.Panel
	Name   string      // of the y axis
	Color  color.Color // of the y axis
	Ticks  []chart.Tick
	Inside func(pn canvas.Pen, p chart.Panel)
}

// SeriesWidth is the default width, in inches, of figures whose legends name experiments.
const SeriesWidth = 5

// FrameGap is the space between two frames.
const FrameGap vg.Length = 9

// Layout places the frames below title and legend, each of the given height in widths.
func (s Frames) Layout(opt Options, aspect float64) Figure {
	page := opt.Page(s.Note)
	legend := chart.NewLegend(page.Width-2*chart.Edge, s.Series, s.Kinds)
	var room vg.Length
	for _, p := range s.Parts {
		room = max(room, chart.Widest(p.Ticks))
	}
	left, right := chart.Edge+chart.SideWidth(room), page.Width-chart.Edge-4-s.Right
	h := vg.Length(aspect) * (right - left)
	if s.Height > 0 {
		h = s.Height
	}
	y := page.Bottom()
	for i := len(s.Parts) - 1; i >= 0; i-- {
		p := &s.Parts[i]
		p.X = s.X
		p.Frame = vg.Rectangle{Min: vg.Point{X: left, Y: y}, Max: vg.Point{X: right, Y: y + h}}
		y += h + FrameGap
	}
	top := s.Parts[0].Panel
	legendAt := top.Frame.Max.Y + 2 + s.Above
	height := legendAt + 2 + legend.Height() + page.Title.Height() + chart.Edge
	return page.Figure(top.Frame, height, chart.Middle(top.Frame), func(pn canvas.Pen) {
		for i, p := range s.Parts {
			p.Grid(pn, p.Ticks)
			p.Inside(pn, p.Panel)
			p.DrawFrame(pn)
			p.SideAxis(pn, p.Y, p.Ticks, room, p.Name, false, p.Color)
			if i == len(s.Parts)-1 {
				p.BottomAxis(pn, s.XTicks, s.XName)
			} else {
				p.BottomMarks(pn, s.XTicks)
			}
		}
		if s.Over != nil {
			s.Over(pn, top)
		}
		x := page.Width / 2
		if len(s.Series) == 0 { // short enough for the frame
			x = chart.Middle(top.Frame)
		}
		legend.Draw(pn, x, legendAt)
	})
}
