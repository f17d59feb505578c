package render

import (
	"image/color"

	"gonum.org/v1/plot/vg"
)

// frames are one or more frames above each other with one x axis.
type frames struct {
	x      scale
	xTicks []tick
	xName  string
	parts  []framePart
	series []legendEntry // of the legend
	kinds  []legendEntry // of lines, in the legend's last row
	note   string
	above  vg.Length             // space between the top frame and the legend
	over   func(pn pen, p panel) // draws there; may be nil
}

// framePart is one of the frames.
type framePart struct {
	panel
	name   string      // of the y axis
	color  color.Color // of the y axis
	ticks  []tick
	inside func(pn pen, p panel)
}

// seriesWidth is the default width, in inches, of figures whose legends name experiments.
const seriesWidth = 5

// frameGap is the space between two frames.
const frameGap vg.Length = 9

// layout places the frames below title and legend, each of the given height in widths.
func (s frames) layout(opt Options, aspect float64) Figure {
	page := opt.page(s.note, 4)
	legend := newLegend(page.width-2*edge, s.series, s.kinds)
	var room vg.Length
	for _, p := range s.parts {
		room = max(room, widest(p.ticks))
	}
	left, right := edge+sideWidth(room), page.width-edge-4
	h := vg.Length(aspect) * (right - left)
	y := page.bottom()
	for i := len(s.parts) - 1; i >= 0; i-- {
		p := &s.parts[i]
		p.x = s.x
		p.frame = vg.Rectangle{Min: vg.Point{X: left, Y: y}, Max: vg.Point{X: right, Y: y + h}}
		y += h + frameGap
	}
	top := s.parts[0].panel
	legendAt := top.frame.Max.Y + 2 + s.above
	height := legendAt + 2 + legend.height() + page.title.height() + edge
	return page.figure(top.frame, height, middle(top.frame), func(pn pen) {
		for i, p := range s.parts {
			p.grid(pn, p.ticks)
			p.inside(pn, p.panel)
			p.drawFrame(pn)
			p.sideAxis(pn, p.y, p.ticks, room, p.name, false, p.color)
			if i == len(s.parts)-1 {
				p.bottomAxis(pn, s.xTicks, s.xName)
			} else {
				p.bottomMarks(pn, s.xTicks)
			}
		}
		if s.over != nil {
			s.over(pn, top)
		}
		x := page.width / 2
		if len(s.series) == 0 { // short enough for the frame
			x = middle(top.frame)
		}
		legend.draw(pn, x, legendAt)
	})
}
