package syntax

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Checker reads nodes against the field table.
type Checker struct {
	*collector
	// Known are the names that choices allow.
	Known Names
	// What is the name for the file in messages, "sweep file"; Least names the fields that it
	// cannot leave out, and Example shows them.
	What, Least, Example string
	// Elsewhere says where a key that is unknown at a path belongs; nil says nothing.
	Elsewhere func(path, key string) string
	// Declared are the names of the variables; Filled counts the nodes made to put their values in place.
	Declared []string
	Filled   int
}

// NewChecker returns a checker of a file, which has that name in messages.
func NewChecker(file string) *Checker { return &Checker{collector: newCollector(file)} }

// Names are lists of names that the caller knows, by kind. An absent list allows any name.
type Names map[string][]string

// Reject reports the values allowed in place of a node, and returns nil.
func (c *Checker) Reject(n *Node, path, want string) any {
	hint := ""
	if n.Kind == ListNode && strings.Contains(path, ".") && !strings.Contains(want, "list") {
		hint = "; values to compare belong below sweep:, as " + path + ": […]"
	}
	c.Addf(n.At, "%s: want %s, got %s%s", path, want, n.Describe(), hint)
	return nil
}

// A Type describes the values that a field may hold.
type Type interface {
	// Check returns the normalised value, equal for equal meanings and fit for Decode,
	// or nil after reporting an error. path names the field in messages.
	Check(c *Checker, n *Node, path string) any
	// Schema is the JSON Schema of what Check takes.
	Schema(known Names) Schema
}

// Forms of numbers and names.
var (
	IntText   = regexp.MustCompile(`^[-+]?(0|[1-9][0-9]*)$`)
	NameForm  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)
	FloatText = regexp.MustCompile(`^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$`)
	commaText = regexp.MustCompile(`^[-+]?[0-9]+,[0-9]+$`)
)

// NameWant is what NameForm allows, with at most 64 characters.
const NameWant = "letters, digits, '.', '_' and '-', beginning with a letter or digit, at most 64"

// MaxInteger is the largest whole number that JSON keeps exactly.
const MaxInteger = 1<<53 - 1

// Integer is a whole number from min to max.
type Integer struct{ Min, Max int64 }

func (t Integer) Check(c *Checker, n *Node, path string) any {
	if n.Kind == PlainNode && IntText.MatchString(n.Text) {
		if v, err := strconv.ParseInt(n.Text, 10, 64); err == nil && v >= t.Min && v <= t.Max {
			return v
		}
	}
	return c.Reject(n, path, t.Want()+unquote(n))
}

// Want describes the allowed values, for a message.
func (t Integer) Want() string {
	return fmt.Sprintf("a whole number from %d to %d", t.Min, t.Max)
}

func (t Integer) Schema(Names) Schema {
	return Schema{"type": "integer", "minimum": t.Min, "maximum": t.Max}
}

// Number is a finite number from min (or above it) to max (or below it).
type Number struct {
	Min, Max float64
	Above    bool // min itself is not allowed
	Below    bool // max itself is not allowed
}

func (t Number) Check(c *Checker, n *Node, path string) any {
	if v, ok := parseNumber(n); ok && (v > t.Min || v == t.Min && !t.Above) && (v < t.Max || v == t.Max && !t.Below) {
		return v
	}
	return c.Reject(n, path, t.want()+unquote(n))
}

func (t Number) want() string {
	from, to := "from", "to"
	if t.Above {
		from = "above"
	}
	if t.Below {
		to = "and below"
	} else if t.Above {
		to = "and at most"
	}
	return fmt.Sprintf("a number %s %g %s %g", from, t.Min, to, t.Max)
}

func (t Number) Schema(Names) Schema {
	s := Schema{"type": "number", "minimum": t.Min, "maximum": t.Max}
	if t.Above {
		delete(s, "minimum")
		s["exclusiveMinimum"] = t.Min
	}
	if t.Below {
		delete(s, "maximum")
		s["exclusiveMaximum"] = t.Max
	}
	return s
}

// parseNumber reads a finite number as YAML 1.2 and people write them (5e-4, .1, 10).
func parseNumber(n *Node) (float64, bool) {
	if n.Kind != PlainNode || !FloatText.MatchString(n.Text) {
		return 0, false
	}
	v, err := strconv.ParseFloat(n.Text, 64)
	if err != nil || math.IsInf(v, 0) {
		return 0, false
	}
	return v + 0, true // -0 + 0 is 0: the same meaning, the same key
}

// unquote is the hint for a number in quotes, or with a decimal comma.
func unquote(n *Node) string {
	if n.Kind == quotedNode && FloatText.MatchString(n.Text) {
		return " (without quotes)"
	}
	if commaText.MatchString(n.Text) {
		return " (with a decimal point: " + strings.Replace(n.Text, ",", ".", 1) + ")"
	}
	return ""
}

