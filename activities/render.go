package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"lossatlas/activities/render"
	"lossatlas/activities/spectrum"
	"lossatlas/activities/surface"
	"lossatlas/pipelines"
)

// Render draws one picture, of one experiment or over several, from data alone, as PNG, SVG and PDF.
func (a *Activities) Render(ctx context.Context, in StepInput) (StepResult, error) {
	return short(ctx, a, in, func(in StepInput) (StepResult, error) {
		since := time.Now()
		p, err := params[pipelines.RenderParams](in)
		if err != nil {
			return StepResult{}, err
		}
		fig, err := a.figure(ctx, in, p)
		if err != nil {
			return StepResult{}, err
		}
		png, err := fig.PNG()
		if err != nil {
			return StepResult{}, err
		}
		svg, err := fig.SVG()
		if err != nil {
			return StepResult{}, err
		}
		pdf, err := fig.PDF()
		if err != nil {
			return StepResult{}, err
		}
		outputs, err := a.putAll(ctx, map[string][]byte{pipelines.OutPNG: png, pipelines.OutSVG: svg, pipelines.OutPDF: pdf})
		if err != nil {
			return StepResult{}, err
		}
		return a.finish(ctx, in, outputs, time.Since(since).Seconds())
	})
}

// figure loads what the picture shows and lays it out. The picture carries the
// step's key and recipe, from which it can be made again.
func (a *Activities) figure(ctx context.Context, in StepInput, p pipelines.RenderParams) (render.Figure, error) {
	meta, err := json.Marshal(map[string]any{"key": in.Key, "recipe": in.Recipe})
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
		return a.overview(ctx, in, p.Plot, *p.Figure, opt)
	}
	if draw, ok := planePlots[p.Plot]; ok {
		g, err := a.grid(ctx, in, "grid")
		if err != nil {
			return render.Figure{}, err
		}
		return unretried(draw(*g, opt))
	}
	switch p.Plot {
	case "trajectory":
		path, err := a.path(ctx, in, "path")
		if err != nil {
			return render.Figure{}, err
		}
		g, err := a.grid(ctx, in, "grid")
		if err != nil {
			return render.Figure{}, err
		}
		return unretried(render.Trajectory(*path, *g, opt))
	case "density":
		b, err := a.input(ctx, in, pipelines.OutSpectrum)
		if err != nil {
			return render.Figure{}, err
		}
		s, err := spectrum.DecodeNPZ(b)
		if err != nil {
			return render.Figure{}, permanent("BadSpectrum", fmt.Errorf("%s: %w", in.Label, err))
		}
		return unretried(render.Density(*s, opt))
	case "line":
		var lines [2]*surface.Grid
		for i, split := range []string{"train", "test"} {
			if _, ok := in.Recipe.Inputs[split]; !ok {
				continue
			}
			if lines[i], err = a.grid(ctx, in, split); err != nil {
				return render.Figure{}, err
			}
		}
		return unretried(render.Line(lines[0], lines[1], opt))
	case "training":
		log, err := a.trainLog(ctx, in, "log")
		if err != nil {
			return render.Figure{}, err
		}
		return unretried(render.Training(log.curves(), opt))
	}
	return render.Figure{}, permanent("BadStep", fmt.Errorf("%s: this worker does not know the plot %q", in.Label, p.Plot))
}

// planePlots are the pictures of one grid.
var planePlots = map[string]func(surface.Grid, render.Options) (render.Figure, error){
	"contour": render.Contour, "filled": render.FilledContour, "heat": render.Heat, "surface3d": render.Surface3D, "ratio": render.Ratio,
}

// unretried marks an error of a picture as final: drawing depends on nothing that could change.
func unretried(f render.Figure, err error) (render.Figure, error) {
	if err != nil {
		return f, permanent("BadPicture", err)
	}
	return f, nil
}

// grid decodes a grid input.
func (a *Activities) grid(ctx context.Context, in StepInput, name string) (*surface.Grid, error) {
	b, err := a.input(ctx, in, name)
	if err != nil {
		return nil, err
	}
	g, err := surface.DecodeNPZ(b)
	if err != nil {
		return nil, permanent("BadGrid", fmt.Errorf("%s: input %s: %w", in.Label, name, err))
	}
	return g, nil
}

// trainLog decodes a training log input.
func (a *Activities) trainLog(ctx context.Context, in StepInput, name string) (TrainLog, error) {
	var log TrainLog
	b, err := a.input(ctx, in, name)
	if err != nil {
		return log, err
	}
	if err := json.Unmarshal(b, &log); err != nil {
		return log, permanent("BadLog", fmt.Errorf("%s: input %s: %w", in.Label, name, err))
	}
	return log, nil
}
