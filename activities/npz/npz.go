// Package npz reads and writes NumPy's .npz files: zip archives with one .npy
// array each. It writes deterministically, and reads files that it doesn't
// trust: nothing large is allocated for data that aren't there.
package npz

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"lossatlas/activities/internal/ziplist"
)

// Array is a named array in C order. Data is a []float64, []float32, []int64
// or []bool with the product of Shape elements, or a string with an empty
// Shape. (Smaller and unsigned integers are converted to int64 when read,
// half-precision numbers to float32.)
type Array struct {
	Name  string
	Shape []int
	Data  any
}

// JSONText is provenance as the data of a text array: "null" for nil.
func JSONText(meta json.RawMessage) string {
	if meta == nil {
		return "null"
	}
	return string(meta)
}

// ParseJSONText reads what JSONText wrote; ok says whether data is a text of JSON.
func ParseJSONText(data any) (meta json.RawMessage, ok bool) {
	text, ok := data.(string)
	if !ok || !json.Valid([]byte(text)) {
		return nil, false
	}
	if strings.TrimSpace(text) == "null" {
		return nil, true
	}
	return json.RawMessage(text), true
}

// epoch is the time stamp of all entries, the earliest that zip can express:
// equal arrays give equal files.
var epoch = time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC)

// Encode writes arrays in the given order, uncompressed.
func Encode(arrays []Array) ([]byte, error) {
	var file bytes.Buffer
	archive := zip.NewWriter(&file)
	taken := map[string]bool{}
	for _, a := range arrays {
		if a.Name == "" || taken[a.Name] || strings.ContainsAny(a.Name, "\\\x00") {
			return nil, fmt.Errorf("npz: the array name %q is empty, taken or not allowed", a.Name)
		}
		taken[a.Name] = true
		body, err := encodeArray(a)
		if err != nil {
			return nil, fmt.Errorf("npz: array %s: %w", a.Name, err)
		}
		w, err := archive.CreateHeader(&zip.FileHeader{Name: a.Name + ".npy", Method: zip.Store, Modified: epoch})
		if err != nil {
			return nil, fmt.Errorf("npz: array %s: %w", a.Name, err)
		}
		if _, err := w.Write(body); err != nil {
			return nil, fmt.Errorf("npz: array %s: %w", a.Name, err)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, fmt.Errorf("npz: %w", err)
	}
	return file.Bytes(), nil
}

// Decode reads all arrays of a file, compressed or not, in their order. It
// stops trying when they have more than limit bytes together, unpacked.
func Decode(file []byte, limit int64) ([]Array, error) {
	f, err := Open(bytes.NewReader(file), int64(len(file)), int64(len(file)))
	if err != nil {
		return nil, err
	}
	var arrays []Array
	for i := range f.entries {
		a, size, err := f.read(i, limit)
		if err != nil {
			return nil, err
		}
		limit -= size
		arrays = append(arrays, a)
	}
	return arrays, nil
}

// File is an .npz file whose arrays are read one at a time.
type File struct {
	// Names are those of the arrays, in the order of the file.
	Names   []string
	entries []*zip.File
}

// Open reads the list of a file's arrays, of at most maxList bytes.
func Open(r io.ReaderAt, size, maxList int64) (*File, error) {
	archive, err := ziplist.Open(r, size, maxList)
	if err != nil {
		return nil, fmt.Errorf("not a usable .npz file: %w", err)
	}
	return Of(archive)
}

// Of is Open for an archive that is open already.
func Of(archive *zip.Reader) (*File, error) {
	f := &File{entries: archive.File}
	taken := map[string]bool{}
	for _, entry := range f.entries {
		name, ok := strings.CutSuffix(entry.Name, ".npy")
		if !ok || name == "" {
			return nil, fmt.Errorf("not a usable .npz file: the entry %q is not an array's name", entry.Name)
		}
		if taken[name] {
			return nil, fmt.Errorf("not a usable .npz file: it has two arrays %q", name)
		}
		taken[name] = true
		f.Names = append(f.Names, name)
	}
	return f, nil
}

// Header reads the type of an array's elements, as NumPy spells it ("<f4"), and
// its shape, without the elements.
func (f *File) Header(i int) (descr string, shape []int, err error) {
	r, err := f.entries[i].Open()
	if err != nil {
		return "", nil, fmt.Errorf("array %s: %w", f.Names[i], err)
	}
	defer r.Close()
	h, err := readHeader(r)
	if err != nil {
		return "", nil, fmt.Errorf("array %s: %w", f.Names[i], err)
	}
	return h.descr, h.shape, nil
}

// Read reads an array, which has at most limit bytes of elements.
func (f *File) Read(i int, limit int64) (Array, error) {
	a, _, err := f.read(i, limit+maxHeader+12)
	return a, err
}

// read reads an array whose .npy file has at most limit bytes, and says how many it has.
func (f *File) read(i int, limit int64) (a Array, size int64, err error) {
	body, err := unpack(f.entries[i], limit)
	if err == nil {
		a, err = decodeArray(body)
	}
	if err != nil {
		return Array{}, 0, fmt.Errorf("array %s: %w", f.Names[i], err)
	}
	a.Name = f.Names[i]
	return a, int64(len(body)), nil
}

// unpack reads an entry of at most limit bytes. It believes no announced size:
// the buffer grows with the bytes that arrive.
func unpack(entry *zip.File, limit int64) ([]byte, error) {
	if entry.UncompressedSize64 > uint64(limit) {
		return nil, fmt.Errorf("%d bytes, more than allowed here", entry.UncompressedSize64)
	}
	r, err := entry.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	body, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > limit {
		return nil, errors.New("more bytes than allowed here")
	}
	return body, nil
}
