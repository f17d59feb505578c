package pt2

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// number is a floating-point number, which PyTorch writes as text where JSON has no form for it.
type number float64

// UnmarshalJSON reads 0.5, "Infinity", "-Infinity" and "NaN".
func (n *number) UnmarshalJSON(b []byte) error {
	f, err := strconv.ParseFloat(strings.Trim(string(b), `"`), 64)
	*n = number(f)
	return err
}

// typeSizes are the bytes of an element.
var typeSizes = map[string]int{
	"uint8": 1, "int8": 1, "int16": 2, "int32": 4, "int64": 8,
	"float16": 2, "float32": 4, "float64": 8, "bool": 1, "bfloat16": 2,
}

// maxElements is the largest number of elements of a tensor.
const maxElements = 1 << 34

// stored is a tensor as it lies in a member of the archive.
type stored struct {
	dtype string
	shape []int
	data  []byte // elements in C order
}

// load reads a tensor, puts its elements into C order, and checks its size.
func (a *archive) load(folder string, e entry) (*stored, error) {
	if e.Pickle {
		return nil, fmt.Errorf("it is stored as a pickle, which is not read: it may be a tensor subclass, so convert it to a plain tensor before the export")
	}
	s := &stored{dtype: scalarTypes[e.Meta.Type]}
	if s.dtype == "" {
		return nil, fmt.Errorf("its type, number %d of PyTorch's, is not supported", e.Meta.Type)
	}
	b, err := a.bytes(a.top + folder + e.Path)
	if err != nil {
		return nil, err
	}
	strides, offset, err := s.geometry(e.Meta)
	if err != nil {
		return nil, err
	}
	s.data, err = s.ordered(b, strides, offset)
	return s, err
}

// geometry reads shape, strides and offset, in elements.
func (s *stored) geometry(m meta) (strides []int, offset int, err error) {
	if len(m.Sizes) != len(m.Strides) && len(m.Strides) != 0 {
		return nil, 0, fmt.Errorf("it has %d sizes and %d strides", len(m.Sizes), len(m.Strides))
	}
	n := 1
	for i, v := range m.Sizes {
		if v.Int == nil || *v.Int < 1 || n > maxElements / *v.Int {
			return nil, 0, fmt.Errorf("its size along axis %d is not a positive number, or it is too large", i)
		}
		n *= *v.Int
		s.shape = append(s.shape, *v.Int)
	}
	for i, v := range m.Strides {
		if v.Int == nil || *v.Int < 0 || *v.Int > maxElements {
			return nil, 0, fmt.Errorf("its stride along axis %d is out of range", i)
		}
		strides = append(strides, *v.Int)
	}
	if m.Offset.Int != nil {
		offset = *m.Offset.Int
	}
	if offset < 0 || offset > maxElements {
		return nil, 0, fmt.Errorf("its offset is out of range")
	}
	return strides, offset, nil
}

// ordered are the elements of a storage in C order.
func (s *stored) ordered(b []byte, strides []int, offset int) ([]byte, error) {
	size, n, last := typeSizes[s.dtype], 1, offset
	usual := make([]int, len(s.shape))
	for i := len(s.shape) - 1; i >= 0; i-- {
		usual[i] = n
		n *= s.shape[i]
	}
	if len(strides) == 0 {
		strides = usual
	}
	same, covered := true, n
	for i, st := range strides {
		last += (s.shape[i] - 1) * st
		same = same && (st == usual[i] || s.shape[i] == 1)
		if st == 0 { // repeated elements
			covered /= s.shape[i]
		}
	}
	if last < 0 || last >= len(b)/size || covered > len(b)/size {
		return nil, fmt.Errorf("%d bytes are too few for the shape %v of %s", len(b), s.shape, s.dtype)
	}
	if same {
		return b[offset*size : (offset+n)*size], nil
	}
	if n > 16*len(b) {
		return nil, fmt.Errorf("the shape %v repeats %d bytes too often", s.shape, len(b))
	}
	return gathered(b, size, n, s.shape, strides, offset), nil
}

// gathered copies n elements by strides.
func gathered(b []byte, size, n int, shape, strides []int, at int) []byte {
	out := make([]byte, 0, n*size)
	index := make([]int, len(shape))
	for range n {
		out = append(out, b[at*size:(at+1)*size]...)
		for a := len(shape) - 1; a >= 0; a-- {
			index[a]++
			at += strides[a]
			if index[a] < shape[a] {
				break
			}
			at -= index[a] * strides[a]
			index[a] = 0
		}
	}
	return out
}

// isFloat reports whether the elements are floating-point numbers.
func (s *stored) isFloat() bool { return strings.Contains(s.dtype, "float") }

// floats are the elements as float32.
func (s *stored) floats() []float32 {
	size := typeSizes[s.dtype]
	out := make([]float32, len(s.data)/size)
	for i := range out {
		b := s.data[i*size:]
		switch s.dtype {
		case "float32":
			out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b))
		case "float64":
			out[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(b)))
		case "bfloat16":
			out[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16)
		case "float16":
			out[i] = fromHalf(binary.LittleEndian.Uint16(b))
		}
	}
	return out
}

// fromHalf widens a number of half precision.
func fromHalf(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10)&31, uint32(h)&1023
	switch exponent {
	case 0: // zero and subnormal numbers: fraction·2⁻²⁴
		f := float32(fraction) * 0x1p-24
		return math.Float32frombits(math.Float32bits(f) | sign)
	case 31:
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
}

// bytesOf writes numbers in little-endian order.
func bytesOf(v []float32) []byte {
	b := make([]byte, 0, 4*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}
