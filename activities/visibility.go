package activities

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"go.temporal.io/sdk/temporal"

	"lossatlas/activities/runner"
	"lossatlas/pipelines"
)

// Search attributes by which runs can be found in the Temporal UI.
var (
	attrSweep       = temporal.NewSearchAttributeKeyKeyword("LossatlasSweep")
	attrKind        = temporal.NewSearchAttributeKeyKeyword("LossatlasKind")
	attrNet         = temporal.NewSearchAttributeKeyKeyword("LossatlasNet")
	attrBatchSize   = temporal.NewSearchAttributeKeyInt64("LossatlasBatchSize")
	attrWeightDecay = temporal.NewSearchAttributeKeyFloat64("LossatlasWeightDecay")
	attrKey         = temporal.NewSearchAttributeKeyKeyword("LossatlasKey")
	attrCached      = temporal.NewSearchAttributeKeyBool("LossatlasCached")
)

// SearchAttributes are all search attributes of workflows.
func SearchAttributes() []temporal.SearchAttributeKey {
	return []temporal.SearchAttributeKey{attrSweep, attrKind, attrNet, attrBatchSize, attrWeightDecay, attrKey, attrCached}
}

// SweepAttributes are the search attributes of a sweep's own workflows.
func SweepAttributes(sweep, kind string) temporal.SearchAttributes {
	return temporal.NewSearchAttributes(attrSweep.ValueSet(sweep), attrKind.ValueSet(kind))
}

// CachedAttribute says of an experiment whether all its steps were found in the
// action cache. (A step that is found there starts no workflow of its own.)
func CachedAttribute(all bool) temporal.SearchAttributeUpdate { return attrCached.ValueSet(all) }

// searchAttributes are the attributes of a step. A step that several sweeps share
// carries the name of the one that started it.
func searchAttributes(in runner.Job, sweep string) temporal.SearchAttributes {
	updates := []temporal.SearchAttributeUpdate{
		attrSweep.ValueSet(sweep), attrKind.ValueSet(in.Recipe.Kind), attrKey.ValueSet(in.Key.String()),
	}
	var p struct {
		Net       pipelines.Network    `json:"net"`
		BatchSize int64                `json:"batch_size"`
		Optimizer *pipelines.Optimizer `json:"optimizer"`
	}
	if json.Unmarshal(in.Recipe.Params, &p) == nil {
		if p.Net != "" {
			updates = append(updates, attrNet.ValueSet(p.Net.String()))
		}
		if p.BatchSize > 0 {
			updates = append(updates, attrBatchSize.ValueSet(p.BatchSize))
		}
		if p.Optimizer != nil {
			updates = append(updates, attrWeightDecay.ValueSet(p.Optimizer.WeightDecay))
		}
	}
	return temporal.NewSearchAttributes(updates...)
}

// details is the step's description in the UI: key, inputs and parameters, as Markdown.
func details(in runner.Job, sweep string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Step **%s**, first asked for by sweep `%s`.\n\nKey `%s`, code version %d", in.Label, sweep, in.Key, in.Recipe.Version)
	if in.Recipe.Numerics != "" {
		fmt.Fprintf(&b, ", numerics `%s`", in.Recipe.Numerics)
	}
	b.WriteString(".\n")
	names := make([]string, 0, len(in.Recipe.Inputs))
	for name := range in.Recipe.Inputs {
		names = append(names, name)
	}
	slices.Sort(names)
	const most = 12
	for i, name := range names {
		if i == most {
			fmt.Fprintf(&b, "- and %d more inputs\n", len(names)-most)
			break
		}
		fmt.Fprintf(&b, "- input %s: `%s`\n", name, in.Recipe.Inputs[name])
	}
	if len(in.Recipe.Params) < 4000 {
		fmt.Fprintf(&b, "\n```json\n%s\n```\n", in.Recipe.Params)
	}
	return b.String()
}
