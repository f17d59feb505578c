package render

import (
	"gonum.org/v1/plot/vg"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
	"lossatlas/activities/trajectory"
)

// alongHeight is the height of the frame with the losses along the paths.
const alongHeight vg.Length = 90

// lossesAlong is the frame that shows, over the epochs of the paths, the loss at their points and that of the surface at
// their projections; nil without losses.
func lossesAlong(path trajectory.Path, g surface.Grid, losses *trajectory.Losses, opt picture.Options) *picture.FramePart {
	if losses == nil {
		return nil
	}
	var curves []picture.Curve
	parts := path.Parts()
	for k, part := range parts {
		var epochs, own, below []float64
		for i := part.From; i < part.To; i++ {
			epochs = append(epochs, float64(path.Epochs[i]))
			own = append(own, float64(losses.Loss[i]))
			below = append(below, g.At(path.PCA[i][0], path.PCA[i][1]))
		}
		color := pathColor(k, len(parts))
		curves = append(curves, picture.Curve{F: lattice.NewCurve(epochs, own), Color: color},
			picture.Curve{F: lattice.NewCurve(epochs, below), Color: color, Dash: picture.Dashed})
	}
	frame := picture.LossFrame(curves, opt)
	frame.Color = canvas.InkColor
	if curves := frame.Inside; opt.Until != nil {
		frame.Inside = func(pn canvas.Pen, p chart.Panel) {
			p.Vertical(pn, float64(*opt.Until), canvas.Stroke{Color: canvas.AccColor, Width: 0.9})
			curves(pn, p)
		}
	}
	return &frame
}
