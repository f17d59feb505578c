package sweepfile

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strings"

	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile/values"
	"lossatlas/pipelines/syntax"
)

// Loss is a problem with the names of its loss and score in titles: "" for plain cross-entropy, and for accuracy. Decay is the λ of
// weight decay in it.
type Loss struct {
	Problem     pipelines.Problem
	Name, Score string
	Decay       float64
	norm        string // the mode of batch normalization, "" for running statistics
}

// LossChoices are a map's choices of loss and score. The zero value means the training's.
type LossChoices struct {
	Loss         string    `field:"loss"`
	Score        string    `field:"score"`
	Smoothing    *float64  `field:"smoothing"`
	ClassWeights []float64 `field:"class_weights"`
	IgnoreLabel  *int32    `field:"ignore_label"`
	Delta        float64   `field:"delta"`
}

// trained is the loss of the training.
func (cfg *config) trained() Loss {
	return Loss{Problem: cfg.Problem, Name: cfg.Loss, Score: cfg.Score}
}

func (l LossChoices) any() bool {
	return l.Loss != "" || l.Score != "" || l.Smoothing != nil || l.ClassWeights != nil || l.IgnoreLabel != nil || l.Delta != 0
}

// mapLossFields are the fields of a data set's loss, for maps, where ignore names tensors that directions leave out.
var mapLossFields = func() (out []syntax.Field) {
	for _, name := range []string{"loss", "score", "smoothing", "class_weights", "ignore", "delta"} {
		f := *datasetFields.Find(name)
		f.Default = nil
		switch name {
		case "loss":
			f.Doc = "The loss that is mapped, with the options next to it. Default: that of the training."
		case "score":
			f.Doc = "The score that is shown with it. Default: the training's, or the usual one of a loss that is named."
		case "ignore":
			f.Name, f.Doc = "ignore_label", f.Doc+" Default: dataset.ignore."
		}
		out = append(out, f)
	}
	return append(out, decayField, normField)
}()

// resolveLoss settles which loss a map is of.
func (cfg *config) resolveLoss(c *syntax.Checker, cat Catalog, m *mapConfig, item *syntax.Node) {
	m.loss = cfg.trained()
	if !m.any() || cat.MapLoss == nil {
		return
	}
	of, err := cat.MapLoss(cfg.Problem, cfg.Dataset.Name, m.LossChoices)
	var field *FieldError
	if errors.As(err, &field) {
		c.Addf(item.Place(field.Field), "maps.%s: %v", field.Field, field.Err)
	} else if err != nil {
		c.Addf(item.At, "maps: %v", err)
	}
	m.loss = of
}

// title names the loss in the heading of a picture over all splits.
func (l Loss) title(heading string) string {
	for _, name := range []string{l.Name, l.decay(), l.norm} {
		if name != "" {
			heading += " · " + name
		}
	}
	return heading
}

// over names the loss over a split: "training loss", and with its name unless it is plain cross-entropy.
func (l Loss) over(split string) string {
	name := map[string]string{values.SplitTrain: "training loss", values.SplitTest: "test loss"}[split]
	if l.Name != "" {
		name += " (" + l.Name + ")"
	}
	return name + l.with()
}

// noScore is the name of the score of a loss without a score.
const noScore = "none"

// both names loss and score in captions: "Loss (hinge) and top-5 accuracy".
func (l Loss) both() string {
	out := "Loss"
	if l.Name != "" {
		out += " (" + l.Name + ")"
	}
	out += l.with()
	if l.Score == noScore {
		return out
	}
	return out + " and " + cmp.Or(l.Score, "accuracy")
}

// on is a picture's parameters with the names that its axes have.
func (l Loss) on(p pipelines.RenderParams) pipelines.RenderParams {
	p.Loss, p.Score = l.Name, l.Score
	if l.Decay != 0 {
		p.Loss = cmp.Or(p.Loss, "loss") + " + weight decay"
	}
	return p
}

