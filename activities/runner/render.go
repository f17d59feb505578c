package runner

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"lossatlas/activities/curve"
	"lossatlas/activities/pairs"
	"lossatlas/activities/render"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/results"
	"lossatlas/activities/spectrum"
	"lossatlas/activities/surface"
	"lossatlas/activities/trainlog"
	"lossatlas/activities/trajectory"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// draw draws one picture, of one experiment or over several, from data alone, as PNG, SVG and PDF.
func draw(ctx context.Context, r *Run) (Outputs, error) {
	p, err := params[pipelines.RenderParams](r.Job)
	if err != nil {
		return nil, err
	}
	fig, err := r.figure(ctx, p)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for output, draw := range map[string]func() ([]byte, error){pipelines.OutPNG: fig.PNG, pipelines.OutSVG: fig.SVG, pipelines.OutPDF: fig.PDF} {
		if files[output], err = draw(); err != nil {
			return nil, err
		}
	}
	return r.put(ctx, files)
}

// figure loads the data of the picture and lays it out. The picture carries the
// step's key and recipe, from which it can be made again.
func (r *Run) figure(ctx context.Context, p pipelines.RenderParams) (picture.Figure, error) {
	meta, err := r.meta()
	if err != nil {
		return picture.Figure{}, err
	}
	opt := picture.Options{Title: p.Title, Meta: string(meta), Loss: p.Loss, Score: trainlog.Score(p.Score), Persistence: p.Persistence, Curve: curve.Shape(p.Curve)}
	for _, m := range p.Marks {
		opt.Marks = append(opt.Marks, picture.Mark(m))
	}
	if s := p.Style; s != nil {
		opt.Scale, opt.Min, opt.Max, opt.Step, opt.Cut, opt.Open = s.Scale, s.Min, s.Max, s.Step, s.Cut, s.Open
		opt.Colormap, opt.Width, opt.DPI, opt.NoLabels, opt.Points, opt.Basins, opt.Rate = s.Colormap, s.Width, s.DPI, s.NoLabels, s.Points, s.Basins, s.Rate
		opt.Azimuth, opt.Elevation, opt.Theme = s.Azimuth, s.Elevation, s.Theme
	}
	if p.Figure != nil {
		return r.overview(ctx, p, opt)
	}
	plot, ok := render.FindPlot(p.Plot)
	if !ok {
		return picture.Figure{}, Permanent("BadStep", fmt.Errorf("%s: this worker does not know the plot %q", r.Label, p.Plot))
	}
	data, err := r.plotData(ctx, func(input string) string { return input })
	if err != nil {
		return picture.Figure{}, err
	}
	of, err := subject(data, p.Names, !sampled(data))
	if p.Training != nil {
		of, err = trained(*p.Training, p.Names)
	}
	if err != nil {
		return picture.Figure{}, err
	}
	if p.Along != "" {
		of = append(of, p.Along)
	}
	opt.Caption = strings.Join(of, ", ")
	return unretried(plot.Draw(data, opt))
}

// sampled says that the notes on a picture's losses say of how many images they are.
func sampled(d render.Data) bool {
	return d.Spectrum == nil && !slices.ContainsFunc([]*surface.Grid{d.Grid, d.Train, d.Test}, func(g *surface.Grid) bool { return g != nil && g.Sampling == nil })
}

// subject is the network, data and, where they are counted, images of the maps in a picture, from the provenance in their files; nil without a map.
func subject(d render.Data, names map[string]string, counted bool) (parts []string, err error) {
	var made, params []json.RawMessage
	for _, g := range []*surface.Grid{d.Grid, d.Train, d.Test} {
		if g != nil {
			made = append(made, g.Meta)
		}
	}
	if d.Spectrum != nil {
		made = append(made, d.Spectrum.Meta)
	}
	for _, m := range made {
		if m == nil {
			continue
		}
		var meta struct{ Recipe artifacts.Recipe }
		if err := json.Unmarshal(m, &meta); err != nil {
			return nil, Permanent("BadPicture", err)
		}
		if meta.Recipe.Params != nil {
			params = append(params, meta.Recipe.Params)
		}
	}
	if len(params) == 0 {
		return nil, nil
	}
	if parts, err = results.Subject(names, params[0]); err != nil {
		return nil, Permanent("BadPicture", err)
	}
	if !counted {
		return parts, nil
	}
	images, err := results.Images(params...)
	if err != nil {
		return nil, Permanent("BadPicture", err)
	}
	if images != "" {
		parts = append(parts, images)
	}
	return parts, nil
}

