package sketch

import (
	"fmt"
	"strings"

	"lossatlas/activities/render"
)

// StyleFor is the style of a terminal by its environment variables.
func StyleFor(env func(string) (string, bool)) Style {
	color, _ := env("COLORTERM")
	kind, _ := env("TERM")
	switch {
	case color == "truecolor" || color == "24bit" || strings.HasSuffix(kind, "-direct"):
		return TrueColor
	case strings.Contains(kind, "256") || color != "":
		return Palette
	}
	return Plain
}

func reset(style Style) string {
	if style == Plain {
		return ""
	}
	return "\x1b[0m"
}

func foreground(style Style, t float64) string { return sequence(style, 38, t) }
func background(style Style, t float64) string { return sequence(style, 48, t) }

// sequence chooses the colour of a place in the range, or red for a loss that is not finite.
func sequence(style Style, ground int, t float64) string {
	r, g, b := 0xe0, 0x20, 0x20
	if t != notFinite {
		c := render.Swatch(t)
		r, g, b = int(c.R), int(c.G), int(c.B)
	}
	switch style {
	case TrueColor:
		return fmt.Sprintf("\x1b[%d;2;%d;%d;%dm", ground, r, g, b)
	case Palette:
		// The cube of 6×6×6 colours, whose steps are 0, 95, 135, 175, 215 and 255.
		step := func(v int) int {
			if v < 48 {
				return 0
			}
			return min(max((v-35)/40, 1), 5)
		}
		return fmt.Sprintf("\x1b[%d;5;%dm", ground, 16+36*step(r)+6*step(g)+step(b))
	}
	return ""
}
