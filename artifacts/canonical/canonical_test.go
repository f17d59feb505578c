package canonical_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"lossatlas/artifacts/canonical"
)

// value draws a JSON value as Go holds it, numbers as integers.
func value(depth int) *rapid.Generator[any] {
	text := rapid.StringN(0, 6, -1)
	leaves := []*rapid.Generator[any]{
		rapid.Just[any](nil),
		rapid.Bool().AsAny(),
		rapid.Int64().AsAny(),
		rapid.Int64Range(-3, 3).AsAny(),
		text.AsAny(),
	}
	if depth == 0 {
		return rapid.OneOf(leaves...)
	}
	return rapid.OneOf(append(leaves,
		rapid.SliceOfN(value(depth-1), 0, 3).AsAny(),
		rapid.MapOfN(text, value(depth-1), 0, 4).AsAny(),
		rapid.MapOfN(text, value(depth-1), 0, 4).AsAny(),
	)...)
}

// spell writes a value as JSON in one of its many spellings.
func spell(t *rapid.T, b *strings.Builder, v any) {
	space := func() { b.WriteString(rapid.SampledFrom([]string{"", "", " ", "\n\t"}).Draw(t, "space")) }
	text := func(s string) {
		b.WriteByte('"')
		for _, r := range s {
			escape := rapid.IntRange(0, 3).Draw(t, "escape") == 0
			switch {
			case (escape || r == '"' || r == '\\' || r < 0x20) && r <= 0xffff:
				fmt.Fprintf(b, `\u%04x`, r)
			case escape:
				fmt.Fprintf(b, `\u%04X\u%04X`, 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff)
			default:
				b.WriteRune(r)
			}
		}
		b.WriteByte('"')
	}
	space()
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		fmt.Fprintf(b, "%v", v)
	case int64:
		spellings := []string{"%d", "%d.0", "%de0", "%d.000E+00"}
		if v != 0 { // 00 is no number
			spellings = append(spellings, "%d0e-1", "%d00.0e-2")
		}
		fmt.Fprintf(b, rapid.SampledFrom(spellings).Draw(t, "number"), v)
	case string:
		text(v)
	case []any:
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			spell(t, b, e)
		}
		space()
		b.WriteByte(']')
	case map[string]any:
		names := make([]string, 0, len(v))
		for n := range v {
			names = append(names, n)
		}
		b.WriteByte('{')
		for i, n := range rapid.Permutation(names).Draw(t, "order") {
			if i > 0 {
				b.WriteByte(',')
			}
			space()
			text(n)
			space()
			b.WriteByte(':')
			spell(t, b, v[n])
		}
		space()
		b.WriteByte('}')
	}
	space()
}

// TestCanonicalIffEqual: the canonical forms of two spelled values are equal if
// and only if the values are.
func TestCanonicalIffEqual(t *testing.T) {
	spelled := func(t *rapid.T, v any) string {
		var b strings.Builder
		spell(t, &b, v)
		out, err := canonical.JSON([]byte(b.String()))
		if err != nil {
			t.Fatalf("%s: %v", b.String(), err)
		}
		return string(out)
	}
	rapid.Check(t, func(t *rapid.T) {
		v, w := value(3).Draw(t, "v"), value(3).Draw(t, "w")
		first, again, other := spelled(t, v), spelled(t, v), spelled(t, w)
		if first != again {
			t.Fatalf("two spellings of %v became %s and %s", v, first, again)
		}
		if equal := reflect.DeepEqual(v, w); equal != (first == other) {
			t.Fatalf("%#v became %s, %#v became %s, though equal is %v", v, first, w, other, equal)
		}
	})
}

// FuzzJSON: whatever comes in, nothing panics; what is accepted is valid
// JSON, comes out canonical (a second time changes nothing) and means the same.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		`{}`, `{"a":1.50,"b":[true,null,"x\n"]}`, `1e400`, `-0.0`, `"\ud83d\ude00"`, `"\ud800"`, `{"a":1,"a":2}`,
		`[[[[`, `9007199254740993`, "\"\u2028\"", `{"a`, `1 2`, `{"":{"":[]}}`, "\xff", `"\u00`, `"\ud800\u`, `\\\`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		out, err := canonical.JSON(src)
		if err != nil {
			return
		}
		if !json.Valid(src) || !json.Valid(out) {
			t.Fatalf("accepted %q, which is valid JSON: %v; made %q, which is: %v", src, json.Valid(src), out, json.Valid(out))
		}
		again, err := canonical.JSON(out)
		if err != nil || !bytes.Equal(out, again) {
			t.Fatalf("%q is not canonical: it becomes %q, %v", out, again, err)
		}
		var before, after any // numbers as float64: coarse, but a different reader than the code under test
		if json.Unmarshal(src, &before) != nil {
			return // a number beyond float64
		}
		if err := json.Unmarshal(out, &after); err != nil || !reflect.DeepEqual(before, after) {
			t.Fatalf("%q became %q, which means something else (%v)", src, out, err)
		}
	})
}

// TestCanonicalNumbers: two literals have one spelling if and only if they are
// the same rational number.
func TestCanonicalNumbers(t *testing.T) {
	literal := rapid.StringMatching(`-?(0|[1-9][0-9]{0,3}|9007199254740993)(\.[0-9]{1,4})?([eE][+-]?[0-9]{1,2})?`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := literal.Draw(t, "a"), literal.Draw(t, "b")
		if rapid.Bool().Draw(t, "respelled") && !strings.ContainsAny(a, "eE") { // chance alone rarely makes one number twice
			b = a + ".0e0"
			if strings.Contains(a, ".") {
				b = a + "00E+0"
			}
		}
		ra, _ := new(big.Rat).SetString(a)
		rb, _ := new(big.Rat).SetString(b)
		ca, err := canonical.JSON([]byte(a))
		if err != nil {
			t.Fatal(err)
		}
		cb, err := canonical.JSON([]byte(b))
		if err != nil {
			t.Fatal(err)
		}
		rc, ok := new(big.Rat).SetString(string(ca))
		if !ok || rc.Cmp(ra) != 0 {
			t.Fatalf("%s became %s, another number", a, ca)
		}
		if equal := ra.Cmp(rb) == 0; equal != (string(ca) == string(cb)) {
			t.Fatalf("%s → %s and %s → %s, though equal is %v", a, ca, b, cb, equal)
		}
	})
}
