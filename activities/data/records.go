package data

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lossatlas/activities/problem"
)

// layout is a data set in a folder of files, each a sequence of records of one
// size. A record holds an example and its class.
type layout struct {
	set     string
	problem problem.Problem
	folder  string
	// files are the names by split, in the order in which records are numbered. A folder may lack some.
	files map[string][]string
	// extra are other files of the archive that are kept.
	extra   []string
	archive Archive
	record  int // bytes
	// title and words describe a record in messages: "CIFAR-10", "3073 bytes: 1 label and 3072 pixels".
	title, words string
	// decode returns the class of a record, and writes its example to example unless that is nil.
	decode func(example, record []byte) (class int32)
}

// names are the files of all splits.
func (l *layout) names() []string { return slices.Concat(l.files[Train], l.files[Test]) }

// recordFile is one file of records, unchanged since the data set was opened.
type recordFile struct {
	split   string
	path    string
	size    int64
	modTime time.Time
	records int
}

func (f recordFile) name() string { return filepath.Base(f.path) }

// recordSet is a data set in files on this machine.
type recordSet struct {
	*layout
	dir      string
	all      []recordFile // the files of the training split first
	resident int          // see Options
}

// open finds the folder and checks the sizes of its files.
func (l *layout) open(opts Options) (Source, error) {
	dir, err := l.find(opts)
	if err != nil {
		return nil, err
	}
	s := &recordSet{layout: l, dir: dir, resident: cmp.Or(opts.Resident, DefaultResident)}
	for _, split := range []string{Train, Test} { // of several bad files, always the same is named
		for _, name := range l.files[split] {
			f, err := l.stat(filepath.Join(dir, name))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, err
			}
			f.split = split
			s.all = append(s.all, f)
		}
	}
	return s, nil
}

// find returns the folder with the files: in opts.Dir if that is set, else in opts.Cache.
func (l *layout) find(opts Options) (string, error) {
	missing := &MissingError{Set: l.set, Folder: l.folder, URL: l.archive.URL}
	root := cmp.Or(opts.Dir, opts.Cache)
	if root == "" {
		return "", missing
	}
	root, err := filepath.Abs(root) // the working directory may change later
	if err != nil {
		return "", err
	}
	missing.Looked = []string{root}
	look := []string{filepath.Join(root, l.folder)}
	if opts.Dir != "" {
		look = append(look, root)
	}
	for _, dir := range look {
		for _, name := range l.names() {
			_, err := os.Stat(filepath.Join(dir, name))
			if err == nil {
				return dir, nil
			}
			// A folder without read permission is reported, not treated as missing.
			if !errors.Is(err, fs.ErrNotExist) && !isNotDir(err) {
				return "", &FileError{Path: filepath.Join(dir, name), Size: -1, Record: -1, Cause: err}
			}
		}
	}
	return "", missing
}

// stat checks that a file is a whole number of records, at least one.
func (l *layout) stat(path string) (recordFile, error) {
	info, err := os.Stat(path)
	if err != nil {
		return recordFile{}, &FileError{Path: path, Size: -1, Record: -1, Cause: err}
	}
	bad := &FileError{Path: path, Size: info.Size(), Record: -1}
	record := int64(l.record)
	switch {
	case !info.Mode().IsRegular():
		bad.Size = -1
		bad.Want = fmt.Sprintf("is not a regular file; expected %s records of %s", l.title, l.words)
	case info.Size() == 0:
		bad.Want = fmt.Sprintf("is empty; expected %s records of %s; copy the file again", l.title, l.words)
	case info.Size()%record != 0:
		bad.Want = fmt.Sprintf("is %d records and %d bytes more, so it is truncated or not a %s file; expected a multiple of %d bytes (%s); copy the file again",
			info.Size()/record, info.Size()%record, l.title, record, l.words)
	default:
		return recordFile{path: path, size: info.Size(), modTime: info.ModTime(), records: int(info.Size() / record)}, nil
	}
	return recordFile{}, bad
}

// of returns the files of a split, or an error that names them where all are missing.
func (s *recordSet) of(split string) ([]recordFile, error) {
	if err := checkSplit(s.set, split); err != nil {
		return nil, err
	}
	files := slices.DeleteFunc(slices.Clone(s.all), func(f recordFile) bool { return f.split != split })
	if len(files) == 0 {
		return nil, &FileError{Path: s.dir, Size: -1, Record: -1, Cause: fs.ErrNotExist,
			Want: fmt.Sprintf("holds no file of the %s split; expected %s", split, strings.Join(s.layout.files[split], ", "))}
	}
	return files, nil
}

