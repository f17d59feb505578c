package sweepfile

import (
	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile/values"
)

const mapHessian = "hessian"

// hessianMap is the extreme eigenvalues of the Hessian over a surface's lattice.
var hessianMap = mapKind{
	name:    mapHessian,
	doc:     "the extreme eigenvalues of its second derivatives, in the same plane.",
	shared:  []string{"directions", "normalize", "ignore", "range", "rise", "x", "y", "resolution", "subset", "layers", "tolerance"},
	splits:  []string{values.SplitTrain},
	resolve: resolveLattice,
	add:     addHessian,
}

// addHessian adds the steps of a map of eigenvalues, and its pictures.
func addHessian(b *builder, m mapConfig, train string) {
	hp := pipelines.HessianParams{MapParams: b.plane(m), Subset: m.Subset, Tolerance: m.Tolerance, Layers: m.layers()}
	g := b.addGrids(m, train, pipelines.KindHessian, func(data pipelines.MapData) any {
		hp.MapParams = m.over(hp.MapParams, data)
		hp.Population = 0 // its loss is beside the point
		return hp
	})
	b.drawPlane(m, g)
}
