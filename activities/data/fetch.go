package data

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"lossatlas/activities/download"
)

// Archive is a gzipped tar archive on a server.
type Archive struct {
	URL    string
	Size   int64  // bytes
	SHA256 string // hexadecimal
}

// FetchOptions adjusts Fetch. The zero value fetches the official archive.
type FetchOptions struct {
	// Archive, if set, is another one of the same layout, for instance a mirror.
	Archive
	// Progress, if set, is called four times a second with the bytes received and
	// the bytes expected in all.
	Progress func(done, total int64)
	// Stall is how long the server may stay silent; 30 seconds if zero.
	Stall time.Duration
}

// Fetch downloads the archive of a data set into dir, so that Open finds its
// folder there. The archive's size and SHA-256 are checked as it streams in, before
// anything of it is unpacked, and the folder appears whole or not at all, also when
// two processes fetch at once. An existing folder is left unchanged. When the
// archive is not available the error is a *MissingError.
func Fetch(ctx context.Context, set, dir string, opts FetchOptions) error {
	s, err := Lookup(set)
	if err != nil {
		return err
	}
	l := s.records
	if l == nil || l.archive.URL == "" {
		return fmt.Errorf("%s has no archive that could be fetched", set)
	}
	if opts.URL == "" {
		opts.Archive = l.archive
	}
	target := filepath.Join(dir, l.folder)
	if _, err := os.Stat(target); err == nil {
		return nil
	}
	if err := l.fetch(ctx, dir, target, opts); err != nil {
		return &MissingError{Set: set, Folder: l.folder, Looked: []string{dir}, URL: l.archive.URL, Cause: err}
	}
	return nil
}

// fetch does the work of Fetch inside a temporary folder next to the target.
func (l *layout) fetch(ctx context.Context, dir, target string, opts FetchOptions) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	prefix := "." + l.set + "-"
	removeStale(dir, prefix)
	tmp, err := os.MkdirTemp(dir, prefix)
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	archive := filepath.Join(tmp, "archive.tar.gz")
	sum, err := download.File(ctx, opts.URL, archive, download.Options{Size: opts.Size, Stall: opts.Stall, Progress: opts.Progress})
	if err != nil {
		return err
	}
	if sum != opts.SHA256 {
		return fmt.Errorf("%s has the SHA-256 %s, expected %s: it is not the official archive, nothing of it was kept", opts.URL, sum, opts.SHA256)
	}
	if err := l.unpack(archive, filepath.Join(tmp, l.folder)); err != nil {
		return fmt.Errorf("unpack %s: %w", opts.URL, err)
	}
	err = os.Rename(filepath.Join(tmp, l.folder), target)
	if errors.Is(err, fs.ErrExist) || errors.Is(err, syscall.ENOTEMPTY) {
		return nil // another process was faster
	}
	return err
}

// removeStale removes the temporary folders of killed downloads once they are a
// day old: younger folders may belong to a download in progress.
func removeStale(dir, prefix string) {
	old, _ := filepath.Glob(filepath.Join(dir, prefix+"*"))
	for _, path := range old {
		if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > 24*time.Hour {
			os.RemoveAll(path)
		}
	}
}
