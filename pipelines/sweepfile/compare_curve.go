package sweepfile

import (
	"cmp"

	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile/values"
	"lossatlas/pipelines/syntax"
)

// curveTraining are the fields of the training of a curve's bend.
var curveTraining = syntax.Object{Fields: []syntax.Field{
	{Name: "epochs", Doc: "Passes over the training images. Default: train.epochs.", Type: syntax.Integer{Min: 1, Max: values.MaxEpochs}},
	{Name: "optimizer", Doc: "How the bend is updated; weight decay that is not decoupled is that of the point on the curve. Default: that of the first experiment.", Type: values.OptimizerFields},
}}

// curveTrain holds what curveTraining says; Epochs is 0, and isGiven false, where the first experiment's apply.
type curveTrain struct {
	Epochs    int              `field:"epochs"`
	Optimizer values.Optimizer `field:"optimizer"`
	isGiven   bool             // the optimizer is
}

// usualRecomputed is how many images running statistics along a curve are recomputed from: those of the bend are means over the curve.
const usualRecomputed = 1000

// resolveBend settles the training of a curve's bend.
func (cfg *config) resolveBend(c *syntax.Checker, m *compareConfig, item *syntax.Node) {
	if cfg.OfFile != "" {
		c.Addf(item.Place("kind"), "compare: a curve has a bend that is trained, and a network from a file is not trained; choose an interpolation")
	}
	if item.Get("batchnorm") == nil {
		m.BatchNorm = normChoice{normRecompute, min(usualRecomputed, cfg.Dataset.Train)}
	}
	if !m.Surface {
		for _, name := range []string{"range", "rise", "x", "y", "resolution"} {
			if item.Get(name) != nil {
				c.Addf(item.Place(name), "compare.%s is that of the plane of the curve; write surface: true next to it, or leave it out", name)
			}
		}
	}
	if m.Train.isGiven = item.Get("train").Get("optimizer") != nil; m.Train.isGiven {
		m.Train.Optimizer.Resolve(c, item, cmp.Or(m.Train.Epochs, cfg.Train.Epochs))
	}
}

// addCurve adds the steps of a curve: the training of its bend, the losses along the curve and along the straight line, those in their
// plane if it is to be mapped, and pictures.
func (b *builder) addCurve(m compareConfig, train []pathSource, title string) {
	first := pipelines.Ref{Step: train[0].step, Output: pipelines.OutWeights}
	end := b.addEnd(m, first, pipelines.Ref{Step: train[1].step, Output: pipelines.OutWeights}, pipelines.Letter(1))
	p := pipelines.CurveParams{TrainParams: b.trainParams(), Shape: m.Shape}
	p.Data.Test, p.Checkpoints, p.Average, p.EarlyStop = 0, nil, nil, nil
	p.Epochs = cmp.Or(m.Train.Epochs, p.Epochs)
	optimizer := b.config.Train.Optimizer
	if m.Train.isGiven {
		optimizer = m.Train.Optimizer
	}
	p.Optimizer = optimizer.Over(p.Epochs).Params()
	ends := map[string]pipelines.Ref{pipelines.OutWeights: first, pipelines.InTowardX: end}
	bend := b.add("bend", pipelines.Address{Map: m.Name, Role: pipelines.RoleEnd}, pipelines.KindCurve, p, ends)

	line := m
	line.Name += "-line"
	along, drawn := b.line(m.mapConfig), make(map[string]pipelines.Ref)
	along.X, along.Fit = pipelines.Axis{Min: 0, Max: 1, N: m.Points}, nil
	for split, id := range b.between(line, "line-", along, ends) {
		drawn[pipelines.InStraight(split)] = pipelines.Ref{Step: id, Output: pipelines.OutGrid}
	}
	ends = map[string]pipelines.Ref{pipelines.OutWeights: first, pipelines.InTowardX: end, pipelines.InTowardY: {Step: bend, Output: pipelines.OutWeights}}
	along.Curve = m.Shape
	for split, id := range b.between(m, "", along, ends) {
		drawn[split] = pipelines.Ref{Step: id, Output: pipelines.OutGrid}
	}
	marks := pipelines.Marks(len(train))
	params := pipelines.RenderParams{Plot: plotLine, Title: m.loss.title(title), Marks: marks}
	b.addPicture("plot", pipelines.Address{Map: m.Name}, m.loss.on(params), m.loss.both()+" along a curve between two minimizers, and on their straight line"+m.Error.Note(), drawn)
	if m.Surface {
		plane := m
		plane.Kind, plane.Name = mapSurface, m.Name+"-plane"
		params = pipelines.RenderParams{Marks: append(marks, pipelines.Mark{Y: 1, Label: "θ"}), Curve: m.Shape}
		b.drawBetween(plane, "plane-", title, ", in the plane of a curve between two minimizers", params, b.between(plane, "plane-", b.plane(m.mapConfig), ends))
	}
}
