package activities

import (
	"context"

	"lossatlas/activities/surface"
	"lossatlas/artifacts"
)

// PartialGrid is what there is of a line, surface or Hessian map that is not finished: the points of the chunks that are
// in the store, and the rest masked; nil as long as there is none. Coarse points come first, so that it shows the whole range early on.
func PartialGrid(ctx context.Context, store *artifacts.Store, in StepInput) (*surface.Grid, error) {
	return (&Activities{Store: store}).partialGrid(ctx, in)
}
