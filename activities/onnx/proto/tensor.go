package proto

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/x448/float16"
	"google.golang.org/protobuf/encoding/protowire"
)

// Tensor is a TensorProto. Its numbers stay undecoded until they are needed: in raw,
// in one of the lists of their type, or in another file.
type Tensor struct {
	Name    string
	dims    []int64
	Kind    int
	raw     []byte
	fixed   []byte // float_data or double_data
	varints []byte // int32_data, int64_data or uint64_data

	outside        bool
	file           string // in the model's folder
	offset, length int64  // length is -1 when not given
}

// width is the size of a number in bytes by the type of a TensorProto.
var width = map[int]int{1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 16: 2}

// Kinds are the names in programs of the types of a TensorProto. All floating-point types are computed as float32,
// and the wider unsigned ones as signed integers.
var Kinds = map[int]string{1: "float32", 2: "uint8", 3: "int8", 4: "int32", 5: "int16", 6: "int32", 7: "int64", 9: "bool", 10: "float32", 11: "float32", 12: "int64", 13: "int64", 16: "float32"}

// Limits of a tensor.
const (
	MaxRank     = 16
	MaxElements = 1 << 40
)

// Shape is the tensor's shape with its number of elements.
func (t *Tensor) Shape() (shape []int, elements int, err error) {
	if len(t.dims) > MaxRank {
		return nil, 0, fmt.Errorf("tensor %s has %d axes; at most %d are read", t.Name, len(t.dims), MaxRank)
	}
	shape, elements = []int{}, 1
	for _, d := range t.dims {
		if d < 0 || d > MaxElements || float64(elements)*float64(d) > MaxElements {
			return nil, 0, fmt.Errorf("tensor %s has the shape %v, which is not possible", t.Name, t.dims)
		}
		shape, elements = append(shape, int(d)), elements*int(d)
	}
	return shape, elements, nil
}

// parseExternal reads one key and value of external_data.
func (t *Tensor) parseExternal(b []byte) error {
	key, value, err := parseEntry(b)
	if err != nil {
		return err
	}
	switch key {
	case "location":
		t.file = value
	case "offset":
		t.offset, err = strconv.ParseInt(value, 10, 64)
	case "length":
		t.length, err = strconv.ParseInt(value, 10, 64)
		t.length++ // so that 0 means not given
	}
	if err != nil {
		return fmt.Errorf("its %s in another file is %q, which is not a number", key, value)
	}
	return nil
}

// content is the tensor's numbers as bytes in C order, of the width of its type.
func (t *Tensor) content(folder string, elements int) ([]byte, error) {
	w, ok := width[t.Kind]
	if !ok {
		return nil, fmt.Errorf("tensor %s has type %d of ONNX; floating-point, integer and boolean types are read", t.Name, t.Kind)
	}
	b, err := t.raw, error(nil)
	switch {
	case t.outside:
		b, err = t.external(folder, int64(elements)*int64(w))
	case t.raw == nil && t.fixed != nil:
		b = t.fixed
	case t.raw == nil:
		b, err = narrow(t.varints, w)
	}
	if err != nil {
		return nil, fmt.Errorf("tensor %s: %w", t.Name, err)
	}
	if len(b) != elements*w {
		return nil, fmt.Errorf("tensor %s has %d bytes, but %d for its shape %v", t.Name, len(b), elements*w, t.dims)
	}
	return b, nil
}

// narrow brings integers of variable length to a width in bytes.
func narrow(varints []byte, width int) ([]byte, error) {
	var out []byte
	for len(varints) > 0 {
		v, n := protowire.ConsumeVarint(varints)
		if n < 0 {
			return nil, errWire
		}
		varints = varints[n:]
		for i := range width {
			out = append(out, byte(v>>(8*i)))
		}
	}
	return out, nil
}

// external reads numbers that stand in another file of the model's folder.
func (t *Tensor) external(folder string, want int64) ([]byte, error) {
	if !filepath.IsLocal(t.file) {
		return nil, fmt.Errorf("its numbers stand in %q, outside the model's folder", t.file)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := root.Open(filepath.FromSlash(t.file))
	if err != nil {
		return nil, fmt.Errorf("its numbers stand in %s, which must lie next to the model: %w", t.file, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	length := t.length - 1
	if length < 0 {
		length = want
	}
	if !info.Mode().IsRegular() || length != want || t.offset < 0 || want > info.Size() || t.offset > info.Size()-want {
		return nil, fmt.Errorf("%d bytes from byte %d of %s are wanted, which has %d bytes", want, t.offset, t.file, info.Size())
	}
	b := make([]byte, want)
	_, err = io.ReadFull(io.NewSectionReader(f, t.offset, want), b)
	return b, err
}

// bytes is the content of a tensor with the number of its elements.
func (t *Tensor) bytes(folder string) ([]byte, int, error) {
	_, n, err := t.Shape()
	if err != nil {
		return nil, 0, err
	}
	b, err := t.content(folder, n)
	return b, n, err
}

// Floats decodes the numbers of a floating-point tensor, rounded to float32.
func (t *Tensor) Floats(folder string) ([]float32, error) {
	b, n, err := t.bytes(folder)
	if err != nil {
		return nil, err
	}
	out := make([]float32, n)
	for i := range out {
		switch t.Kind {
		case 1:
			out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		case 10:
			out[i] = float16.Frombits(binary.LittleEndian.Uint16(b[2*i:])).Float32()
		case 11:
			out[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:])))
		case 16:
			out[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(b[2*i:])) << 16)
		default:
			return nil, errors.New("not a floating-point type")
		}
	}
	return out, nil
}

// IsFloat says whether the tensor has a floating-point type.
func (t *Tensor) IsFloat() bool { return Kinds[t.Kind] == "float32" }

// Numbers decodes a tensor of any type.
func (t *Tensor) Numbers(folder string) ([]float64, error) {
	b, n, err := t.bytes(folder)
	if err != nil {
		return nil, err
	}
	out := make([]float64, n)
	if t.IsFloat() {
		f, err := t.Floats(folder)
		for i, v := range f {
			out[i] = float64(v)
		}
		return out, err
	}
	w := width[t.Kind]
	unsigned := slices.Contains([]int{2, 4, 9, 12, 13}, t.Kind)
	for i := range out {
		var v uint64
		for k := range w {
			v |= uint64(b[i*w+k]) << (8 * k)
		}
		if unsigned {
			out[i] = float64(v)
		} else {
			shift := 64 - 8*w
			out[i] = float64(int64(v<<shift) >> shift)
		}
	}
	return out, nil
}
