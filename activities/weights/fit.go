package weights

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lossatlas/activities/nets"
	"lossatlas/activities/weights/torch"
)

// tensor is a tensor of a file: its place there, and the name by which it is looked for.
type tensor struct {
	at   int
	name string
}

// tensors lists the tensors whose names begin with a prefix, without it, with dots for slashes.
func (f *file) tensors(prefix string) []tensor {
	var out []tensor
	for i, name := range f.names {
		if name, ok := strings.CutPrefix(name, prefix); ok {
			out = append(out, tensor{i, strings.ReplaceAll(name, "/", ".")})
		}
	}
	return out
}

// counter ends the names of the batch counters, which every PyTorch checkpoint
// has and no forward pass reads: they are ignored without a note.
const counter = "num_batches_tracked"

// fit finds the places of a table's tensors in the file. It reads no numbers.
func (f *file) fit(given []tensor, table []nets.Param, renamable bool) (at []int, notes []string, err error) {
	given, others, said, err := withoutPrefix(given, table)
	if err != nil {
		return nil, nil, err
	}
	places := make(map[string]int, len(given))
	for _, t := range given {
		if _, twice := places[t.name]; twice {
			return nil, nil, fmt.Errorf("two tensors are called %s", t.name)
		}
		places[t.name] = t.at
	}
	var missing []described
	var misshapen, mistyped []string
	used := map[string]int{} // how many tensors have a type
	for _, p := range table {
		i, ok := places[p.Name]
		delete(places, p.Name)
		if !ok {
			missing = append(missing, described{p.Name, p.Shape})
			continue
		}
		at = append(at, i)
		switch kind, shape, err := f.header(i); {
		case err != nil:
			return nil, nil, err
		case !slices.Equal(shape, p.Shape):
			misshapen = append(misshapen, fmt.Sprintf("%s %v instead of %v", p.Name, shape, p.Shape))
		case !isFloat(kind):
			mistyped = append(mistyped, fmt.Sprintf("%s (%s)", p.Name, kind))
		default:
			used[precision(kind)]++
		}
	}
	extra := slices.DeleteFunc(given, func(t tensor) bool {
		_, left := places[t.name]
		return !left || strings.HasSuffix("."+t.name, "."+counter)
	})
	var lines []string
	add := func(list []string, one, more string) {
		if len(list) > 0 {
			lines = append(lines, number(len(list), one, more)+": "+strings.Join(nets.Abridge(list), ", "))
		}
	}
	add(texts(missing), fmt.Sprintf("of its %d tensors is missing", len(table)), fmt.Sprintf("of its %d tensors are missing", len(table)))
	add(misshapen, "tensor has another shape", "tensors have other shapes")
	add(mistyped, "tensor does not hold floating-point numbers", "tensors do not hold floating-point numbers")
	if len(lines) == 0 {
		layers := named(ofLayers(extra, table))
		add(layers, "tensor belongs to a layer that the network does not have", "tensors belong to layers that the network does not have")
		if len(lines) > 0 {
			return nil, nil, errors.New(lines[0])
		}
		notes = append(said, converted(used)...)
		add(named(append(extra, others...)), "tensor has no place in the network and was passed over", "tensors have no place in the network and were passed over")
		return at, append(notes, lines...), nil
	}
	foreign := f.describe(extra)
	add(texts(foreign), "tensor of the file has no place in it", "tensors of the file have no place in it")
	lines = append(lines, said...)
	if advice := advise(missing, foreign, table); renamable && advice != "" {
		lines = append(lines, advice)
	}
	return nil, nil, errors.New(strings.Join(lines, "\n  "))
}

// number writes "1 tensor …" or "2 tensors …".
func number(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

func named(list []tensor) []string {
	var out []string
	for _, t := range list {
		out = append(out, t.name)
	}
	return out
}

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
// that is half of them. Of several with all names it takes the one whose weights are
// no averages; where that leaves a choice, the error says so.
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
		return "", nil, fmt.Errorf("%s: take off the prefix of those that are meant, as %s does", all, flag)
	}
	return prefix, append(said, fmt.Sprintf("%s: the first were taken; %s takes the others", all, flag)), nil
}

// precision is PyTorch's name of a type of floating-point numbers.
func precision(kind string) string {
	switch strings.TrimLeft(kind, "<>=|") {
	case "F16", "f2":
		return "float16"
	case "BF16":
		return "bfloat16"
	case "F64", "f8":
		return "float64"
	}
	return "float32"
}

// converted says which tensors had another type than float32.
func converted(used map[string]int) (notes []string) {
	for _, kind := range []string{"float16", "bfloat16", "float64"} {
		done := "widened"
		if kind == "float64" {
			done = "rounded"
		}
		if n := used[kind]; n > 0 {
			notes = append(notes, fmt.Sprintf("%s to float32", number(n, "tensor of "+kind+" was "+done, "tensors of "+kind+" were "+done)))
		}
	}
	return notes
}

// ofLayers are the extra tensors without which the network would compute something
// else than the file's: parameters inside of the parts that the network has, such
// as those of a deeper network's blocks, or a bias where the network has none.
func ofLayers(extra []tensor, table []nets.Param) []tensor {
	parts := map[string]bool{}
	for _, p := range table {
		first, _, _ := strings.Cut(p.Name, ".")
		parts[first] = true
	}
	var out []tensor
	for _, t := range extra {
		first, _, _ := strings.Cut(t.name, ".")
		switch last := t.name[strings.LastIndexByte(t.name, '.')+1:]; last {
		case "weight", "bias", "running_mean", "running_var":
			if parts[first] {
				out = append(out, t)
			}
		}
	}
	return out
}
