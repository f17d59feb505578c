package values

import (
	"encoding/json"
	"fmt"

	"lossatlas/pipelines"
	"lossatlas/pipelines/syntax"
)

// Averaging is the field that says how the weights of a training are averaged: none, ema, swa, or a mapping with their numbers.
type Averaging struct{}

// Kinds of averages, which are words and keys of mappings.
const (
	none       = "none"
	averageEMA = "ema"
	averageSWA = "swa"
	keyFrom    = "from"
)

const defaultDecay = 0.999

// Average is the normalised form of train.average. Kind "" is no average.
type Average struct {
	Kind  string
	Decay float64 // of ema
	From  *int    // the first epoch that is averaged over, counted from 0; nil until Resolve for a default
}

// MarshalJSON writes "none", or the kind of average and its first epoch.
func (a Average) MarshalJSON() ([]byte, error) {
	if a.Kind == "" {
		return json.Marshal(none)
	}
	return json.Marshal(map[string]any{"kind": a.Kind, "decay": a.Decay, keyFrom: a.From})
}

// Label writes the average in characters that file names may hold.
func (a Average) Label() string {
	switch {
	case a.Kind == "":
		return none
	case a.Kind == averageEMA && a.From == nil:
		return fmt.Sprintf("ema%g", a.Decay)
	case a.Kind == averageEMA:
		return fmt.Sprintf("ema%g_%d", a.Decay, *a.From)
	case a.From == nil:
		return a.Kind
	}
	return fmt.Sprintf("%s%d", a.Kind, *a.From)
}

var (
	decayOfAverage = syntax.Number{Min: 0, Max: 1, Above: true, Below: true}
	fromEpoch      = syntax.Integer{Min: 0, Max: MaxEpochs}
)

func (Averaging) Check(c *syntax.Checker, n *syntax.Node, path string) any {
	const want = "none, ema, swa, {ema: DECAY} with from: EPOCH or without, or {swa: EPOCH}, as {ema: 0.999} or {swa: 15}"
	if n.IsScalar() {
		switch n.Text {
		case none:
			return Average{}
		case averageEMA:
			return Average{Kind: averageEMA, Decay: defaultDecay}
		case averageSWA:
			return Average{Kind: averageSWA}
		}
		return c.Reject(n, path, want)
	}
	ema, swa, from := n.Get(averageEMA), n.Get(averageSWA), n.Get(keyFrom)
	epoch := func(n *syntax.Node, key string) *int {
		if v := fromEpoch.Check(c, n, path+"."+key); v != nil {
			return new(int(v.(int64)))
		}
		return nil
	}
	switch {
	case n.Kind != syntax.MappingNode, (ema == nil) == (swa == nil), ema != nil && from == nil && len(n.Entries) > 1, from != nil && len(n.Entries) > 2, swa != nil && len(n.Entries) > 1:
		return c.Reject(n, path, want)
	case swa != nil:
		return Average{Kind: averageSWA, From: epoch(swa, averageSWA)}
	}
	decay := decayOfAverage.Check(c, ema, path+"."+averageEMA)
	if decay == nil {
		return nil
	}
	out := Average{Kind: averageEMA, Decay: decay.(float64)}
	if from != nil {
		out.From = epoch(from, keyFrom)
	}
	return out
}

func (Averaging) Schema(syntax.Names) syntax.Schema {
	return syntax.Schema{"anyOf": []syntax.Schema{
		{"enum": []string{none, averageEMA, averageSWA}},
		{"type": "object", "additionalProperties": false, "required": []string{averageEMA},
			"properties": syntax.Schema{averageEMA: decayOfAverage.Schema(nil), keyFrom: fromEpoch.Schema(nil)}},
		{"type": "object", "additionalProperties": false, "required": []string{averageSWA}, "properties": syntax.Schema{averageSWA: fromEpoch.Schema(nil)}},
	}}
}

// Resolve is the average of a training of so many epochs, nil without averaging. By default a moving average begins with the
// training, and a mean with its last quarter (Izmailov et al. 2018, section 4.1).
func (a *Average) Resolve(c *syntax.Checker, at syntax.Position, epochs int) *pipelines.Average {
	if a == nil || a.Kind == "" {
		return nil
	}
	from := 0
	switch {
	case a.From != nil:
		from = *a.From
	case a.Kind == averageSWA:
		from = epochs * 3 / 4
	}
	if from >= epochs {
		c.Addf(at, "train.average begins with epoch %d, counted from 0, but train.epochs is %d; begin before", from, epochs)
	}
	return &pipelines.Average{Decay: a.Decay, From: from}
}
