package data

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"strings"
	"sync"
)

// digests remembers the digests of data sets by the places, sizes and times
// of their files, so that a process reads them once, even if it opens them
// several times. The lock is held while reading: a second
// caller blocks, then reuses the digest.
var digests = struct {
	sync.Mutex
	of map[string]string
}{of: map[string]string{}}

// Digest is the SHA-256 over, for each file in order, the length of its name,
// its name, its length and its content. It refuses files that changed since
// the data set was opened: an answer for them would belong to no known state.
func (s *recordSet) Digest() (string, error) {
	var state strings.Builder
	for _, f := range s.all {
		if err := s.unchanged(f); err != nil {
			return "", err
		}
		fmt.Fprintf(&state, "%q %d %d\n", f.path, f.size, f.modTime.UnixNano())
	}
	digests.Lock()
	defer digests.Unlock()
	if known, ok := digests.of[state.String()]; ok {
		return known, nil
	}
	h := sha256.New()
	for _, f := range s.all {
		if err := f.hashInto(h); err != nil {
			return "", err
		}
	}
	digest := formatDigest(h)
	digests.of[state.String()] = digest
	return digest, nil
}

// formatDigest writes a SHA-256 as "sha256:<hex>".
func formatDigest(h hash.Hash) string { return "sha256:" + hex.EncodeToString(h.Sum(nil)) }

// unchanged compares size and time of the file with those at Open.
func (l *layout) unchanged(f recordFile) error {
	now, err := l.stat(f.path)
	if err != nil {
		return err
	}
	if now.size != f.size || !now.modTime.Equal(f.modTime) {
		return &FileError{Path: f.path, Size: now.size, Record: -1,
			Want: "changed while it was in use; data files must not change during a run; start again"}
	}
	return nil
}

// hashInto adds the framed file to h.
func (f recordFile) hashInto(h hash.Hash) error {
	file, err := os.Open(f.path)
	if err != nil {
		return &FileError{Path: f.path, Size: f.size, Record: -1, Cause: err}
	}
	defer file.Close()
	frame := binary.LittleEndian.AppendUint64(nil, uint64(len(f.name())))
	frame = append(frame, f.name()...)
	h.Write(binary.LittleEndian.AppendUint64(frame, uint64(f.size)))
	n, err := io.Copy(h, file)
	if err == nil && n != f.size {
		err = fmt.Errorf("read %d bytes, expected %d", n, f.size)
	}
	if err != nil {
		return &FileError{Path: f.path, Size: f.size, Record: -1, Cause: err}
	}
	return nil
}
