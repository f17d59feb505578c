package artifacts

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"time"
)

// A sweep can be kept in one file, a plain tar that other tools read, too:
//
//	cas/sha256/ab/abcd…   blobs, by digest
//	actions/ab/abcd….json actions, as a store has them
//	sweep.json            the run, as a store has it, last: a file without it was cut short
//
// Equal sweeps make equal files. Nothing is compressed: weights can't be, and
// what is read of a file is never more than the file.

// archivedRoot is the name of the run in an archive.
const archivedRoot = "sweep.json"

// archiveWriter is an archive that is being written: a sink that takes one thing after another.
type archiveWriter struct {
	tar *tar.Writer
}

func newArchiveWriter(w io.Writer) *archiveWriter { return &archiveWriter{tar.NewWriter(w)} }

// Save writes a sweep's run with all that it needs, as [Store.Copy] has it, to w
// as an archive. What came before an error is no archive: it has no end.
func (s *Store) Save(ctx context.Context, sweep string, w io.Writer, o CopyOptions) (Copied, error) {
	a := newArchiveWriter(w)
	out, err := transfer(ctx, s, sweep, a, o)
	if err != nil {
		return out, err
	}
	return out, a.tar.Close()
}

func (a *archiveWriter) accepts(context.Context, Root, bool) error  { return nil }
func (a *archiveWriter) Moment(context.Context) (Moment, error)     { return Moment{}, nil }
func (a *archiveWriter) listBlobs(context.Context) (*survey, error) { return &survey{}, nil }
func (a *archiveWriter) writers() int                               { return 1 }

// Put adds a blob.
func (a *archiveWriter) Put(_ context.Context, data []byte) (Blob, error) {
	b := BlobOf(data)
	return b, a.add(blobObject(b.Digest), data)
}

func (a *archiveWriter) take(_ context.Context, act Action) (Action, bool, error) {
	return act, true, a.record(actionObject(act.Key), act)
}

// PutRootSince adds the run, and is the last to be called.
func (a *archiveWriter) PutRootSince(_ context.Context, root Root, _ Moment) error {
	return a.record(archivedRoot, root)
}

func (a *archiveWriter) record(name string, v any) error {
	b, err := encodeRecord(v)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return a.add(name, b)
}

// add writes one file. Its header depends on nothing but its name and size.
func (a *archiveWriter) add(name string, data []byte) error {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(data)), Mode: 0o644, ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}
	if err := a.tar.WriteHeader(h); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	_, err := a.tar.Write(data)
	return err
}
