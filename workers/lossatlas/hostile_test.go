package main_test

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"lossatlas/artifacts"
)

// archived is an archive that is rewritten: its blobs, and its records as JSON.
type archived struct {
	names []string
	data  map[string][]byte
}

// savedSweep runs a sweep of seconds and returns its archive, and what the run said.
func savedSweep(t *testing.T) (archived, outcome) {
	t.Helper()
	home, file := t.TempDir(), filepath.Join(t.TempDir(), "kept.tar")
	first := runSweep(t, home, writeSweep(t, storeSweep))
	if _, stderr, code := invoke(t, home, "artifacts", "save", "kept", file); code != 0 {
		t.Fatalf("save ended with %d: %s", code, stderr)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	a := archived{data: map[string][]byte{}}
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if err == io.EOF {
			return a, first
		}
		if err != nil {
			t.Fatal(err)
		}
		if a.data[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
		a.names = append(a.names, h.Name)
	}
}

// write is the archive as a file, with some entries changed: records as change has them, each in an envelope that is
// right, and the list of steps.
func (a archived) write(t *testing.T, change, steps func(text string) string) string {
	t.Helper()
	data := map[string][]byte{}
	was, is := "", ""
	for name, b := range a.data {
		if bytes.HasPrefix(b, []byte(`{"sweep":"kept"`)) && strings.HasPrefix(name, "cas/") {
			b = []byte(steps(string(b)))
			was, is = name, "cas/sha256/"+artifacts.Of(b).Hex()[:2]+"/"+artifacts.Of(b).Hex()
		}
		data[name] = b
	}
	hex := func(object string) string { return object[strings.LastIndexByte(object, '/')+1:] }
	size := regexp.MustCompile(`("graph":\{"digest":"sha256:)` + hex(was) + `","size":[0-9]+`)
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, name := range a.names {
		b := data[name]
		if strings.HasSuffix(name, ".json") {
			var e struct{ Record json.RawMessage }
			if err := json.Unmarshal(b, &e); err != nil {
				t.Fatal(err)
			}
			record := change(size.ReplaceAllString(string(e.Record), fmt.Sprintf(`${1}%s","size":%d`, hex(is), len(data[was]))))
			b = fmt.Appendf(nil, `{"schema":1,"digest":%q,"record":%s}`, artifacts.Of([]byte(record)), record)
		}
		if name == was {
			name = is
		}
		if err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(b)), Mode: 0o644}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "changed.tar")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func unchanged(text string) string { return text }

// TestForgedArchive: an archive whose results contradict its sweep is refused, naming step and digests, and leaves
// nothing behind. In a store, verify finds such a result, and the next run makes it again.
func TestForgedArchive(t *testing.T) {
	a, first := savedSweep(t)
	grid, log := first.digests()["kept/surface-train/grid"], first.digests()["kept/train/log"]
	sizeOf := func(digest string) int { return len(a.data["cas/sha256/"+digest[7:9]+"/"+digest[7:]]) }
	swap := strings.NewReplacer(fmt.Sprintf(`{"digest":"%s","size":%d}`, log, sizeOf(log)), fmt.Sprintf(`{"digest":"%s","size":%d}`, grid, sizeOf(grid)))
	forgedActions := a.write(t, func(record string) string {
		if strings.HasPrefix(record, `{"key"`) {
			return swap.Replace(record)
		}
		return record
	}, unchanged)
	home := t.TempDir()
	stdout, stderr, code := invoke(t, home, "artifacts", "load", forgedActions)
	for _, want := range []string{"contradicts itself", "step kept/train", grid, log} {
		if code != 2 || !strings.Contains(stderr, want) {
			t.Errorf("load of a forged archive ended with %d and no word of %q:\n%s\n%s", code, want, stdout, stderr)
		}
	}
	if v, _ := verify(t, home, 0); v.Records+v.Blobs > 0 {
		t.Errorf("a refused archive left %+v", v)
	}

	if _, stderr, code := invoke(t, home, "artifacts", "load", a.write(t, unchanged, unchanged)); code != 0 {
		t.Fatalf("load ended with %d: %s", code, stderr)
	}
	verify(t, home, 0)
	forge(t, home, log, grid)
	v, found := verify(t, home, 1)
	if len(found) != 1 || v.Findings[0].Problem != "contradicting" || v.Findings[0].Moved == "" || v.Findings[0].Needed[0] != "sweep kept: kept/train" {
		t.Errorf("verify of a store with a forged result found %+v", v.Findings)
	}
	same(t, first, runSweep(t, home, writeSweep(t, storeSweep)))
	verify(t, home, 0)
}

