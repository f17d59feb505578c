package transfer

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"lossatlas/artifacts"
	"lossatlas/artifacts/internal/layout"
	"lossatlas/artifacts/internal/parallel"
	"lossatlas/artifacts/objects"
)

const (
	// maxEntries bounds the number of files in an archive.
	maxEntries = 1 << 20
	// tarBlock is the size of the blocks of a tar file, in bytes.
	tarBlock = 512
)

// Archive is an archive of a sweep that can be read: its list is known and its
// run was read. Its objects are verified when they are read.
type Archive struct {
	store *artifacts.Store // over the archive's bucket
	root  artifacts.Root
}

// archiveReader is the bucket of the objects in an archive, but for its run.
type archiveReader struct {
	*objects.Memory // empty
	file            io.ReaderAt
	entries         map[string]section
}

// section is where an entry's bytes lie in the file.
type section struct{ at, size int64 }

// OpenArchive reads the list of an archive of so many bytes. Nothing of it is
// trusted: an entry that is no plain file of an expected name, comes twice, or
// goes beyond the end of the file is an error. Errors are *[ArchiveError], *[artifacts.NewerError], or of reading.
func OpenArchive(file io.ReaderAt, size int64) (*Archive, error) {
	a := &archiveReader{objects.NewMemory(), file, map[string]section{}}
	whole := io.NewSectionReader(file, 0, size)
	for r := tar.NewReader(whole); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, broken(err)
		}
		at, err := whole.Seek(0, io.SeekCurrent) // the reader takes at most the header
		if err != nil {
			return nil, err
		}
		if err := a.add(h, section{at, h.Size}, size); err != nil {
			return nil, err
		}
	}
	s, ok := a.entries[archivedRoot]
	if !ok {
		return nil, &ArchiveError{Reason: "it has no " + archivedRoot + ", which is written last: it was cut short, or is something else"}
	}
	record, err := io.ReadAll(io.NewSectionReader(file, s.at, s.size))
	if err != nil {
		return nil, err
	}
	out := &Archive{store: artifacts.Wrap(a, zerolog.Nop())}
	if err := artifacts.DecodeRecord(archivedRoot, record, &out.root); err != nil {
		return nil, noArchive(err)
	}
	if err := out.root.Check(); err != nil {
		return nil, &ArchiveError{archivedRoot, err.Error()}
	}
	return out, nil
}

// noArchive is an error of reading from an archive: a damaged record or blob makes it an [ArchiveError].
func noArchive(err error) error {
	if harm, ok := errors.AsType[*artifacts.RecordError](err); ok {
		return &ArchiveError{harm.Object, "is damaged: " + harm.Reason}
	}
	if harm, ok := errors.AsType[*artifacts.DamagedError](err); ok {
		return &ArchiveError{harm.Object, "is damaged: " + harm.Detail()}
	}
	return err
}

// broken distinguishes a file that is no tar, or is cut short, from one that can't be read.
func broken(err error) error {
	if errors.Is(err, tar.ErrHeader) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &ArchiveError{Reason: "it is cut short, damaged or no tar file (" + err.Error() + ")"}
	}
	return err
}

// add notes an entry.
func (a *archiveReader) add(h *tar.Header, s section, size int64) error {
	refuse := func(reason string) error { return &ArchiveError{h.Name, reason} }
	_, twice := a.entries[h.Name]
	switch {
	case h.Typeflag != tar.TypeReg || h.Linkname != "" || len(h.PAXRecords) > 0: // sparse files announce more than they have
		return refuse("is not a plain file")
	case twice:
		return refuse("comes twice")
	case len(a.entries) == maxEntries:
		return refuse(fmt.Sprintf("is one too many: an archive has at most %d files", maxEntries))
	case h.Size < 0 || s.at+h.Size > size || s.at%tarBlock != 0:
		return refuse("goes beyond the end of the file, which was cut short")
	case h.Name == archivedRoot || strings.HasPrefix(h.Name, layout.Actions):
		if h.Size > artifacts.MaxRecord {
			return refuse(fmt.Sprintf("has %d bytes, and may have %d", h.Size, int64(artifacts.MaxRecord)))
		}
		if h.Name != archivedRoot && !isAction(h.Name) {
			return refuse("is no action's name")
		}
	case strings.HasPrefix(h.Name, layout.Blobs):
		if d, err := layout.ParseHex(path.Base(h.Name)); err != nil || layout.Blob(d) != h.Name {
			return refuse("is no blob's name")
		}
		if h.Size > artifacts.MaxBlob {
			return refuse(fmt.Sprintf("has %d bytes, and may have %d", h.Size, int64(artifacts.MaxBlob)))
		}
	default:
		return refuse("has no business in one")
	}
	a.entries[h.Name] = s
	return nil
}

func isAction(object string) bool {
	k, err := artifacts.ParseKey(strings.TrimSuffix(path.Base(object), ".json"))
	return err == nil && layout.Action(k) == object
}

// Sweep is the name of the sweep in the archive.
func (a *Archive) Sweep() string { return a.root.Sweep }

// Load stores the sweep of an archive with all that it needs, as [Copy]
// does: nothing that is there is written again, so that a load that was cut short
// resumes, and the run comes last. Objects that no step of the sweep needs are skipped.
func Load(ctx context.Context, to *artifacts.Store, a *Archive, o Options) (Copied, error) {
	c := &copying{from: a.store, to: to, writers: parallel.Requests, opts: o}
	return c.run(ctx, a.root)
}

// Get implements [objects.Bucket].
func (a *archiveReader) Get(ctx context.Context, name string) (io.ReadCloser, objects.Info, error) {
	s, ok := a.entries[name]
	if !ok {
		return a.Memory.Get(ctx, name)
	}
	return io.NopCloser(io.NewSectionReader(a.file, s.at, s.size)), objects.Info{Name: name, Size: s.size}, nil
}

// List implements [objects.Bucket].
func (a *archiveReader) List(_ context.Context, prefix string) iter.Seq2[objects.Info, error] {
	return func(yield func(objects.Info, error) bool) {
		for _, name := range slices.Sorted(maps.Keys(a.entries)) {
			if strings.HasPrefix(name, prefix) && !yield(objects.Info{Name: name, Size: a.entries[name].size}, nil) {
				return
			}
		}
	}
}
