package hlo

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Array is the type of an argument or result of a function.
type Array struct {
	What  string // for messages: the name of a parameter, "x"
	Shape []int
	Type  string // in StableHLO: f32
}

// String is the type as StableHLO writes it.
func (a Array) String() string {
	var b strings.Builder
	for _, d := range a.Shape {
		b.WriteString(strconv.Itoa(d) + "x")
	}
	return "tensor<" + b.String() + a.Type + ">"
}

// Function is one of the programs, with the types that it must have.
type Function struct {
	Name          string // loss, gradient or hvp
	Code          []byte
	Args, Results []Array
}

// Functions are the programs that are there, Loss first.
func (p *Program) Functions() []Function {
	params := arrays(p.Params)
	batch := func(what string, v Value) Array {
		return Array{what, slices.Concat([]int{p.Batch}, v.Shape), elements[v.Type]}
	}
	args := slices.Concat(params, arrays(p.Buffers), []Array{batch("x", p.X), batch("y", p.Y), {"the mask", []int{p.Batch}, "f32"}})
	sums := []Array{{"the loss", nil, "f32"}}
	if p.Score {
		sums = append(sums, Array{"the score", nil, "f32"})
	}
	out := []Function{{"loss", p.Loss, args, sums}}
	if p.Gradient != nil {
		out = append(out, Function{"gradient", p.Gradient, args, params})
	}
	if p.HVP != nil {
		out = append(out, Function{"hvp", p.HVP, slices.Concat(args, params), params})
	}
	return out
}

func arrays(tensors []Tensor) (out []Array) {
	for _, t := range tensors {
		out = append(out, Array{t.Name, t.Shape, "f32"})
	}
	return out
}

func (p *Program) checkFunctions() error {
	size := 0
	for _, f := range p.Functions() {
		if size += len(f.Code); size > maxBytes {
			return wrong(f.Name, "the programs have more than %d bytes", maxBytes)
		}
		if err := f.check(); err != nil {
			return &FieldError{f.Name, err}
		}
	}
	return nil
}

// magic begins MLIR bytecode, in which portable programs are written.
var magic = []byte("ML\xefR")

// Version is the version of StableHLO that portable bytecode was written with, such as [1 15 0]; nil for text, which has none.
func (f Function) Version() []int {
	_, text, found := strings.Cut(string(f.Code[:min(len(f.Code), 100)]), "StableHLO_v")
	if !bytes.HasPrefix(f.Code, magic) || !found {
		return nil
	}
	text, _, _ = strings.Cut(text, "\x00")
	var out []int
	for part := range strings.SplitSeq(text, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil
		}
		out = append(out, n)
	}
	return out
}

// check reads what can be read of a program without compiling it: of text, the types of its main function and the names of
// foreign functions that it calls.
func (f Function) check() error {
	if bytes.HasPrefix(f.Code, magic) {
		if f.Version() == nil {
			return fmt.Errorf("is MLIR bytecode, but no portable StableHLO program: write jax.export.export(…)(…).mlir_module_serialized, or the text of jax.jit(…).lower(…).as_text()")
		}
		if bytes.Contains(f.Code, []byte("custom_call")) {
			return fmt.Errorf("calls functions of another library (custom_call): write the program as text, jax.jit(…).lower(…).as_text(), which shows them")
		}
		return nil
	}
	text := string(f.Code)
	if !strings.Contains(text, "func.func") || bytes.IndexByte(f.Code, 0) >= 0 {
		return fmt.Errorf("is no StableHLO program: write the text of jax.jit(…).lower(…).as_text()")
	}
	if err := checkCalls(text); err != nil {
		return err
	}
	args, results, err := signature(text)
	if err != nil {
		return err
	}
	if err := compare("argument", args, f.Args); err != nil {
		return fmt.Errorf("%w; JAX drops arguments that a function does not use; export with jax.jit(…, keep_unused=True)", err)
	}
	return compare("result", results, f.Results)
}

// compare returns an error unless the types of a function are the wanted ones.
func compare(what string, have []string, want []Array) error {
	for i := range min(len(have), len(want)) {
		if have[i] != want[i].String() {
			return fmt.Errorf("%s %d (%s) is %s, and it should be %v", what, i, want[i].What, have[i], want[i])
		}
	}
	if len(have) != len(want) {
		var names []string
		for _, a := range want {
			names = append(names, a.What)
		}
		if len(names) > 8 {
			names = slices.Concat(names[:3], []string{"…"}, names[len(names)-4:])
		}
		return fmt.Errorf("has %d %ss, and it should have %d: %s", len(have), what, len(want), strings.Join(names, ", "))
	}
	return nil
}

// harmless are names of custom calls that XLA itself replaces.
var (
	harmless = regexp.MustCompile(`^(mhlo\.[a-z_]+|Sharding|SPMDFullToShardShape|SPMDShardToFullShape|annotate_device_placement)$`)
	calls    = regexp.MustCompile(`custom_call(?:\s+@([\w.$-]+))?`)
	escaped  = regexp.MustCompile(`"[^"\n]*\\[^"\n]*"\s*\(`) // the name of an operation
)

// checkCalls refuses calls of functions that StableHLO does not define: they would run whatever has their name in this process.
func checkCalls(text string) error {
	for _, m := range calls.FindAllStringSubmatch(text, -1) {
		if !harmless.MatchString(m[1]) {
			return fmt.Errorf("calls the function %q of another library (custom_call), and only operations of StableHLO can be computed here: write the network without it", m[1])
		}
	}
	if m := escaped.FindString(text); m != "" {
		return fmt.Errorf("has the operation %s, whose name can't be checked: write it without escapes", m)
	}
	return nil
}

var (
	mainFunction = regexp.MustCompile(`func\.func\s+(?:public\s+)?@main\s*\(`)
	tensorType   = regexp.MustCompile(`tensor<[^<>]*>`)
)

// signature are the types of the arguments and results of the main function in a text.
func signature(text string) (args, results []string, err error) {
	at := mainFunction.FindStringIndex(text)
	if at == nil {
		return nil, nil, fmt.Errorf("has no function @main")
	}
	inside, rest, ok := parenthesized(text[at[1]:])
	if !ok {
		return nil, nil, fmt.Errorf("the arguments of its function @main have no end")
	}
	args = tensorTypes(inside)
	rest, found := strings.CutPrefix(strings.TrimSpace(rest), "->")
	if !found {
		return args, nil, nil
	}
	if rest = strings.TrimSpace(rest); !strings.HasPrefix(rest, "(") {
		return args, []string{tensorType.FindString(rest[:min(len(rest), 1000)])}, nil
	}
	if inside, _, ok = parenthesized(rest[1:]); !ok {
		return nil, nil, fmt.Errorf("the results of its function @main have no end")
	}
	return args, tensorTypes(inside), nil
}

// parenthesized splits a text at the parenthesis that closes the one before it.
func parenthesized(text string) (inside []string, rest string, ok bool) {
	depth, from, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case strings.IndexByte("([{", c) >= 0:
			depth++
		case c == ')' && depth == 0:
			if last := text[from:i]; strings.TrimSpace(last) != "" {
				inside = append(inside, last)
			}
			return inside, text[i+1:], true
		case strings.IndexByte(")]}", c) >= 0:
			depth--
		case c == ',' && depth == 0:
			inside, from = append(inside, text[from:i]), i+1
		}
	}
	return nil, "", false
}

// tensorTypes are the types in a list of arguments or results, "" where one is no tensor.
func tensorTypes(list []string) (out []string) {
	for _, item := range list {
		out = append(out, tensorType.FindString(item))
	}
	return out
}
