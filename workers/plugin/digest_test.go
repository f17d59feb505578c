package plugin

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"
	"time"

	"lossatlas/artifacts"
)

func TestDigestIsTheFilesAndIsRemembered(t *testing.T) {
	h := open(t)
	path := write(t, filepath.Join(t.TempDir(), file), "first")
	other := write(t, filepath.Join(t.TempDir(), file), "other")
	check := func(path, content string) {
		t.Helper()
		got, err := Digest(path, h)
		if err != nil || got != artifacts.Digest(sha256.Sum256([]byte(content))) {
			t.Errorf("digest of %q is %v (%v)", content, got, err)
		}
	}
	check(path, "first")
	check(other, "other")
	memory, err := os.ReadFile(h.Path("plugins", "digests.json"))
	if err != nil {
		t.Fatalf("nothing is remembered: %v", err)
	}
	check(path, "first")
	if again, _ := os.ReadFile(h.Path("plugins", "digests.json")); string(again) != string(memory) {
		t.Error("a known digest was written again")
	}

	// The memory answers without reading the file: same size and time, other bytes.
	when := time.Unix(1_700_000_000, 0)
	if err := os.Chtimes(path, when, when); err != nil {
		t.Fatal(err)
	}
	check(path, "first")
	write(t, path, "FIRST")
	if err := os.Chtimes(path, when, when); err != nil {
		t.Fatal(err)
	}
	check(path, "first")

	write(t, path, "second") // another size and time
	check(path, "second")
	check(other, "other")
}

func TestDigestOutlivesADamagedMemory(t *testing.T) {
	h := open(t)
	path := write(t, filepath.Join(t.TempDir(), file), "x")
	for _, damage := range []string{"", "{", "[1]", `[{"path": 3}]`} {
		write(t, h.Path("plugins", "digests.json"), damage)
		got, err := Digest(path, h)
		if err != nil || got != artifacts.Digest(sha256.Sum256([]byte("x"))) {
			t.Errorf("with %q: %v, %v", damage, got, err)
		}
	}
}

func TestDigestOfNothing(t *testing.T) {
	h := open(t)
	for _, path := range []string{"/nonexistent/plugin.so", t.TempDir()} {
		if got, err := Digest(path, h); err == nil || !got.IsZero() {
			t.Errorf("%s: %v, %v", path, got, err)
		}
	}
}
