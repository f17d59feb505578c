// Package npz reads and writes NumPy's .npz files: zip archives with one .npy
// array each. It writes deterministically, and reads files that it doesn't
// trust: nothing large is allocated for data that aren't there.
package npz

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Array is a named array in C order. Data is a []float64, []float32, []int64
// or []bool with the product of Shape elements, or a string with an empty
// Shape. (Smaller and unsigned integers are converted to int64 when read.)
type Array struct {
	Name  string
	Shape []int
	Data  any
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
// gives up when they have more than limit bytes together, unpacked.
func Decode(file []byte, limit int64) ([]Array, error) {
	archive, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, fmt.Errorf("npz: not an .npz file: %w", err)
	}
	var arrays []Array
	taken := map[string]bool{}
	for _, entry := range archive.File {
		name, ok := strings.CutSuffix(entry.Name, ".npy")
		if !ok || name == "" || taken[name] {
			return nil, fmt.Errorf("npz: the entry %q is not an array's name, or there twice", entry.Name)
		}
		taken[name] = true
		body, err := unpack(entry, limit)
		if err != nil {
			return nil, fmt.Errorf("npz: array %s: %w", name, err)
		}
		limit -= int64(len(body))
		a, err := decodeArray(body)
		if err != nil {
			return nil, fmt.Errorf("npz: array %s: %w", name, err)
		}
		a.Name = name
		arrays = append(arrays, a)
	}
	return arrays, nil
}

// unpack reads an entry of at most limit bytes. It believes no announced size:
// the buffer grows with what is really there.
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
