package run

import (
	"context"
	"time"

	"lossatlas/activities"
	"lossatlas/activities/results"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/cli/sweeps"
	"lossatlas/workers/internal/progress"
)

// draft is the report of a sweep that runs.
type draft struct {
	pictures int       // that it shows
	next     time.Time // when it may be written again
}

// draftShare is the time between two drafts in the time that one takes.
const draftShare = 50

// keepReport writes a report as soon as the sweep has drawn a picture, and again with more of them, so that a sweep that ends in
// any way has one.
func (f *follower) keepReport(ctx context.Context, p *progress.Poller) {
	if f.scratch || f.watching || time.Now().Before(f.report.next) {
		return
	}
	known := activities.RootSteps(p.Known())
	pictures := 0
	for _, s := range known {
		switch {
		case s.Kind == string(pipelines.KindReport) && len(s.Outputs) > 0:
			return // the sweep's own is about to be written
		case s.Kind == string(pipelines.KindRender) && s.State == artifacts.StateRan:
			pictures++
		}
	}
	if pictures <= f.report.pictures {
		return
	}
	began := time.Now()
	path, err := sweeps.KeepReport(ctx, f.App, &results.Sweep{Store: f.services.Store, Graph: f.graph, Steps: known})
	switch {
	case err != nil:
		f.Log.Debug().Err(err).Msg("the report of the first pictures can't be written")
	case f.report.pictures == 0 && path != "":
		f.Say("first picture drawn; the report so far: %s", path)
	}
	f.report = draft{pictures, began.Add(draftShare * time.Since(began))}
}
