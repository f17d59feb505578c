package render

import (
	"errors"
	"fmt"
	"strings"

	"lossatlas/activities/surface"

	"gonum.org/v1/plot/vg"
)

// Ratio draws |λmin/λmax|, the ratio of the extreme curvatures, as a map of
// one rectangle a point in colours from blue (0: convex but for noise) to
// yellow (1 and more), the manner of the paper's Figure 7. All such maps have
// the one scale, so that they compare. Points whose Hessian is not finite are
// hatched, those that were not evaluated grey. It fails when the grid has no
// curvature, or fewer than 2×2 points.
func Ratio(g surface.Grid, opt Options) (Figure, error) {
	if opt.Colormap == "" {
		opt.Colormap = "cividis" // blue to yellow
	}
	opt, err := opt.filled()
	if err != nil {
		return Figure{}, err
	}
	if g.Curvature == nil {
		return Figure{}, errors.New("a grid without eigenvalues: a picture of their ratio needs a map of kind hessian")
	}
	f, err := newField(g, "curvature", g.Curvature.Ratio(), 2)
	if err != nil {
		return Figure{}, err
	}
	bar := ratioBar{opt.Colormap}
	s := layoutSurface(f, f.ratioNotes(), opt, bar.width())
	return s.figure(opt, func(pn pen) {
		var flat, hatched []vg.Rectangle
		for iy := range f.y {
			for ix := range f.x {
				i := f.index(ix, iy)
				r := s.tile(f, ix, iy)
				switch {
				case f.ok[i]:
					pn.fill(colorAt(opt.Colormap, f.z[i]), corners(s.overlapping(r)))
					continue
				case !f.missing[i]:
					hatched = append(hatched, r)
				}
				flat = append(flat, r)
			}
		}
		s.cover(pn, flat, hatched)
		bar.draw(pn, s.frame)
	}), nil
}

// tile is what lies nearer to lattice point (ix, iy) than to its neighbours, within the frame.
func (p panel) tile(f *field, ix, iy int) vg.Rectangle {
	between := func(v []float64, i int) (lo, hi float64) {
		lo, hi = v[i], v[i]
		if i > 0 {
			lo = (v[i-1] + v[i]) / 2
		}
		if i < len(v)-1 {
			hi = (v[i] + v[i+1]) / 2
		}
		return lo, hi
	}
	x0, x1 := between(f.x, ix)
	y0, y1 := between(f.y, iy)
	return vg.Rectangle{Min: p.at(x0, y0), Max: p.at(x1, y1)}
}

// overlapping is r grown a little to the right and up, under the tiles drawn
// after it, so that no seams show between them.
func (p panel) overlapping(r vg.Rectangle) vg.Rectangle {
	const under vg.Length = 0.5
	r.Max.X = min(r.Max.X+under, p.frame.Max.X)
	r.Max.Y = min(r.Max.Y+under, p.frame.Max.Y)
	return r
}

// ratioNotes says what the map does not show by itself.
func (f *field) ratioNotes() string {
	var notes []string
	total := len(f.z)
	switch {
	case f.empty() && f.absent == total:
		return "nothing evaluated yet"
	case f.empty():
		return "the curvature is not finite anywhere"
	}
	if f.bad > 0 {
		notes = append(notes, fmt.Sprintf("hatched: curvature not finite (%d of %d points)", f.bad, total))
	}
	if f.absent > 0 {
		notes = append(notes, fmt.Sprintf("grey: not evaluated (%d of %d points)", f.absent, total))
	}
	return strings.Join(append(notes, "ratio from "+number(f.lo)+" to "+number(f.hi)), "; ")
}

// ratioBar is the colour bar of the ratio, from 0 to 1.
type ratioBar struct{ colormap string }

// ratioSteps is how many rectangles the bar is made of: more than an eye tells apart.
const ratioSteps = 100

func (ratioBar) ticks() []tick { return scale{lo: 0, hi: 1}.ticks(6) }

// width is the space that the bar needs beside the frame.
func (b ratioBar) width() vg.Length { return barGap + barWidth + sideWidth(widest(b.ticks())) }

// draw draws the bar to the right of frame.
func (b ratioBar) draw(pn pen, frame vg.Rectangle) {
	axis := panel{frame: vg.Rectangle{
		Min: vg.Point{X: frame.Max.X + barGap, Y: frame.Min.Y},
		Max: vg.Point{X: frame.Max.X + barGap + barWidth, Y: frame.Max.Y},
	}}
	bar := axis.frame
	for i := range ratioSteps {
		at := func(i int) vg.Length { return bar.Min.Y + bar.Size().Y*vg.Length(i)/ratioSteps }
		r := vg.Rectangle{Min: vg.Point{X: bar.Min.X, Y: at(i)}, Max: vg.Point{X: bar.Max.X, Y: at(i + 1)}}
		pn.fill(colorAt(b.colormap, float64(i)/(ratioSteps-1)), corners(axis.overlapping(r)))
	}
	pn.rings(stroke{color: frameColor, width: 0.7}, corners(bar))
	ticks := b.ticks()
	axis.sideAxis(pn, scale{lo: 0, hi: 1}, ticks, widest(ticks), "|λmin/λmax|", true, inkColor)
}
