package report

import (
	"context"
	"slices"

	"lossatlas/activities/atlas"
	"lossatlas/activities/results"
	"lossatlas/pipelines"
)

// Fragment shows finished maps of a sweep, by the IDs of their steps, as an element to put into other HTML pages; see [atlas.Fragment]. A path is shown over the surface around it.
// Errors are as of [Page], and as of [atlas.Fragment].
func Fragment(ctx context.Context, sweep *results.Sweep, steps []string, theme string) (string, error) {
	p := page{Sweep: sweep, captioned: true}
	// Of a section only the named maps are read, and what they are drawn with.
	chosen := func(all []pipelines.Step) (some []pipelines.Step, found bool) {
		for _, s := range all {
			named := s.At.Role == pipelines.RoleMap && slices.Contains(steps, s.ID)
			if found = found || named; named || s.At.Role == pipelines.RoleWeights || s.At.Role == pipelines.RolePath {
				some = append(some, s)
			}
		}
		return some, found
	}
	data := atlas.Data{Title: sweep.Graph.Title, Sweep: sweep.Graph.Sweep}
	for _, e := range sweep.Graph.Experiments {
		var found bool
		if e.Steps, found = chosen(e.Steps); !found {
			continue
		}
		section, err := p.experiment(ctx, e)
		if err != nil {
			return "", err
		}
		section.Training = nil // its curves
		data.Experiments = append(data.Experiments, section)
	}
	for _, c := range sweep.Graph.Comparisons {
		some, found := chosen(p.Final(c.Name))
		if !found {
			continue
		}
		section := atlas.Experiment{Name: c.Name}
		for i, name := range c.Between {
			section.Params = append(section.Params, atlas.Pair{Name: c.Label(i), Value: name})
		}
		if err := p.drawings(ctx, &section, some, false); err != nil {
			return "", err
		}
		data.Comparisons = append(data.Comparisons, section)
	}
	return atlas.Fragment(data, theme)
}
