package picture

import (
	"gonum.org/v1/plot/vg"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
)

// Page is the ground of a figure: its width, the title at its top and the note at its foot. Panels have neither.
type Page struct {
	Opt         Options
	Width       vg.Length
	Title, Note chart.Heading
}

// Page wraps title, note and caption to the width of the figure, the note to at most maxLines.
func (o Options) Page(note string, maxLines int) Page {
	p := Page{Opt: o, Width: vg.Length(o.Width) * vg.Inch}
	p.Title = chart.Heading{Lines: canvas.Wrap(o.Title, true, chart.TitleSize, p.Width-2*chart.Edge, 3), Size: chart.TitleSize, Color: canvas.InkColor}
	if o.Panel == nil {
		p.Note = chart.Heading{Lines: canvas.Wrap(note, false, chart.NoteSize, p.Width-2*chart.Edge, maxLines), Size: chart.NoteSize, Color: canvas.NoteColor}
		p.Note.Lines = append(p.Note.Lines, canvas.Wrap(o.Caption, false, chart.NoteSize, p.Width-2*chart.Edge, 2)...)
	}
	return p
}

// Bottom is where frames start, above the note and the bottom axis.
func (p Page) Bottom() vg.Length { return p.Opt.Side() + p.Note.Height() + chart.BottomHeight }

// Figure is the page with what inside draws around frame; title and note are centred on x.
func (p Page) Figure(frame vg.Rectangle, height, x vg.Length, inside func(canvas.Pen)) Figure {
	return Figure{
		Width: p.Width, Height: height, Frame: frame, DPI: p.Opt.DPI, title: p.Opt.Title, meta: p.Opt.Meta, dark: p.Opt.Theme == ThemeDark,
		Paint: func(pn canvas.Pen) {
			inside(pn)
			p.Title.Write(pn, x, height-chart.Edge, chart.Edge, p.Width-chart.Edge)
			p.Note.Write(pn, x, chart.Edge+p.Note.Height()-2-chart.NoteSize*(chart.LineHeight-1), chart.Edge, p.Width-chart.Edge)
		},
	}
}
