package data

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// CIFAR10 is the data set of the paper: 32×32 colour photographs of ten
// classes, 50,000 to train and 10,000 to test (Krizhevsky 2009), in the
// official binary layout. A subset in the same layout serves as well.
const CIFAR10 = "cifar10"

const (
	cifarFolder = "cifar-10-batches-bin"
	recordSize  = 1 + ImageSize // a label byte, then the red, green and blue planes
)

// trainFiles and testFiles are the official names, in the order in which
// their records are numbered.
var (
	trainFiles = []string{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"}
	testFiles  = []string{"test_batch.bin"}
)

// cifarFile is one file of records, as it was when the data set was opened.
type cifarFile struct {
	path    string
	size    int64
	modTime time.Time
}

func (f cifarFile) name() string { return filepath.Base(f.path) }
func (f cifarFile) records() int { return int(f.size / recordSize) }

// cifar is CIFAR-10 in a folder of this machine.
type cifar struct {
	dir      string
	splits   map[string][]cifarFile
	resident int // see Options
}

// openCIFAR10 finds the folder and looks at the sizes of its files.
func openCIFAR10(opts Options) (*cifar, error) {
	dir, err := findCIFAR10(opts)
	if err != nil {
		return nil, err
	}
	c := &cifar{dir: dir, splits: map[string][]cifarFile{}, resident: cmp.Or(opts.Resident, DefaultResident)}
	files := map[string][]string{Train: trainFiles, Test: testFiles}
	for _, split := range []string{Train, Test} { // of several bad files, always the same is named
		for _, name := range files[split] {
			f, err := statCIFAR10(filepath.Join(dir, name))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, err
			}
			c.splits[split] = append(c.splits[split], f)
		}
	}
	return c, nil
}

// findCIFAR10 answers the folder with the .bin files: in opts.Dir if that is
// set, else in opts.Cache.
func findCIFAR10(opts Options) (string, error) {
	missing := &MissingError{Set: CIFAR10, Folder: cifarFolder}
	root := cmp.Or(opts.Dir, opts.Cache)
	if root == "" {
		return "", missing
	}
	root, err := filepath.Abs(root) // the working directory may change later
	if err != nil {
		return "", err
	}
	missing.Looked = []string{root}
	look := []string{filepath.Join(root, cifarFolder)}
	if opts.Dir != "" {
		look = append(look, root)
	}
	for _, dir := range look {
		for _, name := range slices.Concat(trainFiles, testFiles) {
			_, err := os.Stat(filepath.Join(dir, name))
			if err == nil {
				return dir, nil
			}
			// A folder that may not be looked into is not the same as no folder.
			if !errors.Is(err, fs.ErrNotExist) && !isNotDir(err) {
				return "", &FileError{Path: filepath.Join(dir, name), Size: -1, Record: -1, Cause: err}
			}
		}
	}
	return "", missing
}

// statCIFAR10 checks that a file is a whole number of records, at least one.
func statCIFAR10(path string) (cifarFile, error) {
	info, err := os.Stat(path)
	if err != nil {
		return cifarFile{}, &FileError{Path: path, Size: -1, Record: -1, Cause: err}
	}
	bad := &FileError{Path: path, Size: info.Size(), Record: -1}
	switch {
	case !info.Mode().IsRegular():
		bad.Size = -1
		bad.Want = "is not a regular file; expected CIFAR-10 records of " + recordWords
	case info.Size() == 0:
		bad.Want = "is empty; expected CIFAR-10 records of " + recordWords + "; copy the file again"
	case info.Size()%recordSize != 0:
		bad.Want = fmt.Sprintf("is %d records and %d bytes more, so it is truncated or not a CIFAR-10 binary file; "+
			"expected a multiple of %d bytes (%s; the official file has 30730000 bytes); copy the file again",
			info.Size()/recordSize, info.Size()%recordSize, recordSize, recordWords)
	default:
		return cifarFile{path: path, size: info.Size(), modTime: info.ModTime()}, nil
	}
	return cifarFile{}, bad
}

const recordWords = "3073 bytes: 1 label and 3072 pixels"

func (c *cifar) Name() string { return CIFAR10 }

// files answers the files of a split, with an error that names the missing
// ones when there is none.
func (c *cifar) files(split string) ([]cifarFile, error) {
	if err := checkSplit(CIFAR10, split); err != nil {
		return nil, err
	}
	files := c.splits[split]
	if len(files) == 0 {
		want := "data_batch_1.bin … data_batch_5.bin"
		if split == Test {
			want = testFiles[0]
		}
		return nil, &FileError{Path: c.dir, Size: -1, Record: -1, Cause: fs.ErrNotExist,
			Want: fmt.Sprintf("holds nothing of the %s split; expected %s", split, want)}
	}
	return files, nil
}

// Size is the number of records in the split's files.
func (c *cifar) Size(split string) (int, error) {
	files, err := c.files(split)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, f := range files {
		n += f.records()
	}
	return n, nil
}

// Load reads the records asked for, across files. Pixels that are too many for
// memory are left where they are, after a look at each label.
func (c *cifar) Load(split string, from, to int) (Split, error) {
	files, err := c.files(split)
	if err != nil {
		return Split{}, err
	}
	size, err := c.Size(split)
	if err != nil {
		return Split{}, err
	}
	if err := checkRange(CIFAR10, split, from, to, size, c.where(files), c.remedy(split, files)); err != nil {
		return Split{}, err
	}
	all := &records{files: files, from: from}
	s := Split{Name: split, Labels: make([]uint8, to-from)}
	if (to-from)*ImageSize <= c.resident {
		s.Pixels = make([]uint8, (to-from)*ImageSize)
	} else {
		s.files = all
	}
	if err := all.read(s.Pixels, s.Labels, 0); err != nil {
		return Split{}, err
	}
	return s, nil
}

// where names the files of a split with their record counts.
func (c *cifar) where(files []cifarFile) string {
	parts := make([]string, len(files))
	for i, f := range files {
		parts[i] = fmt.Sprintf("%s: %d", f.name(), f.records())
	}
	return strings.Join(parts, ", ") + " in " + c.dir
}

// remedy names the official files that the folder lacks.
func (c *cifar) remedy(split string, files []cifarFile) string {
	have := map[string]bool{}
	for _, f := range files {
		have[f.name()] = true
	}
	var lacks []string
	if split == Train {
		for _, name := range trainFiles {
			if !have[name] {
				lacks = append(lacks, name)
			}
		}
	}
	if len(lacks) == 0 {
		return ""
	}
	return "add " + strings.Join(lacks, ", ") + " of the official data set"
}
