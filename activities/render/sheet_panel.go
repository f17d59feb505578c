package render

import (
	"fmt"
	"math"

	"lossatlas/activities/surface"
	"lossatlas/activities/trajectory"

	"gonum.org/v1/plot/vg"
)

// Panel is one of the panels of a sheet. One whose data are nil has no result: its place stays empty.
type Panel struct {
	Title, Below string // text above and below
	Row, Column  int
	Grid         *surface.Grid    // of a plot over a plane
	Path         *trajectory.Path // of a trajectory
	Train, Test  *surface.Grid    // of a line: either may be nil
}

// panelPlots draw one panel that has its data.
var panelPlots = map[string]func(Panel, Options) (Figure, error){
	"contour":    func(p Panel, o Options) (Figure, error) { return Contour(*p.Grid, o) },
	"filled":     func(p Panel, o Options) (Figure, error) { return FilledContour(*p.Grid, o) },
	"heat":       func(p Panel, o Options) (Figure, error) { return Heat(*p.Grid, o) },
	"surface3d":  func(p Panel, o Options) (Figure, error) { return Surface3D(*p.Grid, o) },
	"ratio":      func(p Panel, o Options) (Figure, error) { return Ratio(*p.Grid, o) },
	"line":       func(p Panel, o Options) (Figure, error) { return Line(p.Train, p.Test, o) },
	"trajectory": func(p Panel, o Options) (Figure, error) { return plane(*p.Path, *p.Grid, o) },
}

// has says whether the panel has what the plot needs.
func (p Panel) has(plot string) bool {
	switch plot {
	case "line":
		return p.Train != nil || p.Test != nil
	case "trajectory":
		return p.Grid != nil && p.Path != nil
	}
	return p.Grid != nil
}

// fields are the losses of the panel, and what they leave out.
func (p Panel) fields(plot string) ([]*field, error) {
	var out []*field
	for _, g := range []*surface.Grid{p.Grid, p.Train, p.Test} {
		if g == nil || (g == p.Grid) == (plot == "line") {
			continue
		}
		least := 2
		if plot == "line" {
			least = 1
		}
		f, err := newField(*g, "loss", g.Loss, least)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Title, err)
		}
		out = append(out, f)
	}
	return out, nil
}

// spanOf is the range of all losses; lo > hi when there are none.
func spanOf(plot string, panels []Panel) (lo, hi float64, err error) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, p := range panels {
		fields, err := p.fields(plot)
		if err != nil {
			return lo, hi, err
		}
		for _, f := range fields {
			lo, hi = min(lo, f.lo), max(hi, f.hi)
		}
	}
	return lo, hi, nil
}

// placed is a panel with its figure and where that is.
type placed struct {
	Panel
	figure        Figure
	origin        vg.Point
	title, below  heading
	missing       bool
	titleY, textY vg.Length
}

// draw draws a panel where it was placed; of one without a result its frame and a word.
func (p placed) draw(pn pen) {
	frame := vg.Rectangle{Min: p.figure.frame.Min.Add(p.origin), Max: p.figure.frame.Max.Add(p.origin)}
	center := (frame.Min.X + frame.Max.X) / 2
	left, right := frame.Min.X-2*sideName, frame.Max.X+2*sideName
	if p.missing {
		pn.fill(rgb(0xF6F6F6), corners(frame))
		pn.rings(stroke{color: faintColor, width: 0.8}, corners(frame))
		pn.write(plain("no result"), textStyle{size: tickSize, color: noteColor, h: 0.5, v: 0.5}, vg.Point{X: center, Y: (frame.Min.Y + frame.Max.Y) / 2})
	} else {
		p.figure.draw(pn.from(p.origin))
	}
	p.title.write(pn, center, p.titleY, left, right)
	p.below.write(pn, center, p.textY, left, right)
}
