package canvas

import (
	"fmt"
	"math"
	"strings"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/vg"
)

// Heights of Liberation Sans as shares of the font size.
const (
	CapHeight = 0.69 // of capitals and digits above the baseline
	Descent   = 0.21 // of g, p, y below it
)

// sans returns Liberation Sans, regular or bold.
var sans = sync.OnceValue(func() (faces [2]*sfnt.Font) {
	for _, f := range liberation.Collection() {
		if f.Font.Variant != "Sans" || f.Font.Style != font.StyleNormal {
			continue
		}
		if f.Font.Weight == font.WeightBold {
			faces[1] = f.Face
		} else {
			faces[0] = f.Face
		}
	}
	return faces
})

// run is a piece of text in one size; Scale and Rise are shares of the text's size.
type run struct {
	S           string
	scale, Rise float64
}

// Text is one line of text.
type Text struct {
	Runs []run
	bold bool
}

// Plain is text of one size.
func Plain(s string) Text { return Text{Runs: []run{{s, 1, 0}}} }

// Power is 10 to the k, with k raised.
func Power(k int) Text {
	return Text{Runs: []run{{"10", 1, 0}, {strings.ReplaceAll(fmt.Sprint(k), "-", "−"), 0.72, 0.36}}}
}

// outline returns the glyphs of the text in a font of the given size, with the
// start of its baseline at the origin, and the width of the text.
func (t Text) outline(size vg.Length) (vg.Path, vg.Length) {
	face := sans()[0]
	if t.bold {
		face = sans()[1]
	}
	var (
		path  vg.Path
		buf   sfnt.Buffer
		x     vg.Length
		ppem  = fixed.Int26_6(face.UnitsPerEm()) // so that sizes come out in font units
		perEm = 1 / vg.Length(face.UnitsPerEm())
	)
	for _, r := range t.Runs {
		unit := size * vg.Length(r.scale) * perEm
		rise := size * vg.Length(r.Rise)
		at := func(p fixed.Point26_6) vg.Point {
			return vg.Point{X: x + vg.Length(p.X)*unit, Y: rise - vg.Length(p.Y)*unit}
		}
		var prev sfnt.GlyphIndex
		for i, c := range []rune(r.S) {
			// A rune that the font lacks is glyph 0, an empty box.
			g, err := face.GlyphIndex(&buf, c)
			if err != nil {
				g = 0
			}
			if i > 0 {
				if k, err := face.Kern(&buf, prev, g, ppem, font.HintingNone); err == nil {
					x += vg.Length(k) * unit
				}
			}
			if segments, err := face.LoadGlyph(&buf, g, ppem, nil); err == nil {
				path = appendGlyph(path, segments, at)
			}
			if adv, err := face.GlyphAdvance(&buf, g, ppem, font.HintingNone); err == nil {
				x += vg.Length(adv) * unit
			}
			prev = g
		}
	}
	return path, x
}

// appendGlyph adds the closed contours of one glyph.
func appendGlyph(path vg.Path, segments sfnt.Segments, at func(fixed.Point26_6) vg.Point) vg.Path {
	for i, s := range segments {
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			if i > 0 {
				path.Close()
			}
			path.Move(at(s.Args[0]))
		case sfnt.SegmentOpLineTo:
			path.Line(at(s.Args[0]))
		case sfnt.SegmentOpQuadTo:
			path.QuadTo(at(s.Args[0]), at(s.Args[1]))
		case sfnt.SegmentOpCubeTo:
			path.CubeTo(at(s.Args[0]), at(s.Args[1]), at(s.Args[2]))
		}
	}
	if len(segments) > 0 {
		path.Close()
	}
	return path
}

// Width returns the width of the text in a font of the given size.
func (t Text) Width(size vg.Length) vg.Length {
	_, w := t.outline(size)
	return w
}

// moved rotates a path about the origin by angle (radians, counter-clockwise) and shifts it.
func moved(p vg.Path, shift vg.Point, angle float64) vg.Path {
	sin, cos := math.Sincos(angle)
	s, c := vg.Length(sin), vg.Length(cos)
	move := func(q vg.Point) vg.Point {
		return vg.Point{X: shift.X + q.X*c - q.Y*s, Y: shift.Y + q.X*s + q.Y*c}
	}
	out := make(vg.Path, len(p))
	for i, e := range p {
		e.Pos = move(e.Pos)
		if len(e.Control) > 0 {
			control := make([]vg.Point, len(e.Control))
			for j, q := range e.Control {
				control[j] = move(q)
			}
			e.Control = control
		}
		out[i] = e
	}
	return out
}

// Wrap breaks s at spaces, apart from no-break ones, into lines no wider than width. Words that are wider
// are broken where they must be; text beyond maxLines is replaced by an ellipsis.
func Wrap(s string, b bool, size, width vg.Length, maxLines int) []Text {
	style := func(s string) Text { return Text{Runs: []run{{s, 1, 0}}, bold: b} }
	fits := func(s string) bool { return style(s).Width(size) <= width }
	var lines []string
	line := ""
	for _, word := range strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\n' || r == '\t' }) {
		if line != "" && fits(line+" "+word) {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for !fits(word) && len(lines) <= maxLines {
			runes := []rune(word)
			n := 1
			for n < len(runes)-1 && fits(string(runes[:n+1])) {
				n++
			}
			lines = append(lines, string(runes[:n]))
			word = string(runes[n:])
			if word == "" {
				break
			}
		}
		line = word
	}
	if line != "" {
		lines = append(lines, line)
	}
	if len(lines) > maxLines {
		last := []rune(lines[maxLines-1])
		for len(last) > 0 && !fits(string(last)+"…") {
			last = last[:len(last)-1]
		}
		lines = append(lines[:maxLines-1], string(last)+"…")
	}
	out := make([]Text, len(lines))
	for i, l := range lines {
		out[i] = style(l)
	}
	return out
}

// WrapEvenly breaks s as Wrap does, into as many lines, of nearly equal widths, so that no line has only the last word.
func WrapEvenly(s string, b bool, size, width vg.Length, maxLines int) []Text {
	lines := Wrap(s, b, size, width, maxLines)
	if len(lines) < 2 {
		return lines
	}
	const finest vg.Length = 2
	text := func(lines []Text) (all string) {
		for _, l := range lines {
			all += l.Runs[0].S + " "
		}
		return all
	}
	for low, whole := vg.Length(0), text(lines); width-low > finest; {
		middle := (low + width) / 2
		if even := Wrap(s, b, size, middle, maxLines); len(even) == len(lines) && text(even) == whole {
			lines, width = even, middle
		} else {
			low = middle
		}
	}
	return lines
}
