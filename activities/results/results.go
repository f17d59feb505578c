package results

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"

	"golang.org/x/sync/errgroup"

	"lossatlas/activities/problem"
	"lossatlas/activities/surface"
	"lossatlas/activities/trainlog"
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
	// Losses are means of the trained network; TestError is in percent. Other scores than accuracy are among the measures:
	// "test_top5_error", "test_r2".
	TrainLoss *float64 `json:"train_loss"`
	TestLoss  *float64 `json:"test_loss"`
	TestError *float64 `json:"test_error"`
	// TestExamples is how many examples the test loss and score are of.
	TestExamples int `json:"test_examples,omitempty"`
	// TrainError, in percent, is known of imported weights with an accuracy.
	TrainError *float64 `json:"train_error,omitempty"`
	// Guessing is the loss of a network that holds all classes for equally likely, the logarithm of their number; 0 where weights are not imported or the loss is not plain cross-entropy.
	Guessing float64 `json:"-"`
	// Score is the score of the training.
	Score trainlog.Score `json:"score,omitempty"`
	// Measures are further numbers of steps, by their names:
	// "trajectory.pc1" is how much of a path its first principal component explains, in percent,
	// "spectrum.lambda_max" the largest eigenvalue of the Hessian at the trained weights.
	Measures map[string]float64 `json:"measures,omitempty"`
	// Flatness is how flat the loss is by each map and split ("surface-train").
	Flatness map[string][]surface.Summary `json:"flatness,omitempty"`
	// Diverged says where the training lost its way, if it did.
	Diverged *trainlog.Divergence `json:"diverged,omitempty"`
	// Stopped says why the training ended before its last epoch, if it did.
	Stopped *trainlog.Stop `json:"stopped,omitempty"`
	// Restored is the epoch whose weights were taken in place of the last ones, 0 for the last ones.
	Restored int `json:"restored,omitempty"`
	// Gradient compares the gradient of an imported network with differences of its loss.
	Gradient *trainlog.Gradient `json:"gradient,omitempty"`
	// Artifacts are digests of outputs, by "step/output" within the experiment.
	Artifacts map[string]string `json:"artifacts"`
	// Errors are those of failed steps, by step.
	Errors map[string]string `json:"errors,omitempty"`
}

// Sound says that the training produced weights with a finite loss, as [trainlog.Log.Sound]: only then the numbers count in means.
func (e Experiment) Sound() bool { return e.TrainLoss != nil && e.Diverged == nil }

// readers is how many experiments' results are read at a time.
const readers = 16

// Experiments makes the table of a sweep from the state of its steps.
func (s *Sweep) Experiments(ctx context.Context) ([]Experiment, error) {
	rows := make([]Experiment, len(s.Graph.Experiments))
	reading, ctx := errgroup.WithContext(ctx)
	reading.SetLimit(readers)
	for i, e := range s.Graph.Experiments {
		reading.Go(func() (err error) {
			rows[i], err = s.experiment(ctx, e)
			return err
		})
	}
	return rows, reading.Wait()
}

// experiment makes the row of one experiment.
func (s *Sweep) experiment(ctx context.Context, e pipelines.Experiment) (Experiment, error) {
	row := Experiment{Name: e.Name, Group: e.Group, Params: e.Params, Artifacts: map[string]string{}}
	if row.Params == nil {
		row.Params = map[string]any{}
	}
	states := tally{}
	for _, step := range e.Steps {
		st := s.Step(step.ID)
		states.add(st)
		if st.Error != "" && st.State == artifacts.StateFailed {
			row.fail(step, st)
		}
		for name, blob := range st.Outputs {
			row.Artifacts[step.Name()+"/"+name] = blob.Digest.String()
		}
		if err := row.read(ctx, s, e, step); err != nil {
			return row, err
		}
	}
	row.State = states.sum(row.Diverged != nil)
	return row, nil
}

// fail notes the error of a step.
func (e *Experiment) fail(step pipelines.Step, st artifacts.RootStep) {
	if e.Errors == nil {
		e.Errors = map[string]string{}
	}
	e.Errors[step.Name()] = st.Error
}

