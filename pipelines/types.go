package pipelines

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// checker reads nodes against the field table.
type checker struct {
	*collector
	// cat is what the caller knows, and the networks that the file writes out; builtIn are the caller's alone.
	cat     Catalog
	builtIn []string
	// right are the lists of layers that are known to be right: they are the same for all experiments.
	right map[*node]Network
	// networks are those of the file by name. They are kept here, as copying them for each experiment would take long.
	networks map[string]Network
	// problem is that of the file's data set.
	problem Problem
	// declared are the names of the variables; filled counts what was made to put their values in place.
	declared []string
	filled   int
	// partial leaves out the rules that need the whole file: required fields.
	partial bool
}

func (c *checker) reject(n *node, path, want string) any {
	c.addf(n.at, "%s: want %s, got %s", path, want, n.describe())
	return nil
}

// A typ is what a field may hold. check returns the normalised value (equal for
// equal meanings, and marshalled to JSON as the config structs expect it), or nil
// after reporting an error.
type typ interface {
	check(c *checker, n *node, path string) any
	schema(cat Catalog) schema
}

// schema is a JSON Schema; encoding/json sorts its keys, so it prints the same every time.
type schema map[string]any

var (
	intText   = regexp.MustCompile(`^[-+]?(0|[1-9][0-9]*)$`)
	floatText = regexp.MustCompile(`^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$`)
)

// integer is a whole number from min to max.
type integer struct{ min, max int64 }

func (t integer) check(c *checker, n *node, path string) any {
	if n.kind == plainNode && intText.MatchString(n.text) {
		if v, err := strconv.ParseInt(n.text, 10, 64); err == nil && v >= t.min && v <= t.max {
			return v
		}
	}
	return c.reject(n, path, t.want()+unquote(n))
}

func (t integer) want() string {
	return fmt.Sprintf("a whole number from %d to %d", t.min, t.max)
}

func (t integer) schema(Catalog) schema {
	return schema{"type": "integer", "minimum": t.min, "maximum": t.max}
}

// number is a finite number from min (or above it) to max (or below it).
type number struct {
	min, max float64
	above    bool // min itself is not allowed
	below    bool // max itself is not allowed
}

func (t number) check(c *checker, n *node, path string) any {
	if v, ok := parseNumber(n); ok && (v > t.min || v == t.min && !t.above) && (v < t.max || v == t.max && !t.below) {
		return v
	}
	return c.reject(n, path, t.want()+unquote(n))
}

func (t number) want() string {
	from, to := "from", "to"
	if t.above {
		from = "above"
	}
	if t.below {
		to = "and below"
	} else if t.above {
		to = "and at most"
	}
	return fmt.Sprintf("a number %s %g %s %g", from, t.min, to, t.max)
}

func (t number) schema(Catalog) schema {
	s := schema{"type": "number", "minimum": t.min, "maximum": t.max}
	if t.above {
		delete(s, "minimum")
		s["exclusiveMinimum"] = t.min
	}
	if t.below {
		delete(s, "maximum")
		s["exclusiveMaximum"] = t.max
	}
	return s
}

// parseNumber reads a finite number as YAML 1.2 and people write them (5e-4, .1, 10).
func parseNumber(n *node) (float64, bool) {
	if n.kind != plainNode || !floatText.MatchString(n.text) {
		return 0, false
	}
	v, err := strconv.ParseFloat(n.text, 64)
	if err != nil || math.IsInf(v, 0) {
		return 0, false
	}
	return v + 0, true // -0 + 0 is 0: the same meaning, the same key
}

// unquote is the hint for a number written as text.
func unquote(n *node) string {
	if n.kind == quotedNode && floatText.MatchString(n.text) {
		return " (without quotes)"
	}
	return ""
}

// boolean is true or false.
type boolean struct{}

func (boolean) check(c *checker, n *node, path string) any {
	if n.kind == plainNode {
		switch n.text {
		case "true", "True", "TRUE":
			return true
		case "false", "False", "FALSE":
			return false
		}
	}
	return c.reject(n, path, "true or false")
}

func (boolean) schema(Catalog) schema { return schema{"type": "boolean"} }

// text is free text, or text of a form.
type text struct {
	max  int
	form *regexp.Regexp
	want string
}

func (t text) check(c *checker, n *node, path string) any {
	if n.isScalar() && len(n.text) <= t.max && (t.form == nil || t.form.MatchString(n.text)) {
		return n.text
	}
	return c.reject(n, path, t.want)
}

func (t text) schema(Catalog) schema {
	s := schema{"type": "string", "maxLength": t.max}
	if t.form != nil {
		s["pattern"] = t.form.String()
	}
	return s
}

// choice is one of some names: a fixed list, or one that the caller's catalog holds.
type choice struct {
	of   []string
	from func(Catalog) []string
	what string // "a network"
	open bool   // the file itself can add names, which an editor doesn't know
}

func (t choice) names(cat Catalog) []string {
	if t.from != nil {
		return t.from(cat)
	}
	return t.of
}

func (t choice) check(c *checker, n *node, path string) any {
	names := t.names(c.cat)
	if !n.isScalar() || n.text == "" {
		return c.reject(n, path, t.what+" ("+strings.Join(names, ", ")+")")
	}
	for _, name := range names {
		if n.text == name {
			return name
		}
	}
	if names == nil {
		return n.text
	}
	c.addf(n.at, "%s: unknown name %s%s; allowed: %s", path, clip(n.text), didYouMean(n.text, names), strings.Join(names, ", "))
	return nil
}

func (t choice) schema(cat Catalog) schema {
	s := schema{"type": "string"}
	names := t.names(cat)
	switch {
	case names != nil && t.open:
		return schema{"anyOf": []schema{{"enum": names}, {"type": "string", "pattern": nameForm.String()}}}
	case names != nil:
		s["enum"] = names
	}
	return s
}

// list is a list of one type. A single value is read as a list of one.
type list struct {
	of       typ
	min, max int
	unique   bool
}

func (t list) check(c *checker, n *node, path string) any {
	items := n.items
	if n.isScalar() {
		items = []*node{n}
	} else if n.kind != listNode || len(items) < t.min || len(items) > t.max {
		return c.reject(n, path, fmt.Sprintf("a list of %d to %d values", t.min, t.max))
	}
	out := make([]any, 0, len(items))
	seen := make(map[string]bool)
	for _, item := range items {
		v := t.of.check(c, item, path)
		if v == nil {
			continue
		}
		if id := canonical(v); t.unique && seen[id] {
			c.addf(item.at, "%s: %s is listed twice", path, clip(item.text))
		} else {
			seen[id] = true
		}
		out = append(out, v)
	}
	return out
}

func (t list) schema(cat Catalog) schema {
	item := t.of.schema(cat)
	s := schema{"type": "array", "items": item, "minItems": t.min, "maxItems": t.max}
	if t.unique {
		s["uniqueItems"] = true
	}
	switch t.of.(type) {
	case choice, plotEntry: // whose single values are read as lists of one
		return schema{"anyOf": []schema{item, s}}
	}
	return s
}

// canonical is a text that is equal for equal normalised values.
func canonical(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("pipelines: a normalised value is not JSON: %v", err)) // the checkers make only JSON values
	}
	return string(b)
}
