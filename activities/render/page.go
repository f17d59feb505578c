package render

import (
	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"

	"gonum.org/v1/plot/vg"
)

// page is the ground of a figure: its width, the title at its top and the note at its foot. Panels have neither.
type page struct {
	opt         Options
	width       vg.Length
	title, note chart.Heading
}

// page wraps title and note to the width of the figure, the note to at most maxLines.
func (o Options) page(note string, maxLines int) page {
	p := page{opt: o, width: vg.Length(o.Width) * vg.Inch}
	p.title = chart.Heading{Lines: canvas.Wrap(o.Title, true, chart.TitleSize, p.width-2*chart.Edge, 3), Size: chart.TitleSize, Color: canvas.InkColor}
	if o.panel == nil {
		p.note = chart.Heading{Lines: canvas.Wrap(note, false, chart.NoteSize, p.width-2*chart.Edge, maxLines), Size: chart.NoteSize, Color: canvas.NoteColor}
	}
	return p
}

// bottom is where frames start, above the note and the bottom axis.
func (p page) bottom() vg.Length { return p.opt.side() + p.note.Height() + chart.BottomHeight }

// figure is the page with what inside draws around frame; title and note are centred on x.
func (p page) figure(frame vg.Rectangle, height, x vg.Length, inside func(canvas.Pen)) Figure {
	return Figure{
		width: p.width, height: height, frame: frame, dpi: p.opt.DPI, title: p.opt.Title, meta: p.opt.Meta,
		draw: func(pn canvas.Pen) {
			inside(pn)
			p.title.Write(pn, x, height-chart.Edge, chart.Edge, p.width-chart.Edge)
			p.note.Write(pn, x, chart.Edge+p.note.Height()-2-chart.NoteSize*(chart.LineHeight-1), chart.Edge, p.width-chart.Edge)
		},
	}
}
