package render

import (
	"image/color"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"

	"gonum.org/v1/plot/vg"
)

// frames are one or more frames above each other with one x axis.
type frames struct {
	x      chart.Scale
	xTicks []chart.Tick
	xName  string
	parts  []framePart
	series []chart.LegendEntry // of the legend
	kinds  []chart.LegendEntry // of lines, in the legend's last row
	note   string
	above  vg.Length                          // space between the top frame and the legend
	over   func(pn canvas.Pen, p chart.Panel) // draws there; may be nil
}

// framePart is one of the frames.
type framePart struct {
	chart.Panel
	name   string      // of the y axis
	color  color.Color // of the y axis
	ticks  []chart.Tick
	inside func(pn canvas.Pen, p chart.Panel)
}

// seriesWidth is the default width, in inches, of figures whose legends name experiments.
const seriesWidth = 5

// frameGap is the space between two frames.
const frameGap vg.Length = 9

// layout places the frames below title and legend, each of the given height in widths.
func (s frames) layout(opt Options, aspect float64) Figure {
	page := opt.page(s.note, 4)
	legend := chart.NewLegend(page.width-2*chart.Edge, s.series, s.kinds)
	var room vg.Length
	for _, p := range s.parts {
		room = max(room, chart.Widest(p.ticks))
	}
	left, right := chart.Edge+chart.SideWidth(room), page.width-chart.Edge-4
	h := vg.Length(aspect) * (right - left)
	y := page.bottom()
	for i := len(s.parts) - 1; i >= 0; i-- {
		p := &s.parts[i]
		p.X = s.x
		p.Frame = vg.Rectangle{Min: vg.Point{X: left, Y: y}, Max: vg.Point{X: right, Y: y + h}}
		y += h + frameGap
	}
	top := s.parts[0].Panel
	legendAt := top.Frame.Max.Y + 2 + s.above
	height := legendAt + 2 + legend.Height() + page.title.Height() + chart.Edge
	return page.figure(top.Frame, height, chart.Middle(top.Frame), func(pn canvas.Pen) {
		for i, p := range s.parts {
			p.Grid(pn, p.ticks)
			p.inside(pn, p.Panel)
			p.DrawFrame(pn)
			p.SideAxis(pn, p.Y, p.ticks, room, p.name, false, p.color)
			if i == len(s.parts)-1 {
				p.BottomAxis(pn, s.xTicks, s.xName)
			} else {
				p.BottomMarks(pn, s.xTicks)
			}
		}
		if s.over != nil {
			s.over(pn, top)
		}
		x := page.width / 2
		if len(s.series) == 0 { // short enough for the frame
			x = chart.Middle(top.Frame)
		}
		legend.Draw(pn, x, legendAt)
	})
}
