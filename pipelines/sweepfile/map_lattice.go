package sweepfile

import (
	"encoding/json"
	"fmt"
	"maps"

	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile/parameters"
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
	shared:  []string{"directions", "normalize", "ignore", "layers", "pairs", "range", "rise", "x", "y", "resolution", "error", "persistence", epochKey},
	own:     []syntax.Field{offsetField},
	splits:  []string{values.SplitTrain},
	resolve: resolveSurface,
	add:     addSurface,
}

// surfaceConfig holds the fields of a surface alone.
type surfaceConfig struct {
	Offset float64 `field:"offset"`
}

var offsetField = syntax.Field{Name: "offset", Default: 0.0, Type: syntax.Number{Min: -1e6, Max: 1e6},
	Doc: "Where the plane lies along a third random direction, drawn and scaled like the two others: 0 is the plane through the weights. Varied (maps.surface.offset: [-0.5, 0, 0.5]), it gives neighbouring planes, which lossatlas export film joins."}

// resolveSurface checks that a plane with an offset has a third direction.
func resolveSurface(cfg *config, c *syntax.Checker, m *mapConfig, item *syntax.Node) {
	resolveLattice(cfg, c, m, item)
	if m.Offset != 0 && m.Directions.kind != directionsRandom {
		c.Addf(item.Place("offset"), "maps.offset: directions: %s have no third one to lie along; leave offset out, or map along directions: random", m.Directions.kind)
	}
}

// offsetNote is the end of a caption.
func (m mapConfig) offsetNote() string {
	if m.Offset == 0 {
		return ""
	}
	return fmt.Sprintf("; %g along a third direction", m.Offset)
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
	shared:  []string{"directions", "normalize", "ignore", "range", "rise", "x", "y", "resolution", "error", "subset", "layers", "tolerance", epochKey},
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
	shared:  []string{"directions", "normalize", "ignore", "layers", "pairs", "range", "rise", "error", "persistence", epochKey},
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

// mapRange is the first and last coordinate of a map along each axis, or auto. In JSON it has the form of the sweep file.
type mapRange struct {
	auto bool
	ends [2]float64
}

const autoRange = "auto"

// MarshalJSON writes auto, or both ends.
func (r mapRange) MarshalJSON() ([]byte, error) {
	if r.auto {
		return json.Marshal(autoRange)
	}
	return json.Marshal(r.ends)
}

// Label writes the range in characters that file names may hold.
func (r mapRange) Label() string {
	if r.auto {
		return autoRange
	}
	return parameters.ValueLabel([]any{r.ends[0], r.ends[1]})
}

// mapRanges is the type of the field range.
type mapRanges struct{}

func (mapRanges) Check(c *syntax.Checker, n *syntax.Node, path string) any {
	if n.IsScalar() && n.Text == autoRange {
		return mapRange{auto: true}
	}
	if n.Kind != syntax.ListNode || len(n.Items) != 2 {
		return c.Reject(n, path, "auto, or [first, last] with first below last, as [-1, 1]")
	}
	ends, ok := values.Interval{}.Check(c, n, path).([]any)
	if !ok {
		return nil
	}
	return mapRange{ends: [2]float64{ends[0].(float64), ends[1].(float64)}}
}

func (mapRanges) Schema(known syntax.Names) syntax.Schema {
	return syntax.Schema{"anyOf": []syntax.Schema{{"const": autoRange}, values.Interval{}.Schema(known)}}
}

func rangeField(doc string, usual mapRange) syntax.Field {
	return syntax.Field{Name: "range", Type: mapRanges{}, Default: usual,
		Doc: doc + " auto: as far as the loss rises by the factor rise, the same to both sides, along each axis; this takes about 12 points for each, of at most " +
			fmt.Sprint(rangeImages) + " images of the first split."}
}

var riseField = syntax.Field{Name: "rise", Type: syntax.Number{Min: 1, Max: maxNumber, Above: true}, Default: 10.0,
	Doc: "Factor by which the loss has risen at the ends of range: auto. Where it never does, the map reaches to 9/10 of its rise."}

// resolveRange checks that a map's fields of the range have an effect.
func (m *mapConfig) resolveRange(c *syntax.Checker, item *syntax.Node) {
	if item.Get("rise") != nil && !m.Range.auto {
		c.Addf(item.Place("rise"), "rise has no effect without range: auto; leave it out")
	}
}

// rangeImages is how many images the search for a range looks at: their loss needs not be exact.
const rangeImages = 1000

// addRange adds the step that finds the range of a map with range: auto, along the directions among inputs, and returns its output as
// the input of the map's grids; nil for a map whose range is given. Minimizers lie at 0 and at beyond.
func (b *builder) addRange(m mapConfig, name string, beyond float64, inputs map[string]pipelines.Ref) map[string]pipelines.Ref {
	axes := 2
	if m.Kind == mapLine {
		axes = 1
	}
	if !m.Range.auto || m.X != nil && (axes == 1 || m.Y != nil) {
		return nil
	}
	r := m.Ranges[0]
	of := m.over(pipelines.MapParams{}, b.mapData(m, r))
	most := rangeImages
	if m.BatchNorm.mode == normBatch {
		most = max(of.Batch, most-most%of.Batch)
	}
	of.Data.To = min(of.Data.To, of.Data.From+most)
	id := b.add(name, pipelines.Address{Map: m.Name, Split: r.Split, Role: pipelines.RoleRange}, pipelines.KindRange, pipelines.RangeParams{
		Net: b.config.network(), Data: of.Data, Axes: axes, Rise: m.Rise, Beyond: beyond, Batch: m.batch(of.Data), BatchNorm: of.BatchNorm},
		maps.Clone(inputs))
	return map[string]pipelines.Ref{pipelines.OutRange: {Step: id, Output: pipelines.OutRange}}
}
