package report

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"lossatlas/activities/results"
	"lossatlas/pipelines"
)

// subject is the [results.Subject] of a step in one phrase, "" unless it is finished.
func (p page) subject(ctx context.Context, id string) (string, error) {
	if len(p.Steps[id].Outputs) == 0 {
		return "", nil
	}
	action, err := p.action(ctx, id)
	if err != nil {
		return "", err
	}
	parts, err := results.Subject(action.Recipe.Params)
	return strings.Join(parts, ", "), err
}

// caption says what a picture of one experiment shows: network, data, images, and the error of the training and of the values.
func (p page) caption(ctx context.Context, s pipelines.Step, m *results.Map) (string, error) {
	if s.At.Role == pipelines.RoleFigure {
		return p.figureCaption(ctx)
	}
	i := slices.IndexFunc(p.Graph.Experiments, func(e pipelines.Experiment) bool { return e.Name == s.At.Experiment })
	if i < 0 {
		return "", nil
	}
	weights := results.Weights(p.Graph.Experiments[i])
	if weights == nil {
		return "", nil
	}
	of := weights.ID
	if m != nil && m.Done {
		of = m.Step.ID
	}
	subject, err := p.subject(ctx, of)
	if err != nil {
		return "", err
	}
	parts := []string{subject}
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
			parts = append(parts, fmt.Sprintf("test %s %.1f %%", score.Test(), miss))
		}
	}
	if m != nil {
		if notes := m.Notes(); notes != "" {
			parts = append(parts, notes)
		}
	}
	return sentence(parts), nil
}

// figureCaption says what a figure over several experiments is of: their networks, data and training images.
func (p page) figureCaption(ctx context.Context) (string, error) {
	var all []string
	for _, e := range p.Graph.Experiments {
		weights := results.Weights(e)
		if weights == nil {
			continue
		}
		subject, err := p.subject(ctx, weights.ID)
		if err != nil {
			return "", err
		}
		if subject != "" && !slices.Contains(all, subject) {
			all = append(all, subject)
		}
	}
	const most = 4
	if len(all) > most {
		all = append(all[:most], "and others")
	}
	return sentence(all), nil
}

// sentence joins the parts of a caption that are not empty.
func sentence(parts []string) string {
	text := strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "; ")
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