// trained is the network, data and optimizer of a training.
func trained(p pipelines.TrainParams, names map[string]string) ([]string, error) {
	raw, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	parts, err := results.Subject(names, raw)
	return append(parts, results.Training(p)...), err
}

// plotData decodes the inputs of a picture, or of one of its panels; inputName says how the step calls an input.
func (r *Run) plotData(ctx context.Context, inputName func(string) string) (d render.Data, err error) {
	for input, decode := range map[string]func(name string) error{
		pipelines.OutGrid:             func(name string) (err error) { d.Grid, err = r.grid(ctx, name); return err },
		"train":                       func(name string) (err error) { d.Train, err = r.grid(ctx, name); return err },
		"test":                        func(name string) (err error) { d.Test, err = r.grid(ctx, name); return err },
		pipelines.InStraight("train"): func(name string) (err error) { d.StraightTrain, err = r.grid(ctx, name); return err },
		pipelines.InStraight("test"):  func(name string) (err error) { d.StraightTest, err = r.grid(ctx, name); return err },
		pipelines.OutPath:             func(name string) (err error) { d.Path, err = r.path(ctx, name); return err },
		pipelines.OutLosses: func(name string) (err error) {
			d.Losses, err = decoded(ctx, r, name, "BadLosses", trajectory.DecodeLosses)
			return err
		},
		pipelines.OutPairs: func(name string) (err error) {
			d.Pairs, err = decoded(ctx, r, name, "BadPairs", pairs.Decode)
			return err
		},
		pipelines.OutSpectrum: func(name string) (err error) { d.Spectrum, err = r.spectrum(ctx, name); return err },
		pipelines.OutLog:      func(name string) (err error) { d.Log, err = r.trainLog(ctx, name); return err },
	} {
		name := inputName(input)
		if !r.has(name) {
			continue
		}
		if err := decode(name); err != nil {
			return d, err
		}
	}
	return d, nil
}

// unretried marks an error of a picture as final: drawing depends on nothing that could change.
func unretried(f picture.Figure, err error) (picture.Figure, error) {
	if err != nil {
		return f, Permanent("BadPicture", err)
	}
	return f, nil
}

// decoded reads an input of the step. bad is the type of the error for one that can't be decoded.
func decoded[T any](ctx context.Context, r *Run, input, bad string, decode func([]byte) (*T, error)) (*T, error) {
	b, err := r.input(ctx, input)
	if err != nil {
		return nil, err
	}
	v, err := decode(b)
	if err != nil {
		return nil, Permanent(bad, fmt.Errorf("%s: input %s: %w", r.Label, input, err))
	}
	return v, nil
}

func (r *Run) grid(ctx context.Context, input string) (*surface.Grid, error) {
	return decoded(ctx, r, input, "BadGrid", surface.DecodeNPZ)
}

func (r *Run) trainLog(ctx context.Context, input string) (*trainlog.Log, error) {
	return decoded(ctx, r, input, "BadLog", trainlog.Decode)
}

func (r *Run) spectrum(ctx context.Context, input string) (*spectrum.Spectrum, error) {
	return decoded(ctx, r, input, "BadSpectrum", spectrum.DecodeNPZ)
}

func (r *Run) path(ctx context.Context, input string) (*trajectory.Path, error) {
	return decoded(ctx, r, input, "BadPath", trajectory.DecodePath)
}
