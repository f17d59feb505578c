package run

import (
	"context"
	"fmt"
	"slices"
	"time"

	"lossatlas/artifacts"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/launch"
	"lossatlas/workers/internal/progress"
)

// queueNote is the latest message about the sweeps that keep the workers busy while this one is queued, and the time of the latest query.
type queueNote struct {
	text  string
	asked time.Time
}

// queueEvery is how often the running sweeps are asked for while this one is queued.
const queueEvery = 10 * time.Second

// tellQueue says which sweeps the workers compute while this one waits for them, and again when these change.
func (f *follower) tellQueue(ctx context.Context, s progress.Snapshot) {
	if progress.Doing(artifacts.StateRunning, s) != "queued" || time.Since(f.queue.asked) < queueEvery {
		return
	}
	f.queue.asked = time.Now()
	open, err := launch.OpenSweeps(ctx, f.client, f.services.Payloads().Data)
	if err != nil {
		f.Log.Debug().Err(err).Msg("the running sweeps can't be listed")
	}
	slices.SortFunc(open, func(a, b launch.Open) int { return a.Started.Compare(b.Started) })
	var others []string
	for _, o := range open {
		if o.Sweep != f.graph.Sweep {
			others = append(others, fmt.Sprintf("%s (running since %s)", o.Sweep, o.Started.Local().Format(time.DateTime)))
		}
	}
	if text := app.JoinSome(others); text != "" && text != f.queue.text {
		f.queue.text = text
		f.Say("queued: the workers compute %s; sweeps of equal --priority take turns, step by step", text)
	}
}
