package render

import "image/color"

// Swatch is the figures' default colour at t in [0, 1], for maps that are drawn elsewhere, in a terminal say.
func Swatch(t float64) color.RGBA { return colorAt("viridis", t) }
