package render

import (
	"testing"

	"lossatlas/activities/render/picture"
)

// BenchmarkContour draws the contours of a chaotic 51×51 surface, the most lines and labels there are.
func BenchmarkContour(b *testing.B) {
	g := sampled(51, chaotic)
	for _, format := range []picture.Format{picture.PNG, picture.SVG, picture.PDF} {
		b.Run(string(format), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f, err := Contour(g, picture.Options{Title: "ResNet-56-noshort"})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := f.Draw(format); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFilledContour draws the bands of the same surface.
func BenchmarkFilledContour(b *testing.B) {
	g := sampled(51, chaotic)
	b.ReportAllocs()
	for b.Loop() {
		f, err := FilledContour(g, picture.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := f.PNG(); err != nil {
			b.Fatal(err)
		}
	}
}
