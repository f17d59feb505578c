package hdf5

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/x448/float16"
)

// layout says where the elements are.
type layout struct {
	class   int    // 0: in the header, 1: at an address, 2: in chunks
	inline  []byte // of class 0
	address uint64 // of the elements, or of the B-tree of chunks
	chunk   []int
}

// dataset reads the header of a data set. An error is kept in the data set, as only others may be read.
func (f *File) dataset(name string, all []message) Dataset {
	d := Dataset{Name: name}
	for _, m := range all {
		if d.err != nil {
			break
		}
		if m.shared && (m.kind == datatype || m.kind == dataspace) {
			d.err = errors.New("its type is shared with others, which is not supported")
			break
		}
		switch m.kind {
		case dataspace:
			d.Shape, d.err = space(m.body)
		case datatype:
			d.err = d.number(m.body)
		case dataLayout:
			d.err = d.place(m.body)
		case pipeline:
			d.err = d.pipeline(m.body)
		}
	}
	if d.err == nil && d.Kind == "" {
		d.err = errors.New("it says nothing about the type of its elements")
	}
	if d.err != nil {
		d.Kind = ""
	}
	return d
}

// number reads the type of the elements.
func (d *Dataset) number(b []byte) error {
	c := &cursor{b: b}
	class, bits := c.u8()&15, c.take(3)
	d.width = c.u32()
	c.skip(4)
	c.skip(1)
	exponent := c.u8()
	switch {
	case len(bits) == 3 && bits[0]&1 == 1:
		d.order = binary.BigEndian
	default:
		d.order = binary.LittleEndian
	}
	switch class {
	case 0:
		sign := map[bool]string{true: "I", false: "U"}[len(bits) == 3 && bits[0]&8 != 0]
		if d.width == 1 || d.width == 2 || d.width == 4 || d.width == 8 {
			d.Kind = fmt.Sprint(sign, 8*d.width)
			return nil
		}
	case 1:
		if kind := map[[2]int]string{{2, 5}: "F16", {2, 8}: "BF16", {4, 8}: "F32", {8, 11}: "F64"}[[2]int{d.width, exponent}]; kind != "" && c.err == nil {
			d.Kind = kind
			return nil
		}
	}
	return fmt.Errorf("elements of class %d with %d bytes are not supported: floating-point numbers and integers are", class, d.width)
}

// place reads where the elements are.
func (d *Dataset) place(b []byte) error {
	c := &cursor{b: b}
	version := c.u8()
	d.layout.class = c.u8()
	switch {
	case version != 3 && (version != 4 || d.layout.class == 2):
		return fmt.Errorf("version %d of the layout of its elements is not supported: save it with h5py's default libver", version)
	case d.layout.class == 0:
		d.layout.inline = c.take(c.u16())
	case d.layout.class == 1:
		d.layout.address = c.u64()
	case d.layout.class == 2:
		rank := c.u8()
		d.layout.address = c.u64()
		if rank < 1 || rank > maxRank+1 {
			return errors.New("the shape of its chunks is not possible")
		}
		for range rank - 1 {
			d.layout.chunk = append(d.layout.chunk, c.u32())
		}
		c.skip(4)
	default:
		return errors.New("a virtual data set is not supported")
	}
	return c.err
}

// The filters that are read.
const (
	deflate  = 1
	shuffle  = 2
	checksum = 3 // Fletcher's, which is not compared
)

func (d *Dataset) pipeline(b []byte) error {
	c := &cursor{b: b}
	version, n := c.u8(), c.u8()
	if version == 1 {
		c.skip(6)
	}
	for range n {
		id, name := c.u16(), 0
		if version == 1 || id >= 256 {
			name = c.u16()
		}
		c.skip(2)
		values := c.u16()
		if version == 1 {
			name, values = (name+7)/8*8, (values+1)/2*2
		}
		c.skip(name + 4*values)
		if id != deflate && id != shuffle && id != checksum {
			return fmt.Errorf("it is compressed by filter %d, which is not supported: gzip is", id)
		}
		d.filters = append(d.filters, uint16(id))
	}
	return c.err
}

// elements is the number of elements.
func (d *Dataset) elements() int {
	n := 1
	for _, s := range d.Shape {
		n *= s
	}
	return n
}

// Header is the type and shape of a data set, or why it can't be read.
func (f *File) Header(i int) (kind string, shape []int, err error) {
	d := f.Datasets[i]
	if d.err != nil {
		return "", nil, fmt.Errorf("the data set %s: %w", d.Name, d.err)
	}
	return d.Kind, d.Shape, nil
}

// Read reads the elements of a data set in C order as float32; float64 numbers and integers are rounded.
func (f *File) Read(i int) ([]float32, error) {
	d := &f.Datasets[i]
	if d.err != nil {
		return nil, fmt.Errorf("the data set %s: %w", d.Name, d.err)
	}
	b, err := f.bytes(d)
	if err != nil {
		return nil, fmt.Errorf("the data set %s: %w", d.Name, err)
	}
	out := make([]float32, d.elements())
	for i := range out {
		out[i] = d.decode(b[i*d.width:])
	}
	return out, nil
}

func (d *Dataset) decode(b []byte) float32 {
	switch d.Kind {
	case "F16":
		return float16.Frombits(d.order.Uint16(b)).Float32()
	case "BF16":
		return math.Float32frombits(uint32(d.order.Uint16(b)) << 16)
	case "F32":
		return math.Float32frombits(d.order.Uint32(b))
	case "F64":
		return float32(math.Float64frombits(d.order.Uint64(b)))
	}
	var v uint64
	switch d.width {
	case 1:
		v = uint64(b[0])
	case 2:
		v = uint64(d.order.Uint16(b))
	case 4:
		v = uint64(d.order.Uint32(b))
	default:
		v = d.order.Uint64(b)
	}
	if d.Kind[0] == 'U' {
		return float32(v)
	}
	unused := 64 - 8*d.width
	return float32(int64(v<<unused) >> unused)
}
