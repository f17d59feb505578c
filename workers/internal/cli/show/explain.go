package show

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lossatlas/activities/refine"
	"lossatlas/activities/results"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/cli/sweeps"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/session"
)

func explainCommand(a *app.App) *cobra.Command {
	cmd := app.Command("explain STEP|DIGEST [STEP|DIGEST]", "Show how a result was made, down to data and seed; or how two results differ", cobra.RangeArgs(1, 2),
		a.InSession(func(ctx context.Context, s *session.Session, args []string) error { return explain(ctx, a, s, args) }))
	cmd.Long = cmd.Short + `.

A step is named as in ` + "`lossatlas status`" + `: sweep/experiment/step, or any end of that which is
unique, or the first digits of its key; a digest is sha256:…. Of the experiment some values are
enough, as in lr=0.1/surface-train, and a name that the screen shortens, as
small_wi…/surface-train, stands for the step that it fits.`
	return cmd
}

// explainer knows how steps are called in sweeps.
type explainer struct {
	*app.App
	services   *session.Session
	outputs    []results.Output
	unfinished []string                              // sweeps that have steps without a result
	named      map[*artifacts.History]results.Output // how the explained results were named
	ranges     map[artifacts.Digest]string           // found by steps of range: auto, as " [-0.5, 0.5] along x, [-1, 1] along y"
}

// explained is what `explain` says of two results.
type explained struct {
	A           *artifacts.History     `json:"a"`
	B           *artifacts.History     `json:"b"`
	Same        bool                   `json:"same"` // the same result
	Differences []artifacts.Difference `json:"differences"`
}

func explain(ctx context.Context, a *app.App, s *session.Session, args []string) error {
	e, err := newExplainer(ctx, a, s)
	if err != nil {
		return err
	}
	var histories []*artifacts.History
	for _, name := range args {
		k, of, err := e.find(ctx, name)
		if err != nil {
			return err
		}
		h, err := s.Store.History(ctx, k, e.within(of)...)
		if errors.Is(err, artifacts.ErrNotFound) {
			return fmt.Errorf("the result of %s is not in the store any more: %w", name, err)
		}
		if err != nil {
			return err
		}
		e.named[h] = of
		if err := e.readRanges(ctx, h); err != nil {
			return err
		}
		histories = append(histories, h)
	}
	if len(args) == 2 {
		x := explained{histories[0], histories[1], histories[0].Top == histories[1].Top, artifacts.Compare(histories[0], histories[1])}
		if a.Settings.Output != "text" {
			if x.Differences == nil {
				x.Differences = []artifacts.Difference{}
			}
			return a.PrintJSON(x)
		}
		return e.printDifferences(x)
	}
	if a.Settings.Output != "text" {
		return a.PrintJSON(histories[0])
	}
	return e.printHistory(histories[0])
}

