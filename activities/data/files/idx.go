package files

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"lossatlas/activities/npz"
)

// The IDX format of MNIST (http://yann.lecun.com/exdb/mnist): two zeros, the
// type, the number of axes, their sizes, the numbers; all big-endian.
var idxKinds = map[byte]string{0x08: "u1", 0x09: "i1", 0x0b: "i2", 0x0c: "i4", 0x0d: "f4", 0x0e: "f8"}

// idxName is the name of a file of examples (idx3) or labels (idx1): train-images-idx3-ubyte.gz, also with a point for a hyphen.
var idxName = regexp.MustCompile(`^(.*)(images|labels)([-._]idx)([0-9])([-._]u?byte)?(\.gz)?$`)

func isIDX(name string) bool { return idxName.MatchString(name) }

// openIDX reads pairs of files of examples and labels: all of a list in a folder.
func openIDX(dir string, names []string, opts Options) (*found, error) {
	f := &found{}
	pairs := map[string]roles{}
	for _, name := range names {
		m := idxName.FindStringSubmatch(name)
		split := splitOf(m[1])
		r := pairs[split]
		r.split = split
		of := &r.examples
		if m[2] == "labels" {
			of = &r.labels
		}
		if *of != "" {
			return nil, fault(dir, "holds %s and %s, which both could be the %s of the %s split; keep one", *of, name, m[2], split)
		}
		*of = name
		pairs[split] = r
	}
	for _, r := range pairs {
		if r.examples == "" || r.labels == "" {
			return nil, fault(filepath.Join(dir, r.examples+r.labels), "has no file of %s next to it", map[bool]string{true: "images", false: "labels"}[r.examples == ""])
		}
	}
	for _, r := range splitRoles(pairs).used(f) {
		if err := f.addIDX(dir, r, opts); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// idxFamily is a file's name without its split: the same for the files of one data set.
func idxFamily(name string) string {
	prefix := idxName.FindStringSubmatch(name)[1]
	return strings.Join(slices.DeleteFunc(words(prefix), func(w string) bool { return splitWords[w] != "" }), "-")
}

// openIDXFolder reads the files of a folder that belong to one data set: to that of a name, unless it is empty.
func openIDXFolder(dir string, entries []fs.DirEntry, of string, opts Options) (*found, error) {
	families := map[string][]string{}
	for _, name := range matching(entries, isIDX) {
		families[idxFamily(name)] = append(families[idxFamily(name)], name)
	}
	if of != "" {
		return openIDX(dir, families[idxFamily(of)], opts)
	}
	if len(families) > 1 {
		return nil, fault(dir, "holds several data sets: %s; name one of their files", strings.Join(slices.Sorted(maps.Keys(families)), ", "))
	}
	for _, names := range families {
		return openIDX(dir, names, opts)
	}
	return nil, nil
}

func (f *found) addIDX(dir string, r roles, opts Options) error {
	x, err := openIDXArray(filepath.Join(dir, r.examples))
	if err != nil {
		return err
	}
	l, err := readIDXLabels(filepath.Join(dir, r.labels))
	if err != nil {
		return err
	}
	p, err := x.part(r.split, l, opts, f.note)
	f.parts = append(f.parts, p)
	return err
}

// openIDXArray reads the header of a file, packed by gzip if its name says so.
func openIDXArray(path string) (*array, error) {
	plain, err := openPlain(path)
	if err != nil {
		return nil, err
	}
	a := &array{path: path, order: binary.BigEndian}
	open := func() (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(plain.file, 0, plain.size)), nil
	}
	packed := strings.HasSuffix(strings.ToLower(path), ".gz")
	if packed {
		open = func() (io.ReadCloser, error) { return gzip.NewReader(io.NewSectionReader(plain.file, 0, plain.size)) }
	}
	r, err := open()
	if err != nil {
		return nil, unusable(path, err)
	}
	defer r.Close()
	header, err := a.readIDXHeader(r)
	if err != nil {
		return nil, unusable(path, err)
	}
	if err := a.check(); err != nil {
		return nil, err
	}
	if packed {
		a.bytes = &packedSpan{open: func() (io.ReadCloser, error) { return skip(open, header) }}
		return a, nil
	}
	if want, ok := a.total(); !ok || want != plain.size-header {
		return nil, fault(path, "has %d bytes of elements, which do not fill the shape %v of %s", plain.size-header, a.shape, a.kind)
	}
	a.bytes = plain.from(header)
	return a, nil
}

// readIDXHeader sets type and shape and returns how many bytes they took.
func (a *array) readIDXHeader(r io.Reader) (int64, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil || head[0] != 0 || head[1] != 0 || idxKinds[head[2]] == "" {
		return 0, errors.New("is not in the IDX format")
	}
	a.kind = idxKinds[head[2]]
	sizes := make([]uint32, head[3])
	if err := binary.Read(r, binary.BigEndian, sizes); err != nil {
		return 0, errors.New("the IDX header is cut off")
	}
	for _, n := range sizes {
		if n > math.MaxInt32 {
			return 0, fmt.Errorf("the IDX header announces an axis of %d", n)
		}
		a.shape = append(a.shape, int(n))
	}
	return 4 + 4*int64(len(sizes)), nil
}

// readIDXLabels reads all of a file of labels.
func readIDXLabels(path string) (labels, error) {
	a, err := openIDXArray(path)
	if err != nil {
		return labels{}, err
	}
	size, ok := a.total()
	if !ok || size > maxLabels {
		return labels{}, fault(path, "announces more than %d bytes of labels", maxLabels)
	}
	var raw bytes.Buffer
	for at := int64(0); at < size; { // blocks, so that memory grows only with the content
		block := make([]byte, min(size-at, 1<<16))
		if err := a.bytes.readAt(block, at); err != nil {
			return labels{}, unusable(path, err)
		}
		raw.Write(block)
		at += int64(len(block))
	}
	k := kinds[a.kind]
	n := raw.Len() / k.size
	if k.integer {
		return newLabels(path, npz.Array{Shape: a.shape, Data: each(n, func(i int) int64 { return int64(k.decode(a.order, raw.Bytes()[i*k.size:])) })})
	}
	return newLabels(path, npz.Array{Shape: a.shape, Data: each(n, func(i int) float64 { return k.decode(a.order, raw.Bytes()[i*k.size:]) })})
}

// each makes a slice of n elements.
func each[T any](n int, at func(i int) T) []T {
	v := make([]T, n)
	for i := range v {
		v[i] = at(i)
	}
	return v
}
