package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gomlx/go-xla/installer"
	"github.com/gomlx/go-xla/pjrt"
	"github.com/rs/zerolog"
)

const (
	// lookupTimeout limits the search for the release, which could hang behind a firewall.
	lookupTimeout = 10 * time.Second
	// idleTimeout limits the time without data in a download.
	idleTimeout = 30 * time.Second
	// reportEvery is the interval of messages about a long download.
	reportEvery = 5 * time.Second
)

// release is the build that go-xla's authors publish, found by their installer.
type release struct{}

func (release) name() string { return "go-xla's release " + pjrt.DefaultCPUVersion }

func (release) fetch(ctx context.Context, dir string, log zerolog.Logger) (string, error) {
	url, err := lookUp(ctx)
	if err != nil {
		return "", err
	}
	archive := filepath.Join(filepath.Dir(dir), path.Base(url))
	if err := download(ctx, url, archive, log); err != nil {
		return "", err
	}
	unpack := installer.Untar
	if strings.HasSuffix(archive, ".zip") {
		unpack = installer.Unzip
	}
	if _, err := unpack(archive, dir); err != nil {
		return "", fmt.Errorf("unpack the release: %w", err)
	}
	return "go-xla-cpu-" + pjrt.DefaultCPUVersion, nil
}

// lookUp asks for the URL of the release for this machine. The library takes no context, so a call without an answer is
// abandoned.
func lookUp(ctx context.Context) (string, error) {
	type answer struct {
		url string
		err error
	}
	got := make(chan answer, 1)
	go func() {
		url, err := installer.CPUGetDownloadURL(runtime.GOOS+"_"+runtime.GOARCH, pjrt.DefaultCPUVersion)
		got <- answer{url, err}
	}()
	select {
	case a := <-got:
		return a.url, a.err
	case <-time.After(lookupTimeout):
		return "", fmt.Errorf("no answer within %v", lookupTimeout)
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// download writes the content of url to a new file. It fails after idleTimeout without data.
func download(ctx context.Context, url, to string, log zerolog.Logger) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stalled := time.AfterFunc(idleTimeout, func() { cancel(fmt.Errorf("the download received no data for %v", idleTimeout)) })
	defer stalled.Stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return because(ctx, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the server answered %s", resp.Status)
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer reportSize(to, resp.ContentLength, log)()
	body := io.TeeReader(resp.Body, writerFunc(func([]byte) { stalled.Reset(idleTimeout) }))
	n, err := io.Copy(f, body)
	if err == nil && resp.ContentLength >= 0 && n != resp.ContentLength {
		err = fmt.Errorf("received %d of %d bytes", n, resp.ContentLength)
	}
	return because(ctx, errors.Join(err, f.Close()))
}

// because returns the reason why a context ended in place of "context canceled".
func because(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

type writerFunc func([]byte)

func (f writerFunc) Write(b []byte) (int, error) { f(b); return len(b), nil }

// reportSize logs the size of a growing file or folder until stop is called. total is its final size in bytes, -1 if unknown.
func reportSize(path string, total int64, log zerolog.Logger) (stop func()) {
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(reportEvery)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			n := size(path)
			e := log.Info().Int64("megabytes", n>>20)
			if total > 0 {
				e = e.Int64("percent", 100*n/total)
			}
			e.Msg("Downloading.")
		}
	}()
	return func() { close(done) }
}