// readRanges reads the ranges that steps of a history found, as far as the store has them.
func (e *explainer) readRanges(ctx context.Context, h *artifacts.History) error {
	for _, step := range h.Steps {
		blob, ok := step.Outputs[pipelines.OutRange]
		if !ok {
			continue
		}
		b, err := e.services.Store.Get(ctx, blob.Digest)
		if errors.Is(err, artifacts.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		found, err := refine.DecodeRange(b)
		if err != nil {
			return fmt.Errorf("the range of step %s: %w", step.Key.Short(), err)
		}
		var axes []string
		for i := range found.Distance {
			lo, hi := found.Range(i, 0)
			axes = append(axes, fmt.Sprintf("[%.4g, %.4g] along %c", lo, hi, "xy"[i]))
		}
		e.ranges[blob.Digest] = " " + strings.Join(axes, ", ")
	}
	return nil
}

// newExplainer reads the sweeps' records.
func newExplainer(ctx context.Context, a *app.App, s *session.Session) (*explainer, error) {
	e := &explainer{App: a, services: s, named: map[*artifacts.History]results.Output{}, ranges: map[artifacts.Digest]string{}}
	roots, err := sweeps.Stored(ctx, a, s)
	if err != nil {
		return nil, err
	}
	for i, r := range roots {
		if r.State != artifacts.StateDone {
			e.unfinished = append(e.unfinished, r.Sweep)
		}
		if r.State != artifacts.StateRunning {
			continue
		}
		// The record of a running sweep has no steps until its end.
		if roots[i].Steps, err = e.underWay(ctx, r.Sweep); err != nil {
			a.Log.Warn().Err(err).Str("sweep", r.Sweep).Msg("its steps can't be listed")
		}
	}
	e.outputs = results.Outputs(roots)
	return e, nil
}

// names are the names of a step in sweeps, those in the experiment of a step first, then those in its sweep.
func (e *explainer) names(k artifacts.Key, of results.Output) []string {
	var out []string
	for _, part := range [][]results.Output{e.inExperiment(of), e.inSweep(of), e.outputs} {
		for _, o := range part {
			if name := o.Sweep + "/" + o.Step; o.Key == k && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// inSweep and inExperiment are the outputs in the sweep of a step, and in its experiment.
func (e *explainer) inSweep(of results.Output) []results.Output {
	return slices.DeleteFunc(slices.Clone(e.outputs), func(o results.Output) bool { return o.Sweep != of.Sweep })
}

func (e *explainer) inExperiment(of results.Output) []results.Output {
	experiment := of.Step[:strings.LastIndexByte(of.Step, '/')+1]
	return slices.DeleteFunc(e.inSweep(of), func(o results.Output) bool { return !strings.HasPrefix(o.Step, experiment) })
}

// within are the makers of blobs as the experiment of a step has them, then as its sweep has them.
func (e *explainer) within(of results.Output) []artifacts.Makers {
	var out []artifacts.Makers
	for _, part := range [][]results.Output{e.inExperiment(of), e.inSweep(of)} {
		m := artifacts.Makers{}
		for _, o := range part {
			m.Add(o.Key, o.Digest)
		}
		out = append(out, m)
	}
	return out
}

func (e *explainer) underWay(ctx context.Context, sweep string) (map[string]artifacts.RootStep, error) {
	w, err := sweeps.Find(ctx, e.App, e.services, sweep)
	if err != nil {
		return nil, err
	}
	return w.CurrentSteps(ctx, e.services)
}

var hexDigits = regexp.MustCompile(`^[0-9a-f]{8,64}$`)

// find returns the step that a name stands for, and an output of it in a sweep, if one has it.
func (e *explainer) find(ctx context.Context, name string) (artifacts.Key, results.Output, error) {
	if strings.HasPrefix(name, "sha256:") {
		k, err := e.maker(ctx, name)
		return k, e.recorded(k), err
	}
	if hexDigits.MatchString(name) {
		k, err := e.services.Store.FindAction(ctx, name)
		if err == nil || !errors.Is(err, artifacts.ErrNotFound) {
			return k, e.recorded(k), err
		}
	}
	steps := slices.DeleteFunc(slices.Clone(e.outputs), func(o results.Output) bool { return o.Key.IsZero() })
	named := results.Named(steps, name)
	var found []artifacts.Key
	for _, o := range named {
		if !slices.Contains(found, o.Key) {
			found = append(found, o.Key)
		}
	}
	switch len(found) {
	case 0:
		return artifacts.Key{}, results.Output{}, exit.With(exit.Usage, cmp.Or(e.noResult(ctx, name), noStep(steps, name)))
	case 1:
		return found[0], named[0], nil
	}
	return artifacts.Key{}, results.Output{}, exit.With(exit.Usage, results.NewNameError(name, "step", named, steps))
}

// noResult is the error of the name of a step that has no result yet; nil for other names.
func (e *explainer) noResult(ctx context.Context, name string) error {
	for _, sweep := range e.unfinished {
		w, err := sweeps.Find(ctx, e.App, e.services, sweep)
		if err != nil {
			e.Log.Warn().Err(err).Str("sweep", sweep).Msg("its steps can't be listed")
			continue
		}
		byName := func(s pipelines.Placed) string { return sweep + "/" + s.Step.ID }
		if found := results.Find(w.StepGraph.All(), name, byName); len(found) > 0 {
			return fmt.Errorf("%s has no result yet; `lossatlas status %s` has the state of its sweep", byName(found[0]), sweep)
		}
	}
	return nil
}

// recorded is the first output of a step in sweeps, or zero.
func (e *explainer) recorded(k artifacts.Key) results.Output {
	if i := slices.IndexFunc(e.outputs, func(o results.Output) bool { return o.Key == k }); i >= 0 {
		return e.outputs[i]
	}
	return results.Output{}
}

// measureName is the name of a measure of flatness as tables have it, with the name of its step or without it.
var measureName = regexp.MustCompile(`^(?:(.*)\.)?((?:width|sharp)[0-9.]+|convex|area|basins|depth)(?:\.(?:sd|bounds|se))?$`)

// noStep is the error of a name that no step has: of a measure of flatness, a sweep or an experiment, or of nothing.
func noStep(steps []results.Output, name string) error {
	if m := measureName.FindStringSubmatch(name); m != nil {
		step := "MAP-SPLIT-flatness"
		if m[1] != "" {
			step = m[1] + "-flatness"
		}
		return fmt.Errorf("no step has the name %q; %s is a measure of flatness, which activities/README.md defines: the step that computed it is %s", name, m[2], step)
	}
	var within []string
	for _, o := range steps {
		if step, ok := strings.CutPrefix(o.Sweep+"/"+o.Step, name+"/"); ok && !slices.Contains(within, step) {
			within = append(within, step)
		}
	}
	if len(within) > 0 {
		return fmt.Errorf("%s is not a step; its steps are %s", name, app.JoinSome(within))
	}
	return results.NewNameError(name, "step", nil, steps)
}

// maker is the step that wrote a blob, the earliest if several wrote the same.
func (e *explainer) maker(ctx context.Context, name string) (artifacts.Key, error) {
	d, err := artifacts.ParseDigest(name)
	if err != nil {
		return artifacts.Key{}, exit.With(exit.Usage, err)
	}
	var keys []artifacts.Key
	imported := ""
	for _, o := range e.outputs {
		switch {
		case o.Digest != d:
		case o.Kind == sweeps.KindWeights:
			imported = o.Sweep
		case !slices.Contains(keys, o.Key):
			keys = append(keys, o.Key)
		}
	}
	if len(keys) != 1 { // unknown, or to be put in order
		if keys, err = e.services.Store.MadeBy(ctx, d); err != nil {
			return artifacts.Key{}, err
		}
	}
	if len(keys) > 1 {
		e.Say("%s wrote these bytes; this is about the first", app.Count(len(keys), "step"))
	}
	if len(keys) > 0 {
		return keys[0], nil
	}
	if imported != "" {
		return artifacts.Key{}, fmt.Errorf("%s was imported as %s and made by no step", d, imported)
	}
	return artifacts.Key{}, exit.Usagef("no step in the store wrote %s", d)
}
