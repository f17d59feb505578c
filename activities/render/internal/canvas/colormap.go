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
	"inferno": {
		0x000004, 0x0B0724, 0x210C4A, 0x3D0965, 0x57106E, 0x71196E, 0x8A226A, 0xA32C61, 0xBC3754,
		0xD24644, 0xE45A31, 0xF1731D, 0xF98E09, 0xFCAC11, 0xF9CB35, 0xF2EA69, 0xFCFFA4,
	},
	"plasma": {
		0x0D0887, 0x310597, 0x4C02A1, 0x6600A7, 0x7E03A8, 0x9511A1, 0xAA2395, 0xBC3587, 0xCC4778,
		0xDA5A6A, 0xE66C5C, 0xF0804E, 0xF89540, 0xFDAC33, 0xFDC527, 0xF8DF25, 0xF0F921,
	},
	"magma": {
		0x000004, 0x0A0822, 0x1D1146, 0x36106A, 0x50127C, 0x691C81, 0x822681, 0x9C2E7F, 0xB63779,
		0xCF4170, 0xE65163, 0xF5695C, 0xFB8761, 0xFEA571, 0xFEC387, 0xFDE0A2, 0xFCFDBF,
	},
}

// diverging are maps that are lightest in their middle, for values around one: that of Moreland (2009).
var diverging = map[string][17]uint32{
	"coolwarm": {
		0x3B4CC0, 0x4E68D8, 0x6282EA, 0x779AF7, 0x8DB0FE, 0xA3C2FE, 0xB9D0F9, 0xCCD9ED, 0xDDDCDC,
		0xECD3C5, 0xF5C4AC, 0xF7B093, 0xF4987A, 0xEB7D62, 0xDD5F4B, 0xCA3B37, 0xB40426,
	},
}

// anchorsOf are the anchors of a map of either sort.
func anchorsOf(name string) (anchors [17]uint32, ok bool) {
	if anchors, ok = Colormaps[name]; !ok {
		anchors, ok = diverging[name]
	}
	return anchors, ok
}

// IsColormap says whether there is a map of the name.
func IsColormap(name string) bool {
	_, ok := anchorsOf(name)
	return ok
}

// ColormapNames lists the color maps.
func ColormapNames() string {
	return strings.Join(slices.Sorted(maps.Keys(Colormaps)), ", ") + ", " + strings.Join(slices.Sorted(maps.Keys(diverging)), ", ")
}

// RGB is the opaque colour 0xRRGGBB.
func RGB(v uint32) color.RGBA {
	return color.RGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 255}
}

// ColorAt returns the colour at t in [0,1], interpolated between anchors.
func ColorAt(name string, t float64) color.RGBA {
	anchors, _ := anchorsOf(name)
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
	at := 0.5
	if n > 1 {
		at = float64(i) / float64(n-1)
	}
	if _, light := diverging[name]; light { // in the middle
		return Darker(ColorAt(name, at))
	}
	return ColorAt(name, lineEnd*at)
}

// BandColor is the colour of band i of n.
func BandColor(name string, i, n int) color.RGBA {
	if n <= 1 {
		return ColorAt(name, 0.5)
	}
	return ColorAt(name, float64(i)/float64(n-1))
}

// Colours of the figure apart from the colours of data.
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
