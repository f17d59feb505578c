package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBadInput holds that what a user gets wrong is answered by the right exit
// code and a message that says what and where.
func TestBadInput(t *testing.T) {
	home := t.TempDir()
	write := func(text string) string { return writeSweep(t, text) }
	truncated := t.TempDir()
	if err := os.MkdirAll(filepath.Join(truncated, "cifar-10-batches-bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"data_batch_1.bin", "test_batch.bin"} {
		if err := os.WriteFile(filepath.Join(truncated, "cifar-10-batches-bin", name), make([]byte, 5000), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cifar := "name: c\ndataset: {name: cifar10, train: 10, test: 10}\ntrain: {net: small, epochs: 1, batch_size: 5}\n"
	notAFolder := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(notAFolder, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		home string
		args []string
		code int
		want []string // in stderr
	}{
		{"no such file", home, []string{"run", "absent.yaml"}, 2, []string{"absent.yaml"}},
		{"unknown key", home, []string{"run", write(strings.Replace(sweepFile, "epochs", "epocs", 1))}, 2, []string{"small.yaml:3:", "epocs", "epochs"}},
		{"wrong type", home, []string{"validate", write(strings.Replace(sweepFile, "epochs: 3", "epochs: three", 1))}, 2, []string{"small.yaml:3:", "three"}},
		{"impossible size", home, []string{"validate", write(strings.Replace(sweepFile, "resolution: 9", "resolution: 0", 1))}, 2, []string{"small.yaml:7:", "resolution"}},
		{"unknown preset", home, []string{"run", write(sweepFile), "--preset", "huge"}, 2, []string{"lossatlas: --preset: ", "has no preset huge; the file has no presets"}},
		{"misspelled preset", home, []string{"plan", write(sweepFile + "presets: {tiny: {train: {epochs: 1}}}\n"), "--preset", "tinny"}, 2, []string{"has no preset tinny; did you mean tiny?; it has tiny"}},
		{"unknown net", home, []string{"validate", write(strings.Replace(sweepFile, "net: small", "net: smal", 1))}, 2, []string{"smal", "small"}},
		{"unknown flag", home, []string{"run", "--fast"}, 2, []string{"--fast"}},
		{"unknown priority", home, []string{"run", write(sweepFile), "--priority", "9"}, 2, []string{"--priority 9", "from 1"}},
		{"no step at a time", home, []string{"run", write(sweepFile), "--concurrency", "0"}, 2, []string{"--concurrency 0"}},
		{"neither read nor written", home, []string{"run", write(sweepFile), "--no-cache-read", "--no-cache-write"}, 2, []string{"leave --no-cache-write out"}},
		{"a plan over a sweep file", home, []string{"plan", write(sweepFile), "-o", notAFolder}, 2, []string{"is no plan"}},
		{"data missing", home, []string{"run", write(cifar), "--data", t.TempDir()}, 1, []string{"--data", "cifar-10-batches-bin"}},
		{"data truncated", home, []string{"run", write(cifar), "--data", truncated}, 1, []string{"data_batch_1.bin", "3073"}},
		{"home is a file", notAFolder, []string{"run", write(sweepFile)}, 1, []string{notAFolder}},
		{"half a remote", home, []string{"run", write(sweepFile), "--temporal-address", "127.0.0.1:1"}, 2, []string{"--s3-endpoint"}},
		{"no such plugin", home, []string{"run", write(sweepFile), "--plugin", "/no/such/plugin.so"}, 1, []string{"/no/such/plugin.so"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, stderr, code := invoke(t, test.home, test.args...)
			if code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			for _, want := range test.want {
				if !strings.Contains(stderr, want) {
					t.Errorf("stderr does not mention %q:\n%s", want, stderr)
				}
			}
			if strings.Contains(stderr, "panic:") || strings.Contains(stderr, "goroutine ") {
				t.Errorf("a crash instead of a message:\n%s", stderr)
			}
		})
	}
}
