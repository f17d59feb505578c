package data

import (
	"fmt"
	"strings"

	"lossatlas/activities/problem"
)

// The splits that every data set has.
const (
	Train = "train"
	Test  = "test"
)

// Set describes a data set that the program knows by name.
type Set struct {
	Name string
	// Problem is what networks learn from it, unless a recipe says otherwise.
	Problem problem.Problem
	// Train and Test are how many examples the splits of the whole data set have.
	Train, Test int
	// Augment is whether training uses random crops and flips unless a sweep file says otherwise.
	Augment bool

	open func(Options) (Source, error)
	// records is the layout of its files, nil for a data set without files.
	records *layout
}

// Sets are the data sets that the program knows, in the order in which messages
// list them. Each is defined in a file of its own.
func Sets() []Set { return []Set{cifar10, shapes10} }

// Lookup finds a data set by name.
func Lookup(name string) (Set, error) {
	var names []string
	for _, s := range Sets() {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return Set{}, fmt.Errorf("data set %q is not known: the known ones are %s", name, strings.Join(names, ", "))
}

// Source is a data set that examples can be read from. A Source is safe for
// concurrent use.
type Source interface {
	// Digest is "sha256:" and 64 hexadecimal digits that stand for the content
	// of the whole data set: equal digests mean equal examples and labels.
	Digest() (string, error)
	// Size is how many examples a split has.
	Size(split string) (int, error)
	// Load reads the examples from ≤ i < to of a split, and no others. A range
	// outside the split is a *RangeError, a damaged file a *FileError.
	Load(split string, from, to int) (Split, error)
}

// Options says where data sets lie on this machine.
type Options struct {
	// Dir is the folder that holds the folder of the data set, for instance
	// cifar-10-batches-bin/ (or that folder itself). No other folder is searched when it is set.
	Dir string
	// Cache is the folder into which Fetch puts downloaded data sets. Open
	// looks there when Dir is empty.
	Cache string
	// Resident is how many bytes of examples a split read from files keeps in
	// memory; one that is larger is read from its files when needed. 0 means
	// DefaultResident.
	Resident int
}

// DefaultResident is a gigabyte: all of CIFAR-10 several times over.
const DefaultResident = 1 << 30

// Open finds a data set by name. It reads no example yet. A data set that isn't
// on this machine is a *MissingError; Fetch gets it.
func Open(name string, opts Options) (Source, error) {
	s, err := Lookup(name)
	if err != nil {
		return nil, err
	}
	return s.open(opts)
}

// checkRange returns the range errors that all data sets share.
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
