package work

import (
	"context"
	"encoding/json"
	"fmt"

	"lossatlas/activities/render"
	"lossatlas/activities/spectrum"
	"lossatlas/activities/surface"
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
	png, err := fig.PNG()
	if err != nil {
		return nil, err
	}
	svg, err := fig.SVG()
	if err != nil {
		return nil, err
	}
	pdf, err := fig.PDF()
	if err != nil {
		return nil, err
	}
	return r.put(ctx, map[string][]byte{pipelines.OutPNG: png, pipelines.OutSVG: svg, pipelines.OutPDF: pdf})
}

// figure loads what the picture shows and lays it out. The picture carries the
// step's key and recipe, from which it can be made again.
func (r *Run) figure(ctx context.Context, p pipelines.RenderParams) (render.Figure, error) {
	meta, err := r.meta()
	if err != nil {
		return render.Figure{}, err
	}
	opt := render.Options{Title: p.Title, Meta: string(meta)}
	for _, m := range p.Marks {
		opt.Marks = append(opt.Marks, render.Mark{X: m.X, Y: m.Y, Label: m.Label})
	}
	if s := p.Style; s != nil {
		opt.Scale, opt.Min, opt.Max, opt.Step, opt.Cut, opt.Open = s.Scale, s.Min, s.Max, s.Step, s.Cut, s.Open
		opt.Colormap, opt.Width, opt.DPI, opt.NoLabels = s.Colormap, s.Width, s.DPI, s.NoLabels
	}
	if p.Figure != nil {
		return r.overview(ctx, p.Plot, *p.Figure, opt)
	}
	if draw, ok := planePlots[p.Plot]; ok {
		g, err := r.grid(ctx, "grid")
		if err != nil {
			return render.Figure{}, err
		}
		return unretried(draw(*g, opt))
	}
	switch p.Plot {
	case "trajectory":
		path, err := r.path(ctx, "path")
		if err != nil {
			return render.Figure{}, err
		}
		g, err := r.grid(ctx, "grid")
		if err != nil {
			return render.Figure{}, err
		}
		return unretried(render.Trajectory(*path, *g, opt))
	case "density":
		b, err := r.input(ctx, pipelines.OutSpectrum)
		if err != nil {
			return render.Figure{}, err
		}
		s, err := spectrum.DecodeNPZ(b)
		if err != nil {
			return render.Figure{}, Permanent("BadSpectrum", fmt.Errorf("%s: %w", r.Label, err))
		}
		return unretried(render.Density(*s, opt))
	case "line":
		var lines [2]*surface.Grid
		for i, split := range []string{"train", "test"} {
			if !r.has(split) {
				continue
			}
			if lines[i], err = r.grid(ctx, split); err != nil {
				return render.Figure{}, err
			}
		}
		return unretried(render.Line(lines[0], lines[1], opt))
	case "training":
		log, err := r.trainLog(ctx, "log")
		if err != nil {
			return render.Figure{}, err
		}
		return unretried(render.Training(log.curves(), opt))
	}
	return render.Figure{}, Permanent("BadStep", fmt.Errorf("%s: this worker does not know the plot %q", r.Label, p.Plot))
}

// planePlots are the pictures of one grid.
var planePlots = map[string]func(surface.Grid, render.Options) (render.Figure, error){
	"contour": render.Contour, "filled": render.FilledContour, "heat": render.Heat, "surface3d": render.Surface3D, "ratio": render.Ratio,
}

// unretried marks an error of a picture as final: drawing depends on nothing that could change.
func unretried(f render.Figure, err error) (render.Figure, error) {
	if err != nil {
		return f, Permanent("BadPicture", err)
	}
	return f, nil
}

// grid decodes a grid input.
func (r *Run) grid(ctx context.Context, name string) (*surface.Grid, error) {
	b, err := r.input(ctx, name)
	if err != nil {
		return nil, err
	}
	g, err := surface.DecodeNPZ(b)
	if err != nil {
		return nil, Permanent("BadGrid", fmt.Errorf("%s: input %s: %w", r.Label, name, err))
	}
	return g, nil
}

// trainLog decodes a training log input.
func (r *Run) trainLog(ctx context.Context, name string) (TrainLog, error) {
	var log TrainLog
	b, err := r.input(ctx, name)
	if err != nil {
		return log, err
	}
	if err := json.Unmarshal(b, &log); err != nil {
		return log, Permanent("BadLog", fmt.Errorf("%s: input %s: %w", r.Label, name, err))
	}
	return log, nil
}
