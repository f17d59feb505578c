// Package pickle reads Python's pickles, protocols 0 to 5, as plain data. It looks
// up no class and calls no function: where Python would call one, the call itself is
// the value (Object). So a hostile pickle runs nothing, and values next to an unknown
// object are still found.
//
// The opcodes are from CPython's Lib/pickletools.py.
package pickle

import (
	"fmt"
	"io"
	"math/big"
)

// Value is nil (None), a bool, int64, *big.Int, float64, string, Bytes, Tuple,
// *List, *Dict, Global, *Object or *Persistent. Values may be shared and may contain
// themselves: code that walks them must bound depth and number of steps.
type Value any

// Tuple is a tuple or a frozen set.
type Tuple []Value

// List is a list or a set.
type List struct{ Items []Value }

// Pair is an entry of a dictionary.
type Pair struct{ Key, Value Value }

// Dict is a dictionary in the order of its insertions. A key may occur several times.
type Dict struct{ Pairs []Pair }

// Bytes is the place of a byte string, or of a text of more than maxText bytes, in
// the file. Its contents are not read.
type Bytes struct {
	At, Length int64
	Text       bool // the bytes are UTF-8 of a text
}

// Global is the name of a class or function.
type Global struct{ Module, Name string }

func (g Global) String() string { return g.Module + "." + g.Name }

// Object is what Class(Args…) would be in Python, with the state, list items and
// dictionary entries that the pickle gives it afterwards.
type Object struct {
	Class Value // a Global, or a *Persistent or *Object that stands for a class or function
	Args  Tuple
	State Value
	List
	Dict
}

// Name is the name of the object's class or function, or "".
func (o *Object) Name() string {
	if g, ok := o.Class.(Global); ok {
		return g.String()
	}
	return ""
}

// Persistent is a reference to something outside of the pickle, such as a tensor's storage.
type Persistent struct{ ID Value }

// Pickle is a pickle's value, and where it ends.
type Pickle struct {
	Root       Value
	Persistent []*Persistent // all of them, in order
	End        int64         // offset behind the pickle
}

// Read reads one pickle from the bytes [from, end) of a file, using at most about
// memory bytes for its values. Byte strings stay in the file and don't count.
func Read(r io.ReaderAt, from, end, memory int64) (*Pickle, error) {
	m := &machine{source: newSource(r, from, end), memo: map[uint64]Value{}, memory: memory}
	root := m.run()
	if m.err != nil {
		return nil, fmt.Errorf("at byte %d: %w", m.at, m.err)
	}
	return &Pickle{Root: root, Persistent: m.persistent, End: m.at}, nil
}

// long makes an integer of its little-endian two's complement.
func long(b []byte) Value {
	n, bits := new(big.Int), uint(8*len(b))
	reversed := make([]byte, len(b))
	for i, x := range b {
		reversed[len(b)-1-i] = x
	}
	n.SetBytes(reversed)
	if len(b) > 0 && b[len(b)-1] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), bits))
	}
	return small(n)
}

// small is an int64 where the number fits.
func small(n *big.Int) Value {
	if n.IsInt64() {
		return n.Int64()
	}
	return n
}