// steering finds what a terminal obeys.
var steering = regexp.MustCompile("[^\\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]")

// TestHostileText: no text of an archive, a sweep file or a plan reaches the terminal as a command to it.
func TestHostileText(t *testing.T) {
	a, _ := savedSweep(t)
	const evil = `\u001b]0;x\u0007\r\u009b2J\u202e\u007f`
	step := func(graph string) string { // the parameters of the report, which name the step too, stay those of its key
		graph = strings.Replace(graph, `"id":"kept/train"`, `"id":"kept/`+evil+`"`, 1)
		return strings.ReplaceAll(graph, `"step":"kept/train"`, `"step":"kept/`+evil+`"`)
	}
	file := a.write(t, strings.NewReplacer(
		`"kept/train":{"kind"`, `"kept/`+evil+`":{"error":"`+evil+`","kind"`, `"program":"`, `"program":"`+evil, `"host":"`, `"host":"`+evil,
	).Replace, step)
	home := t.TempDir()
	met := 0
	check := func(args ...string) {
		t.Helper()
		stdout, stderr, code := invoke(t, home, args...)
		if hit := steering.FindString(stdout + stderr); hit != "" {
			t.Errorf("%v ended with %d and printed %q in\n%q\n%q", args, code, hit, stdout, stderr)
		}
		if strings.Contains(stdout+stderr, `\u001b`) {
			met++
		}
	}
	check("artifacts", "load", file)
	for _, args := range [][]string{
		{"artifacts", "ls"}, {"artifacts", "ls", "--output", "json"}, {"artifacts", "ls", "kept"}, {"status", "kept"}, {"status", "kept", "--output", "json"},
		{"show", "kept"}, {"show", "kept", "--format", "csv", "--columns", "all"}, {"show", "kept", "--maps"}, {"explain", "kept/kept/surface-train"},
		{"compare", "kept", "kept"}, {"list"}, {"artifacts", "verify"}, {"artifacts", "cat", "nothing"}, {"artifacts", "cat", "kept/" + "\x1b[31m"},
	} {
		check(args...)
	}
	if met < 5 {
		t.Errorf("%d commands showed the texts, want most: the test is too tame", met)
	}
	check("run", writeSweep(t, strings.Replace(storeSweep, "kept", `"\e[31m\x9b"`, 1)))
	check("validate", writeSweep(t, strings.Replace(storeSweep, "net: small", `net: "\e[31m\x9b"`, 1)))
	check("run", writeSweep(t, "\x1b[31m: \x1b[2J"))

	plan := filepath.Join(t.TempDir(), "plan.json")
	check("plan", writeSweep(t, strings.Replace(storeSweep, "kept", "other", 1)), "-o", plan)
	b, err := os.ReadFile(plan)
	if err != nil {
		t.Fatal(err)
	}
	met = 0
	for _, field := range []string{`"program": "`, `"folder": "`, `"name": "`, `"text": "`, `"numerics": "`, `"data": "`, `"graph": "sha256:`} {
		hostile := strings.Replace(string(b), field, field+evil, 1)
		if field == `"program": "` {
			hostile = regexp.MustCompile(`"graph": "sha256:[0-9a-f]{8}`).ReplaceAllString(hostile, `"graph": "sha256:00000000`)
		}
		if err := os.WriteFile(plan, []byte(hostile), 0o600); err != nil {
			t.Fatal(err)
		}
		check("run", plan)
	}
	if met < 3 {
		t.Errorf("%d hostile plans showed their texts, want 3: the test is too tame", met)
	}
}
