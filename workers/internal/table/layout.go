package table

import (
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"lossatlas/workers/internal/escape"
)

const (
	// pipedWidth is the width of text, in characters, where the output is no terminal.
	pipedWidth = 120
	// minWrapped is the width down to which cells of text are broken into lines on a terminal.
	minWrapped = 12
)

// folded divides the columns into tables of at most width characters, each with the first column: on a terminal also where
// broken cells of text are not enough.
func (t *Table) folded(widths []int, width int, terminal bool) [][]int {
	all := make([]int, len(widths))
	for i := range all {
		all[i] = i
	}
	if !t.Fold && (!terminal || sum(t.narrowed(all, widths, width), all) <= width) {
		return [][]int{all}
	}
	tables, used := [][]int{{0}}, widths[0]
	for i := 1; i < len(widths); i++ {
		last := len(tables) - 1
		if len(tables[last]) > 1 && used+2+widths[i] > width {
			tables, used, last = append(tables, []int{0}), widths[0], last+1
		}
		tables[last] = append(tables[last], i)
		used += 2 + widths[i]
	}
	return tables
}

// narrowed are widths with which columns fit, as far as breaking their texts can do it: the widest text is narrowed first.
func (t *Table) narrowed(columns, widths []int, width int) []int {
	widths = slices.Clone(widths)
	for excess := sum(widths, columns) - width; excess > 0; excess-- {
		widest := -1
		for _, i := range columns {
			if !t.Right[i] && widths[i] > minWrapped && (widest < 0 || widths[i] >= widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			break
		}
		widths[widest]--
	}
	return widths
}

// sum is the width of columns with the gaps between them.
func sum(widths, columns []int) int {
	n := 2 * (len(columns) - 1)
	for _, i := range columns {
		n += widths[i]
	}
	return n
}

// broken divides a text into lines of at most width characters: at spaces, else behind a slash, comma, equals sign or hyphen,
// else anywhere.
func broken(text string, width int) []string {
	var lines []string
	rest := []rune(text)
	for len(rest) > width {
		end := width
		for _, separators := range []string{" ", "/,=-"} {
			if at := lastBreak(rest[:width+1], separators); at > width/3 {
				end = at
				break
			}
		}
		lines = append(lines, strings.TrimRight(string(rest[:end]), " "))
		rest = []rune(strings.TrimLeft(string(rest[end:]), " "))
	}
	return append(lines, string(rest))
}

// Paragraph breaks a text into lines that fit the width of w, the first behind one indent and the others behind another one.
func Paragraph(w io.Writer, first, rest, text string) string {
	width, _ := Width(w)
	lines := broken(escape.Line(text), max(width-utf8.RuneCountInString(rest), minWrapped))
	return first + strings.Join(lines, "\n"+rest) + "\n"
}

// lastBreak is the index behind the last of separators in text, whose last character may be only a space.
func lastBreak(text []rune, separators string) int {
	for i := len(text) - 1; i >= 0; i-- {
		if strings.ContainsRune(separators, text[i]) && (text[i] == ' ' || i < len(text)-1) {
			return i + 1
		}
	}
	return 0
}

// Width is the width of text that is written to w, in characters: $COLUMNS, else that of w's terminal, else 120. Terminal says
// that it is one of the first two.
func Width(w io.Writer) (width int, terminal bool) {
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return n, true
	}
	if e, ok := w.(*escape.Writer); ok {
		w = e.Unwrap()
	}
	if f, ok := w.(*os.File); ok {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 0 {
			return n, true
		}
	}
	return pipedWidth, false
}
