// Package hdf5 reads the data sets of HDF5 files as Keras and h5py write them: superblocks of versions 0 to 3, object headers of both
// versions, groups with symbol tables or links, and contiguous, compact and chunked data with the filters deflate and
// shuffle. Other parts of the format are refused by name. It does not trust a file: reads stay within it, and nothing is
// allocated for data that it can't hold.
//
// The format is that of "HDF5 File Format Specification Version 3.0", The HDF Group.
package hdf5

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Dataset is an array in a file.
type Dataset struct {
	Name string // with slashes between groups: "layers/dense/vars/0"
	// Kind is the type of its elements as safetensors spells it: "F32", "I64"; "" for one that Read refuses.
	Kind  string
	Shape []int

	order   binary.ByteOrder
	width   int // of an element, in bytes
	layout  layout
	filters []uint16
	err     error // why it can't be read
}

// File is an open file.
type File struct {
	Datasets []Dataset // in the order of groups and, within a group, of names
	// Attributes are the texts that groups carry, by "group@attribute": "layers/dense/vars@name".
	Attributes map[string]string

	r    io.ReaderAt
	size int64
	left int // objects that may still be read
	seen map[uint64]bool
}

// Limits of a file.
const (
	maxDepth  = 32      // of groups in groups
	maxHeader = 1 << 20 // bytes of one part of an object's header
	maxRank   = 32
)

// undefined is the address of a missing object.
const undefined = ^uint64(0)

// signature begins a file.
const signature = "\x89HDF\r\n\x1a\n"

// Open reads the list of a file's data sets. A file of more than maxObjects groups and data sets is refused.
func Open(r io.ReaderAt, size int64, maxObjects int) (*File, error) {
	f := &File{r: r, size: size, left: maxObjects, seen: map[uint64]bool{}, Attributes: map[string]string{}}
	root, err := f.superblock()
	if err == nil {
		err = f.object("", root, 0)
	}
	if err != nil {
		return nil, fmt.Errorf("not a usable HDF5 file: %w", err)
	}
	return f, nil
}

// at reads n bytes from an address.
func (f *File) at(address uint64, n int) ([]byte, error) {
	if n < 0 || address > uint64(f.size) || uint64(n) > uint64(f.size)-address {
		return nil, fmt.Errorf("%d bytes at %d, and the file has %d: it is damaged or cut", n, address, f.size)
	}
	b := make([]byte, n)
	_, err := f.r.ReadAt(b, int64(address))
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return b, err
}

// superblock returns the address of the root group.
func (f *File) superblock() (root uint64, err error) {
	b, err := f.at(0, 96)
	switch {
	case err != nil:
		return 0, err
	case string(b[:8]) != signature:
		return 0, errors.New("it does not begin with an HDF5 signature")
	}
	c := &cursor{b: b[9:]}
	version := b[8]
	switch version {
	case 0, 1:
		c.skip(4)
		sizes := c.take(2)
		c.skip(1 + 8 + 4*int(version))
		if !isEight(sizes) {
			return 0, errors.New("addresses that are not of 8 bytes are not supported")
		}
		base := c.u64()
		c.skip(3*8 + 8)
		root = c.u64()
		return root, noBase(base, c.err)
	case 2, 3:
		if sizes := c.take(2); !isEight(sizes) {
			return 0, errors.New("addresses that are not of 8 bytes are not supported")
		}
		c.skip(1)
		base := c.u64()
		c.skip(16)
		root = c.u64()
		return root, noBase(base, c.err)
	}
	return 0, fmt.Errorf("version %d of the superblock is not supported: 0 to 3 are", version)
}

func isEight(sizes []byte) bool { return len(sizes) == 2 && sizes[0] == 8 && sizes[1] == 8 }

func noBase(base uint64, err error) error {
	if err == nil && base != 0 {
		return errors.New("a user block in front of the file is not supported")
	}
	return err
}

// cursor reads numbers from bytes, little-endian, and notes where they end.
type cursor struct {
	b   []byte
	err error
}

// take consumes n bytes; nil where they are missing.
func (c *cursor) take(n int) []byte {
	if n < 0 || n > len(c.b) {
		c.b, c.err = nil, errors.New("a header is shorter than it says")
		return nil
	}
	out := c.b[:n]
	c.b = c.b[n:]
	return out
}

func (c *cursor) skip(n int) { c.take(n) }

// number is an unsigned number of n bytes, 0 where they are missing.
func (c *cursor) number(n int) (v uint64) {
	for i, b := range c.take(n) {
		v |= uint64(b) << (8 * i)
	}
	return v
}

func (c *cursor) u8() int     { return int(c.number(1)) }
func (c *cursor) u16() int    { return int(c.number(2)) }
func (c *cursor) u32() int    { return int(c.number(4)) }
func (c *cursor) u64() uint64 { return c.number(8) }

// text is a name that ends with a zero byte or with the bytes.
func text(b []byte) string {
	name, _, _ := strings.Cut(string(b), "\x00")
	return name
}
