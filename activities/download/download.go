// Package download fetches files by HTTP.
package download

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// Stall is the default of Options.
const Stall = 30 * time.Second

// Options configure a download.
type Options struct {
	// Size is the expected size in bytes; 0 means the one that the server announces, if any.
	Size int64
	// Stall limits the time without data; 0 means 30 s.
	Stall time.Duration
	// Progress is called four times a second with the bytes received and the size, which is -1 if unknown; it may be nil.
	Progress func(done, total int64)
}

// client has time limits for the connection, and none for slow downloads.
var client = &http.Client{Transport: &http.Transport{
	Proxy:                 http.ProxyFromEnvironment,
	DialContext:           (&net.Dialer{Timeout: 8 * time.Second}).DialContext,
	TLSHandshakeTimeout:   8 * time.Second,
	ResponseHeaderTimeout: 20 * time.Second,
	DisableCompression:    true,
}}

// File writes the content of url to a new file and returns its SHA-256 in hexadecimal. The error is the cause of ctx if that
// ends first.
func File(ctx context.Context, url, path string, o Options) (sum string, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := client.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s answered %s", url, resp.Status)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if o.Stall == 0 {
		o.Stall = Stall
	}
	watchdog := time.AfterFunc(o.Stall, func() { cancel(fmt.Errorf("%s sent nothing for %v", url, o.Stall)) })
	defer watchdog.Stop()
	in := &meter{r: resp.Body, total: resp.ContentLength, progress: o.Progress, alive: func() { watchdog.Reset(o.Stall) }}
	if o.Size > 0 {
		in.r, in.total = io.LimitReader(resp.Body, o.Size+1), o.Size
	}
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, hash), in)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	switch {
	case err != nil && in.total > 0:
		return "", fmt.Errorf("after %d of %d bytes: %w", n, in.total, err)
	case err != nil:
		return "", fmt.Errorf("after %d bytes: %w", n, err)
	case in.total >= 0 && n < in.total:
		return "", fmt.Errorf("%s sent only %d bytes, expected %d", url, n, in.total)
	case in.total >= 0 && n > in.total:
		return "", fmt.Errorf("%s sent at least %d bytes, expected %d", url, n, in.total)
	}
	return hex.EncodeToString(hash.Sum(nil)), f.Close()
}

// meter counts the bytes that it reads.
type meter struct {
	r           io.Reader
	done, total int64
	progress    func(done, total int64)
	alive       func()
	reported    time.Time
}

// Read reads, and reports progress.
func (m *meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.done += int64(n)
	if n > 0 {
		m.alive()
	}
	if m.progress != nil && (err != nil || time.Since(m.reported) > 250*time.Millisecond) {
		m.reported = time.Now()
		done := m.done
		if m.total >= 0 {
			done = min(done, m.total)
		}
		m.progress(done, m.total)
	}
	return n, err
}
