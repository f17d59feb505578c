package data

import (
	"fmt"
	"strings"
)

// The splits that every data set has.
const (
	Train = "train"
	Test  = "test"
)

// Source is a data set that images can be read from. A Source is safe for
// concurrent use.
type Source interface {
	// Name is the name that Open took.
	Name() string
	// Digest is "sha256:" and 64 hexadecimal digits that stand for the content
	// of the whole data set: equal digests mean equal images and labels.
	Digest() (string, error)
	// Size is how many images a split has.
	Size(split string) (int, error)
	// Load reads the images from ≤ i < to of a split, and no others. Asking for
	// images that aren't there is a *RangeError, a damaged file a *FileError.
	Load(split string, from, to int) (Split, error)
}

// Options says where data sets lie on this machine.
type Options struct {
	// Dir is the folder that holds cifar-10-batches-bin/ (or that folder
	// itself). When it is set, nothing is looked for elsewhere.
	Dir string
	// Cache is the folder into which Fetch puts downloaded data sets. Open
	// looks there when Dir is empty.
	Cache string
	// Resident is how many bytes of pixels a split read from files keeps in
	// memory; one that is larger is read from its files as it is needed. 0 means
	// DefaultResident.
	Resident int
}

// DefaultResident is a gigabyte: all of CIFAR-10 several times over.
const DefaultResident = 1 << 30

// Names is the data sets that Open knows.
func Names() []string { return []string{CIFAR10, Shapes10} }

// Open finds a data set by name. It reads no image yet. A data set that isn't
// on this machine is a *MissingError; Fetch gets it.
func Open(name string, opts Options) (Source, error) {
	switch name {
	case CIFAR10:
		return openCIFAR10(opts)
	case Shapes10:
		return shapes{}, nil
	}
	return nil, fmt.Errorf("data set %q is not known: the known ones are %s", name, strings.Join(Names(), ", "))
}

// checkRange answers the range errors that all data sets share.
func checkRange(set, split string, from, to, size int, where, remedy string) error {
	if from >= 0 && from <= to && to <= size {
		return nil
	}
	return &RangeError{Set: set, Split: split, From: from, To: to, Size: size, Where: where, Remedy: remedy}
}

// checkSplit refuses names other than train and test.
func checkSplit(set, split string) error {
	if split == Train || split == Test {
		return nil
	}
	return fmt.Errorf("%s has no split %q: its splits are %s and %s", set, split, Train, Test)
}
