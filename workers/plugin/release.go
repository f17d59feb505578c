package plugin

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gomlx/go-xla/installer"
	"github.com/gomlx/go-xla/pjrt"

	"lossatlas/activities/download"
)

const (
	// lookupTimeout limits the search for the release, which could hang behind a firewall.
	lookupTimeout = 10 * time.Second
	// reportEvery is the interval of messages about a long download.
	reportEvery = 5 * time.Second
)

// release is the build that go-xla's authors publish, found by their installer.
type release struct{}

func (release) name() string { return "go-xla's release " + pjrt.DefaultCPUVersion }

func (release) fetch(ctx context.Context, dir string, say Say) (string, error) {
	url, err := lookUp(ctx)
	if err != nil {
		return "", err
	}
	archive := filepath.Join(filepath.Dir(dir), path.Base(url))
	if _, err := download.File(ctx, url, archive, download.Options{Progress: sayProgress(say)}); err != nil {
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

// sayProgress reports the progress of a long download every reportEvery.
func sayProgress(say Say) func(done, total int64) {
	last := time.Now()
	return func(done, total int64) {
		if time.Since(last) < reportEvery {
			return
		}
		last = time.Now()
		if total > 0 {
			say("downloaded %d MiB, %d %%", done>>20, 100*done/total)
		} else {
			say("downloaded %d MiB", done>>20)
		}
	}
}
