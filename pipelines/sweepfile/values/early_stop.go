package values

import (
	"encoding/json"
	"fmt"
	"reflect"

	"lossatlas/pipelines"
	"lossatlas/pipelines/syntax"
)

// EarlyStopping is the field that says when a training ends before its last epoch: none, the patience, or a mapping.
type EarlyStopping struct{}

// EarlyStop is the normalised form of train.early_stop. Patience 0 means no early stop.
type EarlyStop struct {
	Patience int     `field:"patience"`
	Split    string  `field:"split"` // "" is that of the test, where there are test examples
	MinDelta float64 `field:"min_delta"`
	Restore  bool    `field:"restore_best_weights"`
}

// earlyStopFields are the fields of the mapping.
var earlyStopFields = syntax.Object{Fields: []syntax.Field{
	{Name: "patience", Doc: "Epochs without a smaller loss after which the training ends.", Type: syntax.Integer{Min: 1, Max: MaxEpochs}, Required: true},
	{Name: "split", Doc: "Whose loss: of the test images after each epoch, or of the training images during it.", Type: syntax.Choice{Of: SplitNames, What: "a split"}},
	{Name: "min_delta", Doc: "By how much a loss must be smaller.", Type: syntax.Number{Min: 0, Max: 1e12}},
	{Name: "restore_best_weights", Doc: "Whether the weights of the epoch with the smallest loss are kept, not the last ones, also where the training reaches its last epoch.", Type: syntax.Boolean{}},
}}

// MarshalJSON writes "none", or the criterion.
func (s EarlyStop) MarshalJSON() ([]byte, error) {
	if s.Patience == 0 {
		return json.Marshal(none)
	}
	out := map[string]any{"patience": s.Patience, "split": s.Split, "min_delta": s.MinDelta}
	if s.Restore {
		out["restore_best_weights"] = true
	}
	return json.Marshal(out)
}

// Label writes it in characters that file names may hold.
func (s EarlyStop) Label() string {
	if s.Patience == 0 {
		return none
	}
	out := fmt.Sprint(s.Patience)
	if s.Split != "" {
		out += "_" + s.Split
	}
	if s.MinDelta > 0 {
		out += fmt.Sprintf("_%g", s.MinDelta)
	}
	if s.Restore {
		out += "_best"
	}
	return out
}

func (EarlyStopping) Check(c *syntax.Checker, n *syntax.Node, path string) any {
	patience := earlyStopFields.Fields[0].Type
	switch {
	case n.IsScalar() && n.Text == none:
		return EarlyStop{}
	case n.IsScalar() && syntax.IntText.MatchString(n.Text):
		if v := patience.Check(c, n, path); v != nil {
			return EarlyStop{Patience: int(v.(int64))}
		}
		return nil
	case n.Kind != syntax.MappingNode || n.Get("patience") == nil:
		return c.Reject(n, path, "none, a number of epochs, or {patience: EPOCHS} with split, min_delta and restore_best_weights or without, as {patience: 10, split: train}")
	}
	var out EarlyStop
	if err := syntax.Decode(earlyStopFields.Check(c, n, path), reflect.ValueOf(&out).Elem()); err != nil {
		return nil // a value of another type, which is reported already
	}
	return out
}

func (EarlyStopping) Schema(known syntax.Names) syntax.Schema {
	return syntax.Schema{"anyOf": []syntax.Schema{{"const": none}, earlyStopFields.Fields[0].Type.Schema(known), earlyStopFields.Schema(known)}}
}

// Resolve is the early stop of a training with so many test examples, or nil.
func (s *EarlyStop) Resolve(c *syntax.Checker, at syntax.Position, test int) *pipelines.EarlyStop {
	if s == nil || s.Patience == 0 {
		return nil
	}
	out := pipelines.EarlyStop{Split: s.Split, Patience: s.Patience, MinDelta: s.MinDelta, RestoreBest: s.Restore}
	switch {
	case out.Split == "" && test > 0:
		out.Split = SplitTest
	case out.Split == "":
		out.Split = SplitTrain
	case out.Split == SplitTest && test == 0:
		c.Addf(at, "train.early_stop compares test losses, but dataset.test is 0; say split: train")
	}
	return &out
}
