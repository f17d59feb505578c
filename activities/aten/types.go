package aten

import (
	"encoding/binary"
	"maps"
	"math"
	"slices"
	"strings"
)

// elementBytes are the types of values, with the bytes of an element in Constant.Data.
var elementBytes = map[string]int{"float32": 4, "float64": 8, "int64": 8, "int32": 4, "int16": 2, "int8": 1, "uint8": 1, "bool": 1}

// TypeNames lists the types of values for messages.
func TypeNames() string { return strings.Join(slices.Sorted(maps.Keys(elementBytes)), ", ") }

// Decode is the values of a constant in C order: []float64 of floating-point types, []bool of bool, []int64 of others.
func (c Constant) Decode() any {
	size := elementBytes[c.Type]
	switch c.Type {
	case "float32":
		return decode(c.Data, size, func(b []byte) float64 { return float64(math.Float32frombits(binary.LittleEndian.Uint32(b))) })
	case "float64":
		return decode(c.Data, size, func(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) })
	case "bool":
		return decode(c.Data, size, func(b []byte) bool { return b[0] != 0 })
	}
	return decode(c.Data, size, func(b []byte) int64 { return integer(b, c.Type == "uint8") })
}

func decode[T any](data []byte, size int, element func([]byte) T) []T {
	all := make([]T, len(data)/size)
	for i := range all {
		all[i] = element(data[i*size : (i+1)*size])
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
