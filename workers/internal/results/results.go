// Package results gathers what a sweep has found into one table.
package results

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"lossatlas/activities/spectrum"
	"lossatlas/activities/surface"
	"lossatlas/activities/trajectory"
	"lossatlas/activities/work"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// Experiment is one row: what was set and what came out. What is not known yet
// is nil.
type Experiment struct {
	Name string `json:"name"`
	// Group is what the experiment and its repetitions are called together, "" where the sweep repeats nothing.
	Group  string         `json:"group,omitempty"`
	State  string         `json:"state"` // done, diverged, failed, interrupted, not run, running, waiting
	Params map[string]any `json:"params"`
	// Losses are mean cross-entropies of the trained network; TestError is in percent.
	TrainLoss *float64 `json:"train_loss"`
	TestLoss  *float64 `json:"test_loss"`
	TestError *float64 `json:"test_error"`
	// Measures are further numbers that steps came to, by what to call them:
	// "trajectory.pc1" is how much of a path its first principal component explains, in percent,
	// "spectrum.lambda_max" the largest eigenvalue of the Hessian at the trained weights.
	Measures map[string]float64 `json:"measures,omitempty"`
	// Flatness is how flat the loss is by each map and split ("surface-train").
	Flatness map[string][]surface.Summary `json:"flatness,omitempty"`
	// Diverged says where the training lost its way, if it did.
	Diverged *work.Divergence `json:"diverged,omitempty"`
	// Artifacts are digests of outputs, by "step/output" within the experiment.
	Artifacts map[string]string `json:"artifacts"`
	// Errors are those of failed steps, by step.
	Errors map[string]string `json:"errors,omitempty"`
}

// Store is what results are read from.
type Store interface {
	Get(ctx context.Context, d artifacts.Digest) ([]byte, error)
}

// Graph reads the graph of a recorded sweep.
func Graph(ctx context.Context, store Store, root artifacts.Root) (*pipelines.Graph, error) {
	b, err := store.Get(ctx, root.Graph.Digest)
	if err != nil {
		return nil, fmt.Errorf("the steps of sweep %s: %w", root.Sweep, err)
	}
	var g pipelines.Graph
	if err = json.Unmarshal(b, &g); err == nil {
		err = g.Check()
	}
	if err != nil {
		return nil, fmt.Errorf("the steps of sweep %s: %w", root.Sweep, err)
	}
	return &g, nil
}

// readers is how many experiments' results are read at a time.
const readers = 16

// Collect makes the table of a sweep from the state of its steps.
func Collect(ctx context.Context, store Store, g *pipelines.Graph, steps map[string]artifacts.RootStep) ([]Experiment, error) {
	rows := make([]Experiment, len(g.Experiments))
	reading, ctx := errgroup.WithContext(ctx)
	reading.SetLimit(readers)
	for i, e := range g.Experiments {
		reading.Go(func() (err error) {
			rows[i], err = collect(ctx, store, e, steps)
			return err
		})
	}
	return rows, reading.Wait()
}

// collect makes the row of one experiment.
func collect(ctx context.Context, store Store, e pipelines.Experiment, steps map[string]artifacts.RootStep) (Experiment, error) {
	row := Experiment{Name: e.Name, Group: e.Group, Params: e.Params, Artifacts: map[string]string{}}
	if row.Params == nil {
		row.Params = map[string]any{}
	}
	states := tally{}
	for _, s := range e.Steps {
		st, ok := steps[s.ID]
		if !ok {
			st.State = artifacts.StateWaiting
		}
		states.add(st)
		if st.Error != "" && st.State == artifacts.StateFailed {
			if row.Errors == nil {
				row.Errors = map[string]string{}
			}
			row.Errors[short(e.Name, s.ID)] = st.Error
		}
		for name, blob := range st.Outputs {
			row.Artifacts[short(e.Name, s.ID)+"/"+name] = blob.Digest.String()
		}
		if blob, ok := st.Outputs[pipelines.OutLog]; ok && s.ID == e.Steps[0].ID { // its own training, the first step
			if err := row.read(ctx, store, blob.Digest); err != nil {
				return row, fmt.Errorf("the training log of %s: %w", s.ID, err)
			}
		}
		if blob, ok := st.Outputs[pipelines.OutPath]; ok {
			if err := row.readPath(ctx, store, strings.TrimSuffix(short(e.Name, s.ID), "-path"), blob.Digest); err != nil {
				return row, fmt.Errorf("the path of %s: %w", s.ID, err)
			}
		}
		if blob, ok := st.Outputs[pipelines.OutFlatness]; ok {
			if err := row.readFlatness(ctx, store, strings.TrimSuffix(short(e.Name, s.ID), "-flatness"), blob.Digest); err != nil {
				return row, fmt.Errorf("the flatness of %s: %w", s.ID, err)
			}
		}
		if blob, ok := st.Outputs[pipelines.OutSpectrum]; ok {
			if err := row.readSpectrum(ctx, store, mapName(e, s), blob.Digest); err != nil {
				return row, fmt.Errorf("the spectrum of %s: %w", s.ID, err)
			}
		}
	}
	row.State = states.sum(row.Diverged != nil)
	return row, nil
}

// short is a step's name within its experiment.
func short(experiment, id string) string { return strings.TrimPrefix(id, experiment+"/") }

// tally counts the steps of an experiment or a comparison by their states; "" counts all of
// them, and notRunFor the steps that another step kept from running.
type tally map[string]int

const notRunFor = artifacts.StateNotRun + " because"

