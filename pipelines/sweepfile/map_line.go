package sweepfile

import (
	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile/values"
	"lossatlas/pipelines/syntax"
)

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
