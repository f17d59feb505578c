package aten

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/graph"
)

// operation is an entry of the table of operations.
type operation struct {
	// args are the arguments as "name kind, name kind?", with ? where one may be
	// absent. The kinds are those of argumentKinds.
	args  string
	build func(c *call) []*graph.Node
}

// operations is the table of all operations, put together from the files that define them.
var operations = merge(shapeOps, joinOps, creationOps, elementwiseOps, activationOps, comparisonOps, reductionOps,
	productOps, convolutionOps, poolingOps, normalizationOps, attentionOps, recurrentOps, indexingOps, resizeOps)

// schemas are the parsed arguments of operations.
var schemas = parseSchemas(operations)

func merge(tables ...map[string]operation) map[string]operation {
	all := map[string]operation{}
	for _, t := range tables {
		for name, op := range t {
			if _, taken := all[name]; taken {
				panic("aten: the operation " + name + " is defined twice")
			}
			all[name] = op
		}
	}
	return all
}

// parameter is an argument that an operation takes.
type parameter struct {
	kind     string
	optional bool
}

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

func parseSchemas(table map[string]operation) map[string]map[string]parameter {
	all := map[string]map[string]parameter{}
	for name, op := range table {
		s := map[string]parameter{}
		for _, entry := range strings.Split(op.args, ", ") {
			if entry == "" {
				continue
			}
			arg, kind, _ := strings.Cut(entry, " ")
			p := parameter{kind: strings.TrimSuffix(kind, "?"), optional: strings.HasSuffix(kind, "?")}
			if argumentKinds[p.kind] == nil {
				panic(fmt.Sprintf("aten: the schema of %s has no kind of argument called %q", name, p.kind))
			}
			s[arg] = p
		}
		all[name] = s
	}
	return all
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
			return fmt.Errorf("there is no argument %q: it takes %s", name, operations[op.Name].args)
		case arg.isNone() && !p.optional:
			return fmt.Errorf("the argument %q is missing", name)
		case !arg.isNone() && (arg.fields() != 1 || !argumentKinds[p.kind](arg)):
			return fmt.Errorf("the argument %q must be one %s", name, kindNames[p.kind])
		}
	}
	for name, p := range schema {
		if _, given := op.Args[name]; !given && !p.optional {
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

func (a Arg) isNone() bool { return a.fields() == 0 }

// unknownError says that there is no operation of a name, and which are similar.
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
	for other := range operations {
		if s := similarity(name, other); s >= 0.5 {
			found = append(found, scored{other, s})
		}
	}
	slices.SortFunc(found, func(a, b scored) int {
		if a.score != b.score {
			if a.score > b.score {
				return -1
			}
			return 1
		}
		return strings.Compare(a.name, b.name)
	})
	var names []string
	for _, s := range found[:min(4, len(found))] {
		names = append(names, s.name)
	}
	return names
}

// similarity is the share of pairs of neighbouring letters that two names have in common (Dice's coefficient).
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
