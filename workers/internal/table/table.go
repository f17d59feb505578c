// Package table writes tables as text, CSV and Markdown.
package table

import (
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"lossatlas/workers/internal/escape"
)

// Table is rows of cells under a header. A heading may have several lines.
type Table struct {
	Header []string
	Rows   [][]string
	Right  map[int]bool   // columns of numbers, aligned right
	Above  string         // a line above the table in text and Markdown, or ""
	Groups map[int]string // headings above rows, by the index of the row, in text
	Fold   bool           // text too wide for the terminal continues in a second table below, which repeats the first column
}

// maxWidth is the width of text, in characters, where the output is no terminal.
const maxWidth = 120

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
	var b strings.Builder
	if t.Above != "" {
		b.WriteString(escape.Line(t.Above) + "\n")
	}
	lines := t.lines()
	widths := make([]int, len(t.Header))
	for _, row := range lines {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for n, columns := range t.folded(widths, TerminalWidth(w)) {
		if n > 0 {
			b.WriteString("\n")
		}
		for r, row := range lines {
			if group, ok := t.Groups[r-len(lines)+len(t.Rows)]; ok {
				b.WriteString("\n" + escape.Line(group) + "\n")
			}
			var line strings.Builder
			for k, i := range columns {
				if k > 0 {
					line.WriteString("  ")
				}
				space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(row[i]))
				if t.Right[i] {
					line.WriteString(space + row[i])
				} else {
					line.WriteString(row[i] + space)
				}
			}
			b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
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

// folded divides the columns into tables of at most width characters, each with the first column.
func (t *Table) folded(widths []int, width int) [][]int {
	tables, used := [][]int{{0}}, widths[0]
	for i := 1; i < len(widths); i++ {
		last := len(tables) - 1
		if t.Fold && len(tables[last]) > 1 && used+2+widths[i] > width {
			tables, used, last = append(tables, []int{0}), widths[0], last+1
		}
		tables[last] = append(tables[last], i)
		used += 2 + widths[i]
	}
	return tables
}

// TerminalWidth is the width of the terminal that w writes to, else maxWidth.
func TerminalWidth(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 0 {
			return n
		}
	}
	return maxWidth
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
