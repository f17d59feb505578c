package escape_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"lossatlas/workers/internal/escape"
)

// TestText: what steers a terminal is spelled out, and nothing else changes.
func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"δ η\t→ a\nb \ufffd €":     "δ η\t→ a\nb \ufffd €",
		"\x1b]0;title\x07\x1b[31m": `\u001b]0;title\u0007\u001b[31m`,
		"a\rb\x00\x7f":             `a\u000db\u0000\u007f`,
		"\u009b31m":                `\u009b31m`,
		"\x9b31m":                  `\x9b31m`,
		"\u202eevil\u2066":         `\u202eevil\u2066`,
		"":                         "",
	} {
		if got := escape.Text(in); got != want {
			t.Errorf("Text(%q) = %q, want %q", in, got, want)
		}
	}
	if got, want := escape.Line("a\nb\t\x1b"), `a\nb\t\u001b`; got != want {
		t.Errorf("Line: %q, want %q", got, want)
	}
}

// FuzzWriter: however text is cut into pieces, the same comes out, without anything that steers; JSON keeps its meaning.
func FuzzWriter(f *testing.F) {
	f.Add([]byte("a\u009b€\u202e\x9b"), 2)
	f.Add([]byte("\x1b[2J😀"), 7)
	f.Fuzz(func(t *testing.T, text []byte, at int) {
		at = max(0, min(at, len(text)))
		var out bytes.Buffer
		w := escape.NewWriter(&out)
		for _, part := range [][]byte{text[:at], text[at:]} {
			if n, err := w.Write(part); n != len(part) || err != nil {
				t.Fatalf("Write: %d, %v", n, err)
			}
		}
		if utf8.Valid(text) && out.String() != escape.Text(string(text)) {
			t.Errorf("%q in two pieces is %q, want %q", text, out.String(), escape.Text(string(text)))
		}
		if s := out.String(); !utf8.ValidString(s) || strings.ContainsAny(s, "\x1b\r\x7f\u009b\u202e") {
			t.Errorf("%q comes out as %q", text, s)
		}
		value, err := json.Marshal(string(text))
		if err != nil {
			t.Fatal(err)
		}
		var before, after string
		if json.Unmarshal(value, &before) != nil || json.Unmarshal([]byte(escape.Text(string(value))), &after) != nil || before != after {
			t.Errorf("JSON %s means %q after, and meant %q", value, after, before)
		}
	})
}
