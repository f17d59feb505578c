package canvas

import (
	"cmp"
	"image"
	"image/color"
	"slices"
)

// Indexed returns the image with at most 256 colours, a third of the bytes in a PNG. A figure has a few dozen
// colours and, along their edges, the shades between them. The palette takes the most frequent
// colour of each of the most frequent cells of a 32×32×32 raster of the colour cube, so that areas and
// lines keep their colours exactly; a shade that finds no place takes the nearest one's.
func Indexed(src *image.RGBA) *image.Paletted {
	bounds := src.Bounds()
	pixels := len(src.Pix) / 4
	pixel := func(i int) color.RGBA {
		p := src.Pix[4*i : 4*i+3 : 4*i+3]
		return color.RGBA{p[0], p[1], p[2], 255}
	}
	// Most pixels are as the one before them: counting runs spares most look-ups.
	count := map[color.RGBA]int{}
	for i := 0; i < pixels; {
		c, from := pixel(i), i
		for i++; i < pixels && pixel(i) == c; i++ {
		}
		count[c] += i - from
	}
	// Sorted, so that the palette does not depend on the order of a map.
	colors := make([]color.RGBA, 0, len(count))
	for c := range count {
		colors = append(colors, c)
	}
	order := func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(packed(a), packed(b)))
	}
	slices.SortFunc(colors, order)
	chosen := colors
	if len(colors) > 256 {
		type cell struct {
			first color.RGBA
			n     int
		}
		cells := map[uint32]*cell{}
		for _, c := range colors {
			k := packed(c) & 0xF8F8F8
			if cells[k] == nil {
				cells[k] = &cell{first: c}
			}
			cells[k].n += count[c]
		}
		ranked := make([]*cell, 0, len(cells))
		for _, c := range cells {
			ranked = append(ranked, c)
		}
		slices.SortFunc(ranked, func(a, b *cell) int {
			return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(packed(a.first), packed(b.first)))
		})
		chosen = make([]color.RGBA, min(len(ranked), 256))
		for i := range chosen {
			chosen[i] = ranked[i].first
		}
	}
	palette := make(color.Palette, len(chosen))
	for i, c := range chosen {
		palette[i] = c
	}
	index := make(map[color.RGBA]uint8, len(colors))
	for _, c := range colors {
		index[c] = nearest(chosen, c)
	}
	out := image.NewPaletted(bounds, palette)
	for i := 0; i < pixels; {
		c := pixel(i)
		for at := index[c]; i < pixels && pixel(i) == c; i++ {
			out.Pix[i] = at
		}
	}
	return out
}

// packed is the colour as one number, opacity left out: figures are opaque.
func packed(c color.RGBA) uint32 { return uint32(c.R)<<16 | uint32(c.G)<<8 | uint32(c.B) }

// nearest returns the index of the colour closest to c.
func nearest(colors []color.RGBA, c color.RGBA) uint8 {
	best, bestD := 0, 1<<30
	for i, p := range colors {
		r, g, b := int(p.R)-int(c.R), int(p.G)-int(c.G), int(p.B)-int(c.B)
		// Green weighs most in perceived brightness.
		if d := 2*r*r + 4*g*g + b*b; d < bestD {
			best, bestD = i, d
		}
	}
	return uint8(best)
}
