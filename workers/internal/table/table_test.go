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
