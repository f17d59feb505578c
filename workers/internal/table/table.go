// Package table writes tables as text, CSV and Markdown.
package table

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"lossatlas/workers/internal/escape"
)

// Table is rows of cells under a header. A heading may have several lines.
type Table struct {
	Header []string
	Rows   [][]string
	Right  map[int]bool   // columns of numbers, aligned right
	Above  string         // a line above the table in text and Markdown, or ""
	Groups map[int]string // headings above rows, by the index of the row, in text
	Fold   bool           // columns too many for the width continue in a table below, which repeats the first column
	// Continued are the widths of a table of the same header above this one in text, whose rows continue it. The header is left out where no column became
	// wider and all fit.
	Continued []int
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

// Text writes columns, padded to their widest cell. On a terminal that is too narrow, cells of text are broken into lines and, of
// tables with Fold before that, columns continue below. Elsewhere a row stays one line, and only tables with Fold are folded.
func (t *Table) Text(w io.Writer) error {
	var b strings.Builder
	width, terminal := Width(w)
	lines, widths := t.lines(), t.Widths()
	tables := t.folded(widths, width, terminal)
	headings := len(lines) - len(t.Rows)
	if len(tables) == 1 && slices.Equal(widths, t.Continued) {
		lines, headings = lines[headings:], 0
	} else if t.Above != "" {
		above := escape.Line(t.Above)
		if terminal {
			above = strings.Join(broken(above, width), "\n")
		}
		b.WriteString(above + "\n")
	}
	for n, columns := range tables {
		if n > 0 {
			b.WriteString("\n")
		}
		limits := widths
		if terminal {
			limits = t.narrowed(columns, widths, width)
		}
		for r, row := range lines {
			if group, ok := t.Groups[r-headings]; ok {
				b.WriteString("\n" + escape.Line(group) + "\n")
			}
			if r < headings && !slices.ContainsFunc(columns, func(i int) bool { return row[i] != "" }) {
				continue // a line of headings of other columns
			}
			t.writeRow(&b, row, columns, limits)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Widths are the widths of the columns in text that is not narrowed.
func (t *Table) Widths() []int {
	widths := make([]int, len(t.Header))
	copy(widths, t.Continued)
	for _, row := range t.lines() {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	return widths
}

// writeRow writes the cells of some columns, in as many lines as the longest needs.
func (t *Table) writeRow(b *strings.Builder, row []string, columns, limits []int) {
	cells, height := make([][]string, len(columns)), 1
	for k, i := range columns {
		cells[k] = broken(row[i], limits[i])
		height = max(height, len(cells[k]))
	}
	for n := range height {
		var line strings.Builder
		for k, i := range columns {
			if k > 0 {
				line.WriteString("  ")
			}
			part := ""
			if n < len(cells[k]) {
				part = cells[k][n]
			}
			space := strings.Repeat(" ", max(0, limits[i]-utf8.RuneCountInString(part)))
			if t.Right[i] {
				line.WriteString(space + part)
			} else {
				line.WriteString(part + space)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

// lines are the lines of the header, aligned at the bottom, and the rows, as single lines without control characters.
func (t *Table) lines() [][]string {
	height := 1
	for _, heading := range t.Header {
		height = max(height, strings.Count(heading, "\n")+1)
	}
	all := make([][]string, height, height+len(t.Rows))
	for _, heading := range t.Header {
		parts := strings.Split(strings.Repeat("\n", height-1-strings.Count(heading, "\n"))+heading, "\n")
		for k := range all {
			all[k] = append(all[k], escape.Line(parts[k]))
		}
	}
	for _, row := range t.Rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = escape.Line(cell)
		}
		all = append(all, cells)
	}
	return all
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
