// Package safetensors reads and writes the safetensors format: an eight-byte
// little-endian header length, a JSON header that gives each tensor's type,
// shape and byte range, and the tensors' bytes one after another.
//
// It writes float32 only and deterministically: equal tensors and metadata
// give equal bytes. It reads the floating-point types that checkpoints of PyTorch
// carry and converts them to float32.
package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// Tensor is a named array in C order. A scalar has an empty shape and one element.
type Tensor struct {
	Name  string
	Shape []int
	Data  []float32
}

// metadataKey is the header entry that holds free-form strings instead of a tensor.
const metadataKey = "__metadata__"

// alignment of the first tensor's bytes within the file, reached by spaces
// after the header, as the reference implementation does.
const alignment = 8

// maxHeader is the largest header that the format allows.
const maxHeader = 100_000_000

// entry is a tensor's description in the header.
type entry struct {
	DType   string    `json:"dtype"`
	Shape   []int     `json:"shape"`
	Offsets [2]uint64 `json:"data_offsets"`
}

// Encode writes tensors in the given order, with metadata (may be nil). It
// returns an error when a name is empty, reserved or given twice, or a shape doesn't
// fit its data.
func Encode(tensors []Tensor, metadata map[string]string) ([]byte, error) {
	var header bytes.Buffer
	header.WriteByte('{')
	seen := map[string]bool{metadataKey: true, "": true}
	if len(metadata) > 0 {
		if err := member(&header, metadataKey, metadata); err != nil { // maps are encoded with sorted keys
			return nil, err
		}
	}
	offset := uint64(0)
	for _, t := range tensors {
		if seen[t.Name] {
			return nil, fmt.Errorf("safetensors: the tensor name %q is empty, reserved or given twice", t.Name)
		}
		seen[t.Name] = true
		if n, ok := elements(t.Shape); !ok || n != len(t.Data) {
			return nil, fmt.Errorf("safetensors: tensor %q has %d elements, which does not fit its shape %v", t.Name, len(t.Data), t.Shape)
		}
		end := offset + 4*uint64(len(t.Data))
		if err := member(&header, t.Name, entry{"F32", slices.Concat([]int{}, t.Shape), [2]uint64{offset, end}}); err != nil {
			return nil, err
		}
		offset = end
	}
	header.WriteByte('}')
	for header.Len()%alignment != 0 {
		header.WriteByte(' ')
	}
	if header.Len() > maxHeader {
		return nil, fmt.Errorf("safetensors: a header of %d bytes is longer than the %d that the format allows", header.Len(), maxHeader)
	}
	out := make([]byte, 0, 8+header.Len()+int(offset))
	out = binary.LittleEndian.AppendUint64(out, uint64(header.Len()))
	out = append(out, header.Bytes()...)
	for _, t := range tensors {
		out, _ = binary.Append(out, binary.LittleEndian, t.Data) // no error for fixed-size numbers
	}
	return out, nil
}

// member appends `"name":value` to a JSON object.
func member(to *bytes.Buffer, name string, value any) error {
	key, err := json.Marshal(name)
	if err != nil {
		return fmt.Errorf("safetensors: %q: %w", name, err)
	}
	v, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("safetensors: %q: %w", name, err)
	}
	if to.Len() > 1 {
		to.WriteByte(',')
	}
	to.Write(key)
	to.WriteByte(':')
	to.Write(v)
	return nil
}

// elements is the number of elements of a shape; ok is false when a size is
// negative or the product overflows.
func elements(shape []int) (n int, ok bool) {
	n = 1
	for _, d := range shape {
		if d < 0 || d > 0 && n > math.MaxInt/d {
			return 0, false
		}
		n *= d
	}
	return n, true
}

// Decode reads all of a file, with its tensors in the order of their bytes.
func Decode(file []byte) (tensors []Tensor, metadata map[string]string, err error) {
	f, err := Open(bytes.NewReader(file), int64(len(file)), maxHeader)
	if err != nil {
		return nil, nil, err
	}
	for i, e := range f.entries {
		data, err := f.Read(i)
		if err != nil {
			return nil, nil, err
		}
		tensors = append(tensors, Tensor{Name: e.name, Shape: e.Shape, Data: data})
	}
	return tensors, f.Metadata, nil
}

// File is a file whose tensors are read one at a time.
type File struct {
	// Names are those of the tensors, in the order of their bytes.
	Names []string
	// Metadata are the free-form strings of the header, nil if there are none.
	Metadata map[string]string
	entries  []named
	body     io.ReaderAt
}

