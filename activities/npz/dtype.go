package npz

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/x448/float16"
)

// encodeData is NumPy's name of an array's type, and its elements.
func encodeData(a Array) (descr string, body []byte, err error) {
	n, ok := product(a.Shape)
	if !ok {
		return "", nil, fmt.Errorf("the shape %v is not possible", a.Shape)
	}
	have := 1
	switch v := a.Data.(type) {
	case []float64:
		descr, have = "<f8", len(v)
	case []float32:
		descr, have = "<f4", len(v)
	case []int64:
		descr, have = "<i8", len(v)
	case []bool:
		descr, have = "|b1", len(v)
	case string:
		if !utf8.ValidString(v) || strings.HasSuffix(v, "\x00") || v == "" {
			return "", nil, fmt.Errorf("a text must be valid UTF-8, not empty, and not end in NUL")
		}
		for _, r := range v {
			body = binary.LittleEndian.AppendUint32(body, uint32(r))
		}
		descr = fmt.Sprintf("<U%d", len(body)/4)
	default:
		return "", nil, fmt.Errorf("elements of the type %T can't be written", a.Data)
	}
	if have != n {
		return "", nil, fmt.Errorf("%d elements don't fill the shape %v", have, a.Shape)
	}
	if _, text := a.Data.(string); !text {
		body, err = binary.Append(nil, binary.LittleEndian, a.Data)
	}
	return descr, body, err
}

// decodeData reads n elements, which must be all of body.
func decodeData(descr string, n int, body []byte) (any, error) {
	little := binary.ByteOrder(binary.LittleEndian)
	kind := descr
	switch {
	case strings.HasPrefix(descr, ">"):
		little, kind = binary.BigEndian, descr[1:]
	case strings.HasPrefix(descr, "<"), strings.HasPrefix(descr, "|"), strings.HasPrefix(descr, "="):
		kind = descr[1:]
	}
	if digits, ok := strings.CutPrefix(kind, "U"); ok {
		return decodeText(little, digits, n, body)
	}
	size := map[string]int{"f8": 8, "f4": 4, "f2": 2, "i8": 8, "i4": 4, "i2": 2, "i1": 1, "u4": 4, "u2": 2, "u1": 1, "b1": 1}[kind]
	if size == 0 {
		return nil, fmt.Errorf("elements of the type %.20q can't be read: f8, f4, f2, integers, b1 and a text can", descr)
	}
	if len(body) != n*size {
		return nil, fmt.Errorf("%d bytes, expected %d elements of %d", len(body), n, size)
	}
	switch kind {
	case "f8":
		return each(n, func(i int) float64 { return math.Float64frombits(little.Uint64(body[8*i:])) }), nil
	case "f4":
		return each(n, func(i int) float32 { return math.Float32frombits(little.Uint32(body[4*i:])) }), nil
	case "f2":
		return each(n, func(i int) float32 { return float16.Frombits(little.Uint16(body[2*i:])).Float32() }), nil
	case "b1":
		return each(n, func(i int) bool { return body[i] != 0 }), nil
	case "i8":
		return each(n, func(i int) int64 { return int64(little.Uint64(body[8*i:])) }), nil
	case "i4":
		return each(n, func(i int) int64 { return int64(int32(little.Uint32(body[4*i:]))) }), nil
	case "i2":
		return each(n, func(i int) int64 { return int64(int16(little.Uint16(body[2*i:]))) }), nil
	case "i1":
		return each(n, func(i int) int64 { return int64(int8(body[i])) }), nil
	case "u4":
		return each(n, func(i int) int64 { return int64(little.Uint32(body[4*i:])) }), nil
	case "u2":
		return each(n, func(i int) int64 { return int64(little.Uint16(body[2*i:])) }), nil
	default: // u1
		return each(n, func(i int) int64 { return int64(body[i]) }), nil
	}
}

// each makes a slice of n elements.
func each[T any](n int, at func(i int) T) []T {
	v := make([]T, n)
	for i := range v {
		v[i] = at(i)
	}
	return v
}

// decodeText reads a single string of UTF-32 characters, padded with NUL.
func decodeText(order binary.ByteOrder, digits string, n int, body []byte) (any, error) {
	length, err := strconv.ParseUint(digits, 10, 31)
	if err != nil || n != 1 || uint64(len(body)) != 4*length {
		return nil, fmt.Errorf("%d bytes are not one text of type U%.12s", len(body), digits)
	}
	var s strings.Builder
	for ; len(body) > 0; body = body[4:] {
		r := rune(order.Uint32(body))
		if !utf8.ValidRune(r) {
			return nil, fmt.Errorf("the text holds %#x, which is not a character", uint32(r))
		}
		s.WriteRune(r)
	}
	return strings.TrimRight(s.String(), "\x00"), nil
}

// toC reorders elements from Fortran order (first index fastest) to C order.
func toC(data any, shape []int) any {
	switch v := data.(type) {
	case []float64:
		return reorder(v, shape)
	case []float32:
		return reorder(v, shape)
	case []int64:
		return reorder(v, shape)
	case []bool:
		return reorder(v, shape)
	}
	return data // a text has one element
}

func reorder[T any](v []T, shape []int) []T {
	out := make([]T, len(v))
	index := make([]int, len(shape))
	for i := range out {
		from, stride := 0, 1
		for k, d := range shape {
			from, stride = from+index[k]*stride, stride*d
		}
		out[i] = v[from]
		for k := len(shape) - 1; k >= 0; k-- {
			if index[k]++; index[k] < shape[k] {
				break
			}
			index[k] = 0
		}
	}
	return out
}
