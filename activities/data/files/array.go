package files

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/x448/float16"

	"lossatlas/activities/data"
	"lossatlas/activities/problem"
)

// array is an array of numbers in a file. Its first axis counts examples.
type array struct {
	path  string
	name  string // in the file, "" where a file has one array
	shape []int
	kind  string // "u1", as NumPy spells types, without the order of bytes
	order binary.ByteOrder
	bytes span
}

// kind is how the numbers of a type are stored. Every one fits a float64 that is converted to float32 or int32.
type kind struct {
	size    int
	integer bool
	decode  func(o binary.ByteOrder, b []byte) float64
}

var kinds = map[string]kind{
	"b1": {1, true, func(_ binary.ByteOrder, b []byte) float64 { return float64(min(b[0], 1)) }},
	"u1": {1, true, func(_ binary.ByteOrder, b []byte) float64 { return float64(b[0]) }},
	"i1": {1, true, func(_ binary.ByteOrder, b []byte) float64 { return float64(int8(b[0])) }},
	"u2": {2, true, func(o binary.ByteOrder, b []byte) float64 { return float64(o.Uint16(b)) }},
	"i2": {2, true, func(o binary.ByteOrder, b []byte) float64 { return float64(int16(o.Uint16(b))) }},
	"u4": {4, true, func(o binary.ByteOrder, b []byte) float64 { return float64(o.Uint32(b)) }},
	"i4": {4, true, func(o binary.ByteOrder, b []byte) float64 { return float64(int32(o.Uint32(b))) }},
	"u8": {8, true, func(o binary.ByteOrder, b []byte) float64 { return float64(o.Uint64(b)) }},
	"i8": {8, true, func(o binary.ByteOrder, b []byte) float64 { return float64(int64(o.Uint64(b))) }},
	"f2": {2, false, func(o binary.ByteOrder, b []byte) float64 { return float64(float16.Frombits(o.Uint16(b)).Float32()) }},
	"f4": {4, false, func(o binary.ByteOrder, b []byte) float64 { return float64(math.Float32frombits(o.Uint32(b))) }},
	"f8": {8, false, func(o binary.ByteOrder, b []byte) float64 { return math.Float64frombits(o.Uint64(b)) }},
}

// where is the array in messages.
func (a *array) where() string {
	if a.name == "" {
		return a.path
	}
	return a.path + ", array " + a.name
}

// maxExamples bounds the examples of an array, so that products with the size of one don't overflow.
const maxExamples = 1 << 31

// check returns an error unless the array is one of examples of numbers that can be read.
func (a *array) check() error {
	if _, ok := kinds[a.kind]; !ok {
		return fault(a.where(), "has elements of the type %.20q; integers, f2, f4, f8 and b1 can be read", a.kind)
	}
	if len(a.shape) == 0 || a.shape[0] < 1 || a.shape[0] > maxExamples {
		return fault(a.where(), "has the shape %v; expected [examples, ...] with at least one example", a.shape)
	}
	return nil
}

// part is the examples of the array, with their labels.
func (a *array) part(split string, l labels, opts Options, note func(string, ...any)) (part, error) {
	if err := a.check(); err != nil {
		return part{}, err
	}
	f, err := a.form(opts, note)
	if err != nil {
		return part{}, err
	}
	p := problem.Problem{Shape: f.shape, Type: f.kind, Outputs: 1}
	if err := data.CheckSize(p); err != nil {
		return part{}, fault(a.where(), "%v", err)
	}
	return part{split: split, path: a.where(), n: a.shape[0], form: f, labels: l, read: a.reader(f.kind, p.Size())}, nil
}

