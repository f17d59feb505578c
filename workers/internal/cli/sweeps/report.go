package sweeps

import (
	"context"
	"fmt"
	"path/filepath"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/export"
)

// KeepReport copies a sweep's report out of the store, to reports/<sweep>/index.html
// in the home, and returns the path; "" if the sweep has no report (yet).
func KeepReport(ctx context.Context, a *app.App, store *artifacts.Store, root artifacts.Root) (string, error) {
	for _, s := range root.Steps {
		blob, ok := s.Outputs[pipelines.OutHTML]
		if !ok || s.Kind != string(pipelines.KindReport) {
			continue
		}
		page, err := store.Get(ctx, blob.Digest)
		if err != nil {
			return "", fmt.Errorf("the report of sweep %s: %w", root.Sweep, err)
		}
		dir, err := a.Home.Folder("reports", root.Sweep)
		if err != nil {
			return "", err
		}
		path := filepath.Join(dir, "index.html")
		return path, export.WriteFile(path, page)
	}
	return "", nil
}
