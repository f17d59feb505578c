package canvas

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"gonum.org/v1/plot/vg"
)

// PDFPage is a page of PDF 1.4 with paths and images. It is written here and not
// with gonum's vgpdf because that one has no way to set title and provenance, and stamps each file with its time.
type PDFPage struct {
	ops      bytes.Buffer
	now, set pdfState // the requested state, and the state after the operators so far
	opacity  []uint8  // those in use, other than 255
	images   []image.Image
}

// pdfState is how a path is painted.
type pdfState struct {
	color color.NRGBA
	width vg.Length
	dash  string
}

// NewPDFPage is an empty page.
func NewPDFPage() *PDFPage {
	// PDF begins with black lines, 1 point wide.
	begin := pdfState{color: color.NRGBA{A: 255}, width: 1, dash: "[] 0"}
	return &PDFPage{now: begin, set: begin}
}

// SetColor sets the colour of lines and fills.
func (p *PDFPage) SetColor(c color.Color) {
	if n, ok := color.NRGBAModel.Convert(c).(color.NRGBA); ok {
		p.now.color = n
	}
}

// SetLineWidth sets the width of lines.
func (p *PDFPage) SetLineWidth(w vg.Length) { p.now.width = w }

// SetLineDash sets the lengths of dashes and gaps.
func (p *PDFPage) SetLineDash(pattern []vg.Length, offset vg.Length) {
	parts := make([]string, len(pattern))
	for i, d := range pattern {
		parts[i] = PdfNumber(d)
	}
	p.now.dash = "[" + strings.Join(parts, " ") + "] " + PdfNumber(offset)
}

// Stroke draws the line along a path.
func (p *PDFPage) Stroke(path vg.Path) { p.paint(path, "S") }

// Fill fills the inside of a path.
func (p *PDFPage) Fill(path vg.Path) { p.paint(path, "f") }

// paint writes what of the state has changed, and the path.
func (p *PDFPage) paint(path vg.Path, operator string) {
	c := p.now.color
	if c != p.set.color {
		part := func(v uint8) string { return strconv.FormatFloat(math.Round(float64(v)/255*1000)/1000, 'f', -1, 64) }
		rgb := part(c.R) + " " + part(c.G) + " " + part(c.B)
		fmt.Fprintf(&p.ops, "%s rg %s RG\n", rgb, rgb)
	}
	if c.A != p.set.color.A {
		if !slices.Contains(p.opacity, c.A) {
			p.opacity = append(p.opacity, c.A)
		}
		fmt.Fprintf(&p.ops, "/A%d gs\n", c.A)
	}
	if p.now.width != p.set.width {
		fmt.Fprintf(&p.ops, "%s w\n", PdfNumber(p.now.width))
	}
	if p.now.dash != p.set.dash {
		fmt.Fprintf(&p.ops, "%s d\n", p.now.dash)
	}
	p.set = p.now
	var at vg.Point
	for _, e := range path {
		switch e.Type {
		case vg.MoveComp:
			p.op("m", e.Pos)
		case vg.LineComp:
			p.op("l", e.Pos)
		case vg.CurveComp:
			if len(e.Control) == 1 { // PDF has cubic curves only
				q := e.Control[0]
				third := func(end vg.Point) vg.Point {
					return vg.Point{X: (end.X + 2*q.X) / 3, Y: (end.Y + 2*q.Y) / 3}
				}
				p.op("c", third(at), third(e.Pos), e.Pos)
			} else {
				p.op("c", e.Control[0], e.Control[1], e.Pos)
			}
		case vg.CloseComp:
			p.ops.WriteString("h\n")
			continue
		}
		at = e.Pos
	}
	p.ops.WriteString(operator + "\n")
}

func (p *PDFPage) op(operator string, points ...vg.Point) {
	for _, q := range points {
		p.ops.WriteString(PdfNumber(q.X) + " " + PdfNumber(q.Y) + " ")
	}
	p.ops.WriteString(operator + "\n")
}

