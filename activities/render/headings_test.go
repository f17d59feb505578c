package render

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"lossatlas/activities/render/compare"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
)

// svgText is a line of text in an SVG; y runs downwards.
type svgText struct {
	x, y, size float64
	text       string
}

// textsOf are the lines of text of a figure.
func textsOf(t *testing.T, f picture.Figure) (out []svgText) {
	t.Helper()
	svg, err := f.SVG()
	if err != nil {
		t.Fatal(err)
	}
	number := func(s []byte) float64 {
		v, err := strconv.ParseFloat(string(s), 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, m := range regexp.MustCompile(`<text x="([^"]*)" y="([^"]*)" font-size="([^"]*)"[^>]*>([^<]*)</text>`).FindAllSubmatch(svg, -1) {
		out = append(out, svgText{number(m[1]), number(m[2]), number(m[3]), string(m[4])})
	}
	return out
}

// TestHeadings: the lines of a title and of a note have one center and nearly equal widths, also where the frame is not in the middle; notes are whole, and a legend of
// two rows stays below a title of two lines.
func TestHeadings(t *testing.T) {
	between := sampledLine(0, 1, 41, func(x float64) float64 { return 0.1 + x*(1-x) }, func(float64) float64 { return 90 })
	between.Sampling = &surface.Sampling{Images: 128, Population: 500, LossSE: make([]float64, 41), AccuracySE: make([]float64, 41), RiseSE: make([]float64, 41)}
	for i := range between.Sampling.LossSE {
		between.Sampling.LossSE[i] = 0.01
	}
	title := "a: batch_size=128, lr=0.05 · b: batch_size=1024, lr=0.05 · statistics recomputed from 500 images"
	long := picture.Options{Title: title, Caption: "network small:width=8, data shapes10, batch statistics recomputed from 500 images of the training set"}
	f, err := Line(Data{Train: between, Test: between, StraightTrain: between, StraightTest: between}, long)
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, size float64, want string) (lines []svgText) {
		t.Helper()
		var words []string
		for _, s := range textsOf(t, f) {
			if s.size == size && len(s.text) > 2 && strings.Contains(want, s.text) {
				lines, words = append(lines, s), append(words, s.text)
			}
		}
		if got := strings.Join(words, " "); got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
		if len(lines) < 2 {
			t.Fatalf("%s: %d lines", what, len(lines))
		}
		for _, l := range lines {
			if l.x != lines[0].x {
				t.Errorf("%s: %q is centered on %g, %q on %g", what, l.text, l.x, lines[0].text, lines[0].x)
			}
			if len(l.text) < len(want)/len(lines)/2 {
				t.Errorf("%s: a line has only %q", what, l.text)
			}
		}
		return lines
	}
	of := check("title", float64(chart.TitleSize), title)
	check("caption", float64(chart.NoteSize), long.Caption)
	for _, s := range textsOf(t, f) {
		if s.text == "training" && s.y-of[len(of)-1].y < 1.2*float64(chart.TickSize) {
			t.Errorf("the legend is %g points below the title", s.y-of[len(of)-1].y)
		}
		if strings.HasSuffix(s.text, "…") {
			t.Errorf("a line is cut off: %q", s.text)
		}
	}
	f, err = Contour(sampled(9, bowl), picture.Options{Title: title})
	if err != nil {
		t.Fatal(err)
	}
	check("title of a plane", float64(chart.TitleSize), title)
}

// TestLongNotes: a note of five lines is not cut off.
func TestLongNotes(t *testing.T) {
	note := strings.TrimSpace(strings.Repeat("saturated: the loss is 2.27 or more at 68 % of the points; ", 6))
	page := picture.Options{Width: 4}.Page(note)
	var words []string
	for _, l := range page.Note.Lines {
		words = append(words, l.Runs[0].S)
	}
	if got := strings.Join(words, " "); got != note || len(words) != 5 {
		t.Errorf("in %d lines the note is %q", len(words), got)
	}
}

// TestNamesOfDots: dots that lie on each other have a legend, as their names would cover each other.
func TestNamesOfDots(t *testing.T) {
	for _, c := range []struct {
		what    string
		dots    []compare.Dot
		entries string // of the legend, after its heading
	}{
		{"apart", []compare.Dot{{Name: "lr=0.1, seed=1", Flatness: 1, Error: 5}, {Name: "lr=0.2, seed=1", Flatness: 2, Error: 9}}, ""},
		{"few", []compare.Dot{{Name: "lr=0.1, seed=1", Flatness: 1, Error: 5}, {Name: "lr=0.2, seed=1", Flatness: 1, Error: 5}, {Name: "lr=0.3, seed=1", Flatness: 1, Error: 5},
			{Name: "lr=0.1, seed=2", Flatness: 1, Error: 5}, {Name: "lr=0.2, seed=2", Flatness: 1, Error: 5}, {Name: "lr=0.3, seed=2", Flatness: 1, Error: 5},
			{Name: "lr=0.4, seed=2", Flatness: 1, Error: 5}, {Name: "lr=0.5, seed=2", Flatness: 1, Error: 5}}, "0.1, 1; 0.2, 1; 0.3, 1; 0.1, 2; 0.2, 2; 0.3, 2; 0.4, 2; 0.5, 2"},
	} {
		f, err := compare.Scatter(c.dots, "width0.5", "line-train", picture.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var names, entries []string
		for _, s := range textsOf(t, f) {
			switch {
			case strings.HasPrefix(s.text, "lr="):
				names = append(names, s.text)
			case strings.HasPrefix(s.text, "0.") && strings.Contains(s.text, ", "):
				entries = append(entries, s.text)
			}
		}
		if got := strings.Join(entries, "; "); got != c.entries || (len(names) > 0) != (c.entries == "") {
			t.Errorf("dots %s: names %q and a legend of %q, want %q", c.what, names, got, c.entries)
		}
	}
}
