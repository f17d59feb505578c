package render

import (
	"bytes"
	"testing"

	"lossatlas/activities/render/picture"
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
