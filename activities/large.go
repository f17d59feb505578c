package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"lossatlas/artifacts"
)

// maxInline is the size in bytes up to which a step's recipe goes through Temporal, once for each of its chunks. That of a
// report over hundreds of experiments has megabytes, and a history takes no payload above 2 MiB.
const maxInline = 8 << 10

// recipePart is the part of a step under which a larger recipe lies while the step runs.
const recipePart = "recipe"

// ErrorRecipeLost is the type of the error of a step whose recipe was to be in the store, and is not.
const ErrorRecipeLost = "RecipeLost"

// largeRecipe is the content of a recipePart.
type largeRecipe struct {
	Recipe    artifacts.Recipe         `json:"recipe"`
	Producers map[string]artifacts.Key `json:"producers"`
}

// slim is a step's input as it goes through Temporal: a large recipe is left in the store.
func (a *Activities) slim(ctx context.Context, in StepInput) (StepInput, error) {
	b, err := json.Marshal(largeRecipe{in.Recipe, in.Producers})
	if err != nil || len(b) <= maxInline {
		return in, err
	}
	in.Recipe.Params, in.Recipe.Inputs, in.Producers, in.Large = nil, nil, nil, true
	return in, a.Store.PutPart(ctx, in.Key, recipePart, b)
}

// whole gives a step's input back what slim left in the store.
func (a *Activities) whole(ctx context.Context, in StepInput) (StepInput, error) {
	if !in.Large {
		return in, nil
	}
	b, err := a.Store.GetPart(ctx, in.Key, recipePart)
	if errors.Is(err, artifacts.ErrNotFound) {
		return in, permanent(ErrorRecipeLost, fmt.Errorf("%s: what it is made from is not in the store any more; run the sweep again", in.Label))
	}
	if err != nil {
		return in, err
	}
	var large largeRecipe
	if err := json.Unmarshal(b, &large); err != nil {
		return in, permanent("BadStep", fmt.Errorf("%s: its recipe: %w", in.Label, err))
	}
	in.Recipe, in.Producers, in.Large = large.Recipe, large.Producers, false
	return in, nil
}
