package work

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/url"
	"slices"
	"strings"

	"lossatlas/activities/atlas"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// PageOptions are what a page that is served shows beyond the results. The page that a sweep keeps has none of it.
type PageOptions struct {
	// UI is the address of the Temporal UI ("http://127.0.0.1:8233"), to which the results' runs are linked, and Namespace
	// is theirs, by default "default".
	UI, Namespace string
	// Unfinished says that inputs which are not there may still come.
	Unfinished bool
	// Never are inputs which will not come however far the sweep goes on, by name: their step failed, or needs one that did.
	Never map[string]bool
	// Running are the steps that are making inputs, by the input's name: the page shows the points of a map that are there.
	Running map[string]Job
	// Partial remembers the points of such maps for the next page; nil is as good.
	Partial *PartialMaps
}

// Page makes the page of a sweep from the inputs that there are, by the names that p has for them. It needs
// no more than the store, and is the same for the same results and options.
func Page(ctx context.Context, store *artifacts.Store, p pipelines.ReportParams, inputs map[string]Input, opt PageOptions) ([]byte, error) {
	job := Job{
		Label: "report", Recipe: artifacts.Recipe{Kind: string(pipelines.KindReport), Inputs: make(map[string]artifacts.Digest, len(inputs))},
		Producers: make(map[string]artifacts.Key, len(inputs)),
	}
	for name, i := range inputs {
		job.Recipe.Inputs[name], job.Producers[name] = i.Digest, i.Producer
	}
	page := atlas.Data{Title: p.Title, Sweep: p.Sweep, Command: "lossatlas run " + p.Sweep + ".yaml", Facts: common(p.Experiments), Unfinished: opt.Unfinished}
	r := reporter{Run: &Run{Job: job, Machine: &Machine{Store: store}}, opt: opt, sweep: p.Sweep, facts: page.Facts, experiments: p.Experiments}
	for _, e := range p.Experiments {
		section, err := r.experiment(ctx, e)
		if err != nil {
			return nil, err
		}
		page.Experiments = append(page.Experiments, section)
	}
	if len(p.Figures) > 0 {
		section, err := r.comparison(ctx, pipelines.ReportExperiment{
			Name: "All experiments", Params: map[string]any{"experiments": len(p.Experiments)}, Pictures: p.Figures,
		})
		if err != nil {
			return nil, err
		}
		section.Overview = true
		page.Comparisons = append(page.Comparisons, section)
	}
	for _, e := range p.Comparisons {
		section, err := r.comparison(ctx, e)
		if err != nil {
			return nil, err
		}
		page.Comparisons = append(page.Comparisons, section)
	}
	html, err := atlas.Page(page)
	if err != nil {
		return nil, Permanent("BadPicture", err)
	}
	return html, nil
}

// reporter fills the page of one sweep.
type reporter struct {
	*Run  // of a machine with a store alone
	opt   PageOptions
	sweep string
	facts []atlas.Pair
	// experiments are those of the sweep, which comparisons name.
	experiments []pipelines.ReportExperiment
}

// pending says whether an input that is not there may still come.
func (r reporter) pending(name string) bool { return r.opt.Unfinished && !r.opt.Never[name] }

// absent says why something that is made from an input is not there.
func (r reporter) absent(what, input string) string {
	if r.pending(input) {
		return what + " is not there yet."
	}
	return what + " was not made; `lossatlas show " + r.sweep + "` says why."
}

// pairs are an experiment's parameters, sorted by path.
func pairs(params map[string]any) []atlas.Pair {
	var out []atlas.Pair
	for _, path := range slices.Sorted(maps.Keys(params)) {
		out = append(out, atlas.Pair{Name: path, Value: fmt.Sprint(params[path])})
	}
	return out
}

// common are the parameters that all experiments share. They are said once, so
// that the table of experiments shows what differs. A single experiment shares nothing.
func common(experiments []pipelines.ReportExperiment) []atlas.Pair {
	if len(experiments) < 2 {
		return nil
	}
	shared := pairs(experiments[0].Params)
	for _, e := range experiments[1:] {
		own := pairs(e.Params)
		shared = slices.DeleteFunc(shared, func(p atlas.Pair) bool { return !slices.Contains(own, p) })
	}
	return shared
}

// has says whether an input is there; those of failed steps are not.
func (r reporter) has(name string) bool {
	return r.Run.has(name)
}

