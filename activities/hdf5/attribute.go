package hdf5

// attribute reads an attribute that is one text; ok is false for others and for damaged ones, which nothing depends on.
func (f *File) attribute(b []byte) (name, value string, ok bool) {
	c := &cursor{b: b}
	version := c.u8()
	c.skip(1)
	sizes := [3]int{c.u16(), c.u16(), c.u16()} // of the name, the type and the shape
	if version == 3 {
		c.skip(1)
	}
	var parts [3][]byte
	for i, n := range sizes {
		parts[i] = c.take(n)
		if version == 1 {
			c.take((8 - n%8) % 8)
		}
	}
	if shape, err := space(parts[2]); c.err != nil || err != nil || len(shape) > 0 || len(parts[1]) < 8 {
		return "", "", false
	}
	kind := &cursor{b: parts[1]}
	class := kind.u8() & 15
	variable := kind.u8()&15 == 1
	kind.skip(2)
	size := kind.u32()
	name = text(parts[0])
	switch {
	case class == 3:
		b := c.take(size)
		return name, text(b), c.err == nil
	case class == 9 && variable:
		length, heap, index := c.u32(), c.u64(), c.u32()
		if c.err != nil {
			return "", "", false
		}
		value, ok = f.global(heap, index, length)
		return name, value, ok
	}
	return "", "", false
}

// global is a text in a collection of the global heap.
func (f *File) global(address uint64, index, length int) (string, bool) {
	b, err := f.at(address, 16)
	if err != nil || string(b[:4]) != "GCOL" {
		return "", false
	}
	size := (&cursor{b: b[8:]}).u64()
	if size < 16 || size > maxHeader {
		return "", false
	}
	if b, err = f.at(address+16, int(size)-16); err != nil {
		return "", false
	}
	for c := (&cursor{b: b}); len(c.b) >= 16; {
		i := c.u16()
		c.skip(6)
		n := int(min(c.u64(), maxHeader))
		body := c.take(n)
		c.take(min(len(c.b), (8-n%8)%8))
		switch {
		case c.err != nil || i == 0:
			return "", false
		case i == index && length <= len(body):
			return string(body[:length]), true
		}
	}
	return "", false
}