// Open reads the header of a file of size bytes; one of more than most bytes is
// refused. Every byte behind it must belong to exactly one tensor, as the format
// demands, so that no header, however hostile, makes Read allocate more than a
// small multiple of the file's size.
func Open(r io.ReaderAt, size, most int64) (f *File, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("not a usable safetensors file: %w", err)
		}
	}()
	var length [8]byte
	if size < int64(len(length)) {
		return nil, fmt.Errorf("it has %d bytes, fewer than the 8 that give the header's length", size)
	}
	if err := readAt(r, length[:], 0); err != nil {
		return nil, err
	}
	rest, n := uint64(size)-8, binary.LittleEndian.Uint64(length[:])
	if n > maxHeader || n > rest {
		return nil, fmt.Errorf("it announces a header of %d bytes, but %d bytes follow (the format allows %d): the file is damaged, cut short or of another format", n, rest, maxHeader)
	}
	if n > uint64(most) {
		return nil, fmt.Errorf("its header has %d bytes, more than the %d that are allowed here", n, most)
	}
	header := make([]byte, n)
	if err := readAt(r, header, 8); err != nil {
		return nil, err
	}
	f = &File{body: io.NewSectionReader(r, 8+int64(n), size)}
	if f.entries, f.Metadata, err = parseHeader(header); err != nil {
		return nil, err
	}
	slices.SortStableFunc(f.entries, func(a, b named) int {
		// An empty tensor comes before the one that starts at the same place.
		return slices.Compare(a.Offsets[:], b.Offsets[:])
	})
	next, end := uint64(0), rest-n
	for _, e := range f.entries {
		if e.Offsets[0] != next || e.Offsets[1] < e.Offsets[0] || e.Offsets[1] > end {
			return nil, fmt.Errorf("tensor %q claims the bytes [%d, %d) of %d; its bytes should start at %d", e.name, e.Offsets[0], e.Offsets[1], end, next)
		}
		next = e.Offsets[1]
		f.Names = append(f.Names, e.name)
	}
	if next != end {
		return nil, fmt.Errorf("%d bytes at its end belong to no tensor", end-next)
	}
	return f, nil
}

// readAt fills b.
func readAt(r io.ReaderAt, b []byte, at int64) error {
	if n, err := r.ReadAt(b, at); n < len(b) {
		return err
	}
	return nil
}

// Header is the type of a tensor's elements, as the format spells it ("F32"), and its shape.
func (f *File) Header(i int) (dtype string, shape []int) {
	return f.entries[i].DType, f.entries[i].Shape
}

// Read reads the elements of a tensor and converts them to float32, float64 numbers rounded.
func (f *File) Read(i int) ([]float32, error) {
	e := f.entries[i]
	if err := e.check(); err != nil {
		return nil, err
	}
	b := make([]byte, e.size())
	if err := readAt(f.body, b, int64(e.Offsets[0])); err != nil {
		return nil, fmt.Errorf("tensor %q: %w", e.name, err)
	}
	return e.decode(b), nil
}

// named is a header entry with its tensor's name.
type named struct {
	name string
	entry
}

// parseHeader reads the header token by token, because a JSON object decoded
// into a map would hide a name that is given twice.
func parseHeader(header []byte) (entries []named, metadata map[string]string, err error) {
	dec := json.NewDecoder(bytes.NewReader(header))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, nil, errors.New("its header is not a JSON object")
	}
	seen := map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, nil, fmt.Errorf("header: %w", err)
		}
		name, _ := token.(string) // keys of objects are strings
		if seen[name] {
			return nil, nil, fmt.Errorf("its header names %q twice", name)
		}
		seen[name] = true
		if name == metadataKey {
			if err := dec.Decode(&metadata); err != nil {
				return nil, nil, fmt.Errorf("header, metadata: %w", err)
			}
			continue
		}
		e := named{name: name}
		if err := dec.Decode(&e.entry); err != nil {
			return nil, nil, fmt.Errorf("header, tensor %q: %w", name, err)
		}
		entries = append(entries, e)
	}
	if _, err := dec.Token(); err != nil {
		return nil, nil, fmt.Errorf("header: %w", err)
	}
	if _, err := dec.Token(); err == nil {
		return nil, nil, errors.New("something follows the JSON object in its header")
	}
	return entries, metadata, nil
}
