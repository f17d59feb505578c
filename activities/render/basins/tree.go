package basins

import (
	"math"
	"slices"

	"gonum.org/v1/plot/vg"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
)

// Tree draws the merge tree of the sublevel sets of a surface: each basin of at least opt.Persistence is a line from its lowest loss up to the
// pass into a lower basin, which it joins there. Errors are as in render.Contour.
func Tree(g surface.Grid, opt picture.Options) (picture.Figure, error) {
	s, err := find(g, opt)
	if err != nil {
		return picture.Figure{}, err
	}
	places := s.places()
	frames := picture.Frames{X: chart.Scale{Lo: 0, Hi: float64(max(1, len(s.basins)))}, XName: "basins", Note: s.note, Series: s.legend()}
	inside := func(pn canvas.Pen, p chart.Panel) {
		width := vg.Length(1.1)
		if len(s.basins) > many {
			width = 0.6
		}
		for k, b := range s.basins {
			top, color := s.axis.Hi, canvas.LossColor
			if k == s.center {
				color = canvas.AccColor
			}
			if !math.IsInf(b.Death, 1) {
				top = s.at(b.Death)
			}
			line := []vg.Point{p.At(places[k], s.at(b.Birth)), p.At(places[k], top)}
			if b.Into >= 0 {
				line = append(line, p.At(places[b.Into], top))
			}
			pn.Lines(canvas.Stroke{Color: color, Width: width}, line)
		}
		for k, b := range s.basins {
			dot(pn, p.At(places[k], s.at(b.Birth)), s.radius(), b.Edge, k == s.center)
		}
	}
	ticks := s.axis.Ticks(6)
	frames.Parts = []picture.FramePart{{Panel: chart.Panel{Y: s.axis}, Name: s.opt.LossName(), Color: canvas.InkColor, Ticks: ticks, Inside: inside}}
	return frames.Layout(s.opt, 0.75), nil
}

// places are where the basins stand from left to right, such that no lines cross: each one left of those that join it, the sooner the nearer.
func (s shown) places() []float64 {
	joining := make([][]int, len(s.basins))
	var first []int
	for k, b := range s.basins {
		if b.Into < 0 {
			first = append(first, k)
		} else {
			joining[b.Into] = append(joining[b.Into], k)
		}
	}
	out, next := make([]float64, len(s.basins)), 0.5
	var stand func(k int)
	stand = func(k int) {
		out[k] = next
		next++
		slices.SortStableFunc(joining[k], func(a, b int) int {
			switch {
			case s.basins[a].Death < s.basins[b].Death:
				return -1
			case s.basins[a].Death > s.basins[b].Death:
				return 1
			}
			return 0
		})
		for _, other := range joining[k] {
			stand(other)
		}
	}
	for _, k := range first {
		stand(k)
	}
	return out
}
