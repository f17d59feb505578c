package weights

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"lossatlas/activities/nets"
	"lossatlas/activities/weights/torch"
)

// withoutPrefix removes the prefix that wrappers such as DataParallel put before all names
// ("module."): the one under which most of the table's names are found. others
// are the tensors that don't begin with it, batch counters left out.
func withoutPrefix(given []tensor, table []nets.Param) (cut, others []tensor, said []string, err error) {
	prefix, said, err := choosePrefix(prefixes(given, table), len(table))
	for _, t := range given {
		if name, ok := strings.CutPrefix(t.name, prefix); ok {
			cut = append(cut, tensor{t.at, name})
		} else if !strings.HasSuffix("."+t.name, "."+counter) {
			others = append(others, t)
		}
	}
	return cut, others, said, err
}

// prefixes counts how many of the table's names are found behind each prefix.
func prefixes(given []tensor, table []nets.Param) map[string]int {
	wanted, longest := make(map[string]bool, len(table)), 0
	for _, p := range table {
		wanted[p.Name], longest = true, max(longest, len(p.Name))
	}
	found := map[string]int{}
	for _, t := range given {
		for i := max(len(t.name)-longest, 0); i < len(t.name); i++ {
			if (i == 0 || t.name[i-1] == '.') && wanted[t.name[i:]] {
				found[t.name[:i]]++
			}
		}
	}
	return found
}

// choosePrefix takes the prefix behind which most of the table's names are found, if
// that is half of them. Of several prefixes with all names it takes the only one that is no average's;
// the error names two of them where there is no such or more than one.
func choosePrefix(found map[string]int, wanted int) (prefix string, said []string, err error) {
	var best []string
	most := max(found[""], (wanted+1)/2-1)
	for _, p := range slices.Sorted(maps.Keys(found)) {
		if n := found[p]; n > most {
			best, most = []string{p}, n
		} else if n == most && len(best) > 0 {
			best = append(best, p)
		}
	}
	if len(best) == 0 {
		return "", nil, nil
	}
	plain := slices.DeleteFunc(slices.Clone(best), torch.IsAverage)
	prefix = slices.Concat(plain, best)[0]
	said = []string{fmt.Sprintf("the prefix %q was taken off all names", prefix)}
	if len(best) == 1 || most < wanted {
		return prefix, said, nil
	}
	rest := slices.DeleteFunc(best, func(p string) bool { return p == prefix })
	all := fmt.Sprintf("the file has all tensors below %q and below %q", prefix, rest[0])
	flag := "--rename " + strings.TrimSuffix(rest[0], ".") + "="
	if len(plain) != 1 {
		return "", nil, fmt.Errorf("%s: choose one of them by removing its prefix, as %s does", all, flag)
	}
	return prefix, append(said, fmt.Sprintf("%s: the first were taken; %s takes the others", all, flag)), nil
}