func (r reporter) experiment(ctx context.Context, e pipelines.ReportExperiment) (atlas.Experiment, error) {
	out := atlas.Experiment{Name: e.Name, Group: e.Group}
	for _, p := range pairs(e.Params) {
		if !slices.Contains(r.facts, p) {
			out.Params = append(out.Params, p)
		}
	}
	if !r.has(e.Log) {
		out.Note = "The training has no result; `lossatlas show " + r.sweep + "` says why."
		if r.pending(e.Log) {
			out.Note = "The training is not done yet."
		}
		out.AbsentMaps, out.AbsentPictures = len(e.Maps), len(e.Pictures)
		return out, nil
	}
	log, err := r.trainLog(ctx, e.Log)
	if err != nil {
		return out, err
	}
	if log.Diverged != nil {
		out.Note = log.Diverged.String() + "; nothing was mapped"
		out.Note = strings.ToUpper(out.Note[:1]) + out.Note[1:] + "."
	} else {
		train, test := float64(log.Final.TrainLoss), float64(log.Final.TestLoss)
		out.TrainLoss, out.TestLoss = &train, &test
		if miss := log.Final.TestError(); !math.IsNaN(miss) {
			out.TestError = &miss
		}
	}
	made, err := r.provenance(ctx, e.Log)
	if err != nil {
		return out, err
	}
	out.Provenance = append(out.Provenance, made)
	for _, f := range e.Flatness {
		if !r.has(f.Input) {
			continue // the pictures' notes say why
		}
		b, err := r.input(ctx, f.Input)
		if err != nil {
			return out, err
		}
		var measured FlatnessResult
		if err := json.Unmarshal(b, &measured); err != nil {
			return out, Permanent("BadFlatness", fmt.Errorf("%s: input %s: %w", r.Label, f.Input, err))
		}
		made, err := r.provenance(ctx, f.Input)
		if err != nil {
			return out, err
		}
		out.Flatness = append(out.Flatness, atlas.Flatness{Name: f.Name, Pairs: len(measured.Grids), Summary: measured.Summary})
		out.Provenance = append(out.Provenance, made)
	}
	if out.Maps, err = r.maps(ctx, e.Maps, log.Diverged != nil); err != nil {
		return out, err
	}
	out.Training = log.course()
	out.Pictures, err = r.pictures(ctx, e.Pictures, log.Diverged != nil)
	return out, err
}

// comparison is the section of maps between several experiments, which are its parameters.
func (r reporter) comparison(ctx context.Context, e pipelines.ReportExperiment) (atlas.Experiment, error) {
	out := atlas.Experiment{Name: e.Name, Params: pairs(e.Params)}
	var err error
	if out.Note, err = r.incomparable(ctx, e); err != nil {
		return out, err
	}
	if out.Maps, err = r.maps(ctx, e.Maps, out.Note != ""); err != nil {
		return out, err
	}
	out.Pictures, err = r.pictures(ctx, e.Pictures, out.Note != "")
	return out, err
}

// pictures are those of a section; explained says that its note tells why some were not drawn, which are then left out.
func (r reporter) pictures(ctx context.Context, pictures []pipelines.ReportPicture, explained bool) ([]atlas.Picture, error) {
	var out []atlas.Picture
	for _, pic := range pictures {
		if explained && !r.has(pic.SVG) {
			continue
		}
		figure, err := r.picture(ctx, pic)
		if err != nil {
			return nil, err
		}
		out = append(out, figure)
	}
	return out, nil
}

// incomparable says which training of a comparison produced no weights, "" if all did or still may.
func (r reporter) incomparable(ctx context.Context, comparison pipelines.ReportExperiment) (string, error) {
	for _, end := range pairs(comparison.Params) {
		i := slices.IndexFunc(r.experiments, func(e pipelines.ReportExperiment) bool { return e.Name == end.Value })
		switch {
		case i < 0:
		case r.has(r.experiments[i].Log):
			log, err := r.trainLog(ctx, r.experiments[i].Log)
			if err != nil {
				return "", err
			}
			if log.Diverged != nil {
				return fmt.Sprintf("There is nothing to compare: in %s, %s.", end.Value, log.Diverged), nil
			}
		case !r.pending(r.experiments[i].Log):
			return fmt.Sprintf("There is nothing to compare: the training of %s has no result; `lossatlas show %s` says why.", end.Value, r.sweep), nil
		}
	}
	return "", nil
}

