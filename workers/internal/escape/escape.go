// Package escape escapes control characters in text from data, such as names in an archive, for output on a terminal.
package escape

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode/utf8"
)

// isControl reports whether a character controls a terminal: control characters except newline and tab, and those that change
// the direction of text.
func isControl(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// Text escapes control characters as in JSON, \u001b, which keeps the meaning of JSON texts, and bytes that are not UTF-8 as
// \x9b.
func Text(s string) string {
	if utf8.ValidString(s) && strings.IndexFunc(s, isControl) < 0 {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\ufffd"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case isControl(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Line is Text that also escapes newlines and tabs, for a cell of a table.
func Line(s string) string {
	return strings.NewReplacer("\n", `\n`, "\t", `\t`).Replace(Text(s))
}

// Writer writes text escaped by [Text].
type Writer struct {
	mu   sync.Mutex
	w    io.Writer
	held []byte // an incomplete character
}

// NewWriter writes to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Unwrap is the writer below.
func (e *Writer) Unwrap() io.Writer { return e.w }

// Write holds an incomplete character at the end until the next call.
func (e *Writer) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	text := append(e.held, p...)
	end := len(text)
	for i := max(0, end-utf8.UTFMax+1); i < len(text); i++ {
		if utf8.RuneStart(text[i]) && !utf8.FullRune(text[i:]) {
			end = i
			break
		}
	}
	e.held = bytes.Clone(text[end:])
	if _, err := io.WriteString(e.w, Text(string(text[:end]))); err != nil {
		return 0, err
	}
	return len(p), nil
}