func (n tally) add(st artifacts.RootStep) {
	n[""]++
	n[st.State]++
	if st.State == artifacts.StateNotRun && st.Error != "" {
		n[notRunFor]++
	}
}

// sum is the state of all of them together.
func (n tally) sum(diverged bool) string {
	made := n[artifacts.StateCached] + n[artifacts.StateRan]
	switch {
	case n[artifacts.StateFailed] > 0:
		return artifacts.StateFailed
	case n[artifacts.StateRunning] > 0:
		return artifacts.StateRunning
	case n[artifacts.StateInterrupted] > 0:
		return artifacts.StateInterrupted
	case diverged:
		return artifacts.StateDiverged
	case made == n[""]:
		return artifacts.StateDone
	case n[artifacts.StateWaiting] > 0:
		return artifacts.StateWaiting
	case made > 0 && n[notRunFor] == 0: // stopped between two steps
		return artifacts.StateInterrupted
	}
	return artifacts.StateNotRun
}

// read takes the final losses out of a training log.
func (e *Experiment) read(ctx context.Context, store Store, d artifacts.Digest) error {
	b, err := store.Get(ctx, d)
	if err != nil {
		return err
	}
	var log work.TrainLog
	if err := json.Unmarshal(b, &log); err != nil {
		return err
	}
	e.Diverged = log.Diverged
	e.TrainLoss, e.TestLoss = finite(log.Final.TrainLoss), finite(log.Final.TestLoss)
	if acc := finite(log.Final.TestAccuracy); acc != nil {
		e.TestError = finite(100 - *acc)
	}
	return nil
}

// readPath takes out of a path what its first two components explain.
func (e *Experiment) readPath(ctx context.Context, store Store, name string, d artifacts.Digest) error {
	b, err := store.Get(ctx, d)
	if err != nil {
		return err
	}
	path, err := trajectory.DecodePath(b)
	if err != nil {
		return err
	}
	e.measure(name+".pc1", 100*path.Ratio[0])
	e.measure(name+".pc2", 100*path.Ratio[1])
	return nil
}

// mapName is what a map's step is called among the measures: the map's name,
// with the split behind it if the map is of both.
func mapName(e pipelines.Experiment, s pipelines.Step) string {
	name := short(e.Name, s.ID)
	both := 0
	for _, split := range []string{"-train", "-test"} {
		name = strings.TrimSuffix(name, split)
	}
	for _, other := range e.Steps {
		if id := short(e.Name, other.ID); id == name+"-train" || id == name+"-test" {
			both++
		}
	}
	if both > 1 {
		return short(e.Name, s.ID)
	}
	return name
}

// readSpectrum takes the numbers out of a spectrum.
func (e *Experiment) readSpectrum(ctx context.Context, store Store, name string, d artifacts.Digest) error {
	b, err := store.Get(ctx, d)
	if err != nil {
		return err
	}
	s, err := spectrum.DecodeNPZ(b)
	if err != nil {
		return err
	}
	trace, deviation := s.Density.Trace()
	e.measure(name+".lambda_max", s.LambdaMax)
	e.measure(name+".lambda_min", s.LambdaMin)
	e.measure(name+".trace", trace)
	e.measure(name+".trace_error", deviation)
	return nil
}

// readFlatness takes the measures over all grids of a map.
func (e *Experiment) readFlatness(ctx context.Context, store Store, name string, d artifacts.Digest) error {
	b, err := store.Get(ctx, d)
	if err != nil {
		return err
	}
	var f work.FlatnessResult
	if err := json.Unmarshal(b, &f); err != nil {
		return err
	}
	if e.Flatness == nil {
		e.Flatness = map[string][]surface.Summary{}
	}
	e.Flatness[name] = f.Summary
	return nil
}

// briefly are the measures of flatness that a narrow table shows.
var briefly = []string{"width0.5", "convex", "sharp0.5"}

// Flatness returns the columns of flatness of all rows: for each map its
// measures in their order, "surface-train.width0.5", if any row knows them. A brief list leaves most of them out.
func Flatness(rows []Experiment, brief bool) []string {
	var out []string
	byMap, known := map[string][]surface.Summary{}, map[string]bool{}
	for _, r := range rows {
		maps.Copy(byMap, r.Flatness)
		for name, measures := range r.Flatness {
			for _, s := range measures {
				known[name+"."+s.Name] = known[name+"."+s.Name] || s.Count > 0
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(byMap)) {
		for _, s := range byMap[name] {
			if column := name + "." + s.Name; known[column] && (!brief || slices.Contains(briefly, s.Name)) {
				out = append(out, column)
			}
		}
	}
	return out
}

// Flat returns the measure behind a column of flatness.
func (e *Experiment) Flat(column string) (surface.Summary, bool) {
	for name, measures := range e.Flatness {
		for _, s := range measures {
			if column == name+"."+s.Name {
				return s, true
			}
		}
	}
	return surface.Summary{}, false
}

// measure notes a number that JSON can hold; any other is as good as none.
func (e *Experiment) measure(name string, v float64) {
	if finite(v) == nil {
		return
	}
	if e.Measures == nil {
		e.Measures = map[string]float64{}
	}
	e.Measures[name] = v
}

// finite is a number that JSON can hold, or nil.
func finite[F ~float64](v F) *float64 {
	f := float64(v)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	return &f
}

// Measures returns the names of the measures of all rows, sorted.
func Measures(rows []Experiment) []string {
	names := map[string]bool{}
	for _, r := range rows {
		for name := range r.Measures {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// Params returns the swept parameters of all rows, sorted.
func Params(rows []Experiment) []string {
	names := map[string]bool{}
	for _, r := range rows {
		for name := range r.Params {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}
