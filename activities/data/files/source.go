package files

import (
	"fmt"
	"sort"
	"sync"

	"lossatlas/activities/data"
	"lossatlas/activities/problem"
)

// source is a data set in the files of a user.
type source struct {
	path     string
	problem  problem.Problem
	names    []string
	splits   map[string]*split
	resident int

	once   sync.Once
	digest string
	err    error
}

// split is the records of a split in the order of its examples.
type split struct {
	parts   []part
	starts  []int // number of the first record of each part
	size    int   // bytes of an example
	order   []int // records, by example
	classes []int32
	targets []float32
}

// ReadExamples reads one example after the other from its part.
func (s *split) ReadExamples(dst []byte, i int) error {
	for ; len(dst) > 0; i++ {
		p, at := s.find(s.order[i])
		if err := p.read(dst[:s.size:s.size], at); err != nil {
			return err
		}
		dst = dst[s.size:]
	}
	return nil
}

// find is the part that has a record, and the record's number in it.
func (s *split) find(record int) (p *part, at int) {
	k := sort.SearchInts(s.starts, record+1) - 1
	return &s.parts[k], record - s.starts[k]
}

// Digest is that of the packed data set: it depends on examples, labels, class
// names and problem, and not on the form of the files. The first call reads them all.
func (s *source) Digest() (string, error) {
	s.once.Do(func() {
		s.digest, s.err = data.PackedDigest(&data.Collection{Source: s, Problem: s.problem, Names: s.names})
	})
	return s.digest, s.err
}

func (s *source) of(name string) (*split, error) {
	if split, ok := s.splits[name]; ok {
		return split, nil
	}
	return nil, fmt.Errorf("%s has no split %q: its splits are %s and %s", s.path, name, data.Train, data.Test)
}

// Size is 0 for a missing test split.
func (s *source) Size(name string) (int, error) {
	split, err := s.of(name)
	if err != nil {
		return 0, err
	}
	return len(split.order), nil
}

// Load reads a range of examples, or their labels only where they are too large for memory.
func (s *source) Load(name string, from, to int) (data.Split, error) {
	split, err := s.of(name)
	if err != nil {
		return data.Split{}, err
	}
	if n := len(split.order); from < 0 || to < from || to > n {
		return data.Split{}, &data.RangeError{Set: s.path, Split: name, From: from, To: to, Size: n, Where: s.path}
	}
	out := data.Split{Name: name, Problem: s.problem}
	if s.problem.HasTargets() {
		out.Targets = split.targets[from*s.problem.Outputs : to*s.problem.Outputs]
	} else {
		out.Classes = split.classes[from*s.problem.Places() : to*s.problem.Places()]
	}
	return out.Attach(split, from, s.resident)
}
