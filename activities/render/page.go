package render

import "gonum.org/v1/plot/vg"

// page is the ground of a figure: its width, the title at its top and the note at its foot. Panels have neither.
type page struct {
	opt         Options
	width       vg.Length
	title, note heading
}

// page wraps title and note to the width of the figure, the note to at most maxLines.
func (o Options) page(note string, maxLines int) page {
	p := page{opt: o, width: vg.Length(o.Width) * vg.Inch}
	p.title = heading{wrap(o.Title, true, titleSize, p.width-2*edge, 3), titleSize, inkColor}
	if o.panel == nil {
		p.note = heading{wrap(note, false, noteSize, p.width-2*edge, maxLines), noteSize, noteColor}
	}
	return p
}

// bottom is where frames start, above the note and the bottom axis.
func (p page) bottom() vg.Length { return p.opt.side() + p.note.height() + bottomHeight }

// figure is the page with what inside draws around frame; title and note are centred on x.
func (p page) figure(frame vg.Rectangle, height, x vg.Length, inside func(pen)) Figure {
	return Figure{
		width: p.width, height: height, frame: frame, dpi: p.opt.DPI, title: p.opt.Title, meta: p.opt.Meta,
		draw: func(pn pen) {
			inside(pn)
			p.title.write(pn, x, height-edge, edge, p.width-edge)
			p.note.write(pn, x, edge+p.note.height()-2-noteSize*(lineHeight-1), edge, p.width-edge)
		},
	}
}
