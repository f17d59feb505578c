package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// keepReport copies a sweep's report out of the store, to reports/<sweep>/index.html
// in the home, and returns the path; "" if the sweep has no report (yet).
func (a *app) keepReport(ctx context.Context, store *artifacts.Store, root artifacts.Root) (string, error) {
	for _, s := range root.Steps {
		blob, ok := s.Outputs[pipelines.OutHTML]
		if !ok || s.Kind != string(pipelines.KindReport) {
			continue
		}
		page, err := store.Get(ctx, blob.Digest)
		if err != nil {
			return "", fmt.Errorf("the report of sweep %s: %w", root.Sweep, err)
		}
		dir, err := a.home.Folder("reports", root.Sweep)
		if err != nil {
			return "", err
		}
		path := filepath.Join(dir, "index.html")
		return path, writeFile(path, page)
	}
	return "", nil
}

// writeFile replaces a file as a whole: it is never seen half-written.
func writeFile(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
			err = fmt.Errorf("write %s: %w", path, err)
		}
	}()
	if _, err := f.Write(data); err != nil {
		f.Close()
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
