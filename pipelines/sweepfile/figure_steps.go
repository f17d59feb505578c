package sweepfile

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"lossatlas/pipelines"
)

// step is the step that draws a figure.
func (fig figure) step(s *Sweep, g *pipelines.Graph) (pipelines.Step, error) {
	f := fig.config
	params := pipelines.FigureParams{Plot: f.Plot, Columns: fig.columns, Measure: f.Measure}
	if f.Kind == figureScatter {
		params.Map = f.Map + "-" + f.Split
	}
	inputs := make(map[string]pipelines.Ref)
	add := func(i int, name, step, output string) {
		inputs[pipelines.InPanel(i, name)] = pipelines.Ref{Step: step, Output: output}
	}
	for i, p := range fig.panels {
		panel := pipelines.FigurePanel{Title: p.title, Row: p.row, Column: p.column, Score: s.experiments[p.experiments[0]].config.Score}
		for k, e := range p.experiments {
			name := pipelines.OutLog
			if len(p.experiments) > 1 {
				name += "-" + pipelines.Letter(k)
			}
			add(i, name, g.Experiments[e].Steps[0].ID, pipelines.OutLog)
		}
		if f.Kind == figureMultiples || f.Kind == figureScatter {
			panel.Tests = s.experiments[p.experiments[0]].config.Dataset.Test
		}
		if f.Kind == figureNorms || f.Kind == figureCurves || f.Kind == figureHistogram {
			panel.Training = g.Experiments[p.experiments[0]].Steps[0].Params
		}
		switch f.Kind {
		case figureHistogram:
			add(i, pipelines.OutWeights, g.Experiments[p.experiments[0]].Steps[0].ID, pipelines.OutWeights)
			of := s.experiments[p.experiments[0]].config
			panel.Net, panel.Problem = of.network(), of.Problem
		case figureScatter:
			if f.compared {
				add(i, pipelines.OutGrid, p.steps+f.Split, pipelines.OutGrid)
				break
			}
			panel.Group = fig.group(s, p)
			switch f.source.Kind {
			case mapSpectrum:
				add(i, pipelines.OutSpectrum, p.steps+f.Split, pipelines.OutSpectrum)
			case mapSharpness:
				add(i, pipelines.OutFlatness, p.steps+f.Split, pipelines.OutFlatness)
			default:
				add(i, pipelines.OutFlatness, p.steps+f.Split+"-flatness", pipelines.OutFlatness)
			}
		case figureNorms, figureCurves:
			panel.Group = fig.group(s, p)
		case figureLines, figureMultiples:
			if f.Kind == figureLines && !f.compared {
				panel.Group = fig.group(s, p)
			}
			if f.source.Kind == mapLine {
				for _, split := range f.source.Splits {
					add(i, split, p.steps+split, pipelines.OutGrid)
				}
				if f.Kind == figureLines && !f.compared && f.source.Pairs > 1 {
					panel.Directions = f.source.Pairs
					for pair := 1; pair < f.source.Pairs; pair++ {
						for _, split := range f.source.Splits {
							add(i, pipelines.InDirection(split, pair), p.steps+split+pairSuffix(pair), pipelines.OutGrid)
						}
					}
				}
				break
			}
			add(i, pipelines.OutGrid, p.steps+f.Split, pipelines.OutGrid)
			if f.source.Kind == mapTrajectory {
				add(i, pipelines.OutPath, p.steps+"path", pipelines.OutPath)
			}
		}
		params.Panels = append(params.Panels, panel)
	}
	loss := fig.loss(s)
	caption := f.caption(loss)
	if f.chosen {
		caption += " · map " + f.Map
	}
	if fig.shared != "" {
		caption += " · " + fig.shared
	}
	if len(fig.follow) > 0 {
		caption += " · also differing: " + strings.Join(fig.follow, ", ")
	}
	names := make(map[string]string)
	for _, p := range fig.panels {
		for _, e := range p.experiments {
			maps.Copy(names, g.Experiments[e].Names)
		}
	}
	r := loss.on(pipelines.RenderParams{Plot: f.Kind, Title: f.Title, Style: f.Style(), Figure: &params, Names: names})
	var steps []pipelines.Step
	for _, e := range g.Experiments {
		steps = append(steps, e.Steps...)
	}
	r.Along = sharedDirections(steps, inputs)
	r.Persistence = findPlot(f.Plot).persistence(f.source, f.Style())
	if r.Title == "" {
		r.Title = caption
	}
	if f.compared && f.source.Kind != mapTrajectory && f.Kind != figureScatter {
		r.Marks = pipelines.Marks(len(fig.panels[0].experiments))
	}
	raw, err := json.Marshal(r)
	return pipelines.Step{ID: s.figurePrefix() + "/" + f.Name, Kind: pipelines.KindRender, At: pipelines.Address{Figure: f.Name, Role: pipelines.RoleFigure}, Caption: caption, Params: raw, Inputs: inputs, Partial: true}, err
}

// group is what the experiment of a panel and its repetitions are called together, without what all panels have; "" for one without.
func (fig figure) group(s *Sweep, p figurePanel) string {
	name := s.experiments[p.experiments[0]].group
	if name == "" {
		return ""
	}
	shared := strings.Split(fig.shared, ", ")
	own := slices.DeleteFunc(strings.Split(name, ","), func(part string) bool { return slices.Contains(shared, part) || fig.settled[part] })
	if len(own) == 0 {
		return plainName(name)
	}
	return strings.Join(own, ", ")
}

// figurePrefix begins the names of the figures' steps, as no experiment's do.
func (s *Sweep) figurePrefix() string {
	prefix := figuresKey
	taken := func() bool {
		for _, e := range s.experiments {
			if strings.EqualFold(e.name, prefix) {
				return true
			}
		}
		for _, cmp := range s.comparisons {
			if strings.EqualFold(cmp.name, prefix) {
				return true
			}
		}
		return false
	}
	for taken() {
		prefix += "-over-all"
	}
	return prefix
}

// caption says what a figure shows, in the words of the first experiment.
func (f figureConfig) caption(loss Loss) string {
	switch f.Kind {
	case figureLines:
		return Loss{Name: loss.Name, Score: noScore}.both() + " along a line"
	case figureNorms:
		return "Norm of the weights during training"
	case figureHistogram:
		return "Weights of convolutions and linear layers"
	case figureScatter:
		if f.compared {
			return "Test " + loss.test() + " and barrier between two minimizers"
		}
		of := map[string]string{mapSpectrum: "curvature", mapSharpness: "sharpness"}
		return "Test " + loss.test() + " and " + cmp.Or(of[f.source.Kind], "flatness")
	case figureCurves:
		if loss.Score == noScore {
			return "Loss during training"
		}
		return "Loss and " + loss.test() + " during training"
	}
	if f.compared && f.Plot == plotLine {
		return loss.both() + " between two minimizers"
	}
	if f.Plot == plotLine {
		return findPlot(f.Plot).captionOf(loss.both())
	}
	return findPlot(f.Plot).captionOf(loss.over(f.Split))
}
