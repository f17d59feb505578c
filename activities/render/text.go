package render

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
	capHeight = 0.69 // of capitals and digits above the baseline
	descent   = 0.21 // of g, p, y below it
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
	s           string
	scale, rise float64
}

// text is one line of text.
type text struct {
	runs []run
	bold bool
}

func plain(s string) text { return text{runs: []run{{s, 1, 0}}} }

// power is 10 to the k, with k raised.
func power(k int) text {
	return text{runs: []run{{"10", 1, 0}, {strings.ReplaceAll(fmt.Sprint(k), "-", "−"), 0.72, 0.36}}}
}

// outline returns the glyphs of the text in a font of the given size, with the
// start of its baseline at the origin, and the width of the text.
func (t text) outline(size vg.Length) (vg.Path, vg.Length) {
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
	for _, r := range t.runs {
		unit := size * vg.Length(r.scale) * perEm
		rise := size * vg.Length(r.rise)
		at := func(p fixed.Point26_6) vg.Point {
			return vg.Point{X: x + vg.Length(p.X)*unit, Y: rise - vg.Length(p.Y)*unit}
		}
		var prev sfnt.GlyphIndex
		for i, c := range []rune(r.s) {
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

// width returns the width of the text in a font of the given size.
func (t text) width(size vg.Length) vg.Length {
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

// wrap breaks s at spaces into lines no wider than width. Words that are wider
// are broken where they must be; what is left over after maxLines ends in an ellipsis.
func wrap(s string, b bool, size, width vg.Length, maxLines int) []text {
	style := func(s string) text { return text{runs: []run{{s, 1, 0}}, bold: b} }
	fits := func(s string) bool { return style(s).width(size) <= width }
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
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
	out := make([]text, len(lines))
	for i, l := range lines {
		out[i] = style(l)
	}
	return out
}
