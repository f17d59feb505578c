package results

import (
	"context"
	"math"
	"slices"

	"lossatlas/activities/surface"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// Comparison is a map between the minimizers of several experiments.
type Comparison struct {
	Name  string `json:"name"`
	State string `json:"state"` // done, failed, interrupted, not run, running, waiting
	// Between are the experiments, in the order in which the map has them: a, b, and c of a plane.
	Between []string `json:"between"`
	// Barriers are those of the finished lines, by their steps: train, test, and line-train and line-test of the straight line next to a curve.
	Barriers map[string]surface.Barrier `json:"barriers,omitempty"`
	// Pairs are those of a comparison of many minimizers of which both have weights.
	Pairs []ComparedPair `json:"pairs,omitempty"`
	// Artifacts are digests of outputs, by "step/output" within the comparison.
	Artifacts map[string]string `json:"artifacts"`
	// Why says what keeps a comparison from being done, the first cause of all, or why a barrier is not known.
	Why string `json:"why,omitempty"`
	// Errors are those of failed steps, and why others were not run, by step.
	Errors map[string]string `json:"errors,omitempty"`
}

// ComparedPair is two of many minimizers.
type ComparedPair struct {
	// Between are the experiments.
	Between [2]string `json:"between"`
	// Distance is that of the weights.
	Distance float64 `json:"distance"`
	// Barriers are the known ones, by split.
	Barriers map[string]surface.Barrier `json:"barriers"`
}

// Comparisons lists the comparisons of a sweep with the state of their steps and the barriers of their lines.
func (s *Sweep) Comparisons(ctx context.Context) ([]Comparison, error) {
	out := []Comparison{}
	for _, c := range s.Graph.Comparisons {
		row := Comparison{Name: c.Name, Artifacts: map[string]string{}, Between: c.Between}
		states := tally{}
		for _, step := range s.Final(c.Name) {
			st := s.Step(step.ID)
			states.add(st)
			if st.Error != "" && (st.State == artifacts.StateFailed || st.State == artifacts.StateNotRun) {
				if row.Errors == nil {
					row.Errors = map[string]string{}
				}
				row.Errors[step.Name()] = st.Error
				if row.Why == "" {
					row.Why = s.Cause(step.ID)
				}
			}
			for name, blob := range st.Outputs {
				row.Artifacts[step.Name()+"/"+name] = blob.Digest.String()
			}
			if err := row.measure(ctx, s, step); err != nil {
				return nil, err
			}
		}
		row.State = states.sum(false)
		out = append(out, row)
	}
	return out, nil
}

// measure takes the barrier of a step that makes a line, and those of the pairs of many minimizers.
func (c *Comparison) measure(ctx context.Context, s *Sweep, step pipelines.Step) error {
	if step.At.Role == pipelines.RolePairs {
		return c.measurePairs(ctx, s, step)
	}
	if step.At.Role != pipelines.RoleMap || step.Kind.IsSpectrum() {
		return nil
	}
	g, err := s.Grid(ctx, step.ID)
	if err != nil || g == nil || !g.IsLine() {
		return err
	}
	b, err := g.Barrier()
	if err != nil {
		return &DecodeError{Step: step.ID, Output: pipelines.OutGrid, Err: err}
	}
	if c.Barriers == nil {
		c.Barriers = map[string]surface.Barrier{}
	}
	c.Barriers[step.Name()] = b
	if math.IsNaN(b.Height.Value) && c.Why == "" {
		c.Why = "the loss at a minimizer is not known: the line has no point there, or no finite loss around it; choose range and points so that 0 and 1 are points"
	}
	return nil
}

func (c *Comparison) measurePairs(ctx context.Context, s *Sweep, step pipelines.Step) error {
	found, err := s.Pairs(ctx, step.ID)
	if err != nil || found == nil {
		return err
	}
	for _, p := range found.Pairs {
		between := [2]string{c.Between[p.A], c.Between[p.B]}
		k := slices.IndexFunc(c.Pairs, func(known ComparedPair) bool { return known.Between == between })
		if k < 0 {
			k, c.Pairs = len(c.Pairs), append(c.Pairs, ComparedPair{Between: between, Distance: p.Distance, Barriers: map[string]surface.Barrier{}})
		}
		if p.Barrier != nil {
			c.Pairs[k].Barriers[step.At.Split] = *p.Barrier
		}
	}
	return nil
}
