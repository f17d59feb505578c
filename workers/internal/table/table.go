// Package table writes tables as text, CSV and Markdown.
package table

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"lossatlas/workers/internal/escape"
)

// Table is rows of cells under a header.
type Table struct {
	Header []string
	Rows   [][]string
	Right  map[int]bool // columns of numbers, aligned right
	Above  string       // a line above the table in text and Markdown, or ""
}

// Add adds a row of texts, or of values in their default form.
func (t *Table) Add(cells ...any) {
	row := make([]string, len(cells))
	for i, c := range cells {
		row[i] = fmt.Sprint(c)
	}
	t.Rows = append(t.Rows, row)
}

// DropFirst removes the first column.
func (t *Table) DropFirst() {
	t.Header = t.Header[1:]
	for i, row := range t.Rows {
		t.Rows[i] = row[1:]
	}
	right := map[int]bool{}
	for column, isRight := range t.Right {
		right[column-1] = isRight
	}
	t.Right = right
}

// Write writes the table in a form: csv, md, or text for any other name.
func (t *Table) Write(w io.Writer, form string) error {
	switch form {
	case "csv":
		return t.CSV(w)
	case "md":
		return t.Markdown(w)
	}
	return t.Text(w)
}

// Text writes columns, padded to their widest cell.
func (t *Table) Text(w io.Writer) error {
	widths := make([]int, len(t.Header))
	all := append([][]string{t.Header}, t.Rows...)
	for k, row := range all {
		all[k] = make([]string, len(row))
		for i, cell := range row {
			cell = escape.Line(cell)
			all[k][i] = cell
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	if t.Above != "" {
		if _, err := fmt.Fprintln(w, escape.Line(t.Above)); err != nil {
			return err
		}
	}
	for _, row := range all {
		var b strings.Builder
		for i, cell := range row {
			space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i > 0 {
				b.WriteString("  ")
			}
			if t.Right[i] {
				b.WriteString(space + cell)
			} else {
				b.WriteString(cell + space)
			}
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(b.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}

// CSV writes comma-separated values (RFC 4180).
func (t *Table) CSV(w io.Writer) error {
	c := csv.NewWriter(w)
	if err := c.WriteAll(append([][]string{t.Header}, t.Rows...)); err != nil {
		return err
	}
	return c.Error()
}

// Markdown writes a table for README files and merge requests.
func (t *Table) Markdown(w io.Writer) error {
	escape := strings.NewReplacer("|", `\|`, "\n", " ")
	line := func(cells []string) string {
		out := make([]string, len(cells))
		for i, c := range cells {
			out[i] = escape.Replace(c)
		}
		return "| " + strings.Join(out, " | ") + " |\n"
	}
	rule := make([]string, len(t.Header))
	for i := range rule {
		rule[i] = "---"
		if t.Right[i] {
			rule[i] = "---:"
		}
	}
	var b strings.Builder
	if t.Above != "" {
		b.WriteString(escape.Replace(t.Above) + "\n\n")
	}
	b.WriteString(line(t.Header) + line(rule))
	for _, row := range t.Rows {
		b.WriteString(line(row))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
