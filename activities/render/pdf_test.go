package render

import (
	"bytes"
	"compress/zlib"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/picture"
)

// readPDF follows a PDF from its end: the table of objects must point at them, and the page's content must unpack.
func readPDF(t *testing.T, b []byte) (info, page, content string) {
	t.Helper()
	end := regexp.MustCompile(`startxref\n(\d+)\n%%EOF\n$`).FindSubmatch(b)
	if end == nil {
		t.Fatalf("the PDF ends with %q", b[max(0, len(b)-40):])
	}
	at, _ := strconv.Atoi(string(end[1]))
	var objects [][]byte
	for _, row := range regexp.MustCompile(`(\d{10}) 00000 n \n`).FindAllSubmatch(b[at:], -1) {
		from, _ := strconv.Atoi(string(row[1]))
		head := fmt.Sprintf("%d 0 obj\n", len(objects)+1)
		if !bytes.HasPrefix(b[from:], []byte(head)) {
			t.Fatalf("object %d is not where the table says", len(objects)+1)
		}
		body, _, _ := bytes.Cut(b[from+len(head):], []byte("\nendobj\n"))
		objects = append(objects, body)
	}
	if len(objects) < 5 {
		t.Fatalf("%d objects", len(objects))
	}
	length, _ := strconv.Atoi(string(regexp.MustCompile(`/Length (\d+)`).FindSubmatch(objects[3])[1]))
	_, stream, _ := bytes.Cut(objects[3], []byte("stream\n"))
	r, err := zlib.NewReader(bytes.NewReader(stream[:length]))
	if err != nil {
		t.Fatal(err)
	}
	ops, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(objects[4]), string(objects[2]), string(ops)
}

// Every figure is a PDF whose operators have their numbers, with a page of the figure's size.
func TestPDF(t *testing.T) {
	operands := map[string]int{"m": 2, "l": 2, "c": 6, "h": 0, "S": 0, "f": 0, "w": 1, "gs": 1, "q": 0, "Q": 0, "cm": 6, "Do": 1}
	for name, f := range sampleFigures(t) {
		b, err := f.PDF()
		if err != nil {
			t.Fatal(err)
		}
		_, page, content := readPDF(t, b)
		if want := fmt.Sprintf("[0 0 %s %s]", canvas.PdfNumber(f.Width), canvas.PdfNumber(f.Height)); !strings.Contains(page, want) {
			t.Errorf("%s: page %s, want the size %s", name, page, want)
		}
		for i, line := range strings.Split(strings.TrimSpace(content), "\n") {
			words := strings.Fields(line)
			n, known := operands[words[len(words)-1]]
			if known && n != len(words)-1 || !known && !strings.HasSuffix(line, " d") && !strings.HasSuffix(line, " RG") {
				t.Fatalf("%s: line %d of the content is %q", name, i+1, line)
			}
			if words[len(words)-1] == "gs" && !strings.Contains(page, words[0]+" <<") {
				t.Errorf("%s: the opacity %s is not in the page's resources", name, words[0])
			}
		}
	}
}

// Title and provenance stand in the information of a PDF, whatever is in them.
func TestPDFInformation(t *testing.T) {
	for _, text := range []string{"plain", `brackets (a) and \ `, "α and 🙂", "two\nlines", "\xff"} {
		f, err := Contour(sampled(5, bowl), picture.Options{Title: text, Meta: text})
		if err != nil {
			t.Fatal(err)
		}
		b, err := f.PDF()
		if err != nil {
			t.Fatal(err)
		}
		info, _, _ := readPDF(t, b)
		for _, key := range []string{"Title", "Subject"} {
			if got := pdfText(t, info, key); got != strings.ToValidUTF8(text, "\uFFFD") {
				t.Errorf("%s of %q is %q", key, text, got)
			}
		}
	}
}

// pdfText reads a text of a dictionary.
func pdfText(t *testing.T, dictionary, key string) string {
	t.Helper()
	m := regexp.MustCompile(`(?s)/` + key + ` (?:<FEFF([0-9A-F]*)>|\(((?:[^\\()]|\\.)*)\))`).FindStringSubmatch(dictionary)
	if m == nil {
		t.Fatalf("no %s in %s", key, dictionary)
	}
	if m[1] == "" {
		return regexp.MustCompile(`\\(.)`).ReplaceAllString(m[2], "$1")
	}
	raw, err := hex.DecodeString(m[1])
	if err != nil {
		t.Fatal(err)
	}
	var units []uint16
	for i := 0; i < len(raw); i += 2 {
		units = append(units, uint16(raw[i])<<8|uint16(raw[i+1]))
	}
	return string(utf16.Decode(units))
}

// Another program reads the PDF, where it is installed.
func TestPDFOpens(t *testing.T) {
	program, err := exec.LookPath("pdftoppm")
	if err != nil {
		t.Skip("pdftoppm (poppler-utils) is not installed")
	}
	f, err := FilledContour(sampled(51, broken), picture.Options{Title: "Overflow in a corner", Meta: `{"key": "0"}`})
	if err != nil {
		t.Fatal(err)
	}
	b, err := f.PDF()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "figure.pdf")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(program, "-png", "-r", "72", file, strings.TrimSuffix(file, ".pdf")).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("pdftoppm: %v: %s", err, out)
	}
}
