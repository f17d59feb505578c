package data

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"
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
	// Progress, if set, is called every so often with the bytes received and
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
	if opts.Stall == 0 {
		opts.Stall = 30 * time.Second
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

// fetch does the work of Fetch inside a temporary folder beside the target.
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
	if err := download(ctx, archive, opts); err != nil {
		return err
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

// removeStale removes what downloads that were killed have left, once it is a
// day old: younger folders may belong to a process that is at it now.
func removeStale(dir, prefix string) {
	old, _ := filepath.Glob(filepath.Join(dir, prefix+"*"))
	for _, path := range old {
		if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > 24*time.Hour {
			os.RemoveAll(path)
		}
	}
}

// client gives up quickly on a host that can't be reached, but lets a slow
// download take its time.
var client = &http.Client{Transport: &http.Transport{
	Proxy:                 http.ProxyFromEnvironment,
	DialContext:           (&net.Dialer{Timeout: 8 * time.Second}).DialContext,
	TLSHandshakeTimeout:   8 * time.Second,
	ResponseHeaderTimeout: 20 * time.Second,
	DisableCompression:    true,
}}

// download streams the archive into a file and checks its size and digest.
func download(ctx context.Context, path string, opts FetchOptions) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, opts.URL, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", opts.URL, resp.Status)
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()

	// The watchdog ends a transfer in which nothing arrives any more.
	stalled := fmt.Errorf("%s sent nothing for %v", opts.URL, opts.Stall)
	watchdog := time.AfterFunc(opts.Stall, func() { cancel(stalled) })
	defer watchdog.Stop()
	sum := sha256.New()
	in := &meter{r: io.LimitReader(resp.Body, opts.Size+1), total: opts.Size, progress: opts.Progress,
		alive: func() { watchdog.Reset(opts.Stall) }}
	n, err := io.Copy(io.MultiWriter(file, sum), in)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	switch {
	case err != nil:
		return fmt.Errorf("after %d of %d bytes: %w", n, opts.Size, err)
	case n != opts.Size:
		return fmt.Errorf("%s sent %s %d bytes, expected %d", opts.URL, map[bool]string{true: "only", false: "at least"}[n < opts.Size], n, opts.Size)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != opts.SHA256 {
		return fmt.Errorf("%s has the SHA-256 %s, expected %s: it is not the official archive, nothing of it was kept", opts.URL, got, opts.SHA256)
	}
	return file.Close()
}

// meter counts bytes as they pass, and tells about it four times a second.
type meter struct {
	r           io.Reader
	done, total int64
	progress    func(done, total int64)
	alive       func()
	told        time.Time
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.done += int64(n)
	if n > 0 {
		m.alive()
	}
	if m.progress != nil && (err != nil || time.Since(m.told) > 250*time.Millisecond) {
		m.told = time.Now()
		m.progress(min(m.done, m.total), m.total)
	}
	return n, err
}
