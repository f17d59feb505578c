package render

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"hash/crc32"
	"image/png"
	"io"
	"math"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
	"lossatlas/activities/trainlog"
)

// The same figure gives the same bytes, made again or drawn several times at once.
func TestBytesAreDeterministic(t *testing.T) {
	first, second := sampleFigures(t), sampleFigures(t)
	for _, name := range []string{"contour-chaotic51", "filled-broken51", "contour-coarse17", "line-log", "training"} {
		f := first[name]
		for _, format := range []picture.Format{picture.PNG, picture.SVG, picture.PDF} {
			want, err := f.Draw(format)
			if err != nil {
				t.Fatal(err)
			}
			got := make([][]byte, 2)
			var wg sync.WaitGroup
			for i := range got {
				wg.Go(func() {
					b, err := second[name].Draw(format)
					if err != nil {
						t.Error(err)
					}
					got[i] = b
				})
			}
			wg.Wait()
			for _, b := range got {
				if !bytes.Equal(b, want) {
					t.Errorf("%s: the %s differs from one drawing to the next", name, format)
				}
			}
		}
	}
}

// chunks returns the data of a PNG's chunks by kind, their checksums checked.
func chunks(t testing.TB, b []byte) map[string][][]byte {
	t.Helper()
	out := map[string][][]byte{}
	for b = b[8:]; len(b) > 0; {
		n := binary.BigEndian.Uint32(b)
		body := b[4 : 8+n]
		if crc32.ChecksumIEEE(body) != binary.BigEndian.Uint32(b[8+n:]) {
			t.Fatalf("chunk %q has a wrong checksum", body[:4])
		}
		out[string(body[:4])] = append(out[string(body[:4])], body[4:])
		b = b[12+n:]
	}
	return out
}

// Provenance and title come back out of both formats as they went in, whatever is in them.
func TestMetadataComesBack(t *testing.T) {
	g := sampled(5, bowl)
	rapid.Check(t, func(rt *rapid.T) {
		// What XML and PNG text cannot hold (most control characters) is tested below.
		text := rapid.StringMatching(`[ -~αβ🙂<>&"']{1,60}`)
		meta, title := text.Draw(rt, "meta"), text.Draw(rt, "title")
		f, err := Contour(g, picture.Options{Title: title, Meta: meta, DPI: 40})
		if err != nil {
			rt.Fatal(err)
		}
		b, err := f.PNG()
		if err != nil {
			rt.Fatal(err)
		}
		c := chunks(t, b)
		found := append(c["tEXt"], c["iTXt"]...)
		for keyword, want := range map[string]string{"lossatlas": meta, "Title": title} {
			ok := false
			for _, d := range found {
				k, rest, _ := bytes.Cut(d, []byte{0})
				ok = ok || string(k) == keyword && strings.TrimPrefix(string(rest), "\x00\x00\x00\x00") == want
			}
			if !ok {
				rt.Fatalf("the PNG lacks %s %q: %q", keyword, want, found)
			}
		}
		if b, err = f.SVG(); err != nil {
			rt.Fatal(err)
		}
		var doc struct {
			Title    string `xml:"title"`
			Metadata string `xml:"metadata"`
		}
		if err := xml.Unmarshal(b, &doc); err != nil {
			rt.Fatal(err)
		}
		if doc.Title != title || doc.Metadata != meta {
			rt.Fatalf("SVG has title %q and metadata %q, want %q and %q", doc.Title, doc.Metadata, title, meta)
		}
	})
}

// FuzzTitle draws any title: never a panic, always a readable PNG and well-formed SVG.
func FuzzTitle(f *testing.F) {
	for _, s := range []string{"", "a\x00b", "\xff\xfe", strings.Repeat("w", 400), "<script>alert(1)</script>", "日本語 العربية", "\n\t \r", "a " + strings.Repeat("b", 90)} {
		f.Add(s)
	}
	g := sampled(3, bowl)
	f.Fuzz(func(t *testing.T, s string) {
		fig, err := Contour(g, picture.Options{Title: s, Meta: s, DPI: 40})
		if err != nil {
			t.Fatal(err)
		}
		b, err := fig.PNG()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := png.Decode(bytes.NewReader(b)); err != nil {
			t.Fatal(err)
		}
		if b, err = fig.SVG(); err != nil {
			t.Fatal(err)
		}
		wellFormed(t, b)
	})
}

func wellFormed(t testing.TB, b []byte) {
	t.Helper()
	for d := xml.NewDecoder(bytes.NewReader(b)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("the SVG is not well formed: %v", err)
		}
	}
}

