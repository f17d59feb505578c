package render

import (
	"image/color"
	"maps"
	"math"
	"slices"
	"strings"
)

// colormaps are the perceptually uniform maps of matplotlib, each by ten equidistant
// anchors. Their lightness rises evenly, so that they order the same way for readers
// of every colour vision and in grey print.
var colormaps = map[string][10]uint32{
	"viridis": {0x440154, 0x482878, 0x3E4A89, 0x31688E, 0x26828E, 0x1F9E89, 0x35B779, 0x6DCD59, 0xB4DE2C, 0xFDE725},
	"cividis": {0x00204D, 0x00336F, 0x39486B, 0x575C6D, 0x707173, 0x8A8779, 0xA69D75, 0xC4B56C, 0xE4CF5B, 0xFFEA46},
	"magma":   {0x000004, 0x180F3E, 0x451077, 0x721F81, 0x9F2F7F, 0xCD4071, 0xF1605D, 0xFD9567, 0xFEC98D, 0xFCFDBF},
}

func colormapNames() string {
	return strings.Join(slices.Sorted(maps.Keys(colormaps)), ", ")
}

func rgb(v uint32) color.RGBA {
	return color.RGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 255}
}

// colorAt returns the colour at t in [0,1], interpolated between anchors.
func colorAt(name string, t float64) color.RGBA {
	anchors := colormaps[name]
	t = min(max(t, 0), 1) * float64(len(anchors)-1)
	i := min(int(t), len(anchors)-2)
	f := t - float64(i)
	a, b := rgb(anchors[i]), rgb(anchors[i+1])
	mix := func(p, q uint8) uint8 { return uint8(math.Round(float64(p) + f*(float64(q)-float64(p)))) }
	return color.RGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 255}
}

// lineEnd is how far into a map the lines on white go: its light end has too little contrast there.
const lineEnd = 0.86

// lineColor is the colour of line i of n on a white ground.
func lineColor(name string, i, n int) color.RGBA {
	if n <= 1 {
		return colorAt(name, lineEnd/2)
	}
	return colorAt(name, lineEnd*float64(i)/float64(n-1))
}

// bandColor is the colour of band i of n.
func bandColor(name string, i, n int) color.RGBA {
	if n <= 1 {
		return colorAt(name, 0.5)
	}
	return colorAt(name, float64(i)/float64(n-1))
}

// Colours of the figure beside the data.
var (
	inkColor   = rgb(0x1A1A1A) // text
	frameColor = rgb(0x333333)
	faintColor = rgb(0xDDDDDD) // grid lines
	noteColor  = rgb(0x555555)
	lossColor  = rgb(0x1F4FB4) // the paper's blue
	accColor   = rgb(0xC3261F) // the paper's red
	maskColor  = rgb(0xE4E4E4)
	hatchColor = rgb(0x8C8C8C)
)

// darker returns c at three quarters of its strength, for text of that colour on white.
func darker(c color.RGBA) color.RGBA {
	return color.RGBA{uint8(int(c.R) * 3 / 4), uint8(int(c.G) * 3 / 4), uint8(int(c.B) * 3 / 4), 255}
}
