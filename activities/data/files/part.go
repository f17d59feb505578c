package files

import (
	"cmp"
	"fmt"
	"slices"

	"lossatlas/activities/problem"
)

// found is what files hold, before labels become classes or targets.
type found struct {
	parts []part
	// names are the names of the classes, nil where files have numbers only.
	names []string
	notes []string
}

// part is a run of records of one split that are read in one way.
type part struct {
	split string
	path  string // for messages
	n     int    // records
	form  form
	labels
	// read writes example i to dst, which has room for exactly one.
	read func(dst []byte, i int) error
}

// form is what all examples of a data set have in common.
type form struct {
	shape         []int
	kind          problem.Type
	channelsFirst bool
}

func (f form) equal(g form) bool {
	return slices.Equal(f.shape, g.shape) && f.kind == g.kind && f.channelsFirst == g.channelsFirst
}

func (f form) String() string { return fmt.Sprintf("%s %v", f.kind, f.shape) }

// labels are the labels of all records of a part, as integers or as numbers, each of a shape.
type labels struct {
	path   string // for messages
	shape  []int
	ints   []int64
	floats []float32
	flags  bool // the integers are 0 and 1 for false and true
}

// places is how many numbers the labels of one record have, within limits that check holds.
func (l labels) places() int {
	n := 1
	for _, d := range l.shape {
		n *= d
	}
	return n
}

// check returns an error unless all parts have examples of one form and labels of one shape, and as many labels as examples.
func (f *found) check() error {
	first := &f.parts[0]
	for i := range f.parts {
		p := &f.parts[i]
		if !p.form.equal(first.form) {
			return fault(p.path, "has examples of %v, and %s of %v: all must be of one type and shape", p.form, first.path, first.form)
		}
		if (p.ints == nil) != (first.ints == nil) || !slices.Equal(p.labels.shape, first.labels.shape) {
			return fault(p.path, "has labels of another type or shape than %s", first.path)
		}
		if have, want := len(p.ints)+len(p.floats), p.n*p.places(); have != want {
			return fault(cmp.Or(p.labels.path, p.path), "has %d labels for %d examples; expected %d", have/max(1, p.places()), p.n, p.n)
		}
	}
	return nil
}
