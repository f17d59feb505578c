package hdf5

import (
	"errors"
	"fmt"
)

// object reads the object at an address: a group with all that is below it, or a data set.
func (f *File) object(name string, address uint64, depth int) error {
	switch {
	case depth > maxDepth:
		return fmt.Errorf("groups more than %d deep", maxDepth)
	case f.seen[address]:
		return nil // a second name of the same object
	case f.left == 0:
		return errors.New("more groups and data sets than are allowed here")
	}
	f.seen[address] = true
	f.left--
	all, err := f.messages(address)
	if err != nil {
		return fmt.Errorf("%q: %w", name, err)
	}
	for _, m := range all {
		if m.kind == dataLayout {
			f.Datasets = append(f.Datasets, f.dataset(name, all))
			return nil
		}
	}
	for _, m := range all {
		if err := f.member(name, m, depth); err != nil {
			return err
		}
	}
	return nil
}

// member reads a message of a group: the names in it, or a text.
func (f *File) member(name string, m message, depth int) error {
	c := &cursor{b: m.body}
	switch m.kind {
	case attribute:
		if key, value, ok := f.attribute(m.body); ok {
			f.Attributes[name+"@"+key] = value
		}
	case symbolTable:
		tree, heap := c.u64(), c.u64()
		if c.err != nil {
			return c.err
		}
		names, err := f.heap(heap)
		if err != nil {
			return err
		}
		return f.symbols(name, tree, names, depth)
	case linkInfo:
		flags := (&cursor{b: m.body[min(1, len(m.body)):]}).u8()
		c.skip(2 + 8*(flags&1))
		if heap := c.u64(); c.err == nil && heap != undefined {
			return fmt.Errorf("the group %q keeps its names in a heap, as new versions of HDF5 do for large groups: save it with h5py's default libver", name)
		}
	case link:
		return f.link(name, c, depth)
	}
	return nil
}

// below is the name of an object in a group.
func below(group, name string) string {
	if group == "" {
		return name
	}
	return group + "/" + name
}

// link reads one link message. Soft and external links are passed over.
func (f *File) link(group string, c *cursor, depth int) error {
	c.skip(1)
	flags, kind := c.u8(), 0
	if flags&8 != 0 {
		kind = c.u8()
	}
	if flags&4 != 0 {
		c.skip(8)
	}
	if flags&16 != 0 {
		c.skip(1)
	}
	name := string(c.take(int(min(c.number(1<<(flags&3)), maxHeader))))
	if kind != 0 {
		return nil
	}
	address := c.u64()
	if c.err != nil {
		return c.err
	}
	return f.object(below(group, name), address, depth+1)
}

// heap is the data of a local heap, which holds names.
func (f *File) heap(address uint64) ([]byte, error) {
	b, err := f.at(address, 32)
	if err != nil {
		return nil, err
	}
	if string(b[:4]) != "HEAP" {
		return nil, errors.New("a heap of names has another signature")
	}
	c := &cursor{b: b[8:]}
	size := c.u64()
	c.skip(8)
	if size > maxHeader {
		return nil, fmt.Errorf("a heap of names has more than %d bytes", maxHeader)
	}
	return f.at(c.u64(), int(size))
}

// symbols reads a node of the B-tree of a group, and the objects below it.
func (f *File) symbols(group string, address uint64, names []byte, depth int) error {
	return f.tree(address, 0, 8, 0, func(_ []byte, child uint64) error {
		b, err := f.at(child, 8)
		if err != nil {
			return err
		}
		if string(b[:4]) != "SNOD" {
			return errors.New("a list of names has another signature")
		}
		n := int(b[6]) | int(b[7])<<8
		if b, err = f.at(child+8, 40*n); err != nil {
			return err
		}
		for c := (&cursor{b: b}); len(c.b) > 0; {
			at, header := c.u64(), c.u64()
			cached := c.u32()
			c.skip(20)
			if at >= uint64(len(names)) {
				return errors.New("a name lies outside of its heap")
			}
			if cached == 2 { // a soft link
				continue
			}
			if err := f.object(below(group, text(names[at:])), header, depth+1); err != nil {
				return err
			}
		}
		return nil
	})
}

// tree visits the leaves' children of a B-tree of a type, with the keys before them, of a width in bytes.
func (f *File) tree(address uint64, kind byte, key, depth int, visit func(key []byte, child uint64) error) error {
	b, err := f.at(address, 24)
	switch {
	case err != nil:
		return err
	case string(b[:4]) != "TREE" || b[4] != kind || depth > maxDepth:
		return errors.New("a B-tree is damaged")
	}
	level, n := b[5], int(b[6])|int(b[7])<<8
	if f.left--; f.left < 0 {
		return errors.New("more parts of B-trees than are allowed here")
	}
	if b, err = f.at(address+24, n*(key+8)); err != nil {
		return err
	}
	for c := (&cursor{b: b}); len(c.b) > 0; {
		before := c.take(key)
		child := c.u64()
		if level == 0 {
			err = visit(before, child)
		} else {
			err = f.tree(child, kind, key, depth+1, visit)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
