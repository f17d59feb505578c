package workflows

import (
	"cmp"
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"lossatlas/activities"
	"lossatlas/pipelines"
)

// mapRounds is how often chunks that vanished between evaluation and assembly are made again.
const mapRounds = 3

// QueryProgress is the query of a map's step workflow that returns how many points, or parts of a spectrum, of
// its finished chunks are done: activities.Progress.
const QueryProgress = "progress"

// mapStep evaluates the chunks of a line, surface, Hessian map or spectrum and assembles them.
func mapStep(ctx workflow.Context, in activities.StepInput) (activities.StepResult, error) {
	var result activities.StepResult
	var seconds float64
	progress := activities.Progress{Unit: "point"}
	var planning, assembling any = acts.PlanMap, acts.AssembleMap
	if pipelines.Kind(in.Recipe.Kind) == pipelines.KindSpectrum {
		planning, assembling, progress.Unit = acts.PlanSpectrum, acts.AssembleSpectrum, "part"
	}
	if err := workflow.SetQueryHandler(ctx, QueryProgress, func() (activities.Progress, error) { return progress, nil }); err != nil {
		return result, err
	}
	for round := 1; ; round++ {
		var plan activities.MapPlan
		if err := workflow.ExecuteActivity(quick(ctx, "which chunks are left"), planning, in).Get(ctx, &plan); err != nil {
			return result, err
		}
		spent, err := evaluate(ctx, in, plan, &progress)
		if err != nil {
			return result, err
		}
		seconds += spent
		err = workflow.ExecuteActivity(quick(ctx, "assemble"), assembling, in, seconds).Get(ctx, &result)
		if hasType(err, activities.ErrorChunkLost) && round < mapRounds {
			continue
		}
		return result, err
	}
}

// evaluate runs the missing chunks, a window of them at a time, and returns
// the seconds they took together, and counts them in progress. The first error stops it.
func evaluate(ctx workflow.Context, in activities.StepInput, plan activities.MapPlan, progress *activities.Progress) (float64, error) {
	ctx, cancel := workflow.WithCancel(ctx)
	defer cancel()
	var seconds float64
	var failed error
	running, window := 0, cmp.Or(in.Window, activities.LeastWindow)
	done := plan.Chunks - len(plan.Missing)
	progress.Done, progress.Total = plan.Done, plan.Points // those found in the store count, too
	for _, chunk := range plan.Missing {
		if err := workflow.Await(ctx, func() bool { return running < window || failed != nil }); err != nil {
			return seconds, err
		}
		if failed != nil {
			break
		}
		running++
		summary := fmt.Sprintf("chunk %d of %d", chunk+1, plan.Chunks)
		f := chunkActivity(ctx, in, chunk, summary)
		workflow.Go(ctx, func(ctx workflow.Context) {
			var r activities.ChunkResult
			err := f.Get(ctx, &r)
			running--
			if err != nil {
				if failed == nil {
					failed = err
				}
				return
			}
			done++
			progress.Done += r.Points
			seconds += r.Seconds
			workflow.SetCurrentDetails(ctx, fmt.Sprintf("%d of %d chunks evaluated", done, plan.Chunks))
		})
	}
	if failed != nil {
		cancel()
	}
	if err := workflow.Await(ctx, func() bool { return running == 0 }); err != nil && failed == nil {
		failed = err
	}
	return seconds, failed
}

// chunkActivity starts the evaluation of a chunk. A row of spectra of a deep
// network over many images takes days.
func chunkActivity(ctx workflow.Context, in activities.StepInput, chunk int, summary string) workflow.Future {
	switch pipelines.Kind(in.Recipe.Kind) {
	case pipelines.KindHessian:
		return workflow.ExecuteActivity(computing(ctx, in, 14*24*time.Hour, summary), acts.EvaluateSpectra, in, chunk)
	case pipelines.KindSpectrum:
		return workflow.ExecuteActivity(computing(ctx, in, 24*time.Hour, summary), acts.EvaluateProbe, in, chunk)
	}
	return workflow.ExecuteActivity(computing(ctx, in, time.Hour, summary), acts.EvaluateChunk, in, chunk)
}
