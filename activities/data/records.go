package data

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// records is the images of a split from one on, in the split's files.
type records struct {
	files []cifarFile
	from  int // record of the split that is image 0
}

// read fills pixels and labels, of which one may be nil, with the images from
// the i-th on, across files.
func (r *records) read(pixels, labels []uint8, i int) error {
	n := max(len(labels), len(pixels)/ImageSize)
	first, done := 0, 0 // the split's number of the file's first record; images read
	for _, f := range r.files {
		lo, hi := max(r.from+i-first, 0), min(r.from+i+n-first, f.records())
		if lo < hi {
			var p, l []uint8
			if pixels != nil {
				p = pixels[done*ImageSize : (done+hi-lo)*ImageSize]
			}
			if labels != nil {
				l = labels[done : done+hi-lo]
			}
			if err := f.read(p, l, lo, hi); err != nil {
				return err
			}
			done += hi - lo
		}
		first += f.records()
	}
	return nil
}

// read parts the pixels and labels of the records lo ≤ i < hi, a few hundred
// kilobytes at a time. Either may be nil.
func (f cifarFile) read(pixels, labels []uint8, lo, hi int) error {
	if err := f.unchanged(); err != nil {
		return err
	}
	file, err := os.Open(f.path)
	if err != nil {
		return &FileError{Path: f.path, Size: f.size, Record: -1, Cause: err}
	}
	defer file.Close()
	const block = 128 // records
	buf := make([]byte, min(block, hi-lo)*recordSize)
	for at := lo; at < hi; {
		n := min(block, hi-at)
		part := buf[:n*recordSize]
		if got, err := file.ReadAt(part, int64(at)*recordSize); got < len(part) {
			if errors.Is(err, io.EOF) {
				err = errors.New("the file became shorter while it was in use")
			}
			return &FileError{Path: f.path, Size: f.size, Record: at + got/recordSize, Cause: err}
		}
		for i := range n {
			record := part[i*recordSize:][:recordSize]
			if record[0] >= Classes {
				return &FileError{Path: f.path, Size: f.size, Record: at + i,
					Want: fmt.Sprintf("has the label %d; expected 0 to 9, so the file is damaged or not CIFAR-10 (records of %s)", record[0], recordWords)}
			}
			if labels != nil {
				labels[at-lo+i] = record[0]
			}
			if pixels != nil {
				copy(pixels[(at-lo+i)*ImageSize:][:ImageSize], record[1:])
			}
		}
		at += n
	}
	return nil
}
