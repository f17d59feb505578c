package aten

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// schemas are the parsed arguments of all operations. In the tables they are written as "name kind, name kind?", with ? where
// an argument may be absent. The kinds are the keys of argumentKinds.
var schemas = parseSchemas(tensorSchemas, layerSchemas)

// Parameter is an argument that an operation takes.
type Parameter struct {
	Kind     string // tensor, tensors, int, ints, number, operand (a tensor or number), flag or text
	Optional bool
}

// Operations lists the supported operations, sorted.
func Operations() []string { return slices.Sorted(maps.Keys(schemas)) }

// Schema lists the arguments of an operation by their names. It is nil for an operation that is not supported.
func Schema(operation string) map[string]Parameter { return maps.Clone(schemas[operation]) }

// argumentKinds says for each kind of argument whether an Arg is of it.
var argumentKinds = map[string]func(a Arg) bool{
	"tensor":  func(a Arg) bool { return a.Value != "" },
	"tensors": func(a Arg) bool { return len(a.Values) > 0 },
	"int":     func(a Arg) bool { return a.Int != nil },
	"ints":    func(a Arg) bool { return a.Ints != nil || a.Int != nil },
	"number":  func(a Arg) bool { return a.Number != nil || a.Int != nil || a.Flag != nil },
	"operand": func(a Arg) bool { return a.Value != "" || a.Number != nil || a.Int != nil || a.Flag != nil },
	"flag":    func(a Arg) bool { return a.Flag != nil },
	"text":    func(a Arg) bool { return a.Text != "" },
}

func parseSchemas(tables ...map[string]string) map[string]map[string]Parameter {
	all := map[string]map[string]Parameter{}
	for _, table := range tables {
		for name, args := range table {
			if all[name] != nil {
				panic("aten: two schemas of the operation " + name)
			}
			all[name] = parseSchema(name, args)
		}
	}
	return all
}

func parseSchema(name, args string) map[string]Parameter {
	s := map[string]Parameter{}
	for _, entry := range strings.Split(args, ", ") {
		arg, kind, _ := strings.Cut(entry, " ")
		p := Parameter{Kind: strings.TrimSuffix(kind, "?"), Optional: strings.HasSuffix(kind, "?")}
		if argumentKinds[p.Kind] == nil {
			panic(fmt.Sprintf("aten: the schema of %s has no kind of argument called %q", name, p.Kind))
		}
		s[arg] = p
	}
	return s
}

// checkArgs compares the arguments of an operation with its schema.
func checkArgs(op *Op) error {
	schema, known := schemas[op.Name]
	if !known {
		return unknownError(op.Name)
	}
	for name, arg := range op.Args {
		p, ok := schema[name]
		switch {
		case !ok:
			return fmt.Errorf("there is no argument %q: it takes %s", name, cmp.Or(tensorSchemas[op.Name], layerSchemas[op.Name]))
		case arg.IsNone() && !p.Optional:
			return fmt.Errorf("the argument %q is missing", name)
		case !arg.IsNone() && (arg.fields() != 1 || !argumentKinds[p.Kind](arg)):
			return fmt.Errorf("the argument %q must be one %s", name, kindNames[p.Kind])
		}
	}
	for name, p := range schema {
		if _, given := op.Args[name]; !given && !p.Optional {
			return fmt.Errorf("the argument %q is missing", name)
		}
	}
	return nil
}

var kindNames = map[string]string{
	"tensor": "tensor", "tensors": "list of tensors", "int": "integer", "ints": "list of integers",
	"number": "number", "operand": "tensor or number", "flag": "flag", "text": "text",
}

// fields counts the fields of an argument that are set.
func (a Arg) fields() int {
	n := 0
	for _, set := range []bool{a.Value != "", a.Values != nil, a.Int != nil, a.Ints != nil, a.Number != nil, a.Flag != nil, a.Text != ""} {
		if set {
			n++
		}
	}
	return n
}

// IsNone reports whether no field is set: PyTorch's None.
func (a Arg) IsNone() bool { return a.fields() == 0 }

// unknownError is the error for an operation that is not supported. It names similar ones.
func unknownError(name string) error {
	if near := nearest(name); len(near) > 0 {
		return fmt.Errorf("this operation is not supported; the nearest that are: %s", strings.Join(near, ", "))
	}
	return fmt.Errorf("this operation is not supported: replace it in the model by others (run_decompositions() splits many composite operations)")
}

// nearest lists up to four operations whose names are similar to a name.
func nearest(name string) []string {
	type scored struct {
		name  string
		score float64
	}
	var found []scored
	for other := range schemas {
		if s := similarity(name, other); s >= 0.5 {
			found = append(found, scored{other, s})
		}
	}
	slices.SortFunc(found, func(a, b scored) int {
		return cmp.Or(cmp.Compare(b.score, a.score), strings.Compare(a.name, b.name))
	})
	var names []string
	for _, s := range found[:min(4, len(found))] {
		names = append(names, s.name)
	}
	return names
}

// similarity is the Dice coefficient of the pairs of neighbouring letters of two names.
func similarity(a, b string) float64 {
	if len(a) > 64 || len(a) < 2 || len(b) < 2 {
		return 0
	}
	pairs := map[string]int{}
	for i := range len(a) - 1 {
		pairs[a[i:i+2]]++
	}
	common := 0
	for i := range len(b) - 1 {
		if pairs[b[i:i+2]] > 0 {
			pairs[b[i:i+2]]--
			common++
		}
	}
	return 2 * float64(common) / float64(len(a)+len(b)-2)
}
