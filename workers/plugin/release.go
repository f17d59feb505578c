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
	// lookupTime bounds the question where the release is: a machine behind a
	// firewall must not hang here.
	lookupTime = 10 * time.Second
	// idleTime bounds how long a download may stand still.
	idleTime = 30 * time.Second
	// sayEvery is how often a long download says how far it is.
	sayEvery = 5 * time.Second
)

// release is the build that go-xla's authors publish for their library, found
// by go-xla's own installer.
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

// lookUp asks where the release for this machine is. The library takes no
// context, so a question that is never answered is left behind.
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
	case <-time.After(lookupTime):
		return "", fmt.Errorf("no answer within %v", lookupTime)
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// download writes what url serves to a new file, and gives up when nothing
// comes for idleTime.
func download(ctx context.Context, url, to string, log zerolog.Logger) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stalled := time.AfterFunc(idleTime, func() { cancel(fmt.Errorf("the download stood still for %v", idleTime)) })
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
	tell := progress{total: resp.ContentLength, log: log, said: time.Now()}
	body := io.TeeReader(resp.Body, writerFunc(func(b []byte) { stalled.Reset(idleTime); tell.add(len(b)) }))
	n, err := io.Copy(f, body)
	if err == nil && resp.ContentLength >= 0 && n != resp.ContentLength {
		err = fmt.Errorf("%d bytes came, %d were announced", n, resp.ContentLength)
	}
	return because(ctx, errors.Join(err, f.Close()))
}

// because prefers the reason for which a context ended over "context canceled".
func because(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

type writerFunc func([]byte)

func (f writerFunc) Write(b []byte) (int, error) { f(b); return len(b), nil }

// progress says now and then how far a download is.
type progress struct {
	total, done int64 // bytes; total is -1 when not announced
	said        time.Time
	log         zerolog.Logger
}

func (p *progress) add(n int) {
	p.done += int64(n)
	if time.Since(p.said) < sayEvery {
		return
	}
	p.said = time.Now()
	e := p.log.Info().Int64("megabytes", p.done>>20)
	if p.total > 0 {
		e = e.Int64("percent", 100*p.done/p.total)
	}
	e.Msg("Downloading.")
}
