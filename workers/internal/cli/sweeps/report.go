package sweeps

import (
	"context"
	"fmt"
	"path/filepath"

	"lossatlas/activities/report"
	"lossatlas/activities/results"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/export"
)

// KeepReport writes a sweep's report to reports/<sweep>/index.html in the home, and returns the path: the stored report, or for a
// sweep without one, which runs or was interrupted, a page of its pictures so far; "" if there is no picture yet.
func KeepReport(ctx context.Context, a *app.App, sweep *results.Sweep) (string, error) {
	page, err := reportOf(ctx, sweep)
	if err != nil {
		return "", fmt.Errorf("the report of sweep %s: %w", sweep.Graph.Sweep, err)
	}
	if page == nil {
		return "", nil
	}
	dir, err := a.Home.Folder("reports", sweep.Graph.Sweep)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "index.html")
	return path, export.WriteFile(path, page)
}

// reportOf is the page of a sweep, nil without a picture.
func reportOf(ctx context.Context, sweep *results.Sweep) ([]byte, error) {
	pictures := 0
	for _, p := range sweep.Graph.All() {
		outputs := sweep.Steps[p.Step.ID].Outputs
		if blob, ok := outputs[pipelines.OutHTML]; ok && p.Step.Kind == pipelines.KindReport {
			return sweep.Store.Get(ctx, blob.Digest)
		}
		if p.Step.Kind == pipelines.KindRender && len(outputs) > 0 {
			pictures++
		}
	}
	if pictures == 0 {
		return nil, nil
	}
	return report.Page(ctx, sweep, report.Options{Unfinished: true})
}
