package render

import (
	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/surface"
	"lossatlas/activities/trajectory"

	"gonum.org/v1/plot/vg"
)

// alongHeight is the height of the frame with the losses along the paths.
const alongHeight vg.Length = 90

// lossesAlong is the frame that shows, over the epochs of the paths, the loss at their points and that of the surface at
// their projections; nil without losses.
func lossesAlong(path trajectory.Path, g surface.Grid, losses *trajectory.Losses, opt Options) *framePart {
	if losses == nil {
		return nil
	}
	var curves []curve
	x, y := chart.NoScale, chart.NoScale
	parts := path.Parts()
	for k, part := range parts {
		var epochs, own, below []float64
		for i := part.From; i < part.To; i++ {
			epochs = append(epochs, float64(path.Epochs[i]))
			own = append(own, float64(losses.Loss[i]))
			below = append(below, g.At(path.PCA[i][0], path.PCA[i][1]))
		}
		x = x.With(epochs[0], epochs[len(epochs)-1])
		for _, c := range []curve{{f: lattice.NewCurve(epochs, own)}, {f: lattice.NewCurve(epochs, below), dash: dashed}} {
			c.color = pathColor(k, len(parts))
			if c.f.Lo <= c.f.Hi {
				y = y.With(c.f.Lo, c.f.Hi)
			}
			curves = append(curves, c)
		}
	}
	if y.Lo > y.Hi {
		y = chart.Scale{Lo: 0, Hi: 1}
	}
	y = chooseScale(y.Lo, y.Hi, trainingScale(y.Lo, y.Hi, opt))
	part := &framePart{Panel: chart.Panel{X: x, Y: y}, name: "loss", color: canvas.InkColor, ticks: y.Ticks(4)}
	part.inside = func(pn canvas.Pen, p chart.Panel) {
		for _, c := range curves {
			drawCurve(p, pn, c, y)
		}
	}
	return part
}

// drawAlong draws the frame with its axes.
func (p *framePart) drawAlong(pn canvas.Pen) {
	p.Grid(pn, p.ticks)
	p.inside(pn, p.Panel)
	p.DrawFrame(pn)
	p.SideAxis(pn, p.Y, p.ticks, chart.Widest(p.ticks), p.name, false, p.color)
	p.BottomAxis(pn, epochTicks(p.X), "epoch")
}
