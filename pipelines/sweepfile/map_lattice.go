package sweepfile

import (
	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile/values"
	"lossatlas/pipelines/syntax"
)

// Maps over the plane of two directions.
const (
	mapSurface = "surface"
	mapHessian = "hessian"
)

// surfaceMap is the loss in the plane of two directions.
var surfaceMap = mapKind{
	name:    mapSurface,
	doc:     "in the plane of two.",
	shared:  []string{"directions", "normalize", "ignore", "layers", "pairs", "range", "rise", "x", "y", "resolution", "error", "persistence"},
	splits:  []string{values.SplitTrain},
	resolve: resolveLattice,
	add:     addSurface,
}

// addSurface adds the steps of a surface, its flatness, and its pictures.
func addSurface(b *builder, m mapConfig, train string) {
	mp := b.plane(m)
	g := b.addGrids(m, train, pipelines.KindSurface, func(data pipelines.MapData) any { return m.over(mp, data) })
	for _, r := range m.Ranges {
		b.addFlatness(m, r.Split, g[r.Split])
	}
	b.drawPlane(m, g)
}

// drawPlane adds the pictures of each split of a map over a plane.
func (b *builder) drawPlane(m mapConfig, g grids) {
	for _, split := range m.Splits {
		b.addPictures(m, split, map[string]pipelines.Ref{pipelines.OutGrid: g.grid(split)})
	}
}

// hessianMap is the extreme eigenvalues of the Hessian over a surface's lattice.
var hessianMap = mapKind{
	name:    mapHessian,
	doc:     "the extreme eigenvalues of its second derivatives, in the same plane.",
	shared:  []string{"directions", "normalize", "ignore", "range", "rise", "x", "y", "resolution", "error", "subset", "layers", "tolerance"},
	splits:  []string{values.SplitTrain},
	resolve: resolveHessian,
	add:     addHessian,
}

// resolveHessian checks that eigenvalues are as exact as the values derived from them.
func resolveHessian(cfg *config, c *syntax.Checker, m *mapConfig, item *syntax.Node) {
	resolveLattice(cfg, c, m, item)
	if e := m.Error; e.Error > 0 && !e.Absolute && m.Tolerance > e.Error {
		c.Addf(item.Place("error"), "maps.error: evaluated eigenvalues may be off by tolerance, %g, so that an error of %g can't be held; give a tolerance of at most that", m.Tolerance, e.Error)
	}
}

// addHessian adds the steps of a map of eigenvalues, and its pictures.
func addHessian(b *builder, m mapConfig, train string) {
	hp := pipelines.HessianParams{MapParams: b.plane(m), Subset: m.Subset, Tolerance: m.Tolerance, Layers: m.layers()}
	g := b.addGrids(m, train, pipelines.KindHessian, func(data pipelines.MapData) any {
		hp.MapParams = m.over(hp.MapParams, data)
		hp.Population = 0 // a map of eigenvalues has no standard error of the loss
		return hp
	})
	b.drawPlane(m, g)
}

const mapLine = "line"

// lineMap is the loss along one direction.
var lineMap = mapKind{
	name:    mapLine,
	doc:     "the loss along one direction.",
	shared:  []string{"directions", "normalize", "ignore", "layers", "pairs", "range", "rise", "error", "persistence"},
	own:     []syntax.Field{pointsField},
	splits:  values.SplitNames,
	resolve: resolveLattice,
	add:     addLine,
}

// lineConfig holds the fields of a line alone.
type lineConfig struct {
	Points int `field:"points"`
}

// addLine adds the steps of a line, and one picture of all splits.
func addLine(b *builder, m mapConfig, train string) {
	mp := b.line(m)
	g := b.addGrids(m, train, pipelines.KindLine, func(data pipelines.MapData) any { return m.over(mp, data) })
	for _, r := range m.Ranges {
		b.addFlatness(m, r.Split, g[r.Split])
	}
	if !b.draws(plotLine) {
		return
	}
	inputs := make(map[string]pipelines.Ref)
	for _, split := range m.Splits {
		inputs[split] = g.grid(split)
	}
	b.addPicture(m.Name+"-plot", pipelines.Address{Map: m.Name}, m.loss.on(pipelines.RenderParams{Plot: plotLine, Title: m.loss.title(b.mapTitle(m))}), findPlot(plotLine).captionOf(m.loss.both())+m.Error.Note(), inputs)
}
