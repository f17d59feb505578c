// Package report makes the page of a sweep from its results.
package report

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"net/url"
	"slices"
	"strings"

	"lossatlas/activities/atlas"
	"lossatlas/activities/results"
	"lossatlas/activities/trainlog"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// Options add live information to a served page. The stored page of a sweep has only results.
type Options struct {
	// UI is the address of the Temporal UI ("http://127.0.0.1:8233"), to which the results' runs are linked, and Namespace
	// is theirs, by default "default".
	UI, Namespace string
	// Unfinished says that results which are missing may still come: those of steps that neither failed nor need one that did.
	Unfinished bool
}

// Page makes the page of a sweep from the available results. It is the same for the same results and options. It fails
// with *[results.DecodeError] and *[PictureError] for results that no page can be made of.
func Page(ctx context.Context, sweep *results.Sweep, opt Options) ([]byte, error) {
	g := sweep.Graph
	p := page{Sweep: sweep, opt: opt, facts: common(g.Experiments)}
	data := atlas.Data{Title: g.Title, Sweep: g.Sweep, Command: "lossatlas show " + g.Sweep, Facts: p.facts, Unfinished: opt.Unfinished, Watched: g.Watched}
	for _, e := range g.Experiments {
		section, err := p.experiment(ctx, e)
		if err != nil {
			return nil, err
		}
		data.Experiments = append(data.Experiments, section)
	}
	overview, err := p.overview(ctx)
	if err != nil {
		return nil, err
	}
	data.Comparisons = overview
	for _, c := range g.Comparisons {
		section, err := p.comparison(ctx, c)
		if err != nil {
			return nil, err
		}
		data.Comparisons = append(data.Comparisons, section)
	}
	html, err := atlas.Page(data)
	if err != nil {
		return nil, &PictureError{err}
	}
	return html, nil
}

// PictureError is that of a picture which can't be shown.
type PictureError struct{ error }

// Unwrap is the reason.
func (e *PictureError) Unwrap() error { return e.error }

// page fills the page of one sweep.
type page struct {
	*results.Sweep
	opt   Options
	facts []atlas.Pair
	// captioned gives maps captions, which on a page are those of their pictures.
	captioned bool
}

// pending says whether an output that is missing may still come.
func (p page) pending(id string) bool {
	st := p.Step(id)
	return p.opt.Unfinished && st.State != artifacts.StateFailed && (st.State != artifacts.StateNotRun || st.Error == "")
}

// absent says why something that a step makes is missing.
func (p page) absent(what, id string) string {
	if p.pending(id) {
		return what + " is not computed yet."
	}
	return what + " was not made; `lossatlas show " + p.Graph.Sweep + "` says why."
}

// pairs are parameters, sorted by path.
func pairs(params map[string]any) []atlas.Pair {
	var out []atlas.Pair
	for _, path := range slices.Sorted(maps.Keys(params)) {
		out = append(out, atlas.Pair{Name: path, Value: results.ParamText(params[path])})
	}
	return out
}

// common are the parameters that all experiments share. They are said once, so
// that the table of experiments shows what differs.
func common(experiments []pipelines.Experiment) []atlas.Pair {
	if len(experiments) == 0 {
		return nil
	}
	shared := pairs(experiments[0].Shown)
	for _, e := range experiments[1:] {
		own := pairs(e.Shown)
		shared = slices.DeleteFunc(shared, func(p atlas.Pair) bool { return !slices.Contains(own, p) })
	}
	return shared
}

