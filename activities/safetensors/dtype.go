package safetensors

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/x448/float16"
)

// format is a numeric type that can be read: its size in bytes and its conversion.
type format struct {
	size    int
	convert func([]byte) float32
}

var formats = map[string]format{
	"F64":  {8, func(b []byte) float32 { return float32(math.Float64frombits(binary.LittleEndian.Uint64(b))) }},
	"F32":  {4, func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) }},
	"F16":  {2, func(b []byte) float32 { return float16.Frombits(binary.LittleEndian.Uint16(b)).Float32() }},
	"BF16": {2, func(b []byte) float32 { return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16) }},
}

// size is the number of the tensor's bytes.
func (e named) size() uint64 { return e.Offsets[1] - e.Offsets[0] }

// check says why the tensor can't be read: by its type, or because it has other bytes than its shape needs.
func (e named) check() error {
	f, ok := formats[e.DType]
	if !ok {
		return fmt.Errorf("tensor %q has the type %q: F64, F32, F16 and BF16 can be read", e.name, e.DType)
	}
	if n, ok := elements(e.Shape); !ok || uint64(n) != e.size()/uint64(f.size) || e.size()%uint64(f.size) != 0 {
		return fmt.Errorf("tensor %q has %d bytes, which do not fit its shape %v of %s", e.name, e.size(), e.Shape, e.DType)
	}
	return nil
}

// decode converts the tensor's bytes, which were checked.
func (e named) decode(b []byte) []float32 {
	f := formats[e.DType]
	data := make([]float32, len(b)/f.size)
	for i := range data {
		data[i] = f.convert(b[i*f.size:])
	}
	return data
}
