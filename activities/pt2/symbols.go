package pt2

import (
	"fmt"
	"strconv"
	"strings"

	"lossatlas/activities/aten"
)

// This file reads the expressions of sizes, as SymPy writes them: "s77", "17*s77 + 1",
// "Symbol('s77', positive=True, integer=True)", "Mul(Integer(3), Symbol('s77'))".

// maxExpression is the length of the longest expression that is read.
const maxExpression = 4096

// symbols resolves expressions, in which the batch may occur to the first power.
type symbols struct {
	batch string
	fixed int // the size of the batch, if the file allows one alone
}

// resolve is an expression as a size.
func (s symbols) resolve(v symInt) (aten.Dim, error) {
	switch {
	case v.Int != nil:
		return aten.Dim{Fixed: *v.Int}, nil
	case v.Expr == nil:
		return aten.Dim{}, fmt.Errorf("a size has neither a number nor an expression")
	case len(v.Expr.Text) > maxExpression:
		return aten.Dim{}, fmt.Errorf("an expression of %d characters is too long", len(v.Expr.Text))
	}
	e := &expression{symbols: s, rest: v.Expr.Text}
	d, err := e.sum(0)
	if err == nil && strings.TrimSpace(e.rest) != "" {
		err = fmt.Errorf("unexpected %q", e.rest)
	}
	if err != nil {
		return aten.Dim{}, fmt.Errorf("the size %q: %w", v.Expr.Text, err)
	}
	return d, nil
}

// expression is a recursive-descent parser of one size.
type expression struct {
	symbols
	rest string
}

// accept consumes a token where it comes next.
func (e *expression) accept(token string) bool {
	e.rest = strings.TrimLeft(e.rest, " ")
	if !strings.HasPrefix(e.rest, token) || token == "*" && strings.HasPrefix(e.rest, "**") {
		return false
	}
	e.rest = e.rest[len(token):]
	return true
}

// maxNesting is the depth of parentheses at which a size is refused.
const maxNesting = 64

func (e *expression) sum(depth int) (aten.Dim, error) {
	d, err := e.product(depth)
	for err == nil {
		var next aten.Dim
		switch {
		case e.accept("+"):
			next, err = e.product(depth)
			d = aten.Dim{Fixed: d.Fixed + next.Fixed, Each: d.Each + next.Each}
		case e.accept("-"):
			next, err = e.product(depth)
			d = aten.Dim{Fixed: d.Fixed - next.Fixed, Each: d.Each - next.Each}
		default:
			return d, bounded(d)
		}
	}
	return d, err
}

// bounded refuses sizes that no tensor has, before they overflow.
func bounded(d aten.Dim) error {
	const limit = 1 << 40
	if d.Fixed < -limit || d.Fixed > limit || d.Each < -limit || d.Each > limit {
		return fmt.Errorf("it is out of range")
	}
	return nil
}

func (e *expression) product(depth int) (aten.Dim, error) {
	d, err := e.factor(depth + 1)
	for err == nil {
		var next aten.Dim
		switch {
		case e.accept("//"):
			next, err = e.factor(depth + 1)
			if err == nil {
				d, err = quotient(d, next)
			}
		case e.accept("*"):
			next, err = e.factor(depth + 1)
			if err == nil {
				d, err = times(d, next)
			}
		default:
			return d, nil
		}
	}
	return d, err
}

func times(a, b aten.Dim) (aten.Dim, error) {
	const small = 1 << 20
	switch {
	case a.Each != 0 && b.Each != 0:
		return a, fmt.Errorf("sizes that are products of the batch with itself are not supported")
	case a.Each == 0:
		a, b = b, a
	}
	if big := func(n int) bool { return n > small || n < -small }; (big(a.Fixed) || big(a.Each)) && big(b.Fixed) {
		return a, fmt.Errorf("it is out of range")
	}
	d := aten.Dim{Fixed: a.Fixed * b.Fixed, Each: a.Each * b.Fixed}
	return d, bounded(d)
}