// Every figure is well-formed SVG without IDs, scripts or references, and a PNG of its size and resolution.
func TestFilesAreWellFormed(t *testing.T) {
	for name, f := range sampleFigures(t) {
		b, err := f.SVG()
		if err != nil {
			t.Fatal(err)
		}
		wellFormed(t, b)
		for _, bad := range []string{" id=", "href", "<script", "NaN", "Inf"} {
			if bytes.Contains(withoutImages(b), []byte(bad)) {
				t.Errorf("%s: the SVG contains %q", name, bad)
			}
		}
		if b, err = f.PNG(); err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(b))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		w, h := f.Size()
		if got := img.Bounds().Size(); got.X != int(w/72*220+0.5) || got.Y != int(h/72*220+0.5) {
			t.Errorf("%s: %v pixels for %g×%g points", name, got, w, h)
		}
		if phys := chunks(t, b)["pHYs"]; len(phys) != 1 || binary.BigEndian.Uint32(phys[0]) != 8661 { // 220 / 0.0254
			t.Errorf("%s: resolution %v", name, phys)
		}
	}
}

// Long texts of an SVG have the width of the layout: a wider font does not move them over the edge of the figure.
func TestLongTextsKeepTheirWidth(t *testing.T) {
	long := strings.Repeat("weight decay ", 20)
	g := sampled(17, bowl)
	f, err := Contour(g, picture.Options{Title: long, Caption: long})
	if err != nil {
		t.Fatal(err)
	}
	b, err := f.SVG()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Texts []struct {
			X      float64 `xml:"x,attr"`
			Width  float64 `xml:"textLength,attr"`
			Adjust string  `xml:"lengthAdjust,attr"`
			Anchor string  `xml:"text-anchor,attr"`
			S      string  `xml:",chardata"`
		} `xml:"text"`
	}
	if err := xml.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	wide, _ := f.Size()
	checked := 0
	for _, s := range doc.Texts {
		if len([]rune(s.S)) < 20 {
			continue
		}
		checked++
		if s.Width == 0 || s.Adjust != "spacingAndGlyphs" {
			t.Errorf("%q has the width %g, adjusted by %q", s.S, s.Width, s.Adjust)
		}
		if s.Anchor != "middle" || s.X-s.Width/2 < float64(chart.Edge)-0.02 || s.X+s.Width/2 > wide-float64(chart.Edge)+0.02 {
			t.Errorf("%q, anchored at its %s at %g and %g wide, is not within the margins of a figure of %g", s.S, s.Anchor, s.X, s.Width, wide)
		}
	}
	if checked < 5 {
		t.Errorf("%d long texts: fewer than the lines of a title, a note and a caption", checked)
	}
}

func TestWrap(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := rapid.StringMatching(`[a-zA-Z0-9=,. ]{0,120}`).Draw(rt, "s")
		lines := canvas.Wrap(s, true, chart.TitleSize, 200, 3)
		var all []string
		for _, l := range lines {
			if w := l.Width(chart.TitleSize); w > 200 {
				rt.Fatalf("line %q is %g wide", l.Runs[0].S, w.Points())
			}
			all = append(all, l.Runs[0].S)
		}
		got := strings.Join(all, "")
		if cut, ok := strings.CutSuffix(got, "…"); ok && len(lines) == 3 {
			got = cut
		} else if strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(s, " ", "") {
			rt.Fatalf("%q became %q", s, all)
		}
		if !strings.HasPrefix(strings.ReplaceAll(s, " ", ""), strings.ReplaceAll(got, " ", "")) {
			rt.Fatalf("%q became %q", s, all)
		}
	})
}

