package artifacts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds the nesting of parameters: far more than any step needs, far
// less than what would exhaust the stack.
const maxDepth = 128

// maxExponent bounds the decimal exponent of a number, so that arithmetic on it can't overflow.
const maxExponent = 1 << 30

// CanonicalJSON returns the one spelling of a JSON value that all equal values share:
//
//   - no white space; the members of an object sorted by the bytes of their
//     names; a name twice in one object is an error, because readers disagree
//     on which of the two counts;
//   - a number is its shortest decimal significand, an integer without trailing
//     zeros, and "e" with the power of ten unless that is 0: 1, 1.0 and 10e-1
//     become 1; 100 becomes 1e2; 0.0005 becomes 5e-4; -0 becomes 0. No number
//     goes through floating point, so integers beyond 2^53 stay exact;
//   - a text is UTF-8 with only ", \ and control characters escaped. Half a
//     surrogate pair is an error, because it stands for no character.
//
// The result is itself valid JSON with the same meaning, and canonical.
func CanonicalJSON(src []byte) ([]byte, error) {
	if !utf8.Valid(src) {
		return nil, fmt.Errorf("not valid JSON: the text is not UTF-8")
	}
	if err := checkSurrogates(src); err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(src))
	dec.UseNumber()
	b, err := appendValue(make([]byte, 0, len(src)), dec, 0)
	if err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("not valid JSON: something follows the value")
	}
	return b, nil
}

// appendValue appends the canonical form of the decoder's next value.
func appendValue(b []byte, dec *json.Decoder, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("nested more than %d levels deep", maxDepth)
	}
	tok, err := dec.Token()
	if err != nil {
		return nil, jsonError(err)
	}
	switch t := tok.(type) {
	case nil:
		return append(b, "null"...), nil
	case bool:
		return strconv.AppendBool(b, t), nil
	case json.Number:
		return appendNumber(b, t.String())
	case string:
		return appendText(b, t)
	case json.Delim:
		if t == '[' {
			return appendArray(b, dec, depth)
		}
		return appendObject(b, dec, depth)
	}
	return nil, fmt.Errorf("not valid JSON: unexpected %v", tok)
}

func appendArray(b []byte, dec *json.Decoder, depth int) ([]byte, error) {
	b = append(b, '[')
	for first := true; dec.More(); first = false {
		if !first {
			b = append(b, ',')
		}
		var err error
		if b, err = appendValue(b, dec, depth+1); err != nil {
			return nil, err
		}
	}
	if _, err := dec.Token(); err != nil {
		return nil, jsonError(err)
	}
	return append(b, ']'), nil
}

func appendObject(b []byte, dec *json.Decoder, depth int) ([]byte, error) {
	type member struct {
		name  string
		value []byte
	}
	var members []member
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return nil, jsonError(err)
		}
		name, ok := tok.(string)
		if !ok {
			return nil, fmt.Errorf("not valid JSON: the name of a member is %v, want a text", tok)
		}
		value, err := appendValue(nil, dec, depth+1)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", name, err)
		}
		members = append(members, member{name, value})
	}
	if _, err := dec.Token(); err != nil {
		return nil, jsonError(err)
	}
	slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.name, b.name) })
	b = append(b, '{')
	for i, m := range members {
		if i > 0 {
			if m.name == members[i-1].name {
				return nil, fmt.Errorf("%q is there twice", m.name)
			}
			b = append(b, ',')
		}
		var err error
		if b, err = appendText(b, m.name); err != nil {
			return nil, err
		}
		b = append(b, ':')
		b = append(b, m.value...)
	}
	return append(b, '}'), nil
}

// appendNumber appends the canonical spelling of a valid JSON number.
func appendNumber(b []byte, literal string) ([]byte, error) {
	rest, negative := strings.CutPrefix(literal, "-")
	mantissa, exponent := rest, ""
	if i := strings.IndexAny(rest, "eE"); i >= 0 {
		mantissa, exponent = rest[:i], rest[i+1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	significand := strings.TrimRight(digits, "0")
	if significand == "" {
		return append(b, '0'), nil // whatever its sign and exponent
	}
	power := len(digits) - len(significand) - len(fraction)
	if exponent != "" {
		e, err := strconv.ParseInt(exponent, 10, 64)
		if err != nil || e < -maxExponent || e > maxExponent {
			return nil, fmt.Errorf("the number %.40s is out of range: its exponent must lie within ±%d", literal, maxExponent)
		}
		power += int(e)
	}
	if negative {
		b = append(b, '-')
	}
	b = append(b, significand...)
	if power != 0 {
		b = append(b, 'e')
		b = strconv.AppendInt(b, int64(power), 10)
	}
	return b, nil
}

// appendText appends s in quotes, in the one spelling of canonical JSON. It
// doesn't use encoding/json, whose choice of escapes may change.
func appendText(b []byte, s string) ([]byte, error) {
	if !utf8.ValidString(s) {
		return nil, fmt.Errorf("%.80q is not UTF-8", s)
	}
	const hexDigits = "0123456789abcdef"
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < 0x20:
			b = append(b, `\u00`...)
			b = append(b, hexDigits[c>>4], hexDigits[c&0xf])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"'), nil
}

// checkSurrogates refuses \u escapes of half a surrogate pair, which
// encoding/json silently turns into U+FFFD, so that texts that differ would
// get one key. In valid JSON a backslash occurs only within texts; what isn't
// valid is left for the decoder to refuse.
func checkSurrogates(src []byte) error {
	for i := 0; i < len(src); i++ {
		if src[i] != '\\' {
			continue
		}
		r, ok := escaped(src[i:])
		switch {
		case !ok:
			i++ // a two-byte escape such as \n or \\
		case r >= 0xd800 && r < 0xdc00:
			low, ok := escaped(src[i+6:])
			if !ok || low < 0xdc00 || low > 0xdfff {
				return fmt.Errorf("%s is half a surrogate pair and stands for no character", src[i:i+6])
			}
			i += 11
		case r >= 0xdc00 && r <= 0xdfff:
			return fmt.Errorf("%s is half a surrogate pair and stands for no character", src[i:i+6])
		default:
			i += 5
		}
	}
	return nil
}

// escaped reads an escape, \u and four hexadecimal digits, at the beginning of src.
func escaped(src []byte) (uint64, bool) {
	if len(src) < 6 || src[0] != '\\' || src[1] != 'u' {
		return 0, false
	}
	r, err := strconv.ParseUint(string(src[2:6]), 16, 16)
	return r, err == nil
}

func jsonError(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return fmt.Errorf("not valid JSON: it ends too early")
	}
	return fmt.Errorf("not valid JSON: %w", err)
}
