// Package ziplist opens zip archives that it doesn't trust.
package ziplist

import (
	"archive/zip"
	"errors"
	"io"
	"math"
)

// Open reads the list of an archive's entries, of at most maxList bytes. The entries
// themselves may be of any size.
func Open(r io.ReaderAt, size, maxList int64) (*zip.Reader, error) {
	// The end of an archive is looked for in its last 65 KiB, twice where it is not found.
	bounded := &boundedReader{r, maxList + 256<<10}
	archive, err := zip.NewReader(bounded, size)
	bounded.left = math.MaxInt64
	return archive, err
}

// boundedReader fails once more than a number of bytes have been asked of it.
type boundedReader struct {
	io.ReaderAt
	left int64
}

func (b *boundedReader) ReadAt(p []byte, at int64) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, errors.New("its list of entries is too long")
	}
	return b.ReaderAt.ReadAt(p, at)
}
