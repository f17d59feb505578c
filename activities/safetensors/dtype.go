package safetensors

import (
	"encoding/binary"
	"fmt"
	"math"
)

// format is a numeric type that can be read: its size in bytes and its conversion.
type format struct {
	size    int
	convert func([]byte) float32
}

var formats = map[string]format{
	"F64":  {8, func(b []byte) float32 { return float32(math.Float64frombits(binary.LittleEndian.Uint64(b))) }},
	"F32":  {4, func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) }},
	"F16":  {2, func(b []byte) float32 { return fromHalf(binary.LittleEndian.Uint16(b)) }},
	"BF16": {2, func(b []byte) float32 { return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16) }},
	"I64":  {8, func(b []byte) float32 { return float32(int64(binary.LittleEndian.Uint64(b))) }},
	"I32":  {4, func(b []byte) float32 { return float32(int32(binary.LittleEndian.Uint32(b))) }},
	"I16":  {2, func(b []byte) float32 { return float32(int16(binary.LittleEndian.Uint16(b))) }},
	"I8":   {1, func(b []byte) float32 { return float32(int8(b[0])) }},
	"U8":   {1, func(b []byte) float32 { return float32(b[0]) }},
}

// decode converts a tensor's bytes, after checking that there are as many as its shape needs.
func (e named) decode(b []byte) ([]float32, error) {
	f, ok := formats[e.DType]
	if !ok {
		return nil, fmt.Errorf("tensor %q has the type %q: F64, F32, F16, BF16, I64, I32, I16, I8 and U8 can be read", e.name, e.DType)
	}
	n, ok := elements(e.Shape)
	if !ok || n != len(b)/f.size || len(b)%f.size != 0 {
		return nil, fmt.Errorf("tensor %q has %d bytes, which do not fit its shape %v of %s", e.name, len(b), e.Shape, e.DType)
	}
	data := make([]float32, n)
	for i := range data {
		data[i] = f.convert(b[i*f.size:])
	}
	return data, nil
}

// fromHalf converts an IEEE 754 half-precision number exactly.
func fromHalf(h uint16) float32 {
	sign, exponent, fraction := uint32(h&0x8000)<<16, uint32(h>>10)&0x1f, uint32(h&0x3ff)
	switch exponent {
	case 0: // zero and subnormal numbers: fraction·2⁻²⁴
		v := float32(fraction) * 0x1p-24
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 0x1f: // infinities and NaN
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}