// Boolean is true or false.
type Boolean struct{}

func (Boolean) Check(c *Checker, n *Node, path string) any {
	if n.Kind == PlainNode {
		switch n.Text {
		case "true", "True", "TRUE":
			return true
		case "false", "False", "FALSE":
			return false
		}
	}
	return c.Reject(n, path, "true or false")
}

func (Boolean) Schema(Names) Schema { return Schema{"type": "boolean"} }

// Text is free text, or text of a form.
type Text struct {
	Max  int
	Form *regexp.Regexp
	Want string
}

func (t Text) Check(c *Checker, n *Node, path string) any {
	if n.IsScalar() && len(n.Text) <= t.Max && (t.Form == nil || t.Form.MatchString(n.Text)) {
		return n.Text
	}
	return c.Reject(n, path, t.Want)
}

func (t Text) Schema(Names) Schema {
	s := Schema{"type": "string", "maxLength": t.Max}
	if t.Form != nil {
		s["pattern"] = t.Form.String()
	}
	return s
}

// Choice is one of some names: a fixed list, or one that the caller's catalog holds.
type Choice struct {
	Of   []string
	From string // the list of names, where of is nil
	What string // "a network"
	Open bool   // the file itself can add names, which an editor doesn't know
	Path bool   // the path of a file or folder is allowed, too
}

func (t Choice) allowed(known Names) []string {
	if t.Of != nil {
		return t.Of
	}
	return known[t.From]
}

func (t Choice) Check(c *Checker, n *Node, path string) any {
	names := t.allowed(c.Known)
	if !n.IsScalar() || n.Text == "" {
		return c.Reject(n, path, t.What+" ("+strings.Join(names, ", ")+")")
	}
	for _, name := range names {
		if n.Text == name {
			return name
		}
	}
	if names == nil || t.Path && IsPath(n.Text) {
		return n.Text
	}
	also := ""
	if t.Path {
		also = "; or the path of a file or folder, with a / or an extension"
	}
	c.Addf(n.At, "%s: unknown name %s%s%s", path, Clip(n.Text), GuessOrList(n.Text, names, "allowed:"), also)
	return nil
}

// IsPath says whether a text is the path of a file or folder and no name: it has a slash, or an extension.
func IsPath(text string) bool {
	return strings.ContainsAny(text, `/\`) || filepath.Ext(text) != ""
}

func (t Choice) Schema(known Names) Schema {
	s := Schema{"type": "string"}
	names := t.allowed(known)
	switch {
	case names != nil && t.Path && t.Open:
		return Schema{"anyOf": []Schema{{"enum": names}, {"type": "string", "minLength": 1, "maxLength": 500}}}
	case names != nil && t.Path:
		return Schema{"anyOf": []Schema{{"enum": names}, {"type": "string", "pattern": `[./\\]`, "maxLength": 500}}}
	case names != nil && t.Open:
		return Schema{"anyOf": []Schema{{"enum": names}, {"type": "string", "pattern": NameForm.String()}}}
	case names != nil:
		s["enum"] = names
	}
	return s
}

// List is a list of one type. A single value is read as a list of one.
type List struct {
	Of       Type
	Min, Max int
	Unique   bool
	Single   bool // the schema allows a single value as well
}

func (t List) Check(c *Checker, n *Node, path string) any {
	items := n.Items
	if n.IsScalar() {
		items = []*Node{n}
	} else if n.Kind != ListNode || len(items) < t.Min || len(items) > t.Max {
		return c.Reject(n, path, fmt.Sprintf("a list of %d to %d values", t.Min, t.Max))
	}
	out := make([]any, 0, len(items))
	seen := make(map[string]bool)
	for _, item := range items {
		v := t.Of.Check(c, item, path)
		if v == nil {
			continue
		}
		if id := Canonical(v); t.Unique && seen[id] {
			c.Addf(item.At, "%s: %s is listed twice", path, Clip(item.Text))
		} else {
			seen[id] = true
		}
		out = append(out, v)
	}
	return out
}

func (t List) Schema(known Names) Schema {
	item := t.Of.Schema(known)
	s := Schema{"type": "array", "items": item, "minItems": t.Min, "maxItems": t.Max}
	if t.Unique {
		s["uniqueItems"] = true
	}
	if t.Single {
		return Schema{"anyOf": []Schema{item, s}}
	}
	return s
}

// Canonical is a text that is equal for equal normalised values.
func Canonical(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("pipelines: a normalised value is not JSON: %v", err)) // the checkers make only JSON values
	}
	return string(b)
}
