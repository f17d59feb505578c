package results

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// Comparison is a map between the minimizers of several experiments.
type Comparison struct {
	Name  string `json:"name"`
	State string `json:"state"` // done, failed, interrupted, not run, running, waiting
	// Between are the experiments, in the order in which the map has them: a, b, and c of a plane.
	Between []string `json:"between"`
	// Artifacts are digests of outputs, by "step/output" within the comparison.
	Artifacts map[string]string `json:"artifacts"`
	// Why says what keeps a comparison from being done, the first cause of all.
	Why string `json:"why,omitempty"`
	// Errors are those of failed steps, and why others were not run, by step.
	Errors map[string]string `json:"errors,omitempty"`
}

// Comparisons lists the comparisons of a sweep with the state of their steps.
func Comparisons(g *pipelines.Graph, steps map[string]artifacts.RootStep) ([]Comparison, error) {
	report, err := ReportParams(g)
	if err != nil {
		return nil, err
	}
	out := []Comparison{}
	for _, c := range report.Comparisons {
		row := Comparison{Name: c.Name, Artifacts: map[string]string{}, Between: []string{}}
		for _, label := range slices.Sorted(maps.Keys(c.Params)) {
			row.Between = append(row.Between, fmt.Sprint(c.Params[label]))
		}
		states := tally{}
		for _, s := range g.Final {
			if !strings.HasPrefix(s.ID, c.Name+"/") {
				continue
			}
			st, ok := steps[s.ID]
			if !ok {
				st.State = artifacts.StateWaiting
			}
			states.add(st)
			if st.Error != "" && (st.State == artifacts.StateFailed || st.State == artifacts.StateNotRun) {
				if row.Errors == nil {
					row.Errors = map[string]string{}
				}
				row.Errors[short(c.Name, s.ID)] = st.Error
				if row.Why == "" {
					row.Why = cause(g, steps, s.ID)
				}
			}
			for name, blob := range st.Outputs {
				row.Artifacts[short(c.Name, s.ID)+"/"+name] = blob.Digest.String()
			}
		}
		row.State = states.sum(false)
		out = append(out, row)
	}
	return out, nil
}

// cause is what keeps a step from its result: its own failure, or that of the step it waits for.
func cause(g *pipelines.Graph, steps map[string]artifacts.RootStep, id string) string {
	st := steps[id]
	if st.State == artifacts.StateFailed {
		return fmt.Sprintf("%s failed: %s", id, st.Error)
	}
	for _, p := range g.All() {
		if p.Step.ID != id {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(p.Step.Inputs)) {
			before := p.Step.Inputs[name].Step
			if s := steps[before].State; s == artifacts.StateFailed || s == artifacts.StateNotRun {
				return cause(g, steps, before)
			}
		}
	}
	return st.Error
}

// ReportParams are the parameters of a graph's report, which name its
// experiments and comparisons as people know them; none where it has no report.
func ReportParams(g *pipelines.Graph) (pipelines.ReportParams, error) {
	var p pipelines.ReportParams
	for _, s := range g.Final {
		if s.Kind == pipelines.KindReport {
			if err := json.Unmarshal(s.Params, &p); err != nil {
				return p, fmt.Errorf("the report of sweep %s: %w", g.Sweep, err)
			}
		}
	}
	return p, nil
}