func (p page) experiment(ctx context.Context, e pipelines.Experiment) (atlas.Experiment, error) {
	out := atlas.Experiment{Name: e.Name, Group: e.Group}
	for _, pair := range pairs(e.Shown) {
		if !slices.Contains(p.facts, pair) {
			out.Params = append(out.Params, pair)
		}
	}
	weights := results.Weights(e)
	if weights == nil {
		return out, fmt.Errorf("experiment %s has no training", e.Name)
	}
	log, err := p.Log(ctx, weights.ID)
	if err != nil {
		return out, err
	}
	if log == nil {
		out.Note = "The training has no result; `lossatlas show " + p.Graph.Sweep + "` says why."
		if p.pending(weights.ID) {
			out.Note = "The training is not done yet."
		}
		for _, s := range e.Steps {
			switch {
			case s.At.Role == pipelines.RoleMap && s.At.Pair == 0:
				out.AbsentMaps++
			case s.At.Role == pipelines.RolePicture:
				out.AbsentPictures++
			}
		}
		return out, nil
	}
	made, err := p.action(ctx, weights.ID)
	if err != nil {
		return out, err
	}
	out.Score, out.TestExamples = results.Score(made.Recipe.Params), results.TestExamples(made.Recipe.Params)
	showLog(&out, log)
	if weights.Kind == pipelines.KindImport && out.Score == "" && out.TrainLoss != nil {
		if miss := out.Score.Shown(log.Final.TrainAccuracy); !math.IsNaN(miss) {
			out.TrainError = &miss
		}
	}
	if out.Provenance, err = p.origins(ctx, pipelines.Ref{Step: weights.ID, Output: pipelines.OutLog}); err != nil {
		return out, err
	}
	if err := p.flatness(ctx, &out, e.Steps); err != nil {
		return out, err
	}
	err = p.drawings(ctx, &out, e.Steps, log.Diverged != nil)
	return out, err
}

// showLog puts the outcome of a training into its section.
func showLog(out *atlas.Experiment, log *trainlog.Log) {
	if len(log.Epochs) > 0 {
		out.Training = log
	}
	if log.Diverged != nil {
		out.Note = asSentence(log.Diverged.String() + "; nothing was mapped")
		return
	}
	if log.Gradient != nil && log.Gradient.Differs() {
		out.Note = log.Gradient.String()
	}
	if log.Stopped != nil {
		out.Note = asSentence(log.Stopped.String())
	}
	if log.Restored > 0 {
		out.Note = strings.TrimSpace(out.Note + fmt.Sprintf(" The weights are those of epoch %d, the best one.", log.Restored))
	}
	train, test := float64(log.Final.TrainLoss), float64(log.Final.TestLoss)
	if out.TrainLoss = &train; !math.IsNaN(test) || !math.IsNaN(float64(log.Final.TestAccuracy)) || math.IsNaN(train) {
		out.TestLoss = &test
	} // else there is no test split
	if miss := out.Score.Shown(log.Final.TestAccuracy); !math.IsNaN(miss) {
		out.TestError = &miss
	}
}

// asSentence begins a text with a capital and ends it.
func asSentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] + "." }

// flatness adds the available measures; the notes of pictures say why others are missing.
func (p page) flatness(ctx context.Context, out *atlas.Experiment, steps []pipelines.Step) error {
	for _, s := range steps {
		if s.At.Role == pipelines.RoleMap && s.Kind.IsSpectrum() {
			found, err := p.Spectrum(ctx, s.ID)
			if err != nil {
				return err
			}
			if found != nil && len(found.More()) > 0 {
				out.Flatness = append(out.Flatness, atlas.Flatness{Name: s.At.MapSplit(), Single: true, Summary: found.More()})
			}
		}
		if s.At.Role != pipelines.RoleFlatness {
			continue
		}
		f, err := p.Flatness(ctx, s.ID)
		if err != nil {
			return err
		}
		if f == nil {
			continue
		}
		made, err := p.origins(ctx, pipelines.Ref{Step: s.ID, Output: pipelines.OutFlatness})
		if err != nil {
			return err
		}
		out.Flatness = append(out.Flatness, atlas.Flatness{Name: s.At.MapSplit(), Pairs: len(f.Grids), Single: s.Kind == pipelines.KindSharpness, Summary: f.Summary})
		out.Provenance = append(out.Provenance, made...)
	}
	return nil
}

