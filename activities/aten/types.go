package aten

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// numberType is a type of the values of a program. All floating-point types are
// computed in the type of the parameters.
type numberType struct {
	bytes int // of an element in Constant.Data
	dtype dtypes.DType
	float bool
}

var types = map[string]numberType{
	"float32": {4, dtypes.Float32, true},
	"float64": {8, dtypes.Float64, true},
	"int64":   {8, dtypes.Int64, false},
	"int32":   {4, dtypes.Int32, false},
	"int16":   {2, dtypes.Int32, false},
	"int8":    {1, dtypes.Int32, false},
	"uint8":   {1, dtypes.Int32, false},
	"bool":    {1, dtypes.Bool, false},
}

func typeNames() string {
	names := make([]string, 0, len(types))
	for name := range types {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// typeOf is the graph's type for one of the program. Half precision is computed in
// the type of the parameters, as are all floating-point types.
func (p *pass) typeOf(name string) dtypes.DType {
	if name == "float16" || name == "bfloat16" {
		return p.float
	}
	t, ok := types[name]
	switch {
	case !ok:
		fail("the type %q is not supported: %s are", name, typeNames())
	case t.float:
		return p.float
	}
	return t.dtype
}

// constant adds a constant of the program to the graph.
func (p *pass) constant(c Constant) *graph.Node {
	t := types[c.Type]
	n := len(c.Data) / t.bytes
	var flat any
	switch {
	case t.float:
		flat = decode(n, t.bytes, c.Data, func(b []byte) float64 {
			if t.bytes == 4 {
				return float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
			}
			return math.Float64frombits(binary.LittleEndian.Uint64(b))
		})
	case c.Type == "bool":
		flat = decode(n, 1, c.Data, func(b []byte) bool { return b[0] != 0 })
	default:
		flat = decode(n, t.bytes, c.Data, func(b []byte) int64 { return integer(b, c.Type == "uint8") })
	}
	return p.fromFlat(flat, c.Shape, p.typeOf(c.Type))
}

func decode[T any](n, size int, data []byte, one func([]byte) T) []T {
	all := make([]T, n)
	for i := range all {
		all[i] = one(data[i*size : (i+1)*size])
	}
	return all
}

func integer(b []byte, unsigned bool) int64 {
	switch len(b) {
	case 8:
		return int64(binary.LittleEndian.Uint64(b))
	case 4:
		return int64(int32(binary.LittleEndian.Uint32(b)))
	case 2:
		return int64(int16(binary.LittleEndian.Uint16(b)))
	}
	if unsigned {
		return int64(b[0])
	}
	return int64(int8(b[0]))
}

// fromFlat is a constant of a type from []float64, []int64 or []bool in C order.
func (p *pass) fromFlat(flat any, shape []int, dtype dtypes.DType) *graph.Node {
	var t *tensors.Tensor
	switch v := flat.(type) {
	case []float64:
		if dtype == dtypes.Float32 {
			narrow := make([]float32, len(v))
			for i, x := range v {
				narrow[i] = float32(x)
			}
			t = tensors.FromFlatDataAndDimensions(narrow, shape...)
			break
		}
		t = tensors.FromFlatDataAndDimensions(v, shape...)
	case []int64:
		t = tensors.FromFlatDataAndDimensions(v, shape...)
	case []bool:
		t = tensors.FromFlatDataAndDimensions(v, shape...)
	}
	return convert(graph.ConstTensor(p.g, t), dtype)
}

// convert changes the type of a node where it is another.
func convert(x *graph.Node, dtype dtypes.DType) *graph.Node {
	switch {
	case x.DType() == dtype:
		return x
	case dtype == dtypes.Bool:
		return graph.NotEqual(x, graph.ScalarZero(x.Graph(), x.DType()))
	case !dtype.IsFloat() && x.DType().IsFloat(): // the library lets gradients pass
		x = graph.StopGradient(x)
	}
	return graph.ConvertDType(x, dtype)
}
