package canvas

import (
	"image/color"
	"maps"
	"math"
	"slices"
	"strings"
)

// Colormaps are the perceptually uniform maps of matplotlib, each by 17 equidistant anchors, between
// which a straight line stays within 6 of 255 of the original (11 in the blue of cividis). Their lightness
// rises evenly, so that they order the same way for readers of every colour vision and in grey print.
var Colormaps = map[string][17]uint32{
	"viridis": {
		0x440154, 0x48186A, 0x472D7B, 0x424086, 0x3B528B, 0x33638D, 0x2C728E, 0x26818E, 0x21908C,
		0x1F9F88, 0x28AE80, 0x3EBC74, 0x5DC963, 0x82D34C, 0xABDC32, 0xD5E21A, 0xFDE725,
	},
	"cividis": {
		0x00224E, 0x002E6A, 0x1A386F, 0x32436D, 0x434E6C, 0x52596D, 0x61656F, 0x6F7073, 0x7C7B78,
		0x8B8778, 0x9B9376, 0xABA072, 0xBBAD6C, 0xCCBA64, 0xDDC958, 0xEFD748, 0xFEE838,
	},
	"magma": {
		0x000004, 0x0A0822, 0x1D1146, 0x36106A, 0x50127C, 0x691C81, 0x822681, 0x9C2E7F, 0xB63779,
		0xCF4170, 0xE65163, 0xF5695C, 0xFB8761, 0xFEA571, 0xFEC387, 0xFDE0A2, 0xFCFDBF,
	},
}

// ColormapNames lists the colour maps.
func ColormapNames() string {
	return strings.Join(slices.Sorted(maps.Keys(Colormaps)), ", ")
}

// RGB is the opaque colour 0xRRGGBB.
func RGB(v uint32) color.RGBA {
	return color.RGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 255}
}

// ColorAt returns the colour at t in [0,1], interpolated between anchors.
func ColorAt(name string, t float64) color.RGBA {
	anchors := Colormaps[name]
	t = min(max(t, 0), 1) * float64(len(anchors)-1)
	i := min(int(t), len(anchors)-2)
	f := t - float64(i)
	a, b := RGB(anchors[i]), RGB(anchors[i+1])
	mix := func(p, q uint8) uint8 { return uint8(math.Round(float64(p) + f*(float64(q)-float64(p)))) }
	return color.RGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 255}
}

// lineEnd is how far into a map the lines on white go: its light end has too little contrast there.
const lineEnd = 0.8

// LineColor is the colour of line i of n on a white ground.
func LineColor(name string, i, n int) color.RGBA {
	if n <= 1 {
		return ColorAt(name, lineEnd/2)
	}
	return ColorAt(name, lineEnd*float64(i)/float64(n-1))
}

// BandColor is the colour of band i of n.
func BandColor(name string, i, n int) color.RGBA {
	if n <= 1 {
		return ColorAt(name, 0.5)
	}
	return ColorAt(name, float64(i)/float64(n-1))
}

// Colours of the figure other than those of data.
var (
	InkColor   = RGB(0x1A1A1A) // text
	FrameColor = RGB(0x333333)
	FaintColor = RGB(0xDDDDDD) // grid lines
	NoteColor  = RGB(0x555555)
	LossColor  = RGB(0x1F4FB4) // the paper's blue
	AccColor   = RGB(0xC3261F) // the paper's red
	MaskColor  = RGB(0xE4E4E4)
	HatchColor = RGB(0x8C8C8C)
)

// Darker returns c at three quarters of its strength, for text of that colour on white.
func Darker(c color.RGBA) color.RGBA {
	return color.RGBA{uint8(int(c.R) * 3 / 4), uint8(int(c.G) * 3 / 4), uint8(int(c.B) * 3 / 4), 255}
}
