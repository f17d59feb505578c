package main_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestDamageOfEveryKind flips a bit in, and then cuts, one object of each kind in a stored sweep. `artifacts verify`
// finds it, anyone who reads it says so or does without, and nothing of it is served. Put back, all is as before.
func TestDamageOfEveryKind(t *testing.T) {
	home, file := t.TempDir(), writeSweep(t, storeSweep)
	first := runSweep(t, home, file)
	if _, stderr, code := invoke(t, home, "artifacts", "pin", "kept", "pinned"); code != 0 {
		t.Fatalf("pin ended with %d: %s", code, stderr)
	}
	blob := func(name string) string {
		hex := strings.TrimPrefix(first.digests()[name], "sha256:")
		return "cas/sha256/" + hex[:2] + "/" + hex
	}
	out := t.TempDir()
	for _, c := range []struct {
		kind, object string
		read         []string // a command that meets it
		code         int
		says         string // on standard output or error; " or " separates what it says of a flipped bit and of a cut end
	}{
		{"weights", blob("kept/train/weights"), []string{"artifacts", "cat", "kept/kept/train/weights"}, 1, "damaged"},
		{"weights that are exported", blob("kept/train/weights"), []string{"export", "weights", "kept/kept/train", filepath.Join(out, "w.safetensors")}, 1, "damaged"},
		{"a grid in a folder", blob("kept/surface-train/grid"), []string{"export", "sweep", "kept", filepath.Join(out, "folder")}, 1, "damaged or not in the store with that size"},
		{"a grid in an archive", blob("kept/surface-train/grid"), []string{"artifacts", "save", "kept", filepath.Join(out, "kept.tar")}, 1, "damaged or is incomplete"},
		{"a log in the table", blob("kept/train/log"), []string{"show", "kept"}, 1, "damaged"},
		{"the list of steps", graphObject(t, home), []string{"status", "kept"}, 1, "damaged"},
		{"an action", actionOf(t, home, first.digests()["kept/surface-train/grid"]), []string{"plan", file}, 0, "its result is no longer in the store"},
		{"an action's history", actionOf(t, home, first.digests()["kept/surface-train/grid"]), []string{"explain", "kept/kept/surface-train"}, 1, "is damaged"},
		{"a root", "roots/kept.json", []string{"show", "kept"}, 1, "roots/kept.json"},
		{"a pin", "roots/pinned.json", []string{"show", "pinned"}, 1, "roots/pinned.json"},
		{"a pin in the list", "roots/pinned.json", []string{"list"}, 0, "some sweeps can't be read"},
	} {
		path := filepath.Join(bucket(home), c.object)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for way, name := range []string{"a flipped bit", "a cut end"} {
			damage(t, home, c.object, way)
			says := strings.Split(c.says, " or ")
			want := says[way%len(says)]
			stdout, stderr, code := invoke(t, home, c.read...)
			if code != c.code || !strings.Contains(stdout+stderr, want) {
				t.Errorf("%s, %s: %v ended with %d, want %d and word of %q:\n%s\n%s", c.kind, name, c.read, code, c.code, want, stdout, stderr)
			}
			if c.read[1%len(c.read)] == "cat" && stdout != "" {
				t.Errorf("%s, %s: %d bytes were served", c.kind, name, len(stdout))
			}
			if _, found := verify(t, home, 1, "--dry-run"); !slices.Contains(found, c.object) {
				t.Errorf("%s, %s: verify found %v", c.kind, name, found)
			}
			// A step that meets damage sets it aside, where the next run doesn't trip over it.
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, whole, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if left, err := filepath.Glob(filepath.Join(out, "*.*")); err != nil || len(left) > 0 {
		t.Errorf("half a result was left behind: %v, %v", left, err)
	}
	verify(t, home, 0)
	again := runSweep(t, home, file)
	if again.Steps.Ran != 0 {
		t.Errorf("a run after all was put back: %+v", again.Steps)
	}
	same(t, first, again)
}

// graphObject is the blob of the list of steps of the sweep kept.
func graphObject(t *testing.T, home string) string {
	t.Helper()
	for _, object := range objects(t, home, "cas") {
		b, err := os.ReadFile(filepath.Join(bucket(home), object))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.HasPrefix(b, []byte(`{"sweep":"kept"`)) {
			return object
		}
	}
	t.Fatal("the list of steps is not in the store")
	return ""
}

// actionOf is the action that wrote a blob.
func actionOf(t *testing.T, home, digest string) string {
	t.Helper()
	for _, object := range objects(t, home, "actions") {
		b, err := os.ReadFile(filepath.Join(bucket(home), object))
		if err != nil {
			t.Fatal(err)
		}
		if _, outputs, ok := bytes.Cut(b, []byte(`"outputs"`)); ok && bytes.Contains(outputs, []byte(digest)) {
			return object
		}
	}
	t.Fatalf("no action wrote %s", digest)
	return ""
}

// TestDamagedParts: what a killed run would resume from is damaged. verify finds it, and the next run does that
// work again and ends with the digests of an undisturbed one.
func TestDamagedParts(t *testing.T) {
	file := writeSweep(t, strings.Replace(storeSweep, "epochs: 2", "epochs: 12", 1))
	undisturbed := runSweep(t, t.TempDir(), file)
	home := t.TempDir()
	run := background(t, home, "run", file)
	awaitPart(t, home)
	run.kill()
	parts := objects(t, home, "parts")
	for i, object := range parts {
		damage(t, home, object, i%2)
	}
	if _, found := verify(t, home, 1, "--dry-run"); !subset(parts, found) {
		t.Errorf("verify found %v, want all of %v", found, parts)
	}
	same(t, undisturbed, runSweep(t, home, file))
	verify(t, home, 0)
}

// TestFolderInPlace: a folder where an object was is found, and gives way to what the next run makes, whether it is empty or not.
func TestFolderInPlace(t *testing.T) {
	home, file := t.TempDir(), writeSweep(t, storeSweep)
	first := runSweep(t, home, file)
	hex := strings.TrimPrefix(first.digests()["kept/train/weights"], "sha256:")
	for _, object := range []string{
		"cas/sha256/" + hex[:2] + "/" + hex, graphObject(t, home), actionOf(t, home, first.digests()["kept/surface-train/grid"]), "roots/kept.json",
	} {
		for _, content := range []string{"", "y/z"} {
			path := filepath.Join(bucket(home), object)
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(filepath.Join(path, filepath.Dir(content)), 0o700); err != nil {
				t.Fatal(err)
			}
			if content != "" {
				if err := os.WriteFile(filepath.Join(path, content), []byte("stray"), 0o600); err != nil {
					t.Fatal(err)
				}
				if stdout, stderr, code := invoke(t, home, "run", file); code == 0 || !strings.Contains(stdout+stderr, "a folder lies in") || !strings.Contains(stdout+stderr, object) {
					t.Errorf("%s is a folder with %s in it: run ended with %d:\n%s%s", object, content, code, stdout, stderr)
				}
			}
			v, found := verify(t, home, 1)
			if !slices.ContainsFunc(found, func(s string) bool { return s == object || content != "" && s == object+"/"+content }) {
				t.Errorf("%s is a folder with %q in it: verify found %+v", object, content, v.Findings)
			}
			if object == "roots/kept.json" {
				if stdout, stderr, code := invoke(t, home, "artifacts", "gc", "--yes", "--older-than", "0s"); code == 0 || !strings.Contains(stderr, "kept") {
					t.Errorf("gc with a folder for the sweep's record ended with %d: %s%s", code, stdout, stderr)
				}
			}
			same(t, first, runSweep(t, home, file))
			verify(t, home, 0)
		}
	}
}

// TestNewerStore: what a newer version of the program wrote is no damage. Each command that meets it says so and changes nothing.
func TestNewerStore(t *testing.T) {
	home, file := t.TempDir(), writeSweep(t, storeSweep)
	first := runSweep(t, home, file)
	out := t.TempDir()
	archive := filepath.Join(out, "kept.tar")
	if _, stderr, code := invoke(t, home, "artifacts", "save", "kept", archive); code != 0 {
		t.Fatalf("save ended with %d: %s", code, stderr)
	}
	everywhere := [][]string{
		{"run", file}, {"artifacts", "verify"}, {"artifacts", "gc", "--yes", "--older-than", "0s", "--quarantine"}, {"artifacts", "load", archive, "--replace"}, {"artifacts", "save", "kept", filepath.Join(out, "again.tar")},
	}
	ofRoot := [][]string{{"list"}, {"show", "kept"}, {"status"}, {"artifacts", "ls"}, {"artifacts", "rm", "kept", "--yes"}, {"artifacts", "pin", "kept", "other"}, {"export", "sweep", "kept", filepath.Join(out, "folder")}}
	for object, commands := range map[string][][]string{
		"format.json":     append(slices.Concat(everywhere, ofRoot), []string{"plan", file}, []string{"explain", "kept/kept/train"}),
		"roots/kept.json": slices.Concat(everywhere, ofRoot),
		actionOf(t, home, first.digests()["kept/surface-train/grid"]): append(everywhere, []string{"plan", file}, []string{"explain", "kept/kept/surface-train"}),
	} {
		path := filepath.Join(bucket(home), object)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		newer := bytes.Replace(whole, []byte(`{"schema":1,`), []byte(`{"schema":2,`), 1)
		if err := os.WriteFile(path, newer, 0o600); err != nil {
			t.Fatal(err)
		}
		before := objects(t, home, "")
		for _, args := range commands {
			stdout, stderr, code := invoke(t, home, args...)
			if code == 0 || !strings.Contains(stderr, "written by a newer lossatlas (schema 2, this one reads 1); update the program") {
				t.Errorf("%v that meets a newer %s ended with %d:\n%s%s", args, object, code, stdout, stderr)
			}
		}
		if b, err := os.ReadFile(path); err != nil || !bytes.Equal(b, newer) {
			t.Errorf("a newer %s was changed: %v", object, err)
		}
		if after := objects(t, home, ""); !slices.Equal(after, before) {
			t.Errorf("beside a newer %s the store has %v, and had %v", object, after, before)
		}
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	verify(t, home, 0)
	if again := runSweep(t, home, file); again.Steps.Ran != 0 {
		t.Errorf("a run after all was put back: %+v", again.Steps)
	}
}
