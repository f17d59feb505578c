package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/png"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"

	"lossatlas/activities/render/internal/canvas"
)

// Format names a file format that a figure can be drawn in.
type Format string

// The formats.
const (
	PNG Format = "png"
	SVG Format = "svg"
	PDF Format = "pdf"
)

// Figure is a laid out picture. It can be drawn any number of times, in any format, concurrently.
type Figure struct {
	Width, Height vg.Length
	Frame         vg.Rectangle // of the (topmost) axes
	DPI           int          // of the PNG
	title, meta   string
	Paint         func(canvas.Pen) // draws all of it
	Shaded        bool             // has more colours than a palette holds
	Spare         vg.Length        // at the bottom of a panel
	dark          bool
}

// Size returns the size of the figure in points (1/72 inch).
func (f Figure) Size() (width, height float64) { return f.Width.Points(), f.Height.Points() }

// Draw returns the figure in the given format.
func (f Figure) Draw(format Format) ([]byte, error) {
	switch format {
	case PNG:
		return f.PNG()
	case SVG:
		return f.SVG()
	case PDF:
		return f.PDF()
	}
	return nil, fmt.Errorf("plot format %q; allowed are png, svg, pdf", format)
}

// PNG returns the figure as a PNG file of Options.DPI dots per inch, its
// resolution and Options.Meta included.
func (f Figure) PNG() ([]byte, error) {
	c := vgimg.NewWith(vgimg.UseWH(f.Width, f.Height), vgimg.UseDPI(f.DPI), vgimg.UseBackgroundColor(canvas.Ground(f.dark)))
	f.Paint(canvas.Pen{C: c, Dark: f.dark})
	var b bytes.Buffer
	var img image.Image = c.Image()
	if full, ok := img.(*image.RGBA); ok && !f.Shaded {
		img = canvas.Indexed(full)
	}
	if err := png.Encode(&b, img); err != nil {
		return nil, fmt.Errorf("encode the PNG of %q: %w", f.title, err)
	}
	return canvas.WithPNGText(b.Bytes(), f.DPI, f.title, f.meta), nil
}

// SVG returns the figure as an SVG file. Its text is text, which can be searched and edited, and there are no element
// IDs, so that several figures can stand in one page.
func (f Figure) SVG() ([]byte, error) {
	c := canvas.NewSVG(f.Height)
	f.Paint(canvas.Pen{C: c, Dark: f.dark})
	return c.File(f.Width, f.title, f.meta, canvas.Ground(f.dark)), nil
}

// PDF returns the figure as a PDF file of one page, with the title, and Options.Meta as its subject. Text is
// drawn as the outlines of its glyphs.
func (f Figure) PDF() ([]byte, error) {
	page := canvas.NewPDFPage()
	if f.dark {
		page.SetColor(canvas.Ground(true))
		page.Fill(vg.Rectangle{Max: vg.Point{X: f.Width, Y: f.Height}}.Path())
	}
	f.Paint(canvas.Pen{C: page, Dark: f.dark})
	b, err := page.File(f.Width, f.Height, f.title, f.meta)
	if err != nil {
		return nil, fmt.Errorf("write the PDF of %q: %w", f.title, err)
	}
	return b, nil
}
