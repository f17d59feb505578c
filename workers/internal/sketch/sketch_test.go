package sketch_test

import (
	"math"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"lossatlas/activities/surface"
	"lossatlas/workers/internal/sketch"
)

// bowl is a surface whose loss rises from its middle, with one point that is not finite and one that is missing.
func bowl(n int) *surface.Grid {
	axis := surface.Lattice(-1, 1, n)
	g := surface.NewGrid(axis, axis)
	for i := range g.Mask {
		x, y := axis[i%n], axis[i/n]
		g.Loss[i], g.Mask[i] = math.Exp(3*(x*x+y*y)), true
	}
	g.Loss[n*n-1] = math.NaN()
	g.Mask[0], g.Loss[0] = false, math.NaN()
	return g
}

var escape = regexp.MustCompile("\x1b\\[[0-9;]*m")

func TestSurface(t *testing.T) {
	g := bowl(17)
	s := sketch.NewScale(g)
	want := `
@%#**+++=+++**#%x
#*+==-------==+*#
*+=--::...::--=+*
+=-::.......::-=+
+=-::.......::-=+
+=--::.....::--=+
*+==--:::::--==+*
%#*++===-===++*#%
·%%#**+++++**#%%@
`
	if diff := cmp.Diff(want, "\n"+strings.Join(s.Surface(g, sketch.Plain), "\n")+"\n"); diff != "" {
		t.Error(diff)
	}
	legend := s.Legend(sketch.Plain, g)
	if legend != "loss 1 .:-=+*#%@ 403 (logarithmic); x not finite; · not computed" {
		t.Errorf("the legend is %q", legend)
	}
	for _, style := range []sketch.Style{sketch.Palette, sketch.TrueColor} {
		rows := s.Surface(g, style)
		first, last := rows[0], rows[8]
		if red := map[sketch.Style]string{sketch.Palette: "\x1b[38;5;160m", sketch.TrueColor: "\x1b[38;2;224;32;32m"}[style]; !strings.Contains(first, red) {
			t.Errorf("style %d: the point that is not finite is not red in %q", style, first)
		}
		if !strings.Contains(escape.ReplaceAllString(last, ""), "·") {
			t.Errorf("style %d: the point that is not there does not show in %q", style, last)
		}
		if !strings.HasSuffix(first, "\x1b[0m") {
			t.Errorf("style %d: colours go on after %q", style, first)
		}
	}
}

func TestBars(t *testing.T) {
	g := surface.NewGrid(surface.Lattice(-1, 1, 7), []float64{0})
	for i, loss := range []float64{math.Inf(1), 1000, 10, 1, 10, 1000} {
		g.Loss[i], g.Mask[i] = loss, true
	}
	s := sketch.NewScale(g)
	if diff := cmp.Diff("xx██▃▃▁▁▃▃██··", s.Bars(g, 40, sketch.Plain)); diff != "" {
		t.Error(diff)
	}
	if got := s.Bars(g, 3, sketch.Plain); got != "x▂▆" {
		t.Errorf("in three columns: %q", got)
	}
}

// TestAnyGrid: whatever the losses, all rows are as wide as they should be, in any style.
func TestAnyGrid(t *testing.T) {
	loss := rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, math.NaN(), math.Inf(1), math.Inf(-1), -1, 1e-320}))
	rapid.Check(t, func(t *rapid.T) {
		nx, ny := rapid.IntRange(1, 70).Draw(t, "nx"), rapid.IntRange(1, 12).Draw(t, "ny")
		g := surface.NewGrid(surface.Lattice(-1, 1, nx), surface.Lattice(-1, 1, ny))
		v := rapid.SliceOfN(loss, 5, 5).Draw(t, "losses")
		for i := range g.Mask {
			if i%7 != 3 {
				g.Loss[i], g.Mask[i] = v[i%5], true
			}
		}
		style := rapid.SampledFrom([]sketch.Style{sketch.Plain, sketch.Palette, sketch.TrueColor}).Draw(t, "style")
		s := sketch.NewScale(g)
		for _, row := range s.Surface(g, style) {
			if n := utf8.RuneCountInString(escape.ReplaceAllString(row, "")); n != sketch.Width(g) || n > 34 {
				t.Fatalf("a row of %d columns, want %d: %q", n, sketch.Width(g), row)
			}
			if style == sketch.Plain && strings.Contains(row, "\x1b") {
				t.Fatalf("colours in plain characters: %q", row)
			}
		}
		width := rapid.IntRange(1, 60).Draw(t, "width")
		if n := utf8.RuneCountInString(escape.ReplaceAllString(s.Bars(g, width, style), "")); n > width || n < 1 {
			t.Fatalf("%d bars in %d columns", n, width)
		}
		if l := s.Legend(style, g); strings.Contains(l, "NaN") {
			t.Fatalf("legend %q", l)
		}
	})
}

func TestStyleFor(t *testing.T) {
	for _, c := range []struct {
		color, term string
		want        sketch.Style
	}{
		{"truecolor", "xterm-256color", sketch.TrueColor}, {"", "xterm-256color", sketch.Palette},
		{"", "dumb", sketch.Plain}, {"", "", sketch.Plain}, {"1", "screen", sketch.Palette},
	} {
		env := map[string]string{"COLORTERM": c.color, "TERM": c.term}
		if got := sketch.StyleFor(func(n string) (string, bool) { v, ok := env[n]; return v, ok }); got != c.want {
			t.Errorf("COLORTERM=%q TERM=%q: style %d, want %d", c.color, c.term, got, c.want)
		}
	}
}
