// Package docs is for tests of the documentation: it keeps generated parts of pages current, and finds blocks of code in them.
package docs

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update-docs", false, "write the generated parts of the documentation")

// Section fails the test unless the part of a page between the comments "<!-- begin NAME -->" and "<!-- end NAME -->"
// equals want. With -update-docs it writes the part instead.
func Section(t testing.TB, page, name, want string) {
	t.Helper()
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := fmt.Sprintf("<!-- begin %s -->\n", name), fmt.Sprintf("<!-- end %s -->", name)
	before, rest, found := strings.Cut(string(b), begin)
	got, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s: want the lines %q and %q around the generated part", page, strings.TrimSpace(begin), end)
	}
	want = strings.TrimSpace(want) + "\n"
	if got == want {
		return
	}
	if !*update {
		t.Errorf("%s: the part %s is not current; run `go tool task docs`", page, name)
		return
	}
	if err := os.WriteFile(page, []byte(before+begin+want+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Pages returns the text of all Markdown pages of the repository by path. root is its folder.
func Pages(t testing.TB, root string) map[string]string {
	t.Helper()
	pages := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch name := d.Name(); {
		case err != nil:
			return err
		case d.IsDir() && (name == ".git" || name == ".build" || name == "node_modules" || name == "testdata"):
			return filepath.SkipDir
		case filepath.Ext(name) != ".md":
			return nil
		}
		b, err := os.ReadFile(path)
		pages[path] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

// Block is a fenced block of code in a page.
type Block struct {
	Language string // what follows the fence, or ""
	Line     int    // of the fence, from 1
	Text     string // without the indentation of the fence
}

// Blocks returns the fenced blocks of a page in their order.
func Blocks(page string) (all []Block) {
	open := false
	indent := 0
	for i, line := range strings.Split(page, "\n") {
		bare := strings.TrimLeft(line, " ")
		language, fence := strings.CutPrefix(bare, "```")
		switch {
		case fence && open:
			open = false
		case fence:
			open, indent = true, len(line)-len(bare)
			all = append(all, Block{Language: language, Line: i + 1})
		case open:
			all[len(all)-1].Text += line[min(indent, len(line)-len(bare)):] + "\n"
		}
	}
	return all
}

// Cell is text as a cell of a table: on one line, with bars escaped.
func Cell(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", `\|`)
}
