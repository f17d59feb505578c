package torch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"unicode/utf8"

	"github.com/x448/float16"
)

// kind is a numeric type: its size in bytes and its conversion.
type kind struct {
	size    int64
	convert func(binary.ByteOrder, []byte) float64
}

// kinds are the types that are read, under the names of the safetensors format.
var kinds = map[string]kind{
	"F64": {8, func(o binary.ByteOrder, b []byte) float64 { return math.Float64frombits(o.Uint64(b)) }},
	"F32": {4, func(o binary.ByteOrder, b []byte) float64 { return float64(math.Float32frombits(o.Uint32(b))) }},
	"F16": {2, func(o binary.ByteOrder, b []byte) float64 { return float64(float16.Frombits(o.Uint16(b)).Float32()) }},
	"BF16": {2, func(o binary.ByteOrder, b []byte) float64 {
		return float64(math.Float32frombits(uint32(o.Uint16(b)) << 16))
	}},
	"I64":  {8, func(o binary.ByteOrder, b []byte) float64 { return float64(int64(o.Uint64(b))) }},
	"I32":  {4, func(o binary.ByteOrder, b []byte) float64 { return float64(int32(o.Uint32(b))) }},
	"I16":  {2, func(o binary.ByteOrder, b []byte) float64 { return float64(int16(o.Uint16(b))) }},
	"I8":   {1, func(_ binary.ByteOrder, b []byte) float64 { return float64(int8(b[0])) }},
	"U64":  {8, func(o binary.ByteOrder, b []byte) float64 { return float64(o.Uint64(b)) }},
	"U32":  {4, func(o binary.ByteOrder, b []byte) float64 { return float64(o.Uint32(b)) }},
	"U16":  {2, func(o binary.ByteOrder, b []byte) float64 { return float64(o.Uint16(b)) }},
	"U8":   {1, func(_ binary.ByteOrder, b []byte) float64 { return float64(b[0]) }},
	"BOOL": {1, func(_ binary.ByteOrder, b []byte) float64 { return float64(b[0]) }},
}

// kindOf are PyTorch's names of types, as the storages' classes and as dtypes, and NumPy's.
var kindOf = map[string]string{
	"DoubleStorage": "F64", "FloatStorage": "F32", "HalfStorage": "F16", "BFloat16Storage": "BF16", "LongStorage": "I64",
	"IntStorage": "I32", "ShortStorage": "I16", "CharStorage": "I8", "ByteStorage": "U8", "BoolStorage": "BOOL",

	"float64": "F64", "double": "F64", "float32": "F32", "float": "F32", "float16": "F16", "half": "F16", "bfloat16": "BF16",
	"int64": "I64", "int32": "I32", "int16": "I16", "int8": "I8", "uint64": "U64", "uint32": "U32", "uint16": "U16", "uint8": "U8", "bool": "BOOL",

	"f8": "F64", "f4": "F32", "f2": "F16", "i8": "I64", "i4": "I32", "i2": "I16", "i1": "I8", "u8": "U64", "u4": "U32", "u2": "U16", "u1": "U8", "b1": "BOOL",
}

// storage is a part of a file with the numbers of one or several tensors.
type storage struct {
	class string // the elements' type, in PyTorch's or NumPy's words; "" where the tensor says it
	file  io.ReaderAt
	at    int64
	size  int64 // in bytes
	order binary.ByteOrder
	text  bool // its bytes are written as code points in UTF-8
}

// decoded is the storage, with its bytes in memory where they are written as a text.
func (s storage) decoded() (storage, error) {
	if !s.text {
		return s, nil
	}
	written := make([]byte, s.size)
	if n, err := s.file.ReadAt(written, s.at); n < len(written) {
		return s, err
	}
	raw, err := latin1(written)
	if err != nil {
		return s, err
	}
	return storage{class: s.class, file: bytes.NewReader(raw), size: int64(len(raw)), order: s.order}, nil
}

// latin1 reads bytes that Python 3 wrote as a text of the code points 0 to 255.
func latin1(text []byte) ([]byte, error) {
	out := make([]byte, 0, len(text))
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if r > 0xff {
			return nil, errors.New("its bytes are not written as a text of the code points 0 to 255")
		}
		out, text = append(out, byte(r)), text[n:]
	}
	return out, nil
}

// window is a storage of which a piece is in memory.
type window struct {
	storage
	from int64
	have []byte
	page []byte
}

// pageSize is the number of bytes that are read at once.
const pageSize = 64 << 10

// bytes are n bytes of the storage from at, valid up to the next call.
func (w *window) bytes(at, n int64) ([]byte, error) {
	if at < w.from || at+n > w.from+int64(len(w.have)) {
		if w.page == nil {
			w.page = make([]byte, min(pageSize, w.size))
		}
		w.from, w.have = at, w.page[:min(int64(len(w.page)), w.size-at)]
		if k, err := w.file.ReadAt(w.have, w.at+at); k < len(w.have) {
			return nil, fmt.Errorf("its numbers can't be read: %w", err)
		}
	}
	return w.have[at-w.from:][:n], nil
}
