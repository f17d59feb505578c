package render

import (
	"bytes"
	"testing"

	"lossatlas/activities/curve"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
)

// TestMarks checks that marks within a figure are drawn, with their names, and those outside are not.
func TestMarks(t *testing.T) {
	bowl := sampled(9, func(x, y float64) float64 { return x*x + y*y })
	line := sampledLine(-1, 1, 9, func(x float64) float64 { return x * x }, func(float64) float64 { return 50 })
	for name, draw := range map[string]func(picture.Options) (picture.Figure, error){
		"contour": func(o picture.Options) (picture.Figure, error) { return Contour(bowl, o) },
		"filled":  func(o picture.Options) (picture.Figure, error) { return FilledContour(bowl, o) },
		"line":    func(o picture.Options) (picture.Figure, error) { return Line(Data{Train: line}, o) },
	} {
		svg := func(marks ...picture.Mark) []byte {
			f, err := draw(picture.Options{Marks: marks})
			if err != nil {
				t.Fatal(err)
			}
			b, err := f.SVG()
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		plain := svg()
		if got := svg(picture.Mark{X: 0.5, Y: 0.5, Label: "minimizer"}); bytes.Equal(got, plain) {
			t.Errorf("%s: a mark changes nothing", name)
		}
		if got := svg(picture.Mark{X: 3, Y: 0.5, Label: "minimizer"}); !bytes.Equal(got, plain) {
			t.Errorf("%s: a mark outside is drawn", name)
		}
	}
}

// TestCurves: the curve of a plane is drawn in its shape, and losses on the straight line between its ends are named.
func TestCurves(t *testing.T) {
	bowl := sampled(9, func(x, y float64) float64 { return x*x + y*y })
	seen := make(map[string]bool)
	for _, shape := range []curve.Shape{"", curve.Bezier, curve.Polygon} {
		f, err := Contour(bowl, picture.Options{Curve: shape})
		if err != nil {
			t.Fatal(err)
		}
		svg, err := f.SVG()
		if err != nil {
			t.Fatal(err)
		}
		seen[string(svg)] = true
	}
	if len(seen) != 3 {
		t.Error("planes without a curve, and with two shapes of it, look alike")
	}
	line := func(height float64) *surface.Grid {
		return sampledLine(0, 1, 9, func(x float64) float64 { return 1 + height*x*(1-x) }, func(float64) float64 { return 50 })
	}
	for _, d := range []Data{{Train: line(1)}, {Train: line(1), StraightTrain: line(4)}} {
		f, err := Line(d, picture.Options{})
		if err != nil {
			t.Fatal(err)
		}
		svg, err := f.SVG()
		if err != nil {
			t.Fatal(err)
		}
		if named := bytes.Contains(svg, []byte("straight line")); named != (d.StraightTrain != nil) {
			t.Errorf("the straight line is named: %v", named)
		}
	}
}