// overview is the section of the figures over all experiments; none where the sweep has no figures.
func (p page) overview(ctx context.Context) ([]atlas.Experiment, error) {
	figures := slices.DeleteFunc(slices.Clone(p.Graph.Final), func(s pipelines.Step) bool { return s.At.Role != pipelines.RoleFigure })
	if len(figures) == 0 {
		return nil, nil
	}
	out := atlas.Experiment{Name: "Figures of all experiments", Overview: true}
	err := p.drawings(ctx, &out, figures, false)
	return []atlas.Experiment{out}, err
}

// comparison is the section of maps between several experiments, which are its parameters.
func (p page) comparison(ctx context.Context, c pipelines.Comparison) (atlas.Experiment, error) {
	out := atlas.Experiment{Name: c.Name}
	for i, name := range c.Between {
		out.Params = append(out.Params, atlas.Pair{Name: c.Label(i), Value: name})
	}
	var err error
	if c.Pairs { // minimizers without weights are excluded
		return out, p.drawings(ctx, &out, p.Final(c.Name), false)
	}
	if out.Note, err = p.incomparable(ctx, c); err != nil {
		return out, err
	}
	err = p.drawings(ctx, &out, p.Final(c.Name), out.Note != "")
	return out, err
}

// incomparable says which training of a comparison produced no weights, "" if all did or still may.
func (p page) incomparable(ctx context.Context, c pipelines.Comparison) (string, error) {
	for _, end := range c.Between {
		i := slices.IndexFunc(p.Graph.Experiments, func(e pipelines.Experiment) bool { return e.Name == end })
		if i < 0 {
			continue
		}
		weights := results.Weights(p.Graph.Experiments[i])
		log, err := p.Log(ctx, weights.ID)
		switch {
		case err != nil:
			return "", err
		case log == nil && p.pending(weights.ID), log != nil && log.Diverged == nil:
		case log == nil:
			return fmt.Sprintf("There is nothing to compare: the training of %s has no result; `lossatlas show %s` says why.", end, p.Graph.Sweep), nil
		default:
			return fmt.Sprintf("There is nothing to compare: in %s, %s.", end, log.Diverged), nil
		}
	}
	return "", nil
}

// drawings adds the maps and pictures of a section; explained says that its note tells why some are missing, which are then
// left out.
func (p page) drawings(ctx context.Context, out *atlas.Experiment, steps []pipelines.Step, explained bool) error {
	numbers, err := p.Maps(ctx, steps)
	if err != nil {
		return err
	}
	for _, m := range numbers {
		if explained && !m.Done {
			continue
		}
		shown, err := p.showMap(ctx, m)
		if err != nil {
			return err
		}
		if p.captioned {
			if shown.Caption, err = p.caption(ctx, m.Step, &m); err != nil {
				return err
			}
			if shown.Caption != "" { // which has the notes and directions
				shown.Note, shown.Directions = "", ""
			}
		}
		out.Maps = append(out.Maps, shown)
	}
	for _, s := range steps {
		if s.At.Role != pipelines.RolePicture && s.At.Role != pipelines.RoleFigure || explained && !p.Has(s.ID, pipelines.OutSVG) {
			continue
		}
		picture, err := p.picture(ctx, s, numbers)
		if err != nil {
			return err
		}
		out.Pictures = append(out.Pictures, picture)
	}
	return nil
}

