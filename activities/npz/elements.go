package npz

import (
	"archive/zip"
	"fmt"
	"io"
)

// Elements says how the elements of an array lie behind its header.
type Elements struct {
	Descr   string // NumPy's name of their type: "<f4"
	Fortran bool   // the first index changes fastest
	Shape   []int
}

// ReadElements reads a .npy file up to its elements.
func ReadElements(r io.Reader) (Elements, error) {
	h, err := readHeader(r)
	return Elements{Descr: h.descr, Fortran: h.fortran, Shape: h.shape}, err
}

// DecodeArray reads one .npy file.
func DecodeArray(b []byte) (Array, error) { return decodeArray(b) }

// Open returns the .npy file of an array, unpacked while it is read.
func (f *File) Open(i int) (io.ReadCloser, error) {
	r, err := f.entries[i].Open()
	if err != nil {
		return nil, fmt.Errorf("array %s: %w", f.Names[i], err)
	}
	return r, nil
}

// Place is where the .npy file of an array starts in the archive, −1 if it is
// compressed, and how many bytes the archive says that it has, unpacked.
func (f *File) Place(i int) (offset, size int64, err error) {
	e := f.entries[i]
	size = int64(min(e.UncompressedSize64, 1<<62))
	if e.Method != zip.Store {
		return -1, size, nil
	}
	if offset, err = e.DataOffset(); err != nil {
		return 0, 0, fmt.Errorf("array %s: %w", f.Names[i], err)
	}
	return offset, size, nil
}
