package show

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lossatlas/activities/results"
	"lossatlas/artifacts"
	"lossatlas/pipelines/syntax"
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
unique, or the first digits of its key; a digest is sha256:….`
	return cmd
}

// explainer knows how steps are called in sweeps.
type explainer struct {
	*app.App
	services *session.Session
	outputs  []results.Output
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
		k, err := e.find(ctx, name)
		if err != nil {
			return err
		}
		h, err := s.Store.History(ctx, k)
		if errors.Is(err, artifacts.ErrNotFound) {
			return fmt.Errorf("the result of %s is not in the store any more: %w", name, err)
		}
		if err != nil {
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

// newExplainer reads the sweeps' records.
func newExplainer(ctx context.Context, a *app.App, s *session.Session) (*explainer, error) {
	e := &explainer{App: a, services: s}
	roots, err := sweeps.Stored(ctx, a, s)
	if err != nil {
		return nil, err
	}
	for i, r := range roots {
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

// names are the names of a step in sweeps.
func (e *explainer) names(k artifacts.Key) []string {
	var out []string
	for _, o := range e.outputs {
		if name := o.Sweep + "/" + o.Step; o.Key == k && !slices.Contains(out, name) {
			out = append(out, name)
		}
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

// find returns the step that a name stands for.
func (e *explainer) find(ctx context.Context, name string) (artifacts.Key, error) {
	if strings.HasPrefix(name, "sha256:") {
		return e.maker(ctx, name)
	}
	if hexDigits.MatchString(name) {
		k, err := e.services.Store.FindAction(ctx, name)
		if err == nil || !errors.Is(err, artifacts.ErrNotFound) {
			return k, err
		}
	}
	var found []artifacts.Key
	var matches []string
	for _, o := range e.outputs {
		full := o.Sweep + "/" + o.Step
		if o.Key.IsZero() || !o.Named(name) || slices.Contains(matches, full) {
			continue
		}
		matches = append(matches, full)
		if !slices.Contains(found, o.Key) {
			found = append(found, o.Key)
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	if len(found) == 0 { // a sweep or experiment, perhaps
		for _, o := range e.outputs {
			if step, ok := strings.CutPrefix(o.Sweep+"/"+o.Step, name+"/"); ok && !slices.Contains(matches, step) {
				matches = append(matches, step)
			}
		}
		if len(matches) > 0 {
			return artifacts.Key{}, exit.Usagef("%s is not a step; its steps are %s", name, app.JoinSome(matches))
		}
	}
	if len(matches) == 0 {
		return artifacts.Key{}, exit.Usagef("%w%s", &results.NameError{Name: name, Output: "step"}, e.guess(name))
	}
	return artifacts.Key{}, exit.With(exit.Usage, &results.NameError{Name: name, Output: "step", Matches: matches})
}

// measureName is the name of a measure of flatness as tables have it, with the name of its step or without it.
var measureName = regexp.MustCompile(`^(?:(.*)\.)?((?:width|sharp)[0-9.]+|convex|area|basins|depth)(?:\.(?:sd|bounds|se))?$`)

// guess says what a name that no step has may have been meant for: a step of a similar name, or a column of a table.
func (e *explainer) guess(name string) string {
	if m := measureName.FindStringSubmatch(name); m != nil {
		step := "MAP-SPLIT-flatness"
		if m[1] != "" {
			step = m[1] + "-flatness"
		}
		return fmt.Sprintf("; %s is a measure of flatness, which activities/README.md defines: the step that computed it is %s", m[2], step)
	}
	var names []string
	for _, o := range e.outputs {
		if !o.Key.IsZero() {
			names = append(names, o.Sweep+"/"+o.Step, o.Step)
		}
	}
	return syntax.DidYouMean(name, names)
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
