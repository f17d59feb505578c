package pickle

import (
	"encoding/binary"
	"math"
	"math/big"
	"strconv"
	"strings"
)

const opStop = '.'

// opcodes are the functions of all opcodes except STOP. Opcodes of the extension registry (0x82 to 0x84)
// and of buffers outside of the pickle (0x97, 0x98) are missing: their values are not in the file.
var opcodes = [256]func(*machine){
	0x80: func(m *machine) { m.byte() },   // PROTO
	0x95: func(m *machine) { m.uint64() }, // FRAME

	'(': func(m *machine) { m.marks = append(m.marks, len(m.stack)) }, // MARK
	'0': func(m *machine) { m.discard() },                             // POP
	'1': func(m *machine) { m.popMark() },                             // POP_MARK
	'2': func(m *machine) { m.push(m.top()) },                         // DUP

	'N':  func(m *machine) { m.push(nil) },                                                                         // NONE
	0x88: func(m *machine) { m.push(true) },                                                                        // NEWTRUE
	0x89: func(m *machine) { m.push(false) },                                                                       // NEWFALSE
	'I':  func(m *machine) { m.push(m.decimal()) },                                                                 // INT
	'L':  func(m *machine) { m.push(m.decimal()) },                                                                 // LONG
	'J':  func(m *machine) { m.push(int64(int32(m.uint32()))) },                                                    // BININT
	'K':  func(m *machine) { m.push(int64(m.byte())) },                                                             // BININT1
	'M':  func(m *machine) { m.push(int64(m.uint16())) },                                                           // BININT2
	0x8a: func(m *machine) { m.push(m.long(uint64(m.byte()))) },                                                    // LONG1
	0x8b: func(m *machine) { m.push(m.long(m.uint32())) },                                                          // LONG4
	'F':  func(m *machine) { m.push(m.float()) },                                                                   // FLOAT
	'G':  func(m *machine) { m.push(math.Float64frombits(binary.BigEndian.Uint64(m.take(8)))) },                    // BINFLOAT
	'S':  func(m *machine) { m.push(m.quoted()) },                                                                  // STRING
	'V':  func(m *machine) { m.push(unescape(m.line())) },                                                          // UNICODE
	'T':  func(m *machine) { m.push(m.byteString(m.uint32())) },                                                    // BINSTRING
	'U':  func(m *machine) { m.push(m.byteString(uint64(m.byte()))) },                                              // SHORT_BINSTRING
	'X':  func(m *machine) { m.push(m.text(m.uint32())) },                                                          // BINUNICODE
	0x8c: func(m *machine) { m.push(m.text(uint64(m.byte()))) },                                                    // SHORT_BINUNICODE
	0x8d: func(m *machine) { m.push(m.text(m.uint64())) },                                                          // BINUNICODE8
	'B':  func(m *machine) { m.push(m.raw(m.uint32())) },                                                           // BINBYTES
	'C':  func(m *machine) { m.push(m.raw(uint64(m.byte()))) },                                                     // SHORT_BINBYTES
	0x8e: func(m *machine) { m.push(m.raw(m.uint64())) },                                                           // BINBYTES8
	0x96: func(m *machine) { m.push(m.raw(m.uint64())) },                                                           // BYTEARRAY8
	')':  func(m *machine) { m.push(Tuple{}) },                                                                     // EMPTY_TUPLE
	't':  func(m *machine) { m.push(Tuple(m.popMark())) },                                                          // TUPLE
	0x85: func(m *machine) { m.push(m.popN(1)) },                                                                   // TUPLE1
	0x86: func(m *machine) { m.push(m.popN(2)) },                                                                   // TUPLE2
	0x87: func(m *machine) { m.push(m.popN(3)) },                                                                   // TUPLE3
	0x91: func(m *machine) { m.push(Tuple(m.popMark())) },                                                          // FROZENSET
	']':  func(m *machine) { m.push(&List{}) },                                                                     // EMPTY_LIST
	'l':  func(m *machine) { m.push(&List{m.popMark()}) },                                                          // LIST
	'a':  func(m *machine) { m.extend(m.popN(1)) },                                                                 // APPEND
	'e':  func(m *machine) { m.extend(m.popMark()) },                                                               // APPENDS
	0x8f: func(m *machine) { m.push(&List{}) },                                                                     // EMPTY_SET
	0x90: func(m *machine) { m.extend(m.popMark()) },                                                               // ADDITEMS
	'}':  func(m *machine) { m.push(&Dict{}) },                                                                     // EMPTY_DICT
	'd':  func(m *machine) { v := m.popMark(); m.push(&Dict{}); m.enter(v) },                                       // DICT
	's':  func(m *machine) { m.enter(m.popN(2)) },                                                                  // SETITEM
	'u':  func(m *machine) { m.enter(m.popMark()) },                                                                // SETITEMS
	'p':  func(m *machine) { m.put(m.index()) },                                                                    // PUT
	'q':  func(m *machine) { m.put(uint64(m.byte())) },                                                             // BINPUT
	'r':  func(m *machine) { m.put(m.uint32()) },                                                                   // LONG_BINPUT
	0x94: func(m *machine) { m.put(uint64(len(m.memo))) },                                                          // MEMOIZE
	'g':  func(m *machine) { m.get(m.index()) },                                                                    // GET
	'h':  func(m *machine) { m.get(uint64(m.byte())) },                                                             // BINGET
	'j':  func(m *machine) { m.get(m.uint32()) },                                                                   // LONG_BINGET
	'c':  func(m *machine) { module := m.line(); m.global(module, m.line()) },                                      // GLOBAL
	0x93: func(m *machine) { v := m.popN(2); m.global(v[0], v[1]) },                                                // STACK_GLOBAL
	'R':  func(m *machine) { v := m.popN(2); m.call(v[0], v[1]) },                                                  // REDUCE
	0x81: func(m *machine) { v := m.popN(2); m.call(v[0], v[1]) },                                                  // NEWOBJ
	0x92: func(m *machine) { v := m.popN(3); m.call(v[0], v[1]) },                                                  // NEWOBJ_EX, its keywords left out
	'o':  func(m *machine) { m.callMarked(m.popMark()) },                                                           // OBJ
	'i':  func(m *machine) { module := m.line(); m.global(module, m.line()); m.call(m.pop(), Tuple(m.popMark())) }, // INST
	'b':  func(m *machine) { m.build() },                                                                           // BUILD
	'P':  func(m *machine) { m.refer(m.line()) },                                                                   // PERSID
	'Q':  func(m *machine) { m.refer(m.pop()) },                                                                    // BINPERSID
}

