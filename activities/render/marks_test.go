package render

import (
	"bytes"
	"testing"
)

// TestMarks checks that marks within a figure are drawn, with their names, and those outside are not.
func TestMarks(t *testing.T) {
	bowl := sampled(9, func(x, y float64) float64 { return x*x + y*y })
	line := sampledLine(-1, 1, 9, func(x float64) float64 { return x * x }, func(float64) float64 { return 50 })
	for name, draw := range map[string]func(Options) (Figure, error){
		"contour": func(o Options) (Figure, error) { return Contour(bowl, o) },
		"filled":  func(o Options) (Figure, error) { return FilledContour(bowl, o) },
		"line":    func(o Options) (Figure, error) { return Line(line, nil, o) },
	} {
		svg := func(marks ...Mark) []byte {
			f, err := draw(Options{Marks: marks})
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
		if got := svg(Mark{X: 0.5, Y: 0.5, Label: "minimizer"}); bytes.Equal(got, plain) {
			t.Errorf("%s: a mark changes nothing", name)
		}
		if got := svg(Mark{X: 3, Y: 0.5, Label: "minimizer"}); !bytes.Equal(got, plain) {
			t.Errorf("%s: a mark outside is drawn", name)
		}
	}
}
