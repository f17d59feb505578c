package pipelines

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// maxErrors is how many errors one parse reports; the rest are likely to follow
// from them. maxCollected is how many it keeps until they are sorted.
const (
	maxErrors    = 10
	maxCollected = 1000
)

// FileError is one thing that is wrong in a sweep file.
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

// Errors is everything that is wrong in a sweep file, in file order. It is the
// error type that Parse returns.
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
	// where is appended to messages about a preset: " (preset laptop)". An error that
	// was already found without the preset is not repeated.
	where string
	seen  map[FileError]bool
	list  Errors
	// reported counts all errors, repeated ones too: a check has failed when it grew.
	reported int
}

func newCollector(file string) *collector {
	return &collector{file: file, seen: make(map[FileError]bool)}
}

func (c *collector) add(at position, message string) {
	if at.of != nil {
		message += fmt.Sprintf(" ($%s, from %s)", at.of.name, at.of.value.at)
	}
	e := FileError{File: c.file, Line: max(at.line, 1), Column: max(at.column, 1), Message: message}
	c.reported++
	if c.seen[e] || len(c.list) >= maxCollected {
		return
	}
	c.seen[e] = true
	e.Message += c.where
	c.list = append(c.list, &e)
}

func (c *collector) addf(at position, format string, args ...any) {
	c.add(at, fmt.Sprintf(format, args...))
}

func (c *collector) full() bool { return len(c.list) >= maxErrors }

// err returns the errors in file order, cut to maxErrors, or nil.
func (c *collector) err() error {
	if len(c.list) == 0 {
		return nil
	}
	es := slices.Clone(c.list)
	slices.SortStableFunc(es, func(a, b *FileError) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	if len(es) > maxErrors {
		es = es[:maxErrors]
	}
	return es
}
