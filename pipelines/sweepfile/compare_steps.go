package sweepfile

import (
	"cmp"
	"fmt"
	"maps"

	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile/values"
)

// addComparison adds the steps of one comparison: the paths of the trainings, or directions from the first minimizer to
// the others, a grid per split, and their pictures.
func (b *builder) addComparison(m compareConfig, train []pathSource, names []string) {
	title := m.Title
	if title == "" {
		title = "a: " + plainName(names[0])
		for i, name := range names[1:] {
			title += fmt.Sprintf(" · %s: %s", pipelines.Letter(i+1), plainName(name))
		}
	}
	if m.Kind == compareTrajectory {
		b.addPaths(m.mapConfig, "", title, train[0], train[1:]...)
		return
	}
	if m.Kind == compareBarriers {
		b.addPairs(m, train, names)
		return
	}
	if m.Shape != "" {
		b.addCurve(m, train, title)
		return
	}
	weights := pipelines.Ref{Step: train[0].step, Output: pipelines.OutWeights}
	ends := map[string]pipelines.Ref{pipelines.OutWeights: weights}
	for i, toward := range []string{pipelines.InTowardX, pipelines.InTowardY}[:len(train)-1] {
		ends[toward] = b.addEnd(m, weights, pipelines.Ref{Step: train[i+1].step, Output: pipelines.OutWeights}, pipelines.Letter(i+1))
	}
	mp := b.line(m.mapConfig)
	if m.Kind == mapSurface {
		mp = b.plane(m.mapConfig)
	}
	grids := b.between(m, "", mp, ends)
	if m.Kind == mapLine {
		drawn := make(map[string]pipelines.Ref)
		for split, id := range grids {
			drawn[split] = pipelines.Ref{Step: id, Output: pipelines.OutGrid}
		}
		b.addPicture("plot", pipelines.Address{Map: m.Name}, m.loss.on(pipelines.RenderParams{Plot: plotLine, Title: m.loss.title(title), Marks: pipelines.Marks(len(train))}), m.loss.both()+" between two minimizers"+m.Error.Note(), drawn)
		return
	}
	b.drawBetween(m, "", title, ", in the plane of three minimizers", pipelines.RenderParams{Marks: pipelines.Marks(len(train))}, grids)
}

// between adds the steps of a map, whose names begin with prefix, along the differences of ends, and returns those of its grids by split.
func (b *builder) between(m compareConfig, prefix string, mp pipelines.MapParams, ends map[string]pipelines.Ref) map[string]string {
	kind := pipelines.KindLine
	if mp.Y != nil {
		kind = pipelines.KindSurface
	}
	directions := b.add(prefix+"directions", pipelines.Address{Map: m.Name, Role: pipelines.RoleDirections}, pipelines.KindDifference,
		pipelines.DifferenceParams{Net: mp.Net, Problem: b.config.Problem, States: m.States || m.Shape != ""}, ends)
	inputs := map[string]pipelines.Ref{pipelines.OutWeights: ends[pipelines.OutWeights], pipelines.OutDirections: {Step: directions, Output: pipelines.OutDirections}}
	if mp.Fit != nil {
		maps.Copy(inputs, b.addRange(m.mapConfig, prefix+"range", 1, inputs))
	}
	grids := make(map[string]string)
	for _, r := range m.Ranges {
		mp = m.over(mp, b.mapData(m.mapConfig, r))
		at := pipelines.Address{Map: m.Name, Split: r.Split}
		if m.Kind == compareBarriers {
			at.Role = pipelines.RoleLine
		}
		grids[r.Split] = b.addMap(m.mapConfig, prefix+r.Split, at, kind, mp, inputs)
	}
	return grids
}

// drawBetween adds the pictures of a plane through minimizers, whose steps' names begin with prefix.
func (b *builder) drawBetween(m compareConfig, prefix, title, where string, params pipelines.RenderParams, grids map[string]string) {
	for _, split := range m.Splits {
		drawn := map[string]pipelines.Ref{pipelines.OutGrid: {Step: grids[split], Output: pipelines.OutGrid}}
		for _, p := range plotTable {
			if !p.fits(m.mapConfig) || p.name != plotContour && p.name != plotFilled && !b.draws(p.name) {
				continue
			}
			params.Plot, params.Title, params.Persistence = p.name, title+" · "+m.loss.over(split), p.persistence(m.mapConfig, b.style(p.name))
			b.addPicture(prefix+split+"-"+p.name, pipelines.Address{Map: m.Name, Split: split}, m.loss.on(params), p.captionOf(m.loss.over(split))+where+m.Error.Note(), drawn)
		}
	}
}

