package hdf5

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"slices"
)

// maxRatio is the most that deflate shrinks data by: 1032 to 1.
const maxRatio = 1032

// bytes are the elements in C order.
func (f *File) bytes(d *Dataset) ([]byte, error) {
	n := d.elements()
	if n > int(f.size)*maxRatio/d.width+1 {
		return nil, fmt.Errorf("its shape %v needs more bytes than the file can hold", d.Shape)
	}
	n *= d.width
	switch {
	case d.layout.class == 0 && len(d.layout.inline) < n:
		return nil, errors.New("it has fewer bytes than its shape needs")
	case d.layout.class == 0:
		return d.layout.inline, nil
	case d.layout.address == undefined:
		return make([]byte, n), nil // nothing was written: zeros
	case d.layout.class == 1:
		return f.at(d.layout.address, n)
	}
	return f.chunks(d, n)
}

// chunks puts the chunks of a data set together.
func (f *File) chunks(d *Dataset, n int) ([]byte, error) {
	size, most := d.width, 1
	if len(d.layout.chunk) != len(d.Shape) {
		return nil, errors.New("its chunks have another number of axes")
	}
	for i, c := range d.layout.chunk {
		if c < 1 || size > (1<<31)/c {
			return nil, errors.New("the shape of its chunks is not possible")
		}
		size *= c
		most *= (d.Shape[i] + c - 1) / c
	}
	if size > int(f.size)*maxRatio {
		return nil, errors.New("its chunks are larger than the file can hold")
	}
	out := make([]byte, n)
	f.left = max(f.left, 1<<16)
	err := f.tree(d.layout.address, 1, 8+8*(len(d.Shape)+1), 0, func(key []byte, child uint64) error {
		if most--; most < 0 {
			return errors.New("it has more chunks than its shape")
		}
		c := &cursor{b: key}
		stored, skipped := c.u32(), c.u32()
		b, err := f.at(child, stored)
		if err == nil {
			b, err = d.unfilter(b, skipped, size)
		}
		if err != nil {
			return err
		}
		origin := make([]int, len(d.Shape))
		for i := range origin {
			v := c.u64()
			if v >= uint64(d.Shape[i]) {
				return nil // outside of the shape, which was made smaller
			}
			origin[i] = int(v)
		}
		d.paste(out, b, origin)
		return nil
	})
	return out, err
}

// unfilter undoes the filters of a chunk, last first, except those that are skipped.
func (d *Dataset) unfilter(b []byte, skipped, size int) ([]byte, error) {
	for i, id := range slices.Backward(d.filters) {
		if skipped>>i&1 == 1 {
			continue
		}
		switch id {
		case checksum:
			b = b[:max(0, len(b)-4)]
		case deflate:
			z, err := zlib.NewReader(bytes.NewReader(b))
			if err != nil {
				return nil, err
			}
			if b, err = io.ReadAll(io.LimitReader(z, int64(size)+5)); err != nil {
				return nil, err
			}
		case shuffle:
			out, n := make([]byte, len(b)), len(b)/d.width
			for k := range n * d.width {
				out[k%n*d.width+k/n] = b[k]
			}
			copy(out[n*d.width:], b[n*d.width:])
			b = out
		}
	}
	if len(b) != size {
		return nil, fmt.Errorf("a chunk has %d bytes, expected %d", len(b), size)
	}
	return b, nil
}

// paste copies the part of a chunk that lies in the shape, row by row.
func (d *Dataset) paste(out, chunk []byte, origin []int) {
	rank := len(d.Shape)
	if rank == 0 {
		copy(out, chunk)
		return
	}
	last := rank - 1
	row := min(d.layout.chunk[last], d.Shape[last]-origin[last]) * d.width
	for at, index := 0, make([]int, rank); at < len(chunk); at += d.layout.chunk[last] * d.width {
		to, inside := 0, true
		for i := range rank {
			to = to*d.Shape[i] + origin[i] + index[i]
			inside = inside && origin[i]+index[i] < d.Shape[i]
		}
		if inside {
			copy(out[to*d.width:], chunk[at:at+row])
		}
		for i := last - 1; i >= 0; i-- {
			if index[i]++; index[i] < d.layout.chunk[i] {
				break
			}
			index[i] = 0
		}
	}
}
