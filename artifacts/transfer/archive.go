package transfer

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"lossatlas/artifacts"
	"lossatlas/artifacts/internal/layout"
	"lossatlas/artifacts/objects"
)

// A sweep can be kept in one file, a plain tar that other tools read, too:
//
//	cas/sha256/ab/abcd…   blobs, by digest
//	actions/ab/abcd….json actions, in the form of a store
//	sweep.json            the run, in the form of a store, last: a file without it was cut short
//
// Equal sweeps make equal files. Nothing is compressed: weights can't be, and
// reading never takes more memory than the file is long.

// archivedRoot is the name of the run in an archive.
const archivedRoot = "sweep.json"

// archiveWriter is an archive that is being written: a bucket whose objects can be listed and not read.
type archiveWriter struct {
	*objects.Memory // empty
	tar             *tar.Writer
	put             map[string]objects.Info
}

func newArchiveWriter(w io.Writer) *archiveWriter {
	return &archiveWriter{objects.NewMemory(), tar.NewWriter(w), map[string]objects.Info{}}
}

// Save writes a sweep's run and everything that it needs to w as an archive, with the contents of [Copy]. After an error the
// archive is incomplete, and [Load] refuses it.
func Save(ctx context.Context, from *artifacts.Store, sweep string, w io.Writer, o Options) (Copied, error) {
	a := newArchiveWriter(w)
	out, err := copyTo(ctx, from, sweep, artifacts.Wrap(a, zerolog.Nop()), 1, o)
	if err != nil {
		return out, err
	}
	return out, a.tar.Close()
}

// Put writes one file. Its header depends on nothing but its name and size.
func (a *archiveWriter) Put(_ context.Context, name string, body []byte, _ [32]byte, _ objects.Condition) error {
	a.put[name] = objects.Info{Name: name, Size: int64(len(body))}
	if strings.HasPrefix(name, layout.Roots) {
		name = archivedRoot
	}
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(body)), Mode: 0o644, ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}
	if err := a.tar.WriteHeader(h); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	_, err := a.tar.Write(body)
	return err
}

// Stat returns the size of an object that was put.
func (a *archiveWriter) Stat(ctx context.Context, name string) (objects.Info, error) {
	if info, ok := a.put[name]; ok {
		return info, nil
	}
	return a.Memory.Stat(ctx, name)
}