// addPairs adds the lines between each two of many minimizers, for each split the step that measures them, and its pictures. All are aligned with the
// first, which gives them one set of coordinates, and from there each with the other of its pair, which lowers the barrier between the two.
func (b *builder) addPairs(m compareConfig, train []pathSource, names []string) {
	ends := make([]pipelines.Ref, len(train))
	inputs := make(map[string]map[string]pipelines.Ref) // by split
	for _, split := range m.Splits {
		inputs[split] = make(map[string]pipelines.Ref)
	}
	var shown figure
	for i, t := range train {
		if ends[i] = (pipelines.Ref{Step: t.step, Output: pipelines.OutWeights}); i > 0 {
			ends[i] = b.addEnd(m, ends[0], ends[i], fmt.Sprint(i+1))
		}
		for _, of := range inputs {
			of[pipelines.InMinimizer(i)] = ends[i]
		}
		shown.panels = append(shown.panels, figurePanel{title: names[i]})
	}
	for j, to := range ends {
		for i, from := range ends[:j] {
			to := to
			if i > 0 && m.Align != alignNone {
				to = b.addEnd(m, from, to, fmt.Sprintf("%d-%d", i+1, j+1))
				for _, of := range inputs {
					of[pipelines.InAligned(i, j)] = to
				}
			}
			towards := map[string]pipelines.Ref{pipelines.OutWeights: from, pipelines.InTowardX: to}
			for split, id := range b.between(m, fmt.Sprintf("%d-%d-", i+1, j+1), b.line(m.mapConfig), towards) {
				inputs[split][pipelines.InLine(i, j)] = pipelines.Ref{Step: id, Output: pipelines.OutGrid}
			}
		}
	}
	shown.share(nil)
	params := pipelines.PairsParams{Net: b.config.network(), Problem: b.config.Problem}
	for _, p := range shown.panels {
		params.Names = append(params.Names, p.title)
	}
	for _, split := range m.Splits {
		at := pipelines.Address{Map: m.Name, Split: split, Role: pipelines.RolePairs}
		id := b.add(split+"-pairs", at, pipelines.KindPairs, params, inputs[split])
		b.steps[len(b.steps)-1].Partial = true
		title := cmp.Or(m.Title, shown.shared, "Between minimizers") + " · " + m.loss.over(split)
		for _, p := range plotTable {
			if p.fits(m.mapConfig) {
				b.addPicture(split+"-"+p.name, pipelines.Address{Map: m.Name, Split: split}, m.loss.on(pipelines.RenderParams{Plot: p.name, Title: title}), p.captionOf(m.loss.over(split))+m.Error.Note(),
					map[string]pipelines.Ref{pipelines.OutPairs: {Step: id, Output: pipelines.OutPairs}})
			}
		}
	}
}

// addEnd adds the step that aligns a minimizer, called by its letter, with the first of a comparison, if it is to be.
func (b *builder) addEnd(m compareConfig, first, end pipelines.Ref, letter string) pipelines.Ref {
	at, inputs := pipelines.Address{Map: m.Name, Role: pipelines.RoleEnd}, map[string]pipelines.Ref{pipelines.OutWeights: first, pipelines.InTowardX: end}
	switch m.Align {
	case pipelines.AlignWeights:
		end.Step = b.add("align-"+letter, at, pipelines.KindAlign, pipelines.AlignParams{Net: b.config.network(), Problem: b.config.Problem, Method: m.Align}, inputs)
	case pipelines.AlignActivations:
		images := pipelines.MapData{Name: b.dataName(), Digest: b.digest, Problem: b.config.Problem, Split: values.SplitTrain, To: min(mostMatched, b.config.Dataset.Train)}
		end.Step = b.add("match-"+letter, at, pipelines.KindMatch, pipelines.MatchParams{Net: b.config.network(), Data: images, Batch: evenBatch(images.To)}, inputs)
	}
	return end
}

// mostMatched is how many training images activations are compared over, at most.
const mostMatched = 1000

// evenBatch is the size of batches of at most evaluateBatch that leaves out the fewest of n images, less than one image for each batch.
func evenBatch(n int) int { return n / ((n + evaluateBatch - 1) / evaluateBatch) }
