// Package basins draws the basins of a surface (package topology): as a merge tree, as a persistence diagram, and as outlines over contours.
package basins

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
	"lossatlas/activities/surface/topology"
)

// shown is what both pictures of basins are made from.
type shown struct {
	f      *lattice.Field
	opt    picture.Options
	basins []topology.Basin // of opt.Persistence, by birth
	slight []topology.Basin // of less
	center int              // the basin around the center, or −1
	axis   chart.Scale      // of the loss
	note   string
}

func find(g surface.Grid, opt picture.Options) (s shown, err error) {
	if s.f, s.opt, err = picture.LossPlane(g, opt); err != nil {
		return s, err
	}
	t := g.Topology()
	s.basins, s.center = t.Basins(opt.Persistence), -1
	kept := map[int]bool{}
	for _, b := range s.basins {
		kept[b.Point] = true
	}
	s.slight = slices.DeleteFunc(t.Basins(0), func(b topology.Basin) bool { return kept[b.Point] })
	if center := g.Center(); center >= 0 {
		s.center = slices.IndexFunc(s.basins, func(b topology.Basin) bool { return slices.Contains(t.Region(b), center) })
	}
	s.axis = opt.LossScale(s.f.Lo, s.f.Hi)
	s.note = s.notes(g)
	return s, nil
}

// notes give the number of basins, and which are left out.
func (s shown) notes(g surface.Grid) string {
	if s.f.Empty() {
		return "no finite loss"
	}
	count := "1 basin"
	if n := len(s.basins); n != 1 {
		count = fmt.Sprintf("%d basins", n)
	}
	least := ""
	if s.opt.Persistence > 0 {
		count += " of persistence " + chart.Number(s.opt.Persistence) + " or more"
		least = fmt.Sprintf("%d of less", len(s.slight))
	}
	exact := ""
	if g.Estimate != nil {
		exact = "births at the upper, passes at the lower ends of the stated errors"
	}
	symmetric := ""
	if s.axis.Sym > 0 {
		symmetric = picture.SymmetricNote(s.axis.Sym)
	}
	return chart.Joined(count, least, exact, symmetric, s.opt.NotesOn(g))
}

// at is the place of a loss on the axis, its end for one beyond it.
func (s shown) at(v float64) float64 {
	v = lattice.Drawable(v)
	return min(max(v, s.axis.Lo), s.axis.Hi)
}

// Radius of the dot of a basin, in points, and of one of many.
const (
	dotRadius   vg.Length = 2.6
	smallRadius vg.Length = 1.5
	many                  = 60
)

func (s shown) radius() vg.Length {
	if len(s.basins) > many {
		return smallRadius
	}
	return dotRadius
}

// dot marks the lowest point of a basin: hollow at the edge of the plane, red around the center.
func dot(pn canvas.Pen, at vg.Point, r vg.Length, edge, center bool) {
	c := canvas.LossColor
	if center {
		c, r = canvas.AccColor, r*1.4
	}
	pn.Fill(c, picture.Disc(at, r))
	if edge {
		pn.Fill(canvas.RGB(0xFFFFFF), picture.Disc(at, r*0.6))
	}
}

// legend explains the dots that are drawn.
func (s shown) legend() []chart.LegendEntry {
	out := []chart.LegendEntry{{Name: "basin", Mark: func(pn canvas.Pen, at vg.Point) { dot(pn, at, dotRadius, false, false) }}}
	if s.center >= 0 {
		out = append(out, chart.LegendEntry{Name: "around the center", Mark: func(pn canvas.Pen, at vg.Point) { dot(pn, at, dotRadius, false, true) }})
	}
	if slices.ContainsFunc(s.basins, func(b topology.Basin) bool { return b.Edge }) {
		out = append(out, chart.LegendEntry{Name: "lowest at the edge of the plane", Mark: func(pn canvas.Pen, at vg.Point) { dot(pn, at, dotRadius, true, false) }})
	}
	return out
}

// Outline is the lines around a region of points of a field, which are those of its part below a level: between the points of the region and
// others, where the field equals the level.
func Outline(f *surface.Field, region []int, level float64) []surface.Isoline {
	inside := make([]bool, len(f.Z))
	for _, i := range region {
		inside[i] = true
	}
	// Other parts below the level are mirrored to above it, so that they have no lines.
	only := surface.Field{X: f.X, Y: f.Y, OK: f.OK, Z: slices.Clone(f.Z)}
	for i, v := range f.Z {
		switch {
		case inside[i] && v >= level: // within its stated error below it
			only.Z[i] = min(2*level-v, math.Nextafter(level, math.Inf(-1)))
		case !inside[i] && v < level:
			only.Z[i] = 2*level - v
		}
	}
	return surface.Isolines(&only, level)
}
