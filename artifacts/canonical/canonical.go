// Package canonical gives equal JSON values one spelling, so that they have one digest.
package canonical

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth bounds the nesting of parameters: far more than any step needs, far
// less than what would exhaust the stack.
const maxDepth = 128

// maxExponent bounds the decimal exponent of a number, so that arithmetic on it can't overflow.
const maxExponent = 1 << 30

// JSON returns the one spelling of a JSON value that all equal values share. It is that of RFC 8785 (no white
// space, sorted members, texts in UTF-8 with as few escapes as possible) but for numbers: a number is its shortest
// decimal significand, an integer without trailing zeros, and "e" with the power of ten unless that is 0: 1, 1.0 and
// 10e-1 become 1; 100 becomes 1e2; 0.0005 becomes 5e-4; -0 becomes 0. No number goes through floating point, so
// integers beyond 2^53 stay exact.
//
// A name twice in one object is an error, because readers disagree on which of the two counts, and so is half a
// surrogate pair, which stands for no character. The result is itself valid JSON with the same meaning, and canonical.
func JSON(src []byte) ([]byte, error) {
	b := make(jsontext.Value, 0, len(src))
	copied := 0
	dec := jsontext.NewDecoder(bytes.NewBuffer(src))
	for first := true; first || dec.StackDepth() > 0; first = false {
		tok, err := dec.ReadToken()
		if err != nil {
			return nil, jsonError(err)
		}
		if dec.StackDepth() > maxDepth {
			return nil, fmt.Errorf("nested more than %d levels deep", maxDepth)
		}
		if tok.Kind() == '0' {
			number := tok.String()
			end := int(dec.InputOffset())
			if b, err = appendNumber(append(b, src[copied:end-len(number)]...), number); err != nil {
				return nil, err
			}
			copied = end
		}
	}
	end := int(dec.InputOffset())
	if len(bytes.Trim(src[end:], " \t\r\n")) > 0 {
		return nil, fmt.Errorf("not valid JSON: something follows the value")
	}
	b = append(b, src[copied:end]...)
	err := b.Canonicalize(jsontext.CanonicalizeRawInts(false), jsontext.CanonicalizeRawFloats(false))
	return b, err
}

// Object is [JSON] of a JSON object. Nothing and null mean the empty object.
func Object(src []byte) ([]byte, error) {
	trimmed := bytes.TrimSpace(src)
	if len(trimmed) == 0 || bytes.Equal(trimmed, []byte("null")) {
		return []byte("{}"), nil
	}
	if trimmed[0] != '{' {
		return nil, fmt.Errorf("%.40q is not a JSON object", trimmed)
	}
	return JSON(trimmed)
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
		return append(b, '0'), nil // for any sign and exponent
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

// jsonError describes the fault of a JSON text.
func jsonError(err error) error {
	syntax, _ := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("not valid JSON: it ends too early")
	case errors.Is(err, jsontext.ErrDuplicateName):
		var names []string
		for name := range syntax.JSONPointer.Tokens() {
			names = append(names, strconv.Quote(name))
		}
		return fmt.Errorf("%s is there twice", strings.Join(names, ": "))
	}
	return fmt.Errorf("not valid JSON: %s", strings.TrimPrefix(err.Error(), "jsontext: "))
}