// Size is the number of records in the split's files.
func (s *recordSet) Size(split string) (int, error) {
	files, err := s.of(split)
	n := 0
	for _, f := range files {
		n += f.records
	}
	return n, err
}

// Load reads the records asked for, across files. Examples that are too large for
// memory stay in their files; their labels are read and checked.
func (s *recordSet) Load(split string, from, to int) (Split, error) {
	files, err := s.of(split)
	if err != nil {
		return Split{}, err
	}
	size, _ := s.Size(split)
	if err := checkRange(s.set, split, from, to, size, s.where(files), s.remedy(split, files)); err != nil {
		return Split{}, err
	}
	all := &records{recordSet: s, files: files}
	out := Split{Name: split, Problem: s.problem, Classes: make([]int32, to-from)}
	if bytes := (to - from) * s.problem.Bytes(); bytes <= s.resident {
		out.Examples = make([]byte, bytes)
	} else {
		out.reader, out.first = all, from
	}
	return out, all.read(out.Examples, out.Classes, from)
}

// where names the files of a split with their record counts.
func (s *recordSet) where(files []recordFile) string {
	parts := make([]string, len(files))
	for i, f := range files {
		parts[i] = fmt.Sprintf("%s: %d", f.name(), f.records)
	}
	return strings.Join(parts, ", ") + " in " + s.dir
}

// remedy names the official files that the folder lacks.
func (s *recordSet) remedy(split string, files []recordFile) string {
	lacks := slices.DeleteFunc(slices.Clone(s.layout.files[split]), func(name string) bool {
		return slices.ContainsFunc(files, func(f recordFile) bool { return f.name() == name })
	})
	if len(lacks) == 0 {
		return ""
	}
	return "add " + strings.Join(lacks, ", ") + " of the official data set"
}

// records is the examples of a split in its files.
type records struct {
	*recordSet
	files []recordFile
}

// ReadExamples is read without classes, as of Reader.
func (r *records) ReadExamples(dst []byte, i int) error { return r.read(dst, nil, i) }

// read fills examples and classes, of which one may be nil, from the i-th example on, across files.
func (r *records) read(examples []byte, classes []int32, i int) error {
	size := r.problem.Bytes()
	n := max(len(classes), len(examples)/size)
	first, done := 0, 0 // the split's number of the file's first record; examples read
	for _, f := range r.files {
		lo, hi := max(i-first, 0), min(i+n-first, f.records)
		if lo < hi {
			next := done + hi - lo
			if err := r.readFile(f, window(examples, done, next, size), window(classes, done, next, 1), lo, hi); err != nil {
				return err
			}
			done = next
		}
		first += f.records
	}
	return nil
}

// readFile decodes the records lo ≤ i < hi of a file, a few hundred kilobytes at a time.
func (r *records) readFile(f recordFile, examples []byte, classes []int32, lo, hi int) error {
	if err := r.unchanged(f); err != nil {
		return err
	}
	file, err := os.Open(f.path)
	if err != nil {
		return &FileError{Path: f.path, Size: f.size, Record: -1, Cause: err}
	}
	defer file.Close()
	const block = 128 // records
	bad := func(record int) *FileError {
		return &FileError{Path: f.path, Size: f.size, Record: record, Offset: int64(record) * int64(r.record)}
	}
	buf := make([]byte, min(block, hi-lo)*r.record)
	for at := lo; at < hi; at += block {
		part := buf[:min(block, hi-at)*r.record]
		if got, err := file.ReadAt(part, int64(at)*int64(r.record)); got < len(part) {
			if errors.Is(err, io.EOF) {
				err = errors.New("the file became shorter while it was in use")
			}
			damaged := bad(at + got/r.record)
			damaged.Cause = err
			return damaged
		}
		for i := range len(part) / r.record {
			class := r.decode(window(examples, at-lo+i, at-lo+i+1, r.problem.Bytes()), part[i*r.record:][:r.record])
			if int(class) >= r.problem.Outputs {
				damaged := bad(at + i)
				damaged.Want = fmt.Sprintf("has the label %d; expected 0 to %d, so the file is damaged or not %s (records of %s)", class, r.problem.Outputs-1, r.title, r.words)
				return damaged
			}
			if classes != nil {
				classes[at-lo+i] = class
			}
		}
	}
	return nil
}
