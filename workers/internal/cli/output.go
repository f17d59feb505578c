package cli

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"lossatlas/workers/internal/escape"
)

// printJSON writes one value: indented for json, on one line for jsonl.
func (a *app) printJSON(v any) error {
	enc := json.NewEncoder(a.Out)
	enc.SetEscapeHTML(false)
	if a.set.Output == "json" {
		enc.SetIndent("", "  ")
	}
	return enc.Encode(v)
}

// printList writes a list in the chosen form: as one JSON array, as one JSON
// value per line, or by text.
func printList[T any](a *app, list []T, text func() error) error {
	switch a.set.Output {
	case "json":
		if list == nil {
			list = []T{}
		}
		return a.printJSON(list)
	case "jsonl":
		for _, v := range list {
			if err := a.printJSON(v); err != nil {
				return err
			}
		}
		return nil
	}
	return text()
}

// table is rows of cells under a header.
type table struct {
	header []string
	rows   [][]string
	right  map[int]bool // columns of numbers
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// text writes columns, padded to their widest cell.
func (t *table) text(w io.Writer) error {
	widths := make([]int, len(t.header))
	all := append([][]string{t.header}, t.rows...)
	for k, row := range all {
		all[k] = make([]string, len(row))
		for i, cell := range row {
			cell = escape.Line(cell)
			all[k][i] = cell
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range all {
		var b strings.Builder
		for i, cell := range row {
			space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i > 0 {
				b.WriteString("  ")
			}
			if t.right[i] {
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

// csv writes comma-separated values (RFC 4180).
func (t *table) csv(w io.Writer) error {
	c := csv.NewWriter(w)
	if err := c.WriteAll(append([][]string{t.header}, t.rows...)); err != nil {
		return err
	}
	return c.Error()
}

// markdown writes a table for README files and merge requests.
func (t *table) markdown(w io.Writer) error {
	escape := strings.NewReplacer("|", `\|`, "\n", " ")
	line := func(cells []string) string {
		out := make([]string, len(cells))
		for i, c := range cells {
			out[i] = escape.Replace(c)
		}
		return "| " + strings.Join(out, " | ") + " |\n"
	}
	rule := make([]string, len(t.header))
	for i := range rule {
		rule[i] = "---"
		if t.right[i] {
			rule[i] = "---:"
		}
	}
	var b strings.Builder
	b.WriteString(line(t.header) + line(rule))
	for _, row := range t.rows {
		b.WriteString(line(row))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// size writes a number of bytes for people.
func size(n int64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	f, i := float64(n)/unit, 0
	for f >= unit && i < 3 {
		f /= unit
		i++
	}
	return fmt.Sprintf("%.1f %s", f, []string{"KiB", "MiB", "GiB", "TiB"}[i])
}
