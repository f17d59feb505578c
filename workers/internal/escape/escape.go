// Package escape keeps text that comes from data, such as names in an archive, from steering the terminal it is shown on.
package escape

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode/utf8"
)

// steers says whether a terminal obeys a character rather than showing it: control characters but newline and tab, and
// those that turn the direction of the text after them.
func steers(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// Text returns text with what steers a terminal written as in JSON, \u001b, so that JSON keeps its meaning. Bytes that
// are no UTF-8 become \x9b and the like.
func Text(s string) string {
	if utf8.ValidString(s) && strings.IndexFunc(s, steers) < 0 {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\ufffd"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case steers(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Line is Text on one line, for a cell of a table.
func Line(s string) string {
	return strings.NewReplacer("\n", `\n`, "\t", `\t`).Replace(Text(s))
}

// Writer passes text on as Text has it.
type Writer struct {
	mu   sync.Mutex
	w    io.Writer
	held []byte // the beginning of a character
}

// NewWriter writes to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Write keeps the beginning of a character, at the end, for the next time.
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
