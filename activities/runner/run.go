package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"lossatlas/activities/internal/cputime"
	"lossatlas/activities/results"
	"lossatlas/artifacts"
)

// Run is a step at work on a machine.
type Run struct {
	Job
	*Machine
	// Log names the step, and the activity that does it.
	Log   zerolog.Logger
	Pulse Pulse
	// Watch measures this attempt.
	Watch *cputime.Watch
	// Before is the time of the earlier attempts whose work this one continues.
	Before artifacts.Spent
}

// Pulse is how the outside world learns how far a step is, and the step when to stop.
type Pulse interface {
	// Progress says that the work has come further.
	Progress(Progress)
	// Note describes the current work and keeps the progress.
	Note(text string)
	// Stopped is an error when the worker is about to stop: the step then ends with it, between two portions of work.
	Stopped() error
}

// Progress is how far a long step has come.
type Progress struct {
	Done  int    `json:"done"`
	Total int    `json:"total"`
	Unit  string `json:"unit"` // "step", "point"
	Note  string `json:"note,omitempty"`
	// Points is how many points of a map all of it has, 0 for 1.
	Points int `json:"points,omitempty"`
}

// compiling is the note of work that has to compile a program, or to upload its data.
const compiling = "compiling"

// Plan lists the chunks of a step, and which of them are missing.
type Plan struct {
	Chunks  int   `json:"chunks"`
	Missing []int `json:"missing"`
	// Points is how many points, or parts of a spectrum, the chunks have, and Done how many of them are not missing.
	Points int `json:"points"`
	Done   int `json:"done"`
	// More says that further chunks may follow from the missing ones: the step is then to be planned again.
	More bool `json:"more,omitempty"`
}

// Plan lists the chunks that no earlier attempt stored. Chunks contained in other results are copied from them.
func (r *Run) Plan(ctx context.Context) (Plan, error) {
	chunks, err := r.cut(ctx)
	if err != nil {
		return Plan{}, err
	}
	plan, err := r.missing(ctx, chunks)
	next, ok := chunks.(Extender)
	for ok && err == nil && len(plan.Missing) == 0 && next.HasMore() {
		if err = next.Extend(ctx); err == nil {
			plan, err = r.missing(ctx, chunks)
		}
	}
	plan.More = ok && next.HasMore()
	return plan, err
}

// missing lists the chunks that are not stored, after copying chunks from other results.
func (r *Run) missing(ctx context.Context, chunks Chunks) (Plan, error) {
	sizes := chunks.Sizes()
	plan := Plan{Chunks: len(sizes)}
	parts, err := r.Store.Parts(ctx, r.Key)
	if err != nil {
		return plan, err
	}
	for i := range sizes {
		if _, ok := slices.BinarySearch(parts, results.ChunkPart(i)); !ok {
			plan.Missing = append(plan.Missing, i)
		}
	}
	if other, ok := chunks.(Refiner); ok && len(plan.Missing) > 0 {
		found, err := other.Find(ctx, plan.Missing)
		if err != nil {
			return plan, err
		}
		for i, part := range found {
			if err := r.Store.PutPart(ctx, r.Key, results.ChunkPart(i), part); err != nil {
				return plan, err
			}
		}
		plan.Missing = slices.DeleteFunc(plan.Missing, func(i int) bool { return found[i] != nil })
	}
	for i, size := range sizes {
		plan.Points += size
		if !slices.Contains(plan.Missing, i) {
			plan.Done += size
		}
	}
	return plan, nil
}

// cut prepares a step that is done in chunks.
func (r *Run) cut(ctx context.Context) (Chunks, error) {
	kind, err := r.kind()
	if err != nil {
		return nil, err
	}
	if kind.Cut == nil {
		return nil, Permanent("BadStep", fmt.Errorf("%s: a step of kind %s is not cut into chunks", r.Label, r.Kind()))
	}
	return kind.Cut(ctx, r)
}

// Chunk computes a chunk and stores it as a part of the step. It returns how many points, or other parts, the chunk has.
// again says that an earlier attempt may have stored it, and could not say so.
func (r *Run) Chunk(ctx context.Context, i int, again bool) (points int, err error) {
	chunks, err := r.cut(ctx)
	if err != nil {
		return 0, err
	}
	sizes := chunks.Sizes()
	if next, ok := chunks.(Extender); ok && i >= len(sizes) && next.HasMore() {
		return 0, Permanent(ErrorChunkLost, fmt.Errorf("%s: the round of chunk %d is not in the store", r.Label, i))
	}
	if i < 0 || i >= len(sizes) {
		return 0, Permanent("BadStep", fmt.Errorf("%s: chunk %d of %d", r.Label, i, len(sizes)))
	}
	if again {
		_, err := r.Store.GetPart(ctx, r.Key, results.ChunkPart(i))
		if !errors.Is(err, artifacts.ErrNotFound) {
			return sizes[i], err
		}
	}
	part, err := chunks.Chunk(ctx, i)
	if err != nil {
		return 0, err
	}
	return sizes[i], r.keep(ctx, results.ChunkPart(i), part)
}

// ErrorChunkLost is the type of Make's error for a chunk that is gone: it is to be computed again.
const ErrorChunkLost = "ChunkLost"

// Make makes the step's outputs, from its chunks if it has any, and records them under its key. made.Spent is the time of the chunks.
func (r *Run) Make(ctx context.Context, program string, made artifacts.Provenance) (artifacts.Action, error) {
	outputs, err := r.outputs(ctx)
	if err != nil {
		return artifacts.Action{}, err
	}
	if r.Kind().Unit() == "" {
		made.Spent = r.Before.Plus(artifacts.Spent(r.Watch.Spent()))
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	made.At, made.Host, made.Program, made.Numerics, made.Producers = time.Now().UTC(), host, program, r.class(), r.Producers
	return r.Store.PutAction(ctx, artifacts.Action{Key: r.Key, Recipe: r.Recipe, Outputs: outputs, Made: made})
}

func (r *Run) outputs(ctx context.Context) (Outputs, error) {
	kind, err := r.kind()
	if err != nil {
		return nil, err
	}
	if kind.Make != nil {
		return kind.Make(ctx, r)
	}
	chunks, err := kind.Cut(ctx, r)
	if err != nil {
		return nil, err
	}
	if next, ok := chunks.(Extender); ok && next.HasMore() {
		return nil, Permanent(ErrorChunkLost, fmt.Errorf("%s: the last round is not in the store", r.Label))
	}
	parts, err := r.stored(ctx, len(chunks.Sizes()))
	if err != nil {
		return nil, err
	}
	return chunks.Join(ctx, parts)
}

// stored reads the chunks of the step.
func (r *Run) stored(ctx context.Context, n int) ([][]byte, error) {
	parts := make([][]byte, n)
	for i := range parts {
		var err error
		parts[i], err = r.Store.GetPart(ctx, r.Key, results.ChunkPart(i))
		if errors.Is(err, artifacts.ErrNotFound) {
			return nil, Permanent(ErrorChunkLost, fmt.Errorf("%s: chunk %d is not in the store", r.Label, i))
		}
		if err != nil {
			return nil, err
		}
	}
	return parts, nil
}

// put stores each output as a blob.
func (r *Run) put(ctx context.Context, files map[string][]byte) (Outputs, error) {
	out := make(Outputs, len(files))
	for name, b := range files {
		err := r.patiently(ctx, func() (err error) {
			out[name], err = r.Store.Put(ctx, b)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
