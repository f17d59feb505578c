package npz

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// parseHeader reads the dictionary {'descr': …, 'fortran_order': …, 'shape': …}.
func parseHeader(text string) (header, error) {
	p := &parser{rest: text}
	h := header{}
	seen := map[string]bool{}
	p.want("{")
	for p.err == nil && !p.has("}") {
		key := p.quoted()
		if seen[key] {
			p.fail(fmt.Errorf("%q is there twice", key))
		}
		seen[key] = true
		p.want(":")
		switch key {
		case "descr":
			h.descr = p.quoted()
		case "fortran_order":
			h.fortran = p.boolean()
		case "shape":
			h.shape = p.tuple()
		default:
			p.fail(fmt.Errorf("unknown entry %q", key))
		}
		if !p.has(",") {
			p.want("}")
			break
		}
	}
	if p.err == nil && strings.TrimSpace(p.rest) != "" {
		p.fail(fmt.Errorf("%.20q after its end", p.rest))
	}
	if p.err == nil && len(seen) != 3 {
		p.fail(errors.New("lacks one of descr, fortran_order, shape"))
	}
	return h, p.err
}

// parser takes tokens off the front of a text. After the first error it takes
// nothing more.
type parser struct {
	rest string
	err  error
}

func (p *parser) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

// has takes a token if it is next.
func (p *parser) has(token string) bool {
	rest, ok := strings.CutPrefix(strings.TrimLeft(p.rest, " \t\n"), token)
	if p.err != nil || !ok {
		return false
	}
	p.rest = rest
	return true
}

// want takes a token that must be next.
func (p *parser) want(token string) {
	if p.err == nil && !p.has(token) {
		p.fail(fmt.Errorf("expected %q before %.20q", token, p.rest))
	}
}

// quoted takes a string without escapes, in either kind of quotes.
func (p *parser) quoted() string {
	for _, quote := range []string{"'", `"`} {
		if p.has(quote) {
			s, rest, ok := strings.Cut(p.rest, quote)
			if !ok {
				break
			}
			p.rest = rest
			return s
		}
	}
	p.fail(fmt.Errorf("expected a quoted string before %.20q", p.rest))
	return ""
}

func (p *parser) boolean() bool {
	if p.has("True") {
		return true
	}
	p.want("False")
	return false
}

// maxDims is NumPy's limit on the number of dimensions.
const maxDims = 64

// tuple takes (), (a,), (a, b) and so on.
func (p *parser) tuple() []int {
	shape := []int{}
	p.want("(")
	for p.err == nil && !p.has(")") {
		text := strings.TrimLeft(p.rest, " \t\n")
		digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
		n, err := strconv.Atoi(text[:digits])
		if err != nil || len(shape) == maxDims {
			p.fail(fmt.Errorf("expected a dimension before %.20q", text))
			break
		}
		shape, p.rest = append(shape, n), text[digits:]
		p.has("L") // Python 2 wrote long integers so
		if !p.has(",") {
			p.want(")")
			break
		}
	}
	return shape
}
