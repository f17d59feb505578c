package hdf5

import (
	"errors"
	"fmt"
)

// The types of header messages that are read.
const (
	dataspace    = 0x01
	linkInfo     = 0x02
	datatype     = 0x03
	link         = 0x06
	dataLayout   = 0x08
	pipeline     = 0x0b
	attribute    = 0x0c
	continuation = 0x10
	symbolTable  = 0x11
)

// message is one message of an object's header.
type message struct {
	kind   int
	shared bool // its content stands elsewhere
	body   []byte
}

// block is a part of a header.
type block struct {
	address uint64
	length  int
}

// messages reads the header of an object.
func (f *File) messages(address uint64) (out []message, err error) {
	b, err := f.at(address, 16)
	if err != nil {
		return nil, err
	}
	next, version2, ordered := block{address + 16, int((&cursor{b: b[8:]}).number(4))}, false, false
	if string(b[:4]) == "OHDR" {
		version2 = true
		flags := int(b[5])
		ordered = flags&4 != 0
		front := uint64(6)
		if flags&0x20 != 0 {
			front += 16
		}
		if flags&0x10 != 0 {
			front += 4
		}
		width := 1 << (flags & 3)
		size, err := f.at(address+front, width)
		if err != nil {
			return nil, err
		}
		next = block{address + front + uint64(width), int(min((&cursor{b: size}).number(width), maxHeader+1))}
	} else if b[0] != 1 {
		return nil, fmt.Errorf("version %d of an object's header is not supported: 1 and 2 are", b[0])
	}
	blocks := []block{next}
	for i := 0; i < len(blocks); i++ {
		if i > 1000 {
			return nil, errors.New("a header has more than 1000 parts")
		}
		if blocks[i].length > maxHeader {
			return nil, fmt.Errorf("a header of more than %d bytes", maxHeader)
		}
		b, err := f.at(blocks[i].address, blocks[i].length)
		if err != nil {
			return nil, err
		}
		c := &cursor{b: b}
		if version2 && i > 0 {
			if len(b) < 8 || string(b[:4]) != "OCHK" {
				return nil, errors.New("a part of a header has another signature")
			}
			c.b = b[4 : len(b)-4] // behind it is a checksum
		}
		more, err := c.messages(version2, ordered)
		if err != nil {
			return nil, err
		}
		for _, m := range more {
			if m.kind == continuation {
				at := &cursor{b: m.body}
				blocks = append(blocks, block{at.u64(), int(min(at.u64(), maxHeader+1))})
			}
		}
		out = append(out, more...)
	}
	return out, nil
}

// messages reads the messages of one part.
func (c *cursor) messages(version2, ordered bool) (out []message, err error) {
	least := 8
	if version2 {
		least = 4
	}
	for len(c.b) >= least {
		var m message
		var size, flags int
		if version2 {
			m.kind, size, flags = c.u8(), c.u16(), c.u8()
			if ordered {
				c.skip(2)
			}
		} else {
			m.kind, size, flags = c.u16(), c.u16(), c.u8()
			c.skip(3)
		}
		m.shared, m.body = flags&2 != 0, c.take(size)
		if c.err != nil {
			return nil, c.err
		}
		out = append(out, m)
	}
	return out, nil
}

// space reads a dataspace.
func space(b []byte) ([]int, error) {
	c := &cursor{b: b}
	version, rank, _ := c.u8(), c.u8(), c.u8()
	switch version {
	case 1:
		c.skip(5)
	case 2:
		if kind := c.u8(); kind == 2 {
			return nil, errors.New("it has no elements")
		}
	default:
		return nil, fmt.Errorf("version %d of its shape is not supported", version)
	}
	if rank > maxRank {
		return nil, fmt.Errorf("it has %d axes; at most %d are read", rank, maxRank)
	}
	shape, n := make([]int, rank), 1
	for i := range shape {
		d := c.u64()
		if d > 1<<40 || float64(n)*float64(d) > 1<<40 {
			return nil, errors.New("its shape is not possible")
		}
		shape[i] = int(d)
		n *= shape[i]
	}
	return shape, c.err
}
