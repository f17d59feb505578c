package pipelines

import (
	"encoding/json"
	"fmt"
	"strings"
)

// FigureParams is a picture over several experiments. Any of its inputs may be
// missing. Inputs of panel i, named by InPanel: "log" of its experiment (of a comparison, those of
// its ends, "log-a" and so on) and by the figure's kind those of Plot, "train" and "test" of lines,
// "weights" of a histogram, "flatness" of a scatter plot.
type FigureParams struct {
	Plot    string        `json:"plot,omitempty"`    // of multiples
	Columns int           `json:"columns,omitempty"` // of multiples
	Measure string        `json:"measure,omitempty"` // of a scatter plot
	Panels  []FigurePanel `json:"panels"`
}

// FigurePanel is what a figure shows of one experiment, or of one comparison.
type FigurePanel struct {
	Title  string `json:"title"`
	Row    int    `json:"row,omitempty"`
	Column int    `json:"column,omitempty"`
	// Group is what the experiment and its repetitions are called together: of a scatter plot, whose dots are their means.
	Group string `json:"group,omitempty"`
	// Net is the network whose weights a histogram counts.
	Net     Network `json:"net,omitempty"`
	Problem Problem `json:"problem,omitempty"`
}

// InPanel is what a figure's step calls an input of its i-th panel.
func InPanel(i int, name string) string { return fmt.Sprintf("%d/%s", i, name) }

// step is the step that draws a figure.
func (fig figure) step(s *Sweep, g *Graph) (Step, error) {
	f := fig.config
	params := FigureParams{Plot: f.Plot, Columns: fig.columns, Measure: f.Measure}
	inputs := make(map[string]Ref)
	add := func(i int, name, step, output string) { inputs[InPanel(i, name)] = Ref{Step: step, Output: output} }
	for i, p := range fig.panels {
		panel := FigurePanel{Title: p.title, Row: p.row, Column: p.column}
		for k, e := range p.experiments {
			name := OutLog
			if len(p.experiments) > 1 {
				name += "-" + string(rune('a'+k))
			}
			add(i, name, g.Experiments[e].Steps[0].ID, OutLog)
		}
		switch f.Kind {
		case figureHistogram:
			add(i, OutWeights, g.Experiments[p.experiments[0]].Steps[0].ID, OutWeights)
			panel.Net = s.experiments[p.experiments[0]].config.network()
			panel.Problem = s.experiments[p.experiments[0]].config.Problem
		case figureScatter:
			panel.Group = plainName(s.experiments[p.experiments[0]].group)
			add(i, OutFlatness, p.steps+f.Split+"-flatness", OutFlatness)
		case figureLines, figureMultiples:
			if f.source.Kind == mapLine {
				for _, split := range f.source.Splits {
					add(i, split, p.steps+split, OutGrid)
				}
				break
			}
			add(i, OutGrid, p.steps+f.Split, OutGrid)
			if f.source.Kind == mapTrajectory {
				add(i, OutPath, p.steps+"path", OutPath)
			}
		}
		params.Panels = append(params.Panels, panel)
	}
	caption := f.caption()
	if fig.shared != "" {
		caption += " · " + fig.shared
	}
	r := RenderParams{Plot: f.Kind, Title: f.Title, Style: f.style(), Figure: &params}
	if r.Title == "" {
		r.Title = caption
	}
	if f.compared {
		r.Marks = marks(len(fig.panels[0].experiments))
	}
	raw, err := json.Marshal(r)
	return Step{ID: s.figurePrefix() + "/" + f.Name, Kind: KindRender, At: Address{Figure: f.Name, Role: RoleFigure}, Caption: caption, Params: raw, Inputs: inputs, Partial: true}, err
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

// caption says what a figure shows.
func (f figureConfig) caption() string {
	switch f.Kind {
	case figureLines:
		return "Loss along a line"
	case figureNorms:
		return "Norm of the weights during training"
	case figureHistogram:
		return "Weights of convolutions and linear layers"
	case figureScatter:
		return "Test error and flatness"
	case figureCurves:
		return "Loss and error during training"
	}
	if f.compared && f.Plot == plotLine {
		return "Loss and accuracy between two minimizers"
	}
	return findPlot(f.Plot).captionOf(f.Split)
}

// marks name the minimizers of a comparison: the first at 0, the others at 1.
func marks(n int) []Mark {
	out := []Mark{{X: 0, Label: "a"}, {X: 1, Label: "b"}}
	if n > 2 {
		out = append(out, Mark{Y: 1, Label: "c"})
	}
	return out
}