// DrawImage shows a raster image in a rectangle.
func (p *PDFPage) DrawImage(r vg.Rectangle, img image.Image) {
	fmt.Fprintf(&p.ops, "q\n%s 0 0 %s %s %s cm\n/I%d Do\nQ\n", PdfNumber(r.Size().X), PdfNumber(r.Size().Y), PdfNumber(r.Min.X), PdfNumber(r.Min.Y), len(p.images))
	p.images = append(p.images, img)
}

// imageObjects are the objects of an image, of which the second, its opacity, has the given number.
func imageObjects(img image.Image, mask int) ([]string, error) {
	size := img.Bounds().Size()
	var rgb, alpha []byte
	for y := range size.Y {
		for x := range size.X {
			c, _ := color.NRGBAModel.Convert(img.At(img.Bounds().Min.X+x, img.Bounds().Min.Y+y)).(color.NRGBA)
			rgb, alpha = append(rgb, c.R, c.G, c.B), append(alpha, c.A)
		}
	}
	object := func(space, more string, data []byte) (string, error) {
		packed, err := deflated(data)
		return fmt.Sprintf("<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /%s /BitsPerComponent 8 %s/Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream",
			size.X, size.Y, space, more, len(packed), packed), err
	}
	shown, err := object("DeviceRGB", fmt.Sprintf("/SMask %d 0 R ", mask), rgb)
	if err != nil {
		return nil, err
	}
	opacity, err := object("DeviceGray", "", alpha)
	return []string{shown, opacity}, err
}

func deflated(data []byte) ([]byte, error) {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	if _, err := z.Write(data); err != nil {
		return nil, err
	}
	err := z.Close()
	return packed.Bytes(), err
}

// PdfNumber writes a length to a hundredth of a point. PDF has no exponents.
func PdfNumber(l vg.Length) string {
	return strconv.FormatFloat(math.Round(float64(l)*100)/100+0, 'f', -1, 64)
}

// File returns the page as a PDF file of the given size, with title and subject in its information.
func (p *PDFPage) File(width, height vg.Length, title, subject string) ([]byte, error) {
	packed, err := deflated(p.ops.Bytes())
	if err != nil {
		return nil, err
	}
	var shown []string
	var images strings.Builder
	const first = 6 // the number of the object after the information
	for i, img := range p.images {
		objects, err := imageObjects(img, first+2*i+1)
		if err != nil {
			return nil, err
		}
		shown = append(shown, objects...)
		fmt.Fprintf(&images, "/I%d %d 0 R ", i, first+2*i)
	}
	var states strings.Builder
	for _, a := range append([]uint8{255}, p.opacity...) {
		v := strconv.FormatFloat(float64(a)/255, 'f', 4, 64)
		fmt.Fprintf(&states, "/A%d << /ca %s /CA %s >> ", a, v, v)
	}
	info := "<< /Creator (lossatlas)"
	for _, t := range [][2]string{{"Title", title}, {"Subject", subject}} {
		if t[1] != "" {
			info += " /" + t[0] + " " + pdfString(t[1])
		}
	}
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %s %s] /Contents 4 0 R /Resources << /ExtGState << %s>> /XObject << %s>> >> >>",
			PdfNumber(width), PdfNumber(height), states.String(), images.String()),
		fmt.Sprintf("<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream", len(packed), packed),
		info + " >>",
	}
	objects = append(objects, shown...)
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n") // bytes that mark the file as binary
	table := fmt.Sprintf("xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for i, o := range objects {
		table += fmt.Sprintf("%010d 00000 n \n", b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	at := b.Len()
	fmt.Fprintf(&b, "%strailer\n<< /Size %d /Root 1 0 R /Info 5 0 R >>\nstartxref\n%d\n%%%%EOF\n", table, len(objects)+1, at)
	return b.Bytes(), nil
}

// pdfString writes text in the form of PDF: in brackets where it is ASCII, else as UTF-16.
func pdfString(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if !strings.ContainsFunc(s, func(r rune) bool { return r > '~' || r < ' ' }) {
		return "(" + strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`).Replace(s) + ")"
	}
	var b strings.Builder
	b.WriteString("<FEFF")
	for _, u := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", u)
	}
	return b.String() + ">"
}
