package files

import (
	"cmp"
	"math"
	"slices"

	"lossatlas/activities/data"
)

// splitUp distributes records to the splits: by their parts, and where all
// belong to one split by the fraction that is asked for.
func (f *found) splitUp(opts Options) (train, test *split, err error) {
	train, test = &split{}, &split{}
	for _, p := range f.parts {
		s := train
		if p.split == data.Test {
			s = test
		}
		s.add(p)
	}
	if len(test.order) > 0 && opts.TestFraction > 0 {
		return nil, nil, fault(test.parts[0].path, "is the test split of the files, and a test fraction of %g is asked for: leave the fraction out", opts.TestFraction)
	}
	if opts.TestFraction > 0 {
		*test = *train
		train.order, test.order = choose(len(train.order), opts.TestFraction, opts.Seed)
	}
	for _, s := range []*split{train, test} {
		if opts.First > 0 {
			s.order = s.order[:min(opts.First, len(s.order))]
		}
	}
	return train, test, nil
}

func (s *split) add(p part) {
	start := len(s.order)
	s.parts, s.starts = append(s.parts, p), append(s.starts, start)
	for i := range p.n {
		s.order = append(s.order, start+i)
	}
}

// choose divides the numbers below n at random into two ascending lists, the second with a fraction of them.
func choose(n int, fraction float64, seed uint64) (rest, chosen []int) {
	all := make([]int, n)
	keys := make([]uint64, n)
	for i := range all {
		all[i], keys[i] = i, mix(mix(seed)^uint64(i))
	}
	slices.SortStableFunc(all, func(a, b int) int { return cmp.Compare(keys[a], keys[b]) })
	k := int(math.Round(fraction * float64(n)))
	chosen, rest = all[:k:k], all[k:]
	slices.Sort(chosen)
	slices.Sort(rest)
	return rest, chosen
}

// mix is the finalizer of SplitMix64: equal numbers give equal results on every machine.
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