// discard removes the topmost value, or the mark where there is nothing above it.
func (m *machine) discard() {
	if n := len(m.marks); n > 0 && len(m.stack) == m.marks[n-1] {
		m.marks = m.marks[:n-1]
		return
	}
	m.pop()
}

// callMarked is a call whose first value is the class.
func (m *machine) callMarked(values []Value) {
	if len(values) == 0 {
		m.fail("a class is missing on its stack")
		return
	}
	m.call(values[0], Tuple(values[1:]))
}

// long reads an integer of n bytes.
func (m *machine) long(n uint64) Value {
	if n > maxText {
		m.fail("a number of %d bytes is longer than the %d that are allowed", n, maxText)
		return nil
	}
	return long(m.take(int(n)))
}

// byteString reads n bytes that Python 2 calls a string: a text, or data if it is long.
func (m *machine) byteString(n uint64) Value {
	if n > maxText {
		return m.raw(n)
	}
	return m.text(n)
}

// decimal reads a line with an integer, or one of protocol 1's truth values 00 and 01.
func (m *machine) decimal() Value {
	line := m.line()
	switch line {
	case "00":
		return false
	case "01":
		return true
	}
	n, ok := new(big.Int).SetString(strings.TrimSuffix(line, "L"), 10)
	if !ok {
		m.fail("%.20q is no integer", line)
		return nil
	}
	return small(n)
}

func (m *machine) float() Value {
	line := m.line()
	x, err := strconv.ParseFloat(line, 64)
	if err != nil {
		m.fail("%.20q is no number", line)
	}
	return x
}

// index reads a line with a place in the memo.
func (m *machine) index() uint64 {
	line := m.line()
	n, err := strconv.ParseUint(line, 10, 32)
	if err != nil {
		m.fail("%.20q is no place in the memo", line)
	}
	return n
}

// unescape decodes a line of Python's raw-unicode-escape: code points 0 to 255 are bytes, others are written as \u and
// four, or \U and eight, hexadecimal digits.
func unescape(line string) Value {
	var b strings.Builder
	for line != "" {
		r, n := rune(line[0]), 1
		if width := map[string]int{`\u`: 6, `\U`: 10}[line[:min(2, len(line))]]; width > 0 && len(line) >= width {
			if x, err := strconv.ParseUint(line[2:width], 16, 31); err == nil {
				r, n = rune(x), width
			}
		}
		b.WriteRune(r)
		line = line[n:]
	}
	return b.String()
}

// quoted reads a line with a text in quotes, as Python's repr writes it.
func (m *machine) quoted() Value {
	line := m.line()
	if len(line) < 2 || line[0] != line[len(line)-1] {
		m.fail("%.20q is no text in quotes", line)
		return nil
	}
	var b strings.Builder
	for rest := line[1 : len(line)-1]; rest != ""; {
		r, multibyte, tail, err := strconv.UnquoteChar(rest, 0)
		if err != nil {
			r, multibyte, tail = rune(rest[0]), false, rest[1:]
		}
		if multibyte {
			b.WriteRune(r)
		} else {
			b.WriteByte(byte(r))
		}
		rest = tail
	}
	return b.String()
}
