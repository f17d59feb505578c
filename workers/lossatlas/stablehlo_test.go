package main_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMapStableHLO: one command on a folder that JAX wrote gives results that agree with JAX's in float64. The same weights from a
// file give the same maps, and the same command again runs nothing. Folders that don't fit are refused before anything runs.
func TestMapStableHLO(t *testing.T) {
	if os.Getenv("LOSSATLAS_PLUGIN") == "" {
		t.Skip("no numeric plugin: LOSSATLAS_PLUGIN is not set")
	}
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS(filepath.Join("..", "..", "activities", "hlo", "testdata"))); err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return filepath.Join(folder, name) }
	var want struct {
		Loss        float64
		Eigenvalues []float64
	}
	text, err := os.ReadFile(at("reference.json"))
	if err == nil {
		err = json.Unmarshal(text, &want)
	}
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	call := func(args ...string) outcome {
		t.Helper()
		stdout, stderr, code := invoke(t, home, append([]string{"map", at("convnet"), "--data", at("data.npz"), "--spectrum", "--no-open", "--output", "json"}, args...)...)
		if code != 0 {
			t.Fatalf("map %v ended with %d:\n%s\n%s", args, code, stdout, stderr)
		}
		var o outcome
		decode(t, stdout, &o)
		if got := o.Experiments[0].TrainLoss; got == nil || math.Abs(*got-want.Loss) > 1e-6*want.Loss {
			t.Errorf("map %v: training loss %v; JAX has %g", args, got, want.Loss)
		}
		var measured struct {
			Experiments []struct{ Measures map[string]float64 }
		}
		decode(t, stdout, &measured)
		if got, largest := measured.Experiments[0].Measures["spectrum.lambda_max"], want.Eigenvalues[len(want.Eigenvalues)-1]; math.Abs(got-largest) > 1e-3*largest {
			t.Errorf("map %v: the largest eigenvalue is %g; JAX has %g", args, got, largest)
		}
		return o
	}
	first := call()
	if again := call(); again.Steps.Ran > 0 || again.Steps.Cached != first.Steps.Total {
		t.Errorf("the same command ran %+v", again.Steps)
	}
	same := call("--weights", at("convnet/weights.npz"), "--name", "again").digests()
	for name, digest := range first.digests() {
		if strings.HasSuffix(name, "/grid") && same[strings.Replace(name, "convnet/", "again/", 1)] != digest {
			t.Errorf("%s differs with the same weights from a file", name)
		}
	}
	for want, args := range map[string][]string{
		"say `loss: program`":    {"--loss", "cross-entropy", "--data", "shapes10"},
		"but the data have [32 ": {"--data", "shapes10"},
		"only XLA computes":      {"--backend", "go", "--name", "pure"},
	} {
		_, stderr, code := invoke(t, t.TempDir(), append([]string{"map", at("convnet"), "--data", at("data.npz"), "--no-open"}, args...)...)
		if code != 2 || !strings.Contains(stderr, want) {
			t.Errorf("map %v ended with %d and should say %q:\n%s", args, code, want, stderr)
		}
	}
}
