package values

import (
	"encoding/json"
	"strconv"

	"lossatlas/pipelines/syntax"
)

// WeightDecay is the weight decay of a map: that of the training's optimizer, or λ. As JSON it is true, false or a number.
type WeightDecay struct {
	Training bool
	Lambda   float64
}

// MarshalJSON writes the form of sweep files.
func (d WeightDecay) MarshalJSON() ([]byte, error) {
	if d.Training || d.Lambda == 0 {
		return json.Marshal(d.Training)
	}
	return json.Marshal(d.Lambda)
}

// Label writes the choice in characters that file names may hold.
func (d WeightDecay) Label() string {
	if d.Training {
		return "true"
	}
	return strconv.FormatFloat(d.Lambda, 'g', -1, 64)
}

// WeightDecays is the type of the field.
type WeightDecays struct{}

var decayNumber = syntax.Number{Min: 0, Max: maxLambda}

func (WeightDecays) Check(c *syntax.Checker, n *syntax.Node, path string) any {
	if n.Kind == syntax.PlainNode && syntax.FloatText.MatchString(n.Text) {
		if v, ok := decayNumber.Check(c, n, path).(float64); ok {
			return WeightDecay{Lambda: v}
		}
		return nil
	}
	if n.Kind == syntax.PlainNode && (n.Text == "true" || n.Text == "false") {
		return WeightDecay{Training: n.Text == "true"}
	}
	return c.Reject(n, path, "true, false, or a number such as 5e-4")
}

func (WeightDecays) Schema(known syntax.Names) syntax.Schema {
	return syntax.Schema{"anyOf": []syntax.Schema{syntax.Boolean{}.Schema(known), decayNumber.Schema(known)}}
}
