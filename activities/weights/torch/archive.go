package torch

import (
	"archive/zip"
	"encoding/binary"
	"fmt"
	"io"
	"path"

	"lossatlas/activities/weights/pickle"
)

// Archive opens the form that is a zip archive, in the file r. The pickle's values
// may need memory bytes.
func Archive(r io.ReaderAt, archive *zip.Reader, memory int64) (*File, error) {
	a := newContents(r, archive)
	at, size, err := a.place("data.pkl")
	if err != nil {
		return nil, err
	}
	p, err := pickle.Read(r, at, at+size, memory)
	if err != nil {
		return nil, fmt.Errorf("its data.pkl is damaged: %w", err)
	}
	return newFile(p.Root, a.storage, memory)
}

// contents finds the parts of an archive, which have a folder of the archive's name before theirs.
type contents struct {
	file   io.ReaderAt
	folder string
	byName map[string]*zip.File
	order  binary.ByteOrder
}

func newContents(r io.ReaderAt, archive *zip.Reader) *contents {
	a := &contents{file: r, byName: map[string]*zip.File{}, order: binary.LittleEndian}
	found := false
	for _, e := range archive.File {
		a.byName[e.Name] = e
		if folder, name := path.Split(e.Name); name == "data.pkl" && (!found || len(folder) < len(a.folder)) {
			a.folder, found = folder, true
		}
	}
	if at, size, err := a.place("byteorder"); err == nil && size == int64(len("big")) {
		b := make([]byte, size)
		if _, err := r.ReadAt(b, at); err == nil && string(b) == "big" {
			a.order = binary.BigEndian
		}
	}
	return a
}

// place is where an entry's bytes are in the file.
func (a *contents) place(name string) (at, size int64, err error) {
	e, ok := a.byName[a.folder+name]
	if !ok {
		return 0, 0, fmt.Errorf("it has no entry %s", a.folder+name)
	}
	if e.Method != zip.Store || e.UncompressedSize64 != e.CompressedSize64 {
		return 0, 0, fmt.Errorf("its entry %s is compressed, which PyTorch's archives are not: pack the archive without compression (zip -0)", e.Name)
	}
	at, err = e.DataOffset()
	if err != nil || e.UncompressedSize64 > 1<<62 {
		return 0, 0, fmt.Errorf("its entry %s is damaged", e.Name)
	}
	return at, int64(e.UncompressedSize64), nil
}

// storage finds a storage, or bytes in the pickle itself.
func (a *contents) storage(id pickle.Value) (storage, error) {
	if b, ok := id.(pickle.Bytes); ok {
		return storage{file: a.file, at: b.At, size: b.Length}, nil
	}
	ref, err := parseReference(id)
	if err != nil {
		return storage{}, err
	}
	at, size, err := a.place("data/" + ref.key)
	if err != nil {
		return storage{}, err
	}
	return ref.within(storage{file: a.file, at: at, size: size, order: a.order})
}
