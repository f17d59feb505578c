package files

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// span is a run of bytes that can be read at any place. It is safe for concurrent use.
type span interface {
	// readAt fills p with the bytes from at on.
	readAt(p []byte, at int64) error
}

// plainSpan is the bytes of a file from an offset on.
type plainSpan struct {
	file    *os.File // closed when it is garbage
	offset  int64
	size    int64
	modTime time.Time
}

// openPlain opens a regular file.
func openPlain(path string) (*plainSpan, error) {
	info, err := os.Stat(path) // before opening: opening a pipe would wait
	if err != nil {
		return nil, unusable(path, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fault(path, "is not a regular file")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, unusable(path, err)
	}
	return &plainSpan{file: file, size: info.Size(), modTime: info.ModTime()}, nil
}

// from is the bytes from an offset of the file on.
func (s *plainSpan) from(offset int64) *plainSpan {
	t := *s
	t.offset = offset
	return &t
}

func (s *plainSpan) readAt(p []byte, at int64) error {
	info, err := s.file.Stat()
	if err != nil {
		return err
	}
	if info.Size() != s.size || !info.ModTime().Equal(s.modTime) {
		return errors.New("the file changed while it was in use; start again")
	}
	if n, err := s.file.ReadAt(p, s.offset+at); n < len(p) {
		return fmt.Errorf("the file ends early: %w", err)
	}
	return nil
}

// packedSpan is bytes that can only be unpacked from the start. Reading on
// where the last read ended is fast; reading what lies before starts over.
type packedSpan struct {
	open func() (io.ReadCloser, error)

	mu sync.Mutex
	r  io.ReadCloser
	at int64
}

func (s *packedSpan) readAt(p []byte, at int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.r == nil || at < s.at {
		if err := s.restart(); err != nil {
			return err
		}
	}
	n, err := io.CopyN(io.Discard, s.r, at-s.at)
	s.at += n
	if err == nil {
		n, err := io.ReadFull(s.r, p)
		s.at += int64(n)
		if err == nil {
			return nil
		}
		return s.fail(err)
	}
	return s.fail(err)
}

func (s *packedSpan) restart() error {
	if s.r != nil {
		s.r.Close()
		s.r = nil
	}
	r, err := s.open()
	s.r, s.at = r, 0
	return err
}

// fail makes the next read start over.
func (s *packedSpan) fail(err error) error {
	s.r.Close()
	s.r = nil
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the data end early; the file is truncated")
	}
	return err
}