func (r reporter) picture(ctx context.Context, pic pipelines.ReportPicture) (atlas.Picture, error) {
	out := atlas.Picture{Title: pic.Title}
	if !r.has(pic.SVG) || !r.has(pic.PNG) {
		out.Note = r.absent("This picture", pic.SVG)
		return out, nil
	}
	var err error
	if out.SVG, err = r.input(ctx, pic.SVG); err != nil {
		return out, err
	}
	if out.PNG, err = r.input(ctx, pic.PNG); err != nil {
		return out, err
	}
	if out.Data, err = r.otherForms(ctx, pic.SVG); err != nil {
		return out, err
	}
	if r.has(pic.Path) {
		numbers, err := r.numbers(ctx, pic)
		if err != nil {
			return out, err
		}
		out.Data = append(out.Data, numbers...)
	}
	out.Provenance, err = r.origins(ctx, pic.SVG, pic.Grid, pic.Path)
	return out, err
}

// origins are the provenance of those inputs that there are.
func (r reporter) origins(ctx context.Context, names ...string) ([]atlas.Provenance, error) {
	var out []atlas.Provenance
	for _, name := range names {
		if !r.has(name) {
			continue
		}
		made, err := r.provenance(ctx, name)
		if err != nil {
			return nil, err
		}
		out = append(out, made)
	}
	return out, nil
}

// otherForms are the files that a picture's step wrote beside those that the page shows.
func (r reporter) otherForms(ctx context.Context, name string) ([]atlas.File, error) {
	action, err := r.Store.Lookup(ctx, r.Producers[name])
	if err != nil {
		return nil, fmt.Errorf("provenance of %s: %w", name, err)
	}
	var out []atlas.File
	for _, form := range slices.Sorted(maps.Keys(action.Outputs)) {
		if form == pipelines.OutSVG || form == pipelines.OutPNG {
			continue
		}
		b, err := r.Store.Get(ctx, action.Outputs[form].Digest)
		if err != nil {
			return nil, fmt.Errorf("output %s of the step of %s: %w", form, name, err)
		}
		out = append(out, atlas.File{Label: strings.ToUpper(form), Ext: form, Type: "application/" + form, Data: b})
	}
	return out, nil
}

// numbers are the path and the grid behind a picture, as files.
func (r reporter) numbers(ctx context.Context, pic pipelines.ReportPicture) ([]atlas.File, error) {
	path, err := r.path(ctx, pic.Path)
	if err != nil {
		return nil, err
	}
	raw, err := path.Encode()
	if err != nil {
		return nil, err
	}
	table, err := path.CSV()
	if err != nil {
		return nil, err
	}
	out := []atlas.File{
		{Label: "path (JSON)", Ext: "path.json", Type: "application/json", Data: raw},
		{Label: "path (CSV)", Ext: "path.csv", Type: "text/csv", Data: table},
	}
	if !r.has(pic.Grid) {
		return out, nil
	}
	g, err := r.input(ctx, pic.Grid)
	if err != nil {
		return nil, err
	}
	return append(out, atlas.File{Label: "grid (NPZ)", Ext: "npz", Type: "application/octet-stream", Data: g}), nil
}

// provenance says how the step behind an input is identified and what it was
// made from. Times and places stay in the store: they differ from run to run.
func (r reporter) provenance(ctx context.Context, name string) (atlas.Provenance, error) {
	key := r.Producers[name]
	action, err := r.Store.Lookup(ctx, key)
	if err != nil {
		return atlas.Provenance{}, fmt.Errorf("provenance of %s: %w", name, err)
	}
	out := atlas.Provenance{Kind: action.Recipe.Kind, Key: key.String()}
	add := func(name string, value any) {
		out.Items = append(out.Items, atlas.Pair{Name: name, Value: fmt.Sprint(value)})
	}
	if made := action.Made; r.opt.UI != "" && made.WorkflowID != "" {
		out.Run = fmt.Sprintf("%s/namespaces/%s/workflows/%s/%s/history", strings.TrimSuffix(r.opt.UI, "/"),
			url.PathEscape(cmp.Or(r.opt.Namespace, "default")), url.PathEscape(made.WorkflowID), url.PathEscape(made.RunID))
	}
	add("result", r.Recipe.Inputs[name])
	for _, input := range slices.Sorted(maps.Keys(action.Recipe.Inputs)) {
		add("input "+input, action.Recipe.Inputs[input])
	}
	add("parameters", string(action.Recipe.Params))
	add("code version", action.Recipe.Version)
	if action.Recipe.Numerics != "" {
		add("numerics", action.Recipe.Numerics)
	}
	return out, nil
}
