package weights

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"lossatlas/activities/nets"
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

// fit finds the places of a table's tensors in the file. It reads no numbers. The error ends with what advise says of the network's tensors that are
// missing and those of the file that have no place; advise may be nil.
func (f *file) fit(given []tensor, table []nets.Param, advise func(missing, foreign []described) string) (at []int, notes []string, err error) {
	c, err := f.compare(given, table)
	if err != nil {
		return nil, nil, err
	}
	lines := c.problems(table)
	if len(lines) > 0 {
		foreign := f.describe(c.extra)
		lines = list(lines, texts(foreign), "tensor of the file has no place in it", "tensors of the file have no place in it")
		lines = append(lines, slices.Concat(f.notes, c.said)...)
		if advise != nil {
			if advice := advise(c.missing, foreign); advice != "" {
				lines = append(lines, advice)
			}
		}
		return nil, nil, errors.New(strings.Join(lines, "\n  "))
	}
	if norms := named(normalizations(c.extra, table)); len(norms) > 0 {
		return nil, nil, fmt.Errorf("%w: %s", ErrNormalizations, strings.Join(nets.Abridge(norms), ", "))
	}
	if layers := named(ofLayers(c.extra, table)); len(layers) > 0 {
		return nil, nil, errors.New(list(nil, layers, "tensor belongs to a layer that the network does not have", "tensors belong to layers that the network does not have")[0])
	}
	notes = append(c.said, converted(c.used)...)
	passed := named(slices.Concat(c.extra, c.others))
	return c.at, list(notes, passed, "tensor has no place in the network and was ignored", "tensors have no place in the network and were ignored"), nil
}

// comparison is the common and the different tensors of a file and a network's table.
type comparison struct {
	at                  []int          // places of the table's tensors in the file
	used                map[string]int // how many of them have a type
	missing             []described
	misshapen, mistyped []string
	extra, others       []tensor // behind the prefix, and not
	said                []string // about the prefix
}

func (f *file) compare(given []tensor, table []nets.Param) (c comparison, err error) {
	c.used = map[string]int{}
	if given, c.others, c.said, err = withoutPrefix(given, table); err != nil {
		return c, err
	}
	places := make(map[string]int, len(given))
	for _, t := range given {
		if _, twice := places[t.name]; twice {
			return c, fmt.Errorf("two tensors are called %s", t.name)
		}
		places[t.name] = t.at
	}
	for _, p := range table {
		i, ok := places[p.Name]
		delete(places, p.Name)
		if !ok {
			c.missing = append(c.missing, described{p.Name, p.Shape})
			continue
		}
		kind, shape, err := f.header(i)
		if err != nil {
			return c, err
		}
		if l, ok := f.layouts[p.Name]; ok && slices.Equal(shape, l.Shape) {
			shape = p.Shape
		}
		c.add(i, p, kind, shape)
	}
	c.extra = slices.DeleteFunc(given, func(t tensor) bool {
		_, left := places[t.name]
		return !left || strings.HasSuffix("."+t.name, "."+counter)
	})
	return c, nil
}

// add compares a tensor with the table's of the same name.
func (c *comparison) add(at int, p nets.Param, kind string, shape []int) {
	c.at = append(c.at, at)
	switch {
	case !slices.Equal(shape, p.Shape):
		c.misshapen = append(c.misshapen, fmt.Sprintf("%s %v instead of %v", p.Name, shape, p.Shape))
	case !isFloat(kind):
		c.mistyped = append(c.mistyped, fmt.Sprintf("%s (%s)", p.Name, kind))
	default:
		c.used[precision(kind)]++
	}
}

// problems are lines that say what makes the tensors unusable for the network.
func (c *comparison) problems(table []nets.Param) (lines []string) {
	lines = list(lines, texts(c.missing), fmt.Sprintf("of its %d tensors is missing", len(table)), fmt.Sprintf("of its %d tensors are missing", len(table)))
	lines = list(lines, c.misshapen, "tensor has another shape", "tensors have other shapes")
	return list(lines, c.mistyped, "tensor does not hold floating-point numbers", "tensors do not hold floating-point numbers")
}

// list appends a line with a number and names, if there are any.
func list(lines, names []string, one, more string) []string {
	if len(names) == 0 {
		return lines
	}
	return append(lines, number(len(names), one, more)+": "+strings.Join(nets.Abridge(names), ", "))
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
// as the blocks of a deeper network, or a bias that the network lacks.
func ofLayers(extra []tensor, table []nets.Param) []tensor {
	parts := map[string]bool{}
	for _, p := range table {
		first, _, _ := strings.Cut(p.Name, ".")
		parts[first] = true
	}
	var out []tensor
	for _, t := range extra {
		first, _, _ := strings.Cut(t.name, ".")
		switch _, last := split(t.name); last {
		case "weight", "bias", "running_mean", "running_var":
			if parts[first] {
				out = append(out, t)
			}
		}
	}
	return out
}

// ErrNormalizations is the error about batch normalizations that only the file has: without them the network computes something else.
var ErrNormalizations = errors.New("the network lacks batch normalizations of the file; they were merged into other layers, or the file belongs to another network")

// normalizations are the extra tensors of modules with running statistics. A module of which the network has nothing, and which
// holds layers with weights as well, does not count: it is an auxiliary classifier, a projection head or a copy of the network.
func normalizations(extra []tensor, table []nets.Param) (out []tensor) {
	known := map[string]bool{} // modules of the network
	for _, p := range table {
		for i, r := range p.Name {
			if r == '.' {
				known[p.Name[:i]] = true
			}
		}
	}
	outermost := func(module string) string { // that the network does not have
		for i, r := range module {
			if r == '.' && !known[module[:i]] {
				return module[:i]
			}
		}
		return module
	}
	norms, heads := map[string]bool{}, map[string]bool{}
	for _, t := range extra {
		switch module, last := split(t.name); last {
		case "running_mean", "running_var", "moving_mean", "moving_variance":
			norms[module] = true
		}
	}
	for _, t := range extra {
		if module, last := split(t.name); !norms[module] && (strings.HasSuffix(last, "weight") || last == "kernel") {
			heads[outermost(module)] = true
		}
	}
	for _, t := range extra {
		if module, _ := split(t.name); norms[module] && !heads[outermost(module)] {
			out = append(out, t)
		}
	}
	return out
}

// split separates the last component of a name.
func split(name string) (module, last string) {
	i := strings.LastIndexByte(name, '.')
	return name[:max(i, 0)], name[i+1:]
}
