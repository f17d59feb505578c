package render

import (
	"fmt"
	"math"

	"gonum.org/v1/plot/vg"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
)

// Panel is one of the panels of a sheet. One whose data are nil has no result: its place stays empty.
type Panel struct {
	Title, Below string // text above and below
	Row, Column  int
	Data
}

// fields are the losses of the panel, or the ratios of its curvatures, and what they leave out.
func (p Panel) fields(ratio bool) ([]*lattice.Field, error) {
	if ratio {
		if p.Grid == nil {
			return nil, nil
		}
		f, err := ratioField(*p.Grid)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Title, err)
		}
		return []*lattice.Field{f}, nil
	}
	var out []*lattice.Field
	for _, g := range []struct {
		*surface.Grid
		rows int // at least
	}{{p.Grid, 2}, {p.Train, 1}, {p.Test, 1}} {
		if g.Grid == nil {
			continue
		}
		f, err := lattice.NewField(*g.Grid, "loss", g.Loss, g.rows)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Title, err)
		}
		out = append(out, f)
	}
	return out, nil
}

// spanOf is the range of all losses, or ratios; lo > hi when there are none.
func spanOf(panels []Panel, ratio bool) (lo, hi float64, err error) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, p := range panels {
		fields, err := p.fields(ratio)
		if err != nil {
			return lo, hi, err
		}
		for _, f := range fields {
			lo, hi = min(lo, f.Lo), max(hi, f.Hi)
		}
	}
	return lo, hi, nil
}

// placed is a panel with its figure and where that is.
type placed struct {
	Panel
	figure        picture.Figure
	origin        vg.Point
	title, below  chart.Heading
	missing       bool
	titleY, textY vg.Length
}

// draw draws a panel where it was placed; of one without a result its frame and a word.
func (p placed) draw(pn canvas.Pen) {
	frame := vg.Rectangle{Min: p.figure.Frame.Min.Add(p.origin), Max: p.figure.Frame.Max.Add(p.origin)}
	center := (frame.Min.X + frame.Max.X) / 2
	left, right := frame.Min.X-2*picture.SideName, frame.Max.X+2*picture.SideName
	if p.missing {
		pn.Fill(canvas.RGB(0xF6F6F6), canvas.Corners(frame))
		pn.Rings(canvas.Stroke{Color: canvas.FaintColor, Width: 0.8}, canvas.Corners(frame))
		pn.Write(canvas.Plain("no result"), canvas.TextStyle{Size: chart.TickSize, Color: canvas.NoteColor, H: 0.5, V: 0.5}, vg.Point{X: center, Y: (frame.Min.Y + frame.Max.Y) / 2})
	} else {
		p.figure.Paint(pn.From(p.origin))
	}
	p.title.Write(pn, center, p.titleY, left, right)
	p.below.Write(pn, center, p.textY, left, right)
}
