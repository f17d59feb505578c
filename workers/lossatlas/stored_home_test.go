package main_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"lossatlas/pipelines"
)

// storedHome is a home of release 0.1 after a sweep, without pictures, Temporal's database, keys and logs:
//
//	unshare --uts sh -c 'hostname laptop; go test ./workers/lossatlas -run TestStoredHome -record'
//
// makes it again, under a host name that means nothing. That is for a version of a step that is raised before the release; later it
// would break the contract in deploy/CHANGELOG.md.
const storedHome = "testdata/home-0.1.tar.gz"

// storedSweep is its sweep. Its keys hold on every machine.
var storedSweep = "numerics: any\nplots: []\n" + strings.ReplaceAll(everySort, "figures: [{kind: multiples, plot: contour}]\n", "")

// plannedSteps is the output of plan.
type plannedSteps struct {
	Steps []struct {
		ID      string
		Kind    pipelines.Kind
		State   pipelines.State
		Reason  string
		Why     pipelines.Why
		Outputs map[string]struct{ Digest string }
	}
}

// TestStoredHome opens a home of the first release: its sweep is listed and shown as it was then, and a repetition computes no step
// whose version is still the recorded one.
func TestStoredHome(t *testing.T) {
	home, file := t.TempDir(), writeSweep(t, storedSweep)
	if *recordHistories {
		recordHome(t, home, file)
		home = t.TempDir()
	}
	unpack(t, home)
	if stdout, stderr, code := invoke(t, home, "list"); code != 0 || !strings.Contains(stdout, "everything") {
		t.Fatalf("list ended with %d:\n%s%s", code, stdout, stderr)
	}
	b, err := os.ReadFile(filepath.Join(home, "shown.json"))
	if err != nil {
		t.Fatal(err)
	}
	var then, now any
	decode(t, string(b), &then)
	decode(t, answer(t, home, "show", "everything", "--output", "json"), &now)
	if where := lacks(now, then); where != "" {
		t.Errorf("show differs from the recorded output at %s", where)
	}

	raised := map[string]bool{} // and the steps after them
	var plan plannedSteps
	decode(t, answer(t, home, "plan", file, "--output", "json"), &plan)
	for _, s := range plan.Steps {
		after := slices.ContainsFunc(s.Why.Steps, func(id string) bool { return raised[id] })
		switch {
		case s.State == pipelines.StateCached || isDrawn(s.Kind):
		case s.Why.Type == pipelines.WhyVersion || s.Why.Type == pipelines.WhyWaits && after:
			raised[s.ID] = true
		default:
			t.Errorf("%s would be computed again: %s", s.ID, s.Reason)
		}
	}
	if o := runSweep(t, home, file); len(raised) == 0 && o.Steps.Ran != countDrawn(plan) || o.Steps.Failed > 0 {
		t.Errorf("the repetition: %+v, and %d steps draw", o.Steps, countDrawn(plan))
	}
}

// isDrawn reports whether steps of a kind draw results: these are not stored, as their versions change often.
func isDrawn(k pipelines.Kind) bool { return k == pipelines.KindRender || k == pipelines.KindReport }

// countDrawn counts the steps that draw.
func countDrawn(p plannedSteps) (n int) {
	for _, s := range p.Steps {
		if isDrawn(s.Kind) {
			n++
		}
	}
	return n
}

// answer is the output of a command that succeeds.
func answer(t testing.TB, home string, args ...string) string {
	t.Helper()
	stdout, stderr, code := invoke(t, home, args...)
	if code != 0 {
		t.Fatalf("%v ended with %d: %s", args, code, stderr)
	}
	return stdout
}

// lacks is the place of the first recorded value that the present ones lack, "" if all agree. Fields may be added.
func lacks(now, then any) string {
	switch then := then.(type) {
	case map[string]any:
		have, _ := now.(map[string]any)
		for name, v := range then {
			if where := lacks(have[name], v); where != "" {
				return name + " " + where
			}
		}
		return ""
	case []any:
		have, _ := now.([]any)
		if len(have) != len(then) {
			return fmt.Sprintf("%d items, recorded %d", len(have), len(then))
		}
		for i, v := range then {
			if where := lacks(have[i], v); where != "" {
				return fmt.Sprintf("%d %s", i, where)
			}
		}
		return ""
	}
	if !reflect.DeepEqual(now, then) {
		return fmt.Sprintf("(%v, recorded %v)", now, then)
	}
	return ""
}

// recordHome runs the sweep in a home and packs it.
func recordHome(t *testing.T, home, file string) {
	// Attributes of objects in files of their own, as tar files of other systems lack extended ones.
	if err := os.MkdirAll(filepath.Join(home, "objects", "attributes"), 0o700); err != nil {
		t.Fatal(err)
	}
	runSweep(t, home, file, "--backend", "go")
	if err := os.WriteFile(filepath.Join(home, "shown.json"), []byte(answer(t, home, "show", "everything", "--output", "json")), 0o600); err != nil {
		t.Fatal(err)
	}
	var plan plannedSteps
	decode(t, answer(t, home, "plan", file, "--output", "json"), &plan)
	var drawn []string
	for _, s := range plan.Steps {
		for _, o := range s.Outputs {
			if isDrawn(s.Kind) {
				drawn = append(drawn, strings.TrimPrefix(o.Digest, "sha256:"))
			}
		}
	}
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	err = filepath.WalkDir(home, func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(home, path)
		top, _, _ := strings.Cut(name, string(filepath.Separator))
		skipped := slices.ContainsFunc(drawn, func(hex string) bool { return strings.Contains(name, hex) })
		if err != nil || d.IsDir() || skipped || !slices.Contains([]string{"version.json", "shown.json", "objects"}, top) {
			return err
		}
		b, err := os.ReadFile(path)
		if err == nil {
			err = w.WriteHeader(&tar.Header{Name: filepath.ToSlash(name), Size: int64(len(b)), Mode: 0o600})
		}
		if err == nil {
			_, err = w.Write(b)
		}
		return err
	})
	for _, e := range []error{err, w.Close(), z.Close(), os.MkdirAll(filepath.Dir(storedHome), 0o755), os.WriteFile(storedHome, packed.Bytes(), 0o644)} {
		if e != nil {
			t.Fatal(e)
		}
	}
	t.Logf("%s: %d bytes", storedHome, packed.Len())
}

// unpack writes the stored home into a folder.
func unpack(t *testing.T, home string) {
	t.Helper()
	f, err := os.Open(storedHome)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	r := tar.NewReader(z)
	for {
		h, err := r.Next()
		if err == io.EOF {
			return
		}
		var b []byte
		if err == nil {
			b, err = io.ReadAll(r)
		}
		path := filepath.Join(home, filepath.FromSlash(h.Name))
		if err == nil {
			err = os.MkdirAll(filepath.Dir(path), 0o700)
		}
		if err == nil {
			err = os.WriteFile(path, b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
