package syntax

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// MaxErrors is how many errors one parse reports. maxCollected is how many it keeps until they are sorted.
const (
	MaxErrors    = 50
	maxCollected = 1000
)

// FileError is one thing that is wrong in a file.
type FileError struct {
	File    string `json:"file"`
	Line    int    `json:"line"`   // counted from 1
	Column  int    `json:"column"` // counted from 1, in characters
	Message string `json:"message"`
}

// Error returns "file:line:column: message", the form that editors jump to.
func (e *FileError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
}

// Errors is everything that is wrong in a file, in file order. It is the
// error type that reading returns.
type Errors []*FileError

// Error returns one line per error.
func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the single errors, for errors.As.
func (es Errors) Unwrap() []error {
	out := make([]error, len(es))
	for i, e := range es {
		out[i] = e
	}
	return out
}

// collector gathers errors, each place and message once.
type collector struct {
	file string
	// Where is appended to messages about a preset: " (preset laptop)". An error that
	// was already found without the preset is not repeated.
	Where string
	seen  map[FileError]bool
	List  Errors
	// Reported counts all errors, repeated ones too: a check has failed when it grew.
	Reported int
}

func newCollector(file string) *collector {
	return &collector{file: file, seen: make(map[FileError]bool)}
}

// Add gathers an error at a place.
func (c *collector) Add(at Position, message string) {
	if at.of != nil {
		message += fmt.Sprintf(" ($%s, from %s)", at.of.Name, at.of.Value.At)
	}
	e := FileError{File: c.file, Line: max(at.Line, 1), Column: max(at.Column, 1), Message: message}
	c.Reported++
	if c.seen[e] || len(c.List) >= maxCollected {
		return
	}
	c.seen[e] = true
	e.Message += c.Where
	c.List = append(c.List, &e)
}

// Addf is Add with a format.
func (c *collector) Addf(at Position, format string, args ...any) {
	c.Add(at, fmt.Sprintf(format, args...))
}

// Full says whether the limit of reported errors is reached.
func (c *collector) Full() bool { return len(c.List) >= MaxErrors }

// Err returns the errors in file order, cut to MaxErrors, or nil.
func (c *collector) Err() error {
	if len(c.List) == 0 {
		return nil
	}
	es := slices.Clone(c.List)
	slices.SortStableFunc(es, func(a, b *FileError) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	if len(es) > MaxErrors {
		es = es[:MaxErrors]
	}
	return es
}

// Enumerated lists names as a sentence does: "a, b and c".
func Enumerated(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}
