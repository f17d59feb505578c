package canvas

import "image/color"

// darkColors replace the colors of a figure's text, frames and grounds on a dark ground.
var darkColors = map[color.RGBA]color.RGBA{
	RGB(0xFFFFFF): RGB(0x0D1117), RGB(0xF6F6F6): RGB(0x171C23), RGB(0x000000): RGB(0xFFFFFF),
	InkColor: RGB(0xE6EDF3), FrameColor: RGB(0xC9D1D9), FaintColor: RGB(0x30363D), NoteColor: RGB(0x9DA7B3),
	LossColor: RGB(0x6CA0FF), AccColor: RGB(0xFF7B72), MaskColor: RGB(0x262C34), HatchColor: RGB(0x6E7681),
}

// Ground is the color behind a figure.
func Ground(dark bool) color.RGBA {
	if dark {
		return darkColors[RGB(0xFFFFFF)]
	}
	return RGB(0xFFFFFF)
}

// leastLuminance is that of lines and text on a dark ground, where black has 0 and white 1.
const leastLuminance = 0.2

// shown is the color that c has in the theme of the pen. Lines and text that would be too dark on a dark ground are mixed with white.
func (p Pen) shown(c color.Color, line bool) color.Color {
	if !p.Dark {
		return c
	}
	n, ok := color.NRGBAModel.Convert(c).(color.NRGBA)
	if !ok {
		return c
	}
	if to, ok := darkColors[color.RGBA{n.R, n.G, n.B, 255}]; ok {
		return color.NRGBA{to.R, to.G, to.B, n.A}
	}
	luminance := (0.2126*float64(n.R) + 0.7152*float64(n.G) + 0.0722*float64(n.B)) / 255
	if !line || luminance >= leastLuminance {
		return n
	}
	white := (leastLuminance - luminance) / (1 - luminance)
	lift := func(v uint8) uint8 { return uint8(float64(v) + white*(255-float64(v)) + 0.5) }
	return color.NRGBA{lift(n.R), lift(n.G), lift(n.B), n.A}
}
