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

// Page wraps title, note and caption to the width of the figure.
func (o Options) Page(note string) Page {
	const ofTitle, ofNote, ofCaption = 3, 6, 2 // lines at most
	p := Page{Opt: o, Width: vg.Length(o.Width) * vg.Inch}
	lines := func(s string, bold bool, size vg.Length, most int) []canvas.Text {
		return canvas.WrapEvenly(s, bold, size, p.Width-2*chart.Edge, most)
	}
	p.Title = chart.Heading{Lines: lines(o.Title, true, chart.TitleSize, ofTitle), Size: chart.TitleSize, Color: canvas.InkColor}
	if o.Panel == nil {
		p.Note = chart.Heading{Lines: append(lines(note, false, chart.NoteSize, ofNote), lines(o.Caption, false, chart.NoteSize, ofCaption)...), Size: chart.NoteSize, Color: canvas.NoteColor}
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
