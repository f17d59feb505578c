package artifacts

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ArchiveError says that a file is no archive that [Store.Save] wrote, or not the whole of one.
type ArchiveError struct {
	Entry  string // "" for the file itself
	Reason string
}

// Error says where and what.
func (e *ArchiveError) Error() string {
	if e.Entry == "" {
		return "this is no archive of a sweep: " + e.Reason
	}
	return fmt.Sprintf("this is no archive of a sweep: %.200q %s", e.Entry, e.Reason)
}

const (
	// maxEntries bounds the list of what is in an archive.
	maxEntries = 1 << 20
	// tarBlock is what a tar file is counted in.
	tarBlock = 512
)

// Archive is an archive of a sweep that can be read: its list is known and its
// run was read. What it holds is verified when it is read.
type Archive struct {
	file    io.ReaderAt
	root    Root
	entries map[string]section
	blobs   *survey
}

// section is where an entry's bytes lie in the file.
type section struct{ at, size int64 }

// OpenArchive reads the list of an archive of so many bytes. Nothing of it is
// trusted: an entry that is no plain file of an expected name, comes twice, or
// goes beyond the end of the file makes it none. Errors are *[ArchiveError], *[NewerError], or of reading.
func OpenArchive(file io.ReaderAt, size int64) (*Archive, error) {
	a := &Archive{file: file, entries: map[string]section{}, blobs: &survey{blobs: map[Digest]stored{}}}
	whole := io.NewSectionReader(file, 0, size)
	for r := tar.NewReader(whole); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, broken(err)
		}
		at, err := whole.Seek(0, io.SeekCurrent) // the reader takes no more than the header
		if err != nil {
			return nil, err
		}
		if err := a.add(h, section{at, h.Size}, size); err != nil {
			return nil, err
		}
	}
	b, ok, err := a.read(archivedRoot)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, &ArchiveError{Reason: "it has no " + archivedRoot + ", which is written last: it was cut short, or is something else"}
	}
	if err := decodeRecord(archivedRoot, b, &a.root); err != nil {
		return nil, noArchive(err)
	}
	if err := a.root.check(); err != nil {
		return nil, &ArchiveError{archivedRoot, err.Error()}
	}
	return a, nil
}

// noArchive is an error of a record of an archive: one that is damaged makes it none.
func noArchive(err error) error {
	if harm, ok := errors.AsType[*RecordError](err); ok {
		return &ArchiveError{harm.Object, "is damaged: " + harm.Reason}
	}
	return err
}

// broken tells a file that is no tar, or is cut, from one that can't be read.
func broken(err error) error {
	if errors.Is(err, tar.ErrHeader) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &ArchiveError{Reason: "it is cut short, damaged or no tar file (" + err.Error() + ")"}
	}
	return err
}

// add notes an entry.
func (a *Archive) add(h *tar.Header, s section, size int64) error {
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
	case h.Name == archivedRoot || strings.HasPrefix(h.Name, actionPrefix):
		if h.Size > maxRecord {
			return refuse(fmt.Sprintf("has %d bytes, and may have %d", h.Size, int64(maxRecord)))
		}
		if h.Name != archivedRoot && !isAction(h.Name) {
			return refuse("is no action's name")
		}
	case strings.HasPrefix(h.Name, blobPrefix):
		before := len(a.blobs.harms)
		if a.blobs.addBlob(stored{object: h.Name, size: h.Size}); len(a.blobs.harms) > before {
			return refuse("is no blob's name")
		}
		if h.Size > maxBlob {
			return refuse(fmt.Sprintf("has %d bytes, and may have %d", h.Size, int64(maxBlob)))
		}
	default:
		return refuse("has no business in one")
	}
	a.entries[h.Name] = s
	return nil
}

func isAction(object string) bool {
	k, err := ParseKey(strings.TrimSuffix(object[strings.LastIndexByte(object, '/')+1:], ".json"))
	return err == nil && actionObject(k) == object
}

// Sweep is the name of the sweep in the archive.
func (a *Archive) Sweep() string { return a.root.Sweep }

// Load stores the sweep of an archive with all that it needs, as [Store.Copy]
// does: nothing that is there is written again, so that a load that was cut short
// goes on, and the run comes last. What no step of the sweep needs is left out.
func (s *Store) Load(ctx context.Context, a *Archive, o CopyOptions) (Copied, error) {
	return transfer(ctx, a, a.root.Sweep, s, o)
}

// Root is the run, if it has that name.
func (a *Archive) Root(_ context.Context, name string) (Root, error) {
	if name != a.root.Sweep {
		return Root{}, fmt.Errorf("sweep %s: %w", name, ErrNotFound)
	}
	return a.root, nil
}

// An archive was written in one go: what disagrees in it was changed since.
func (a *Archive) trusted() bool                              { return false }
func (a *Archive) listBlobs(context.Context) (*survey, error) { return a.blobs, nil }

// Recorded returns the action of a key. It fails with [ErrNotFound], *[ArchiveError] and *[NewerError].
func (a *Archive) Recorded(_ context.Context, k Key) (Action, error) {
	var act Action
	object := actionObject(k)
	b, ok, err := a.read(object)
	if err != nil {
		return act, err
	}
	if !ok { // of a step that failed
		return act, ErrNotFound
	}
	if err := decodeRecord(object, b, &act); err != nil {
		return act, noArchive(err)
	}
	if act.Key != k {
		return act, &ArchiveError{object, "is the action of step " + act.Key.String()}
	}
	if err := act.check(); err != nil {
		return act, &ArchiveError{object, err.Error()}
	}
	return act, nil
}

// GetBlob returns a blob's bytes, verified.
func (a *Archive) GetBlob(_ context.Context, b Blob) ([]byte, error) {
	object := blobObject(b.Digest)
	data, ok, err := a.read(object)
	if err == nil && !ok {
		err = fmt.Errorf("%s: %w", object, ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	if found := Of(data); found != b.Digest || int64(len(data)) != b.Size {
		return nil, &ArchiveError{object, fmt.Sprintf("is damaged: its %d bytes have the digest %s", len(data), found)}
	}
	return data, nil
}

// read reads an entry; ok is false when there is none.
func (a *Archive) read(name string) (b []byte, ok bool, err error) {
	s, ok := a.entries[name]
	if !ok {
		return nil, false, nil
	}
	b, err = readAll(io.NewSectionReader(a.file, s.at, s.size), s.size)
	if err == nil && int64(len(b)) != s.size {
		err = &ArchiveError{name, "goes beyond the end of the file, which was cut short"}
	}
	return b, true, err
}