// picture shows a picture with its data, which are among the maps of its section.
func (p page) picture(ctx context.Context, s pipelines.Step, numbers []results.Map) (atlas.Picture, error) {
	out := atlas.Picture{Title: s.Caption}
	if !p.Has(s.ID, pipelines.OutSVG) || !p.Has(s.ID, pipelines.OutPNG) {
		out.Note = p.absent("This picture", s.ID)
		return out, nil
	}
	var err error
	if out.SVG, err = p.Bytes(ctx, s.ID, pipelines.OutSVG); err != nil {
		return out, err
	}
	if out.PNG, err = p.Bytes(ctx, s.ID, pipelines.OutPNG); err != nil {
		return out, err
	}
	if out.Data, err = p.otherForms(ctx, s); err != nil {
		return out, err
	}
	origins := []pipelines.Ref{{Step: s.ID, Output: pipelines.OutSVG}}
	var shown *results.Map
	if i := slices.IndexFunc(numbers, func(m results.Map) bool {
		return m.Step.At.Map == s.At.Map && (m.Step.At.Split == s.At.Split || s.At.Split == "")
	}); i >= 0 && s.At.Role == pipelines.RolePicture {
		m := numbers[i]
		shown = &m
		files, err := p.numbers(ctx, m)
		if err != nil {
			return out, err
		}
		out.Data = append(out.Data, files...)
		origins = append(origins, mapOrigins(m)...)
	}
	if out.Caption, err = p.caption(ctx, s, shown); err != nil {
		return out, err
	}
	out.Provenance, err = p.origins(ctx, origins...)
	return out, err
}

// otherForms are the files that a picture's step wrote in addition to those that the page shows.
func (p page) otherForms(ctx context.Context, s pipelines.Step) ([]atlas.File, error) {
	action, err := p.action(ctx, s.ID)
	if err != nil {
		return nil, err
	}
	var out []atlas.File
	for _, form := range slices.Sorted(maps.Keys(action.Outputs)) {
		if form == pipelines.OutSVG || form == pipelines.OutPNG {
			continue
		}
		b, err := p.Store.Get(ctx, action.Outputs[form].Digest)
		if err != nil {
			return nil, fmt.Errorf("output %s of step %s: %w", form, s.ID, err)
		}
		out = append(out, atlas.File{Label: strings.ToUpper(form), Ext: form, Type: "application/" + form, Data: b})
	}
	return out, nil
}

func (p page) action(ctx context.Context, id string) (artifacts.Action, error) {
	action, err := p.Store.Lookup(ctx, p.Steps[id].Key)
	if err != nil {
		return action, fmt.Errorf("provenance of %s: %w", id, err)
	}
	return action, nil
}

// origins are the provenance of the available outputs.
func (p page) origins(ctx context.Context, outputs ...pipelines.Ref) ([]atlas.Provenance, error) {
	var out []atlas.Provenance
	for _, o := range outputs {
		if !p.Has(o.Step, o.Output) {
			continue
		}
		action, err := p.action(ctx, o.Step)
		if err != nil {
			return nil, err
		}
		out = append(out, p.provenance(action, p.Steps[o.Step].Outputs[o.Output].Digest))
	}
	return out, nil
}

// provenance says how the step behind a result is identified and what it was
// made from. Times and places stay in the store: they differ from run to run.
func (p page) provenance(action artifacts.Action, result artifacts.Digest) atlas.Provenance {
	out := atlas.Provenance{Kind: action.Recipe.Kind, Key: action.Key.String()}
	add := func(name string, value any) {
		out.Items = append(out.Items, atlas.Pair{Name: name, Value: fmt.Sprint(value)})
	}
	if made := action.Made; p.opt.UI != "" && made.WorkflowID != "" {
		out.Run = fmt.Sprintf("%s/namespaces/%s/workflows/%s/%s/history", strings.TrimSuffix(p.opt.UI, "/"),
			url.PathEscape(cmp.Or(p.opt.Namespace, "default")), url.PathEscape(made.WorkflowID), url.PathEscape(made.RunID))
	}
	add("result", result)
	for _, input := range slices.Sorted(maps.Keys(action.Recipe.Inputs)) {
		add("input "+input, action.Recipe.Inputs[input])
	}
	add("parameters", string(action.Recipe.Params))
	add("code version", action.Recipe.Version)
	if action.Recipe.Numerics != "" {
		add("numerics", action.Recipe.Numerics)
	}
	return out
}
