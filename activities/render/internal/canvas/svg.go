package canvas

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"strings"
	"unicode/utf8"

	"gonum.org/v1/plot/vg"
)

// SVG is an SVG file in the making. It is written here and not with gonum's vgsvg because that one anchors each text at its left end, so that
// labels leave their places where a reader has another font, and it repeats the whole style at each path.
type SVG struct {
	body   bytes.Buffer
	height vg.Length
	color  color.NRGBA
	width  vg.Length
	dash   []vg.Length
}

// fonts are the fonts of an SVG's text: the first ones have the widths used in the layout of figures.
const fonts = "Liberation Sans, Arial, Helvetica, sans-serif"

// longText is the smallest number of characters of a text that is written with its width in the layout. In a wider font,
// such a text would leave the figure or overlap others; shorter ones have enough room.
const longText = 9

// NewSVG is a file without content, of a height in points.
func NewSVG(height vg.Length) *SVG { return &SVG{height: height} }

// SetColor sets the color of lines, fills and text.
func (s *SVG) SetColor(c color.Color) {
	if n, ok := color.NRGBAModel.Convert(c).(color.NRGBA); ok {
		s.color = n
	}
}

// SetLineWidth sets the width of lines.
func (s *SVG) SetLineWidth(w vg.Length) { s.width = w }

// SetLineDash sets the lengths of dashes and gaps; the offset is not used.
func (s *SVG) SetLineDash(pattern []vg.Length, _ vg.Length) { s.dash = pattern }

// paint is the color as an attribute.
func (s *SVG) paint(attribute string) string {
	out := fmt.Sprintf(` %s="#%02X%02X%02X"`, attribute, s.color.R, s.color.G, s.color.B)
	if s.color.A != 255 {
		out += fmt.Sprintf(` %s-opacity="%.3g"`, attribute, float64(s.color.A)/255)
	}
	return out
}

// Stroke draws the line along a path.
func (s *SVG) Stroke(path vg.Path) {
	dash := ""
	for i, d := range s.dash {
		dash += []string{` stroke-dasharray="`, ","}[min(i, 1)] + PdfNumber(d)
	}
	if dash != "" {
		dash += `"`
	}
	fmt.Fprintf(&s.body, "\n<path d=\"%s\" fill=\"none\"%s stroke-width=\"%s\"%s/>", s.data(path), s.paint("stroke"), PdfNumber(s.width), dash)
}

// Fill fills the inside of a path.
func (s *SVG) Fill(path vg.Path) {
	fmt.Fprintf(&s.body, "\n<path d=\"%s\"%s/>", s.data(path), s.paint("fill"))
}

func (s *SVG) point(p vg.Point) string { return PdfNumber(p.X) + " " + PdfNumber(s.height-p.Y) }

func (s *SVG) data(path vg.Path) string {
	var b strings.Builder
	for _, e := range path {
		switch e.Type {
		case vg.MoveComp:
			b.WriteString("M" + s.point(e.Pos))
		case vg.LineComp:
			b.WriteString("L" + s.point(e.Pos))
		case vg.CurveComp:
			b.WriteString(map[bool]string{true: "Q", false: "C"}[len(e.Control) == 1])
			for _, c := range e.Control {
				b.WriteString(s.point(c) + " ")
			}
			b.WriteString(s.point(e.Pos))
		case vg.CloseComp:
			b.WriteString("Z")
		}
	}
	return b.String()
}

// Text writes one line of text.
func (s *SVG) Text(t Text, style TextStyle, at vg.Point) {
	sin, cos := math.Sincos(style.Angle)
	down := style.Size * CapHeight * vg.Length(style.V)
	at = vg.Point{X: at.X + down*vg.Length(sin), Y: at.Y - down*vg.Length(cos)}
	x, y := PdfNumber(at.X), PdfNumber(s.height-at.Y)
	fmt.Fprintf(&s.body, "\n<text x=\"%s\" y=\"%s\" font-size=\"%s\"%s", x, y, PdfNumber(style.Size), s.paint("fill"))
	anchor := ""
	switch { // the anchor nearest to the share, and the remaining distance from the width of the text in the font of the layout
	case style.H > 0.75:
		anchor = "end"
	case style.H > 0.25:
		anchor = "middle"
	}
	if anchor != "" {
		fmt.Fprintf(&s.body, " text-anchor=\"%s\"", anchor)
	}
	if left := style.H - map[string]float64{"": 0, "middle": 0.5, "end": 1}[anchor]; left != 0 {
		fmt.Fprintf(&s.body, " dx=\"%s\"", PdfNumber(vg.Length(-left)*t.Width(style.Size)))
	} else if t.isLong() { // textLength would include dx
		fmt.Fprintf(&s.body, " textLength=\"%s\" lengthAdjust=\"spacingAndGlyphs\"", PdfNumber(t.Width(style.Size)))
	}
	if t.bold {
		s.body.WriteString(` font-weight="bold"`)
	}
	if style.Angle != 0 {
		fmt.Fprintf(&s.body, " transform=\"rotate(%s %s %s)\"", PdfNumber(vg.Length(-style.Angle*180/math.Pi)), x, y)
	}
	s.body.WriteString(">")
	for _, r := range t.Runs {
		if r.scale == 1 && r.Rise == 0 {
			EscapeXML(&s.body, r.S)
			continue
		}
		fmt.Fprintf(&s.body, "<tspan font-size=\"%s\" dy=\"%s\">", PdfNumber(style.Size*vg.Length(r.scale)), PdfNumber(-style.Size*vg.Length(r.Rise)))
		EscapeXML(&s.body, r.S)
		s.body.WriteString("</tspan>")
	}
	s.body.WriteString("</text>")
}

// isLong says whether the text has at least longText characters.
func (t Text) isLong() bool {
	n := 0
	for _, r := range t.Runs {
		n += utf8.RuneCountInString(r.S)
	}
	return n >= longText
}

// DrawImage shows a raster image, embedded as a PNG, in a rectangle.
func (s *SVG) DrawImage(r vg.Rectangle, img image.Image) {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return // an image without a pixel
	}
	fmt.Fprintf(&s.body, "\n<image x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" preserveAspectRatio=\"none\" href=\"data:image/png;base64,%s\"/>",
		PdfNumber(r.Min.X), PdfNumber(s.height-r.Max.Y), PdfNumber(r.Size().X), PdfNumber(r.Size().Y), base64.StdEncoding.EncodeToString(b.Bytes()))
}

// File returns the file, of a width in points, with title, metadata and ground.
func (s *SVG) File(width vg.Length, title, meta string, ground color.RGBA) []byte {
	var b bytes.Buffer
	w, h := PdfNumber(width), PdfNumber(s.height)
	fmt.Fprintf(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%spt\" height=\"%spt\" viewBox=\"0 0 %s %s\" font-family=\"%s\">\n<title>",
		w, h, w, h, fonts)
	EscapeXML(&b, title)
	b.WriteString("</title>")
	if meta != "" {
		b.WriteString("\n<metadata>")
		EscapeXML(&b, meta)
		b.WriteString("</metadata>")
	}
	fmt.Fprintf(&b, "\n<rect width=\"%s\" height=\"%s\" fill=\"#%02X%02X%02X\"/>", w, h, ground.R, ground.G, ground.B)
	b.Write(s.body.Bytes())
	b.WriteString("\n</svg>\n")
	return b.Bytes()
}

// EscapeXML writes s as XML character data; what XML cannot hold becomes U+FFFD.
func EscapeXML(b *bytes.Buffer, s string) {
	_ = xml.EscapeText(b, []byte(s)) // writing to a bytes.Buffer cannot fail
}