func quotient(a, b aten.Dim) (aten.Dim, error) {
	if b.Each != 0 || b.Fixed == 0 || a.Fixed%b.Fixed != 0 || a.Each%b.Fixed != 0 {
		return a, fmt.Errorf("(%s)//(%s) is not whole for every batch", a, b)
	}
	return aten.Dim{Fixed: a.Fixed / b.Fixed, Each: a.Each / b.Fixed}, nil
}

// factor is a number, a symbol, a sum in parentheses, or a function of them.
func (e *expression) factor(depth int) (aten.Dim, error) {
	switch {
	case depth > maxNesting:
		return aten.Dim{}, fmt.Errorf("it is nested too deeply")
	case e.accept("-"):
		d, err := e.factor(depth + 1)
		return aten.Dim{Fixed: -d.Fixed, Each: -d.Each}, err
	case e.accept("("):
		d, err := e.sum(depth + 1)
		if err == nil && !e.accept(")") {
			err = fmt.Errorf("a parenthesis is not closed")
		}
		return d, err
	}
	word := e.word()
	if n, err := strconv.Atoi(word); err == nil {
		d := aten.Dim{Fixed: n}
		return d, bounded(d)
	}
	switch {
	case word == "":
		return aten.Dim{}, fmt.Errorf("unexpected %q", e.rest)
	case word == "Symbol" && e.accept("("):
		return e.symbol()
	case e.accept("("):
		return e.function(word, depth)
	}
	return e.named(word)
}

// word consumes letters, digits and underscores.
func (e *expression) word() string {
	e.rest = strings.TrimLeft(e.rest, " ")
	n := 0
	for n < len(e.rest) && (e.rest[n] == '_' || e.rest[n] >= '0' && e.rest[n] <= '9' || e.rest[n]|32 >= 'a' && e.rest[n]|32 <= 'z') {
		n++
	}
	w := e.rest[:n]
	e.rest = e.rest[n:]
	return w
}

// symbol parses the text after "Symbol(": a name in quotes and assumptions.
func (e *expression) symbol() (aten.Dim, error) {
	inside, after, ok := strings.Cut(e.rest, ")")
	quoted := strings.Split(inside, "'")
	if !ok || len(quoted) < 3 {
		return aten.Dim{}, fmt.Errorf("a symbol has no name")
	}
	e.rest = after
	return e.named(quoted[1])
}

func (e *expression) named(symbol string) (aten.Dim, error) {
	if symbol != e.batch {
		return aten.Dim{}, fmt.Errorf("it depends on %s: only the batch may be dynamic; export with one dynamic size, as in %s", symbol, exportLine)
	}
	return aten.Dim{Each: 1}, nil
}

// function parses the text after a name and a parenthesis.
func (e *expression) function(name string, depth int) (aten.Dim, error) {
	var all []aten.Dim
	for {
		d, err := e.sum(depth + 1)
		if err != nil {
			return d, err
		}
		all = append(all, d)
		if e.accept(",") {
			continue
		}
		if !e.accept(")") {
			return d, fmt.Errorf("a parenthesis is not closed")
		}
		break
	}
	d, err := all[0], error(nil)
	for _, next := range all[1:] {
		switch name {
		case "Add":
			d = aten.Dim{Fixed: d.Fixed + next.Fixed, Each: d.Each + next.Each}
			err = bounded(d)
		case "Mul":
			d, err = times(d, next)
		case "FloorDiv", "CleanDiv", "IntTrueDiv":
			d, err = quotient(d, next)
		default:
			err = fmt.Errorf("the function %s is not supported in sizes", name)
		}
		if err != nil {
			return d, err
		}
	}
	if len(all) == 1 && name != "Integer" {
		return d, fmt.Errorf("the function %s is not supported in sizes", name)
	}
	return d, nil
}
