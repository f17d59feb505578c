package cli_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lossatlas/activities/npz"
)

// TestExportData writes images of a data set that the program makes, and says what is wrong with a range, a file's name and a flag.
func TestExportData(t *testing.T) {
	file := filepath.Join(t.TempDir(), "images.npz")
	if code, _, stderr := call(t, "export", "data", "shapes10", file, "--images", "train[2:5]"); code != 0 || !strings.Contains(stderr, "3 examples") {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	arrays, err := npz.Decode(b, 1<<20)
	if err != nil || len(arrays) != 3 || !slices.Equal(arrays[0].Shape, []int{3, 3, 32, 32}) || !slices.Equal(arrays[1].Shape, []int{3}) {
		t.Errorf("%d arrays, %v", len(arrays), err)
	}
	for want, args := range map[string][]string{
		"train[0:1000]":       {"shapes10", file, "--images", "some"},
		"written as .npz":     {"shapes10", "images.csv"},
		"leave --images out":  {"a/surface", file, "--images", "test[0:1]"},
		"no map has the name": {"nothing", file},
	} {
		if code, _, stderr := call(t, append([]string{"export", "data"}, args...)...); code != 2 || !strings.Contains(stderr, want) {
			t.Errorf("%v: exit code %d, want 2 and %q: %s", args, code, want, stderr)
		}
	}
	if code, _, stderr := call(t, "export", "data", "shapes10", file, "--images", "test[5:4]"); code == 0 || !strings.Contains(stderr, "test") {
		t.Errorf("a range that ends before it begins: exit code %d: %s", code, stderr)
	}
	// A folder with a part of the data set gives what it has, and says of what.
	dir := t.TempDir()
	for _, batch := range []string{"data_batch_1", "test_batch"} {
		if err := os.WriteFile(filepath.Join(dir, batch+".bin"), make([]byte, 2*(1+3*32*32)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for want, args := range map[string][]string{
		"2 of its 10000 examples": {},
		"train split has 2 ":      {"--images", "train[0:5]"},
	} {
		code, _, stderr := call(t, append([]string{"export", "data", "cifar10", file, "--data", dir}, args...)...)
		if !strings.Contains(stderr, want) || (code == 0) != (len(args) == 0) {
			t.Errorf("%v: exit code %d, want %q: %s", args, code, want, stderr)
		}
	}
}
