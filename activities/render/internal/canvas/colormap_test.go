package canvas

import (
	"math"
	"testing"
)

// lightness returns L* (CIE 1976) of an sRGB colour.
func lightness(c [3]uint8) float64 {
	linear := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	y := 0.2126*linear(c[0]) + 0.7152*linear(c[1]) + 0.0722*linear(c[2])
	if y <= 216.0/24389 {
		return y * 24389 / 27
	}
	return 116*math.Cbrt(y) - 16
}

// Lightness rises along each map without a plateau or a jump, so that equal steps of a value look equal and the order
// survives every colour vision and grey print.
func TestColormapsRiseInLightness(t *testing.T) {
	for name := range Colormaps {
		at := func(x float64) float64 {
			c := ColorAt(name, x)
			return lightness([3]uint8{c.R, c.G, c.B})
		}
		span := at(1) - at(0)
		if span < 70 {
			t.Errorf("%s spans only %.0f of 100 in lightness", name, span)
		}
		const steps = 20
		for i := range steps {
			// The maps are uniform in CAM02-UCS, of which L* is an approximation, least true near black:
			// between 0.4 and 2 times an even share there is neither a flat nor an edge.
			share := (at(float64(i+1)/steps) - at(float64(i)/steps)) * steps / span
			if share < 0.4 || share > 2 {
				t.Errorf("%s: step %d has %.2f of an even share of lightness", name, i, share)
			}
		}
	}
}

// Lines on white keep a contrast of at least 1.8 to 1 at the light end, and labels, which are darker, 3 to 1.
func TestLinesStandOutOnWhite(t *testing.T) {
	contrast := func(l float64) float64 {
		y := math.Pow((l+16)/116, 3)
		return 1.05 / (y + 0.05)
	}
	for name := range Colormaps {
		c := LineColor(name, 9, 10)
		if got := contrast(lightness([3]uint8{c.R, c.G, c.B})); got < 1.8 {
			t.Errorf("%s: lines of the highest level have a contrast of %.2f", name, got)
		}
		d := Darker(c)
		if got := contrast(lightness([3]uint8{d.R, d.G, d.B})); got < 3 {
			t.Errorf("%s: labels of the highest level have a contrast of %.2f", name, got)
		}
	}
}
