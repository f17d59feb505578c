package pickle

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxText is the longest text, line and number in bytes that is read into memory:
// names are shorter. Longer texts become Bytes.
const maxText = 4096

// source reads a part of a file in order. After the first error it reads zeros.
type source struct {
	file    io.ReaderAt
	at, end int64
	buffer  *bufio.Reader
	err     error
}

func newSource(file io.ReaderAt, from, end int64) source {
	return source{file: file, at: from, end: end, buffer: bufio.NewReader(io.NewSectionReader(file, from, max(end-from, 0)))}
}

func (s *source) fail(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf(format, args...)
	}
}

var errCut = errors.New("it ends in the middle of the pickle")

// take reads n bytes, at most maxText.
func (s *source) take(n int) []byte {
	b := make([]byte, n)
	if s.err != nil {
		return b
	}
	k, err := io.ReadFull(s.buffer, b)
	s.at += int64(k)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errCut
	}
	s.err = err
	return b
}

func (s *source) byte() byte     { return s.take(1)[0] }
func (s *source) uint16() uint64 { return uint64(binary.LittleEndian.Uint16(s.take(2))) }
func (s *source) uint32() uint64 { return uint64(binary.LittleEndian.Uint32(s.take(4))) }
func (s *source) uint64() uint64 { return binary.LittleEndian.Uint64(s.take(8)) }

// skip passes over n bytes and returns where they begin.
func (s *source) skip(n uint64) (at int64) {
	at = s.at
	switch {
	case s.err != nil:
	case n > uint64(s.end-s.at):
		s.err = errCut
	case n <= uint64(s.buffer.Buffered()):
		s.at += int64(n)
		_, s.err = s.buffer.Discard(int(n))
	default:
		s.at += int64(n)
		s.buffer.Reset(io.NewSectionReader(s.file, s.at, s.end-s.at))
	}
	return at
}

// text reads n bytes of UTF-8, or of Python 2's byte strings, which are texts mostly.
func (s *source) text(n uint64) Value {
	if n > maxText {
		return Bytes{At: s.skip(n), Length: int64(n), Text: true}
	}
	return string(s.take(int(n)))
}

// raw is the place of n bytes, which are skipped.
func (s *source) raw(n uint64) Value { return Bytes{At: s.skip(n), Length: int64(n)} }

// line reads up to a newline, which is removed.
func (s *source) line() string {
	var b strings.Builder
	for s.err == nil {
		switch c := s.byte(); {
		case s.err != nil:
		case c == '\n':
			return b.String()
		case b.Len() == maxText:
			s.fail("a line is longer than %d bytes", maxText)
		default:
			b.WriteByte(c)
		}
	}
	return ""
}
