package report

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"lossatlas/activities/results"
	"lossatlas/pipelines"
)

// shownParams are the parameters of a map or training that a caption names.
type shownParams struct {
	Net  pipelines.Network `json:"net"`
	Data struct {
		Name     string `json:"name"`
		Split    string `json:"split"`
		From, To int    // of a map
		Train    int    `json:"train"` // of a training
	} `json:"data"`
	BatchNorm *pipelines.BatchNorm `json:"batchnorm"`
	Batch     int                  `json:"batch"`
}

// subject is what a picture is of: "network small, data shapes10, 128 images of the training set".
func (s shownParams) subject() string {
	var parts []string
	if s.Net != "" {
		parts = append(parts, "network "+s.Net.String())
	}
	if s.Data.Name != "" {
		parts = append(parts, "data "+s.Data.Name)
	}
	switch {
	case s.Data.To > s.Data.From:
		set := map[string]string{"train": "training set", "test": "test set"}[s.Data.Split]
		parts = append(parts, fmt.Sprintf("%d images of the %s", s.Data.To-s.Data.From, set))
	case s.Data.Train > 0:
		parts = append(parts, fmt.Sprintf("%d training images", s.Data.Train))
	}
	if norm := normOf(s.BatchNorm, s.Batch); norm != "" {
		parts = append(parts, norm)
	}
	return strings.Join(parts, ", ")
}

// normOf names a mode of batch normalization, "" for the running statistics of the training. batch is the size of the batches.
func normOf(n *pipelines.BatchNorm, batch int) string {
	switch {
	case n == nil:
		return ""
	case n.ByBatch:
		return fmt.Sprintf("batch-normalized by batches of %d", batch)
	}
	return fmt.Sprintf("batch statistics recomputed from %d images", n.Recompute)
}

// paramsOf reads the parameters of a finished step, which of another step are empty.
func (p page) paramsOf(ctx context.Context, id string) (out shownParams, err error) {
	if len(p.Steps[id].Outputs) == 0 {
		return out, nil
	}
	action, err := p.action(ctx, id)
	if err != nil {
		return out, err
	}
	err = json.Unmarshal(action.Recipe.Params, &out)
	return out, err
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
	params, err := p.paramsOf(ctx, of)
	if err != nil {
		return "", err
	}
	parts := []string{params.subject()}
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
		params, err := p.paramsOf(ctx, weights.ID)
		if err != nil {
			return "", err
		}
		if subject := params.subject(); subject != "" && !slices.Contains(all, subject) {
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