// read takes the numbers of an experiment from a step's outputs.
func (e *Experiment) read(ctx context.Context, s *Sweep, of pipelines.Experiment, step pipelines.Step) error {
	switch at := step.At; {
	case at.Role == pipelines.RoleWeights:
		log, err := s.Log(ctx, step.ID)
		if err != nil || log == nil {
			return err
		}
		e.Diverged, e.Stopped, e.Restored, e.Gradient = log.Diverged, log.Stopped, log.Restored, log.Gradient
		e.TrainLoss, e.TestLoss, e.Score = finite(log.Final.TrainLoss), finite(log.Final.TestLoss), Score(step.Params)
		e.TestExamples = TestExamples(step.Params)
		switch shown := e.Score.Shown(log.Final.TestAccuracy); e.Score {
		case "":
			e.TestError = finite(shown)
		case trainlog.NoScore:
		default:
			e.measure(e.Score.Column(), shown)
		}
		if step.Kind == pipelines.KindImport {
			if e.Score == "" {
				e.TrainError = finite(e.Score.Shown(log.Final.TrainAccuracy))
			}
			e.Guessing = guessing(step.Params)
		}
	case at.Role == pipelines.RolePath:
		path, err := s.Path(ctx, step.ID)
		if err != nil || path == nil {
			return err
		}
		e.measure(at.Map+".pc1", 100*path.Ratio[0])
		e.measure(at.Map+".pc2", 100*path.Ratio[1])
	case at.Role == pipelines.RoleFlatness:
		f, err := s.Flatness(ctx, step.ID)
		if err != nil || f == nil {
			return err
		}
		e.flat(at.MapSplit(), f.Summary)
	case at.Role == pipelines.RoleMap && step.Kind.IsSpectrum():
		sp, err := s.Spectrum(ctx, step.ID)
		if err != nil || sp == nil {
			return err
		}
		name := spectrumName(of, at)
		trace, deviation := sp.Trace()
		e.measure(name+".lambda_max", sp.LambdaMax)
		e.measure(name+".lambda_min", sp.LambdaMin)
		e.measure(name+".lambda_max"+Residual, sp.ResidualMax)
		e.measure(name+".lambda_min"+Residual, sp.ResidualMin)
		var more []surface.Summary
		if finite(trace) != nil {
			more = append(more, surface.NewSummary("trace", []surface.Measured{{Value: trace, SE: deviation}}))
		}
		e.flat(name, append(more, sp.More()...))
	}
	return nil
}

// guessing is the loss of Experiment.Guessing, by the parameters of an import.
func guessing(params json.RawMessage) float64 {
	var p struct {
		Data pipelines.TrainData `json:"data"`
	}
	if json.Unmarshal(params, &p) != nil {
		return 0
	}
	of, err := problem.Parse([]byte(p.Data.Problem))
	if err != nil || of.Loss != problem.CrossEntropy || of.ClassWeights != nil {
		return 0
	}
	return math.Log(float64(of.Outputs))
}

// spectrumName is what a spectrum is called among the measures: the map's name, with the split behind it if the map is of both.
func spectrumName(e pipelines.Experiment, at pipelines.Address) string {
	for _, other := range e.Steps {
		if o := other.At; o.Role == at.Role && o.Map == at.Map && o.Split != at.Split {
			return at.MapSplit()
		}
	}
	return at.Map
}

// flat notes measures of a map that have a spread or an error.
func (e *Experiment) flat(name string, measures []surface.Summary) {
	if len(measures) == 0 {
		return
	}
	if e.Flatness == nil {
		e.Flatness = map[string][]surface.Summary{}
	}
	e.Flatness[name] = measures
}

// measure notes a number that JSON can hold, and ignores any other.
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

// Params returns the swept parameters of all rows, sorted.
func Params(rows []Experiment) []string {
	return sortedKeys(rows, func(e Experiment) map[string]any { return e.Params })
}

// ParamText is a parameter in a table: a list or mapping, such as a schedule, as JSON.
func ParamText(v any) string {
	switch v.(type) {
	case []any, map[string]any:
		if b, err := json.Marshal(v); err == nil {
			return string(b)
		}
	}
	return fmt.Sprint(v)
}

// sortedKeys are the keys of one map of each row, each once.
func sortedKeys[V any](rows []Experiment, of func(Experiment) map[string]V) []string {
	all := map[string]V{}
	for _, r := range rows {
		maps.Copy(all, of(r))
	}
	return slices.Sorted(maps.Keys(all))
}
