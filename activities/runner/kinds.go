package runner

import (
	"context"
	"fmt"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// Kind is the running half of a kind of step: one of its functions is set. Both may be called again after a
// crash, and by several workers at a time; they give the same result each time.
type Kind struct {
	// Make does a step in one piece.
	Make func(ctx context.Context, r *Run) (Outputs, error)
	// Cut prepares a step that is done in chunks.
	Cut func(ctx context.Context, r *Run) (Chunks, error)
}

// Outputs are the blobs that a step has stored, by the names that its kind declares.
type Outputs map[string]artifacts.Blob

// Chunks is a step cut into chunks. The cut depends on the step alone, so that every worker and every attempt cuts alike.
type Chunks interface {
	// Sizes is how many points, or other parts, each chunk has.
	Sizes() []int
	// Chunk computes one chunk, which is then stored as a part of the step.
	Chunk(ctx context.Context, i int) ([]byte, error)
	// Join makes the outputs from all chunks, in order.
	Join(ctx context.Context, chunks [][]byte) (Outputs, error)
}

// Refiner is a step whose chunks may be found in the results of others.
type Refiner interface {
	// Find returns the missing chunks that other results in the store contain.
	Find(ctx context.Context, missing []int) (map[int][]byte, error)
}

// Extender is a step whose later chunks follow from what earlier ones found.
type Extender interface {
	Chunks
	// Extend adds the next chunks, when all so far are stored. It is called by the planning of the step alone.
	Extend(ctx context.Context) error
	// HasMore says that chunks may follow.
	HasMore() bool
}

// kinds are the kinds of steps. A new kind needs a line here, and one in the table of lossatlas/pipelines.
var kinds = map[pipelines.Kind]Kind{
	pipelines.KindTrain:           {Make: train},
	pipelines.KindImport:          {Make: importWeights},
	pipelines.KindFiles:           {Make: keepFiles},
	pipelines.KindDirections:      {Make: randomDirections},
	pipelines.KindEigenvectors:    {Make: eigenvectors},
	pipelines.KindGivenDirections: {Make: givenDirections},
	pipelines.KindShift:           {Make: shiftWeights},
	pipelines.KindDifference:      {Make: difference},
	pipelines.KindAlign:           {Make: alignUnits},
	pipelines.KindMatch:           {Make: matchUnits},
	pipelines.KindCurve:           {Make: trainCurve},
	pipelines.KindLine:            {Cut: cutMap},
	pipelines.KindSurface:         {Cut: cutMap},
	pipelines.KindRange:           {Cut: cutRange},
	pipelines.KindHessian:         {Cut: cutHessian},
	pipelines.KindTrajectory:      {Make: followPath},
	pipelines.KindPathLoss:        {Cut: cutPathLoss},
	pipelines.KindPairs:           {Make: measurePairs},
	pipelines.KindSpectrum:        {Cut: cutSpectrum},
	pipelines.KindDecay:           {Make: addDecay},
	pipelines.KindSpectrumDecay:   {Make: addSpectrumDecay},
	pipelines.KindFlatness:        {Make: flatness},
	pipelines.KindSharpness:       {Cut: cutSharpness},
	pipelines.KindRender:          {Make: draw},
	pipelines.KindReport:          {Make: makePage},
}

// Register adds the running half of a kind of step to that of [pipelines.Register].
func Register(k pipelines.Kind, of Kind) { kinds[k] = of }

// kind is the running half of the step's kind.
func (r *Run) kind() (Kind, error) {
	k, ok := kinds[r.Kind()]
	if !ok {
		return k, Permanent("BadStep", fmt.Errorf("%s: this worker does not know steps of kind %q: it is older than the sweep", r.Label, r.Kind()))
	}
	return k, nil
}

// PermanentError is an error that no retry can fix: bad input, or a recipe that fails by itself.
type PermanentError struct {
	Type string // shown by the UI
	Err  error
}

// Error is the text of the cause.
func (e *PermanentError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *PermanentError) Unwrap() error { return e.Err }

// Permanent marks an error that no retry can fix. kind is the error type that the UI shows.
func Permanent(kind string, err error) error { return &PermanentError{kind, err} }
