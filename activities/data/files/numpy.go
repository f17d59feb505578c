package files

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"lossatlas/activities/npz"
)

// maxLabels bounds the bytes of an array of labels.
const maxLabels = 1 << 30

// countingReader counts the bytes that were read.
type countingReader struct {
	io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

// newArray reads the header of a .npy file that starts at r, has size bytes,
// and lies in a file at offset, or is unpacked from its start by open.
func newArray(path, name string, open func() (io.ReadCloser, error), size int64, plain *plainSpan) (*array, error) {
	r, err := open()
	if err != nil {
		return nil, unusable(path, err)
	}
	defer r.Close()
	counted := &countingReader{Reader: r}
	e, err := npz.ReadElements(counted)
	a := &array{path: path, name: name, shape: e.Shape, order: binary.LittleEndian}
	if err != nil {
		return nil, unusable(a.where(), err)
	}
	if a.kind = strings.TrimLeft(e.Descr, "<>|="); strings.HasPrefix(e.Descr, ">") {
		a.order = binary.BigEndian
	}
	if err := a.check(); err != nil {
		return nil, err
	}
	if want, ok := a.total(); !ok || want != size-counted.n {
		return nil, fault(a.where(), "has %d bytes of elements, which do not fill the shape %v of %s", size-counted.n, a.shape, a.kind)
	}
	if plain != nil {
		a.bytes = plain.from(plain.offset + counted.n)
	} else {
		a.bytes = &packedSpan{open: func() (io.ReadCloser, error) { return skip(open, counted.n) }}
	}
	if e.Fortran && len(a.shape) > 1 {
		f := &fortranFile{a: a, open: open, header: counted.n}
		a.bytes = fortranSpan(sync.OnceValues(f.reorder))
	}
	return a, nil
}

// skip opens a stream behind its first n bytes.
func skip(open func() (io.ReadCloser, error), n int64) (io.ReadCloser, error) {
	r, err := open()
	if err != nil {
		return nil, err
	}
	if _, err := io.CopyN(io.Discard, r, n); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// total is the number of bytes of all elements, false if it is too large to be true.
func (a *array) total() (int64, bool) {
	n := int64(kinds[a.kind].size)
	for _, d := range a.shape {
		if d < 0 || d > 0 && n > (1<<46)/int64(d) {
			return 0, false
		}
		n *= int64(d)
	}
	return n, true
}

// openNPY opens one .npy file.
func openNPY(path string) (*array, error) {
	plain, err := openPlain(path)
	if err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(plain.file, 0, plain.size)), nil
	}
	return newArray(path, "", open, plain.size, plain)
}

// readNPYLabels reads labels from a .npy file.
func readNPYLabels(path string) (labels, error) {
	info, err := os.Stat(path)
	if err != nil {
		return labels{}, unusable(path, err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxLabels {
		return labels{}, fault(path, "is no .npy file of at most %d bytes of labels", maxLabels)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return labels{}, unusable(path, err)
	}
	a, err := npz.DecodeArray(b)
	if err != nil {
		return labels{}, unusable(path, err)
	}
	return newLabels(path, a)
}

// newLabels are the labels of an array, [examples, ...].
func newLabels(path string, a npz.Array) (labels, error) {
	if len(a.Shape) == 0 {
		return labels{}, fault(path, "has labels of the shape []; expected [examples, ...]")
	}
	l := labels{path: path, shape: a.Shape[1:]}
	switch v := a.Data.(type) {
	case []int64:
		l.ints = v
	case []bool:
		l.flags, l.ints = true, make([]int64, len(v))
		for i, b := range v {
			if b {
				l.ints[i] = 1
			}
		}
	case []float32:
		l.floats = v
	case []float64:
		l.floats = make([]float32, len(v))
		for i, f := range v {
			l.floats[i] = float32(f)
		}
	default:
		return labels{}, fault(path, "has labels that are not numbers")
	}
	return l, nil
}

// archive is an open .npz file.
type archive struct {
	path  string
	plain *plainSpan
	*npz.File
}

func openNPZ(path string, opts Options) (*found, error) {
	plain, err := openPlain(path)
	if err != nil {
		return nil, err
	}
	list, err := npz.Open(plain.file, plain.size, 1<<20)
	if err != nil {
		return nil, unusable(path, err)
	}
	a := &archive{path, plain, list}
	splits, err := findRoles(path, a.Names)
	if err != nil {
		return nil, err
	}
	f := &found{}
	for _, r := range splits.used(f) {
		if err := a.add(f, r, opts); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// add adds the part of two arrays of the file.
func (a *archive) add(f *found, r roles, opts Options) error {
	x, err := a.array(r.examples)
	if err != nil {
		return err
	}
	y, err := a.Read(slices.Index(a.Names, r.labels), maxLabels)
	if err != nil {
		return unusable(a.path, err)
	}
	l, err := newLabels(a.path+", array "+r.labels, y)
	if err != nil {
		return err
	}
	p, err := x.part(r.split, l, opts, f.note)
	f.parts = append(f.parts, p)
	return err
}

// array opens an array by its name.
func (a *archive) array(name string) (*array, error) {
	i := slices.Index(a.Names, name)
	offset, size, err := a.Place(i)
	if err != nil {
		return nil, unusable(a.path, err)
	}
	var plain *plainSpan
	open := func() (io.ReadCloser, error) { return a.Open(i) }
	if offset >= 0 {
		if size > a.plain.size-offset {
			return nil, fault(a.path, "announces %d bytes for the array %s, and ends before; the file is truncated", size, name)
		}
		plain = a.plain.from(offset)
		open = func() (io.ReadCloser, error) {
			return io.NopCloser(io.NewSectionReader(a.plain.file, offset, size)), nil
		}
	}
	return newArray(a.path, name, open, size, plain)
}

// fortranSpan is the elements of an array in C order that a file has in Fortran
// order: the numbers of an example lie far apart there, so all are held in memory.
type fortranSpan func() ([]byte, error)

func (s fortranSpan) readAt(p []byte, at int64) error {
	b, err := s()
	if err == nil {
		copy(p, b[at:])
	}
	return err
}

// maxFortran bounds the bytes of an array that is held in memory to be reordered.
const maxFortran = 1 << 30

// fortranFile is an array in Fortran order behind a header.
type fortranFile struct {
	a      *array
	open   func() (io.ReadCloser, error)
	header int64
}

func (f *fortranFile) reorder() ([]byte, error) {
	size, _ := f.a.total()
	if size > maxFortran {
		return nil, fmt.Errorf("the array is in Fortran order and has %d bytes, more than the %d that can be reordered; save it in C order (numpy.ascontiguousarray)", size, maxFortran)
	}
	r, err := skip(f.open, f.header)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var raw bytes.Buffer
	if n, err := io.Copy(&raw, io.LimitReader(r, size)); err != nil || n < size {
		return nil, errors.Join(errors.New("the data end early; the file is truncated"), err)
	}
	return toC(raw.Bytes(), f.a.shape, kinds[f.a.kind].size), nil
}

// toC reorders elements of some bytes from Fortran order to C order.
func toC(raw []byte, shape []int, size int) []byte {
	out := make([]byte, len(raw))
	index := make([]int, len(shape))
	for i := 0; i < len(raw); i += size {
		from, stride := 0, size
		for k, d := range shape {
			from, stride = from+index[k]*stride, stride*d
		}
		copy(out[i:i+size], raw[from:])
		for k := len(shape) - 1; k >= 0; k-- {
			if index[k]++; index[k] < shape[k] {
				break
			}
			index[k] = 0
		}
	}
	return out
}