// test names the test set's score in captions: an accuracy by its error.
func (l Loss) test() string {
	return strings.Replace(cmp.Or(l.Score, "accuracy"), "accuracy", "error", 1)
}

// of is the loss that a figure shows of an experiment: of the map that it shows, or of the training.
func (f figureConfig) of(cfg *config) Loss {
	if f.compared {
		return f.source.loss
	}
	for _, m := range cfg.Maps {
		if m.Name == f.Map && f.Kind != figureScatter {
			return m.loss
		}
	}
	return cfg.trained()
}

// loss is the loss of the experiments that a figure shows. Names that differ among them are omitted: panels have them.
func (fig figure) loss(s *Sweep) Loss {
	of := fig.config.of(s.experiments[fig.panels[0].experiments[0]].config)
	for _, p := range fig.panels[1:] {
		here := fig.config.of(s.experiments[p.experiments[0]].config)
		if here.Name != of.Name {
			of.Name = ""
		}
		if here.Score != of.Score {
			of.Score = ""
		}
		if here.norm != of.norm {
			of.norm = ""
		}
		if here.Decay != of.Decay {
			of.Decay = math.NaN()
		}
	}
	return of
}

var decayField = syntax.Field{Name: "weight_decay", Type: values.WeightDecays{},
	Doc: "Adds ½λ‖θ‖² over all parameters to the loss, and λ to the eigenvalues of its second derivatives. true: λ is train.optimizer.weight_decay. A number: λ. " +
		"The loss is evaluated without it and shared with maps without weight decay. Default: false."}

// resolveDecay settles λ.
func (cfg *config) resolveDecay(c *syntax.Checker, m *mapConfig, item *syntax.Node) {
	m.loss.Decay = m.WeightDecay.Lambda
	if !m.WeightDecay.Training {
		return
	}
	if cfg.Train.Import != "" {
		c.Addf(item.Place("weight_decay"), "maps.weight_decay: imported weights have no optimizer whose weight decay could be taken; give λ as a number, such as 5e-4")
	}
	m.loss.Decay = cfg.Train.Optimizer.WeightDecay
}

// decay names the weight decay in titles, "" without decay.
func (l Loss) decay() string {
	if l.Decay == 0 {
		return ""
	}
	if math.IsNaN(l.Decay) { // of several experiments
		return "weight decay"
	}
	return fmt.Sprintf("weight decay %g", l.Decay)
}

// with names weight decay and the mode of batch normalization behind the name of a loss.
func (l Loss) with() string {
	out := ""
	if l.Decay != 0 {
		out = " with " + l.decay()
	}
	if l.norm != "" {
		out += ", " + l.norm
	}
	return out
}

// addMap adds the step that makes the numbers of a map, and returns its ID: of a map with weight decay one for the loss, and one that adds
// weight decay to it.
func (b *builder) addMap(m mapConfig, name string, at pipelines.Address, kind pipelines.Kind, params any, inputs map[string]pipelines.Ref) string {
	at.Role = cmp.Or(at.Role, pipelines.RoleMap)
	if m.loss.Decay == 0 {
		return b.add(name, at, kind, params, inputs)
	}
	loss := at
	loss.Role = pipelines.RoleLoss
	id := b.add(name+"-loss", loss, kind, params, inputs)
	of, adds, output := map[string]pipelines.Ref{pipelines.OutWeights: inputs[pipelines.OutWeights]}, pipelines.KindDecay, pipelines.OutGrid
	if kind == pipelines.KindSpectrum {
		adds, output = pipelines.KindSpectrumDecay, pipelines.OutSpectrum
	} else {
		of[pipelines.OutDirections] = inputs[pipelines.OutDirections]
	}
	of[output] = pipelines.Ref{Step: id, Output: output}
	return b.add(name, at, adds, pipelines.DecayOf(params, m.loss.Decay), of)
}
