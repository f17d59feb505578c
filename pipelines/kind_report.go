package pipelines

import "encoding/json"

// KindReport makes the page of a sweep. Its parameters are a [Graph], see Graph.Report. Output: html.
const KindReport Kind = "report"

var reportSpec = Spec{
	Version: 22,
	Outputs: []string{OutHTML},
	Label:   typed(func(g Graph) string { return g.Sweep }),
}

// Report is the step that makes the page of the sweep. Its parameters are the graph of the page's results, without the
// parameters and inputs of other steps; its inputs are their outputs, named by [InReport].
func (g *Graph) Report() (Step, error) {
	inputs := make(map[string]Ref)
	shown := func(steps []Step) (out []Step) {
		for _, s := range steps {
			outputs := s.Shown()
			for _, output := range outputs {
				inputs[InReport(s.ID, output)] = Ref{Step: s.ID, Output: output}
			}
			if len(outputs) > 0 {
				out = append(out, Step{ID: s.ID, Kind: s.Kind, At: s.At, Caption: s.Caption, Directions: s.Directions})
			}
		}
		return out
	}
	page := Graph{Sweep: g.Sweep, Title: g.Title, Watched: g.Watched, Comparisons: g.Comparisons, Final: shown(g.Final)}
	for _, e := range g.Experiments {
		page.Experiments = append(page.Experiments, Experiment{Name: e.Name, Group: e.Group, Shown: e.Shown, Names: e.Names, Steps: shown(e.Steps)})
	}
	params, err := json.Marshal(page)
	return Step{ID: "report", Kind: KindReport, At: Address{Role: RoleReport}, Params: params, Inputs: inputs, Partial: true}, err
}

// InReport is the report's name of an output of a step.
func InReport(step, output string) string { return step + "/" + output }

// Shown are the outputs of a step that the page of its sweep shows.
func (s Step) Shown() []string {
	switch s.At.Role {
	case RoleWeights:
		return []string{OutLog}
	case RolePath:
		return []string{OutPath}
	case RoleFlatness:
		return []string{OutFlatness}
	case RolePicture, RoleFigure:
		return []string{OutSVG, OutPNG}
	case RoleMap:
		if s.At.Pair > 0 {
			return nil
		}
		return []string{s.MapOutput()}
	}
	return nil
}

// MapOutput is the output with the numbers of a map.
func (s Step) MapOutput() string {
	if s.Kind.IsSpectrum() {
		return OutSpectrum
	}
	return OutGrid
}
