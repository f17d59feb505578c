package artifacts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// Aspect is what two steps may differ in.
type Aspect string

// The aspects, in the order in which differences are reported.
const (
	AspectKind      Aspect = "kind"
	AspectVersion   Aspect = "version"
	AspectNumerics  Aspect = "numerics"
	AspectComputed  Aspect = "computed on" // where both accept any numerics
	AspectParameter Aspect = "parameter"
	AspectInput     Aspect = "input"
)

// What is an aspect, with the path of a parameter or the name of an input. As text it is "parameter x.n".
type What struct {
	Aspect Aspect
	Name   string // "" for other aspects
}

// String is the text.
func (w What) String() string {
	if w.Name == "" {
		return string(w.Aspect)
	}
	return string(w.Aspect) + " " + w.Name
}

// MarshalText writes the text.
func (w What) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// Change is one difference of two steps, "" where one of them lacks the value.
type Change struct {
	What What
	A, B string
}

// Changes compares what two steps were made from. Inputs count by their digests.
// Parameters are compared only where the kinds are equal.
func Changes(a, b Action) []Change {
	var out []Change
	add := func(aspect Aspect, name, x, y string) {
		if x != y {
			out = append(out, Change{What{aspect, name}, x, y})
		}
	}
	x, y := a.Recipe, b.Recipe
	add(AspectKind, "", x.Kind, y.Kind)
	if x.Kind == y.Kind {
		add(AspectVersion, "", strconv.Itoa(x.Version), strconv.Itoa(y.Version))
		add(AspectNumerics, "", x.Numerics, y.Numerics)
		if x.Numerics == "" && y.Numerics == "" {
			add(AspectComputed, "", a.Made.Numerics, b.Made.Numerics)
		}
		p, q := Flat(x.Params), Flat(y.Params)
		for _, path := range Differing(p, q) {
			add(AspectParameter, path, p[path], q[path])
		}
	}
	text := func(d Digest) string {
		if d.IsZero() {
			return ""
		}
		return d.String()
	}
	for _, name := range Differing(x.Inputs, y.Inputs) {
		add(AspectInput, name, text(x.Inputs[name]), text(y.Inputs[name]))
	}
	return out
}

// Differing are the names under which two maps have different values, sorted. A missing value counts as the zero value.
func Differing[V comparable](a, b map[string]V) []string {
	names := map[string]bool{}
	for name, v := range a {
		names[name] = v != b[name]
	}
	for name, v := range b {
		names[name] = v != a[name]
	}
	maps.DeleteFunc(names, func(_ string, differs bool) bool { return !differs })
	return slices.Sorted(maps.Keys(names))
}

// Flat turns parameters into texts by path: {"x": {"n": 9}} is "x.n" = "9".
// Numbers have one spelling, so that equal ones of a usual size are equal, and texts no quotes.
func Flat(params json.RawMessage) map[string]string {
	out := map[string]string{}
	for path, v := range FlatValues(params) {
		if f, ok := v.(float64); ok {
			out[path] = strconv.FormatFloat(f, 'g', -1, 64)
		} else {
			out[path] = fmt.Sprint(v)
		}
	}
	return out
}

// FlatValues turns parameters into values by path: a float64, a text (also of a number that no float64 is near), or a truth value.
func FlatValues(params json.RawMessage) map[string]any {
	out := map[string]any{}
	dec := json.NewDecoder(bytes.NewReader(params))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) == nil {
		flatten(out, "", v)
	}
	return out
}

func flatten(out map[string]any, path string, v any) {
	below := func(name string) string {
		if path == "" {
			return name
		}
		return path + "." + name
	}
	switch v := v.(type) {
	case map[string]any:
		for name, e := range v {
			flatten(out, below(name), e)
		}
	case []any:
		for i, e := range v {
			flatten(out, below(strconv.Itoa(i)), e)
		}
	case json.Number:
		if f, err := v.Float64(); err == nil {
			out[path] = f
		} else {
			out[path] = v.String()
		}
	case nil:
	default:
		out[path] = v
	}
}
