package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/rs/zerolog"
	"go.temporal.io/sdk/activity"

	"lossatlas/activities/internal/cputime"
	"lossatlas/activities/runner"
	"lossatlas/artifacts"
)

// ChunkResult is one computed chunk, or one found in the store.
type ChunkResult struct {
	artifacts.Spent
	Points int `json:"points"`
}

// PlanStep lists the missing chunks of a step.
func (a *Activities) PlanStep(ctx context.Context, in StepInput) (runner.Plan, error) {
	return do(ctx, a, in, func(r *runner.Run) (runner.Plan, error) {
		if _, ok, err := a.made(ctx, in); ok || err != nil {
			return runner.Plan{}, err
		}
		return r.Plan(ctx)
	})
}

// RunChunk computes one chunk of a step and stores it.
func (a *Activities) RunChunk(ctx context.Context, in StepInput, chunk int) (ChunkResult, error) {
	return do(ctx, a, in, func(r *runner.Run) (ChunkResult, error) {
		a.markBegun(ctx, in)
		points, err := r.Chunk(ctx, chunk, activity.GetInfo(ctx).Attempt > 1)
		return ChunkResult{Spent: artifacts.Spent(r.Watch.Spent()), Points: points}, err
	})
}

// MakeStep makes the outputs of a step, from its chunks if it has any, and records them. spent is the time of the chunks.
func (a *Activities) MakeStep(ctx context.Context, in StepInput, spent artifacts.Spent) (StepResult, error) {
	return do(ctx, a, in, func(r *runner.Run) (StepResult, error) {
		if result, ok, err := a.made(ctx, in); ok || err != nil {
			return result, err
		}
		if in.Kind.Computes() && in.Kind.Unit() == "" {
			a.markBegun(ctx, in)
		}
		info := activity.GetInfo(ctx)
		made := artifacts.Provenance{Spent: spent, WorkflowID: info.WorkflowExecution.ID, RunID: info.WorkflowExecution.RunID}
		action, err := r.Make(ctx, a.Program, made)
		if err != nil {
			return StepResult{}, err
		}
		a.dropParts(ctx, in)
		r.Log.Info().Float64("seconds", action.Made.Seconds).Msg("step made")
		return StepResult{Key: in.Key, Outputs: action.Outputs, Seconds: action.Made.Seconds}, nil
	})
}

// do runs the body of an activity on a step, which beats meanwhile.
func do[T any](ctx context.Context, a *Activities, in StepInput, body func(*runner.Run) (T, error)) (T, error) {
	return guard(ctx, a, in.Label, func() (zero T, err error) {
		p := startPulse(ctx)
		defer p.end()
		job, err := a.job(ctx, in)
		if err != nil {
			return zero, err
		}
		w := cputime.Start()
		defer w.Stop()
		return body(&runner.Run{Job: job, Machine: a.Machine, Log: *a.log(ctx, in), Pulse: p, Watch: w})
	})
}

const (
	// jobPart is the part of a step that holds its job.
	jobPart = "job"
	// errorJobLost is the type of error of a step whose job was deleted from the store or is damaged there. RunStep then stores the job
	// and starts the step again.
	errorJobLost = "JobLost"
	// begunPart is the part of a step that an activity stores as it begins to work, so that a step whose process is
	// killed before it has stored a result of its own is known to have begun.
	begunPart = "begun"
	// mostJobs is how many jobs a process keeps. That of a report over hundreds of experiments has megabytes.
	mostJobs = 32
)

// putJob stores the job of a step, before its workflow starts.
func (a *Activities) putJob(ctx context.Context, job runner.Job) error {
	b, err := json.Marshal(job)
	if err != nil {
		return err
	}
	a.jobs.keep(job.Key, job, mostJobs)
	return a.Machine.Store.PutPart(ctx, job.Key, jobPart, b)
}

// job returns the job of a step. When it is gone from the parts of the step, another run of it has
// just ended, and the record of its result holds the same.
func (a *Activities) job(ctx context.Context, in StepInput) (runner.Job, error) {
	if job, ok := a.jobs.find(in.Key); ok {
		return job, nil
	}
	var job runner.Job
	b, err := a.Machine.Store.GetPart(ctx, in.Key, jobPart)
	switch {
	case err == nil:
		if err := json.Unmarshal(b, &job); err != nil {
			return job, runner.Permanent("BadStep", fmt.Errorf("%s: its inputs: %w", in.Label, err))
		}
	case errors.Is(err, artifacts.ErrNotFound):
		action, err := a.Machine.Store.Recorded(ctx, in.Key)
		if errors.Is(err, artifacts.ErrNotFound) {
			err = runner.Permanent(errorJobLost, fmt.Errorf("%s: its job is not in the store any more; the activity that asked for the step stores it again", in.Label))
		}
		if err != nil {
			return job, err
		}
		job = runner.Job{Key: in.Key, Recipe: action.Recipe, Producers: action.Made.Producers, Label: in.Label}
	default:
		return job, err
	}
	a.jobs.keep(in.Key, job, mostJobs)
	return job, nil
}

// markBegun marks the step as begun.
func (a *Activities) markBegun(ctx context.Context, in StepInput) {
	if err := a.Machine.Store.PutPart(ctx, in.Key, begunPart, nil); err != nil { // the mark is not worth the work
		a.log(ctx, in).Warn().Err(err).Msg("the step could not be marked as begun")
	}
}

// cached returns the step's result if it is in the action cache, whole.
func (a *Activities) cached(ctx context.Context, key artifacts.Key) (StepResult, error) {
	act, err := a.Machine.Store.Lookup(ctx, key)
	if err != nil {
		return StepResult{}, err
	}
	return StepResult{Key: key, Outputs: act.Outputs, Cached: true, Seconds: act.Made.Seconds}, nil
}

// made returns the step's result if it is in the cache already: an attempt that
// recorded it, and removed what it had stored on the way, was killed before it
// could say so; or the step has ended since it was asked for.
func (a *Activities) made(ctx context.Context, in StepInput) (r StepResult, ok bool, err error) {
	r, err = a.cached(ctx, in.Key)
	var incomplete *artifacts.IncompleteError
	if errors.Is(err, artifacts.ErrNotFound) || errors.As(err, &incomplete) {
		return StepResult{}, false, nil
	}
	if err != nil {
		return r, false, err
	}
	r.Cached = false
	a.dropParts(ctx, in)
	return r, true, nil
}

// dropParts removes the parts of a finished step.
func (a *Activities) dropParts(ctx context.Context, in StepInput) {
	if err := a.Machine.Store.DropParts(ctx, in.Key); err != nil {
		a.log(ctx, in).Warn().Err(err).Msg("the finished step's checkpoints could not be removed")
	}
}

// log is the program's log with the IDs by which an activity's step, and what asked for it, are found in Temporal.
func (a *Activities) log(ctx context.Context, in StepInput) *zerolog.Logger {
	run := activity.GetInfo(ctx).WorkflowExecution
	l := a.Machine.Log.With().Str("step", in.Label).Str("key", in.Key.String()).Str("workflow", run.ID).Str("run", run.RunID).Logger()
	return &l
}