// form derives the type, the shape and the place of the channels.
func (a *array) form(opts Options, note func(string, ...any)) (form, error) {
	f := form{shape: a.shape[1:], kind: opts.Type}
	if len(f.shape) == 0 {
		f.shape = []int{1}
	}
	k := kinds[a.kind]
	switch {
	case f.kind == problem.Uint8 && k.size > 1:
		return f, fault(a.where(), "has elements of the type %s; only bytes can be read as %s", a.kind, problem.Uint8)
	case f.kind != "":
	case a.kind == "u1" || a.kind == "b1":
		f.kind = problem.Uint8
	case k.integer && len(f.shape) == 1:
		f.kind = problem.Int32
		note("integers of the type %s are taken as indices, such as tokens; choose the type %s where they are measured numbers", a.kind, problem.Float32)
	default:
		f.kind = problem.Float32
	}
	return f, a.channels(&f, opts)
}

// channels finds the axis of the channels. A network's own loss takes arrays unchanged, so that the axis does not matter.
func (a *array) channels(f *form, opts Options) error {
	layout := opts.Layout
	isImage := len(f.shape) == 3
	flat := len(f.shape) == 2 && (f.kind == problem.Uint8 || layout != "") // pictures without an axis for their one channel
	if !isImage && !flat || f.kind == problem.Int32 {
		if layout == ChannelsFirst && len(f.shape) > 1 {
			f.channelsFirst = true
		}
		return nil
	}
	f.channelsFirst = layout == ChannelsFirst
	if flat {
		if f.channelsFirst {
			f.shape = []int{1, f.shape[0], f.shape[1]}
		} else {
			f.shape = []int{f.shape[0], f.shape[1], 1}
		}
		return nil
	}
	if layout == "" {
		first, last := f.shape[0] == 1 || f.shape[0] == 3, f.shape[2] == 1 || f.shape[2] == 3
		if !first && !last { // colour with transparency is rare
			first, last = f.shape[0] == 4, f.shape[2] == 4
		}
		if first == last && opts.Loss != problem.Program {
			return fault(a.where(), "has the shape %v, which does not show where the channels of a picture are; choose the layout %s or %s", a.shape, ChannelsFirst, ChannelsLast)
		}
		f.channelsFirst = first && !last
	}
	return nil
}

// reader reads examples of some numbers, converted to a type.
func (a *array) reader(t problem.Type, numbers int) func(dst []byte, i int) error {
	k := kinds[a.kind]
	direct := t == problem.Uint8 && a.kind == "u1"
	return func(dst []byte, i int) error {
		raw := dst
		if !direct {
			raw = make([]byte, numbers*k.size)
		}
		at := int64(i) * int64(len(raw))
		if err := a.bytes.readAt(raw, at); err != nil {
			return &data.FileError{Path: a.where(), Size: -1, Record: i, Offset: -1, Cause: err}
		}
		if direct {
			return nil
		}
		if err := a.convert(dst, raw, t); err != nil {
			return &data.FileError{Path: a.where(), Size: -1, Record: i, Offset: -1, Want: err.Error()}
		}
		return nil
	}
}

// convert writes the numbers of raw to dst as numbers of the type t.
func (a *array) convert(dst, raw []byte, t problem.Type) error {
	k := kinds[a.kind]
	for i := range len(raw) / k.size {
		if err := put(dst, i, k.decode(a.order, raw[i*k.size:]), t); err != nil {
			return err
		}
	}
	return nil
}

// put stores v as the i-th number of an example.
func put(dst []byte, i int, v float64, t problem.Type) error {
	switch t {
	case problem.Uint8:
		dst[i] = byte(v)
	case problem.Int32:
		if v != math.Trunc(v) || v < math.MinInt32 || v > math.MaxInt32 {
			return fmt.Errorf("number %d is %g; indices are whole numbers of 32 bits", i, v)
		}
		binary.LittleEndian.PutUint32(dst[4*i:], uint32(int32(v)))
	default:
		f := float32(v)
		if s := float64(f); math.IsNaN(s) || math.IsInf(s, 0) {
			return fmt.Errorf("number %d is %g; examples must be finite float32 numbers", i, v)
		}
		binary.LittleEndian.PutUint32(dst[4*i:], math.Float32bits(f))
	}
	return nil
}
