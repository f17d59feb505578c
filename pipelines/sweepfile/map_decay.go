package sweepfile

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"lossatlas/pipelines"
	"lossatlas/pipelines/syntax"
)

// decayChoice is the weight decay of a map: that of the training's optimizer, or λ. As JSON it is true, false or a number.
type decayChoice struct {
	training bool
	lambda   float64
}

// MarshalJSON writes the form of sweep files.
func (d decayChoice) MarshalJSON() ([]byte, error) {
	if d.training || d.lambda == 0 {
		return json.Marshal(d.training)
	}
	return json.Marshal(d.lambda)
}

// label writes the choice in characters that file names may hold.
func (d decayChoice) Label() string {
	if d.training {
		return "true"
	}
	return strconv.FormatFloat(d.lambda, 'g', -1, 64)
}

// decayed is the type of the field weight_decay.
type decayed struct{}

var decayNumber = syntax.Number{Min: 0, Max: maxNumber}

func (decayed) Check(c *syntax.Checker, n *syntax.Node, path string) any {
	if n.Kind == syntax.PlainNode && syntax.FloatText.MatchString(n.Text) {
		if v, ok := decayNumber.Check(c, n, path).(float64); ok {
			return decayChoice{lambda: v}
		}
		return nil
	}
	if n.Kind == syntax.PlainNode && (n.Text == "true" || n.Text == "false") {
		return decayChoice{training: n.Text == "true"}
	}
	return c.Reject(n, path, "true, false, or a number such as 5e-4")
}

func (decayed) Schema(known syntax.Names) syntax.Schema {
	return syntax.Schema{"anyOf": []syntax.Schema{syntax.Boolean{}.Schema(known), decayNumber.Schema(known)}}
}

var decayField = syntax.Field{Name: "weight_decay", Type: decayed{},
	Doc: "Adds ½λ‖θ‖² over all parameters to the loss, and λ to the eigenvalues of its second derivatives. true: λ is train.optimizer.weight_decay. A number: λ. " +
		"The loss is evaluated without it and shared with maps without weight decay. Default: false."}

// resolveDecay settles λ.
func (cfg *config) resolveDecay(c *syntax.Checker, m *mapConfig, item *syntax.Node) {
	m.loss.Decay = m.WeightDecay.lambda
	if !m.WeightDecay.training {
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
	return b.add(name, at, adds, pipelines.DecayParams{Net: b.config.network(), Problem: m.loss.Problem, Decay: m.loss.Decay}, of)
}