// What cannot be drawn is refused in words that say what to change.
func TestBadInputIsRefused(t *testing.T) {
	g := sampled(5, bowl)
	line := sampledLine(-1, 1, 5, func(x float64) float64 { return x * x }, func(float64) float64 { return 50 })
	short := sampled(5, bowl)
	short.Loss = short.Loss[:7]
	for _, c := range []struct {
		want string
		draw func() (picture.Figure, error)
	}{
		{"7 losses", func() (picture.Figure, error) { return Contour(short, picture.Options{}) }},
		{"no points", func() (picture.Figure, error) { return FilledContour(surface.Grid{}, picture.Options{}) }},
		{"at least 2×2", func() (picture.Figure, error) { return Contour(*line, picture.Options{}) }},
		{"5 rows", func() (picture.Figure, error) { return Line(Data{Train: &g}, picture.Options{}) }},
		{"neither was given", func() (picture.Figure, error) { return Line(Data{}, picture.Options{}) }},
		{"no epochs", func() (picture.Figure, error) { return Training(&trainlog.Log{}, picture.Options{}) }},
		{"epoch 3 follows epoch 3", func() (picture.Figure, error) {
			return Training(&trainlog.Log{Epochs: []trainlog.Epoch{{Epoch: 3}, {Epoch: 3}}}, picture.Options{})
		}},
		{"allowed are cividis, inferno, magma, plasma, viridis, coolwarm", func() (picture.Figure, error) { return Contour(g, picture.Options{Colormap: "jet"}) }},
		{"allowed are linear, log", func() (picture.Figure, error) { return Contour(g, picture.Options{Scale: "cubic"}) }},
		{"take a larger step", func() (picture.Figure, error) { return Contour(g, picture.Options{Min: 0, Max: 1, Step: 1e-9}) }},
		{"min above 0", func() (picture.Figure, error) {
			return Contour(g, picture.Options{Min: -1, Max: 1, Scale: picture.ScaleLog})
		}},
		{"max must be above min", func() (picture.Figure, error) { return Contour(g, picture.Options{Min: 2, Max: 1}) }},
		{"give all three", func() (picture.Figure, error) { return Contour(g, picture.Options{Step: 1}) }},
		{"not a finite number", func() (picture.Figure, error) { return Contour(g, picture.Options{Cut: math.NaN()}) }},
		{"allowed are 2 to 40", func() (picture.Figure, error) { return Contour(g, picture.Options{Width: 1000}) }},
		{"at most 12000", func() (picture.Figure, error) { return Contour(g, picture.Options{Width: 40, DPI: 1200}) }},
	} {
		_, err := c.draw()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got error %v, want one that says %q", err, c.want)
		}
	}
	f, err := Contour(g, picture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Draw("gif"); err == nil || !strings.Contains(err.Error(), "png, svg, pdf") {
		t.Errorf("format gif: %v", err)
	}
}

// Figures of any surface and any losses draw without a panic, and the SVG has no number that is none.
func TestAnySurfaceDraws(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		g := genGrid(rt)
		if rapid.Bool().Draw(rt, "extreme") {
			for i := range g.Loss {
				g.Loss[i] *= rapid.SampledFrom([]float64{1, 0, -1, 1e-300, 1e300, 3e38}).Draw(rt, "factor")
			}
		}
		o := picture.Options{DPI: 40, Scale: rapid.SampledFrom([]string{picture.ScaleAuto, picture.ScaleLinear, picture.ScaleLog}).Draw(rt, "scale")}
		row := surface.Grid{X: g.X, Y: g.Y[:1], Loss: g.Loss[:len(g.X)], Accuracy: g.Accuracy[:len(g.X)], Mask: g.Mask[:len(g.X)]}
		for name, draw := range map[string]func() (picture.Figure, error){
			"contour": func() (picture.Figure, error) { return Contour(g, o) },
			"filled":  func() (picture.Figure, error) { return FilledContour(g, o) },
			"line":    func() (picture.Figure, error) { return Line(Data{Train: &row}, o) },
			"heat":    func() (picture.Figure, error) { return Heat(g, o) },
			"surface": func() (picture.Figure, error) { return Surface3D(g, o) },
		} {
			checkFinite(rt, fmt.Sprintf("%s of %v", name, g.Loss), draw)
		}
	})
}

// Losses at the ends of what a float64 holds, and differences in its last bit, leave every scale with a range and a step.
func TestExtremeLossesDraw(t *testing.T) {
	for _, loss := range [][]float64{
		{0, 3.637978807094e-312, 6.938895e-318}, {0, 5e-324, 0}, {0, 1e-318, 1e-320}, {1e-300, 1.0000000000000002e-300, 1e-300},
		{1, 1.0000000000000002, 1}, {-math.MaxFloat64, math.MaxFloat64, 0}, {1.7e308, 1.79e308, 1.75e308}, {5e-324, 1.7e308, 1e-3},
	} {
		for _, scale := range []string{picture.ScaleAuto, picture.ScaleLinear, picture.ScaleLog} {
			g := surface.NewGrid([]float64{0, 1, 2}, []float64{0})
			copy(g.Loss, loss)
			for i := range g.Mask {
				g.Mask[i] = true
			}
			f, err := Line(Data{Train: g}, picture.Options{Scale: scale})
			if err != nil {
				t.Fatal(err)
			}
			b, err := f.SVG()
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(b, []byte("NaN")) || bytes.Contains(b, []byte("Inf")) {
				t.Errorf("the line %v on a scale %q has a coordinate that is no number", loss, scale)
			}
		}
	}
}
