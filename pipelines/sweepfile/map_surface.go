package sweepfile

import (
	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile/values"
)

const mapSurface = "surface"

// surfaceMap is the loss in the plane of two directions.
var surfaceMap = mapKind{
	name:    mapSurface,
	doc:     "in the plane of two.",
	shared:  []string{"directions", "normalize", "ignore", "layers", "pairs", "range", "rise", "x", "y", "resolution", "error"},
	splits:  []string{values.SplitTrain},
	resolve: resolveLattice,
	add:     addSurface,
}

// addSurface adds the steps of a surface, its flatness, and its pictures.
func addSurface(b *builder, m mapConfig, train string) {
	mp := b.plane(m)
	g := b.addGrids(m, train, pipelines.KindSurface, func(data pipelines.MapData) any { return m.over(mp, data) })
	for _, r := range m.Ranges {
		b.addFlatness(m.Name, r.Split, g[r.Split])
	}
	b.drawPlane(m, g)
}

// drawPlane adds the pictures of each split of a map over a plane.
func (b *builder) drawPlane(m mapConfig, g grids) {
	for _, split := range m.Splits {
		b.addPictures(m, split, map[string]pipelines.Ref{pipelines.OutGrid: g.grid(split)})
	}
}
