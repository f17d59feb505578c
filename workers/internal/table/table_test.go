package table_test

import (
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"lossatlas/workers/internal/escape"
	"lossatlas/workers/internal/table"
)

// TestTextFits: on a terminal text is broken, with Fold columns continue below, and in a pipe a row is one line.
func TestTextFits(t *testing.T) {
	for _, c := range []struct {
		name, columns string
		fold          bool
		want          string
	}{
		{"wide", "80", false, "STEP              TIME  REASON\nbatch=32/surface   1 s  waits for the line, the plane and train\n"},
		{"piped", "", false, "STEP              TIME  REASON\nbatch=32/surface   1 s  waits for the line, the plane and train\n"},
		{"broken", "42", false, "STEP              TIME  REASON\nbatch=32/surface   1 s  waits for the\n                        line, the plane\n                        and train\n"},
		{"narrow", "32", false, "STEP          TIME  REASON\nbatch=32/      1 s  waits for\nsurface             the line,\n                    the plane\n                    and train\n"},
		{"folded", "32", true, "STEP              TIME\nbatch=32/surface   1 s\n\nSTEP             REASON\nbatch=32/        waits for the\nsurface          line, the plane\n                 and train\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("COLUMNS", c.columns)
			tab := table.Table{Header: []string{"STEP", "TIME", "REASON"}, Right: map[int]bool{1: true}, Fold: c.fold}
			tab.Add("batch=32/surface", "1 s", "waits for the line, the plane and train")
			var out strings.Builder
			if err := tab.Text(&out); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, out.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for line := range strings.Lines(out.String()) {
				if n := utf8.RuneCountInString(line) - 1; c.columns == "32" && n > 32 {
					t.Errorf("%d characters: %s", n, line)
				}
			}
		})
	}
}

// TestFoldedHeadings: a part of a folded table without headings of two lines has one line of them.
func TestFoldedHeadings(t *testing.T) {
	t.Setenv("COLUMNS", "24")
	tab := table.Table{Header: []string{"NAME", "STATE", "surface-train\nwidth1", "LOSS"}, Right: map[int]bool{2: true}, Fold: true}
	tab.Add("last", "done", "0.5", "2.25")
	var out strings.Builder
	want := "NAME  STATE\nlast  done\n\n      surface-train\nNAME         width1\nlast            0.5\n\nNAME  LOSS\nlast  2.25\n"
	if err := tab.Text(&out); err != nil || out.String() != want {
		t.Errorf("%v\n%s\nwant\n%s", err, out.String(), want)
	}
}

// TestContinuedRows: rows below a table stand in its columns, without its header; a wider column or columns that do not fit bring the header again.
func TestContinuedRows(t *testing.T) {
	var widths []int
	for _, c := range []struct{ columns, name, loss, want string }{
		{"", "epoch_90", "2.5", "NAME      LOSS  ERROR\nepoch_90   2.5      7\n"},
		{"", "last", "0.125", "NAME       LOSS  ERROR\nlast      0.125      7\n"},
		{"", "epoch_91", "2.5", "epoch_91    2.5      7\n"},
		{"16", "epoch_92", "2.5", "NAME       LOSS\nepoch_92    2.5\n\nNAME      ERROR\nepoch_92      7\n"},
	} {
		t.Setenv("COLUMNS", c.columns)
		tab := table.Table{Header: []string{"NAME", "LOSS", "ERROR"}, Right: map[int]bool{1: true, 2: true}, Fold: true, Continued: widths}
		tab.Add(c.name, c.loss, 7)
		widths = tab.Widths()
		var out strings.Builder
		if err := tab.Text(&out); err != nil || out.String() != c.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", c.name, err, out.String(), c.want)
		}
	}
}

// TestParagraph: lines of text fit behind their indents, and have no control characters.
func TestParagraph(t *testing.T) {
	t.Setenv("COLUMNS", "20")
	got := table.Paragraph(&strings.Builder{}, "├─ ", "│    ", "made on a host in\n 3 s")
	if want := "├─ made on a host\n│    in\\n 3 s\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestWidth: the terminal's width is found through the escaping writer.
func TestWidth(t *testing.T) {
	f, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no pseudoterminal: ", err)
	}
	defer f.Close()
	if err := unix.IoctlSetWinsize(int(f.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 67}); err != nil {
		t.Fatal(err)
	}
	t.Setenv("COLUMNS", "")
	if width, terminal := table.Width(escape.NewWriter(f)); width != 67 || !terminal {
		t.Errorf("%d characters, terminal %v; want 67 of a terminal", width, terminal)
	}
	if width, terminal := table.Width(&strings.Builder{}); width != 120 || terminal {
		t.Errorf("%d characters, terminal %v; want 120 of a pipe", width, terminal)
	}
}
