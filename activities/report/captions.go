package report

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"lossatlas/activities/results"
	"lossatlas/activities/trainlog"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// caption says what a picture of one experiment shows: network, data, images, and the error of the training and of the values.
func (p page) caption(ctx context.Context, s pipelines.Step, m *results.Map) (string, error) {
	if s.At.Role == pipelines.RoleFigure {
		return p.figureCaption(ctx, s)
	}
	i := slices.IndexFunc(p.Graph.Experiments, func(e pipelines.Experiment) bool { return e.Name == s.At.Experiment })
	if i < 0 {
		return "", nil
	}
	weights := results.Weights(p.Graph.Experiments[i])
	if weights == nil {
		return "", nil
	}
	parts, err := p.shows(ctx, p.Graph.Experiments[i], weights.ID, m)
	if err != nil {
		return "", err
	}
	log, err := p.Log(ctx, weights.ID)
	if err != nil {
		return "", err
	}
	if log != nil {
		made, err := p.action(ctx, weights.ID)
		if err != nil {
			return "", err
		}
		score := results.Score(made.Recipe.Params)
		if miss := score.Shown(log.Final.TestAccuracy); !math.IsNaN(miss) {
			parts = append(parts, fmt.Sprintf("test %s %.1f %%%s", score.Test(), miss, trainlog.OfExamples(results.TestExamples(made.Recipe.Params))))
		}
	}
	if m != nil {
		parts = append(parts, m.Step.Directions)
		if notes := m.Notes(); notes != "" {
			parts = append(parts, notes)
		}
	}
	return sentence(parts), nil
}

// shows is the network, data and images of a map, or of a training without one with its optimizer, in one phrase. Notes on losses over a
// sample say how many images it has.
func (p page) shows(ctx context.Context, e pipelines.Experiment, training string, m *results.Map) ([]string, error) {
	of := training
	if m != nil && m.Done {
		of = m.Step.ID
	}
	if len(p.Steps[of].Outputs) == 0 {
		return nil, nil
	}
	action, err := p.action(ctx, of)
	if err != nil {
		return nil, err
	}
	parts, err := results.Subject(e.Names, action.Recipe.Params)
	if err != nil {
		return nil, err
	}
	var trained pipelines.TrainParams
	switch {
	case of != training && (m.Grid == nil || m.Grid.Sampling == nil):
		images, err := results.Images(action.Recipe.Params)
		if err != nil {
			return nil, err
		}
		parts = append(parts, images)
	case of == training && action.Recipe.Kind == string(pipelines.KindTrain) && json.Unmarshal(action.Recipe.Params, &trained) == nil:
		parts = append(parts, results.Training(trained)...)
	}
	return []string{strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ", ")}, nil
}

// figureCaption says what a figure over several experiments is of: their networks and data, and the images and directions of the maps that it shows.
func (p page) figureCaption(ctx context.Context, figure pipelines.Step) (string, error) {
	var all []string
	for _, e := range p.Graph.Experiments {
		weights := results.Weights(e)
		if weights == nil {
			continue
		}
		if len(p.Steps[weights.ID].Outputs) == 0 {
			continue
		}
		action, err := p.action(ctx, weights.ID)
		if err != nil {
			return "", err
		}
		parts, err := results.Subject(e.Names, action.Recipe.Params)
		if err != nil {
			return "", err
		}
		subject := strings.Join(parts, ", ")
		if subject != "" && !slices.Contains(all, subject) {
			all = append(all, subject)
		}
	}
	const most = 4
	if len(all) > most {
		all = append(all[:most], "and others")
	}
	drawn, err := p.action(ctx, figure.ID)
	if err != nil {
		return "", err
	}
	var render pipelines.RenderParams
	if err := json.Unmarshal(drawn.Recipe.Params, &render); err != nil {
		return "", err
	}
	images, err := p.figureImages(ctx, drawn)
	return sentence(append(all, images, render.Along)), err
}

// figureImages are the images of the maps that a figure is drawn from, as [results.Images].
func (p page) figureImages(ctx context.Context, drawn artifacts.Action) (string, error) {
	inputs := make(map[artifacts.Digest]bool)
	for _, digest := range drawn.Recipe.Inputs {
		inputs[digest] = true
	}
	var params []json.RawMessage
	for _, of := range p.Graph.All() {
		if of.Step.At.Role != pipelines.RoleMap || !inputs[p.Steps[of.Step.ID].Outputs[of.Step.MapOutput()].Digest] {
			continue
		}
		action, err := p.action(ctx, of.Step.ID)
		if err != nil {
			return "", err
		}
		params = append(params, action.Recipe.Params)
	}
	return results.Images(params...)
}

// sentence joins the parts of a caption that are not empty.
func sentence(parts []string) string {
	text := strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "; ")
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
