package runner

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"image/png"
	"maps"
	"math"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"lossatlas/activities/engine"
	"lossatlas/activities/npz"
	"lossatlas/activities/safetensors"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

var record = flag.Bool("record", false, "write down the golden results of steps whose version was raised, or that ran on other arithmetic")

const (
	goldenFile  = "testdata/golden.json"
	recordAgain = "go test ./activities -run TestGolden -record"
)

// golden is what a step of a kind came to.
type golden struct {
	Version int `json:"version"`
	// Digests are those of its outputs, by the class of arithmetic (numeric steps) or the
	// version of Go and the processor (all others) that they were computed with.
	Digests map[string]map[string]string `json:"digests"`
	// Numbers tell of each output's content; they hold, nearly, on any class.
	Numbers map[string][]float64 `json:"numbers"`
}

// tolerance is how much of a number's size it may differ between classes.
const tolerance = 1e-3

// TestGolden holds that a step's results change with its version only: in a store,
// results of the same version are taken for the same.
func TestGolden(t *testing.T) {
	known := map[string]golden{}
	if b, err := os.ReadFile(goldenFile); err == nil {
		if err := json.Unmarshal(b, &known); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	engines := map[string]engine.Options{"go": {Backend: "go"}}
	if plugin := os.Getenv("LOSSATLAS_PLUGIN"); plugin != "" {
		engines["xla"] = engine.Options{Backend: "xla", Plugin: plugin}
	}
	for _, name := range slices.Sorted(maps.Keys(engines)) {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.Engine = engines[name]
			var err error
			if b.class, err = engine.Class(b.Engine); err != nil {
				t.Fatal(err)
			}
			for _, s := range b.goldenSteps(t) {
				kind := string(s.kind)
				if seen[kind] = true; name != "go" && !s.kind.Numeric() {
					continue // it was the same
				}
				t.Run(kind, func(t *testing.T) { b.compareGolden(t, known, kind, s.run(t)) })
			}
		})
	}
	for _, k := range pipelines.Kinds() {
		if !seen[string(k)] {
			t.Errorf("no golden step of kind %s: add one to goldenSteps", k)
		}
	}
	if *record && !t.Failed() {
		encoded, err := json.MarshalIndent(known, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(goldenFile, append(encoded, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// compareGolden compares a result with the recorded one, and records it if that is asked for.
func (b *bench) compareGolden(t *testing.T, known map[string]golden, kind string, made artifacts.Action) {
	version := pipelines.Kind(kind).Version()
	class := runtime.Version() + " " + runtime.GOARCH
	if pipelines.Kind(kind).Numeric() {
		class = b.class
	}
	digests, numbers := map[string]string{}, map[string][]float64{}
	for name, blob := range made.Outputs {
		digests[name], numbers[name] = blob.Digest.String(), tell(t, b.get(t, made, name))
	}
	was, ok := known[kind]
	switch {
	case !ok || was.Version != version:
		if !*record {
			t.Fatalf("%s steps have version %d, and the golden results are of version %d: if the version was raised with intent, record again: %s", kind, version, was.Version, recordAgain)
		}
		known[kind] = golden{Version: version, Digests: map[string]map[string]string{class: digests}, Numbers: numbers}
		return
	case was.Digests[class] == nil:
		for _, name := range slices.Sorted(maps.Keys(numbers)) {
			if d := apart(numbers[name], was.Numbers[name]); d != "" {
				t.Errorf("%s: the output %s is not what it was on other arithmetic: %s; %s", kind, name, d, raise(kind))
			}
		}
		if *record {
			was.Digests[class] = digests
		} else {
			t.Logf("no digests are recorded for %s, so that only numbers were compared; %s adds them", class, recordAgain)
		}
	case !maps.Equal(was.Digests[class], digests):
		for _, name := range slices.Sorted(maps.Keys(digests)) {
			if d := was.Digests[class][name]; d != digests[name] {
				t.Errorf("%s: the output %s has changed, from %s to %s (%s)", kind, name, d, digests[name], apart(numbers[name], was.Numbers[name]))
			}
		}
		t.Error(raise(kind))
	}
	if len(digests) != len(was.Numbers) {
		t.Errorf("%s has the outputs %v, and had %v; %s", kind, slices.Sorted(maps.Keys(digests)), slices.Sorted(maps.Keys(was.Numbers)), raise(kind))
	}
}

// raise is what to do about results that changed.
func raise(kind string) string {
	return fmt.Sprintf("if that is meant, raise the version of %s in its pipelines/kind_*.go, so that stored results are not taken for new ones, and record again: %s", kind, recordAgain)
}

// apart says where numbers are not nearly those recorded, "" if nowhere.
func apart(got, want []float64) string {
	if len(got) != len(want) {
		return fmt.Sprintf("%d numbers, and had %d", len(got), len(want))
	}
	size := 0.0
	for _, v := range want {
		size = max(size, math.Abs(v))
	}
	for i := range got {
		if d := math.Abs(got[i] - want[i]); !(d <= tolerance*max(math.Abs(want[i]), 1e-3*size)) {
			return fmt.Sprintf("number %d is %g, and was %g", i, got[i], want[i])
		}
	}
	return ""
}

var numeral = regexp.MustCompile(`-?\d+(\.\d+)?([eE][-+]?\d+)?`)

// arithmetic are the fields of a recipe that differ between classes of arithmetic; their digests can read like numbers (3e57).
var arithmetic = regexp.MustCompile(`"(key|numerics)": "[^"]*"`)

// tell returns a few numbers that tell a file's content: how many numbers it has,
// and the mean size of those in each array, or of a text's numerals.
func tell(t *testing.T, file []byte) []float64 {
	t.Helper()
	out := []float64{0}
	add := func(values []float64) {
		sum, n := 0.0, 0
		for _, v := range values {
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				sum, n = sum+math.Abs(v), n+1
			}
		}
		out[0] += float64(n)
		out = append(out, sum/float64(max(n, 1)))
	}
	if tensors, _, err := safetensors.Decode(file); err == nil {
		for _, tensor := range tensors {
			var values []float64
			for _, v := range tensor.Data {
				values = append(values, float64(v))
			}
			add(values)
		}
		return out
	}
	if arrays, err := npz.Decode(file, 1<<30); err == nil {
		for _, a := range arrays {
			if values, ok := a.Data.([]float64); ok {
				add(values)
			}
		}
		return out
	}
	if img, err := png.Decode(bytes.NewReader(file)); err == nil {
		var values []float64
		for y := range img.Bounds().Dy() {
			for x := range img.Bounds().Dx() {
				r, _, _, _ := img.At(x, y).RGBA()
				values = append(values, float64(r))
			}
		}
		add(values)
		return out
	}
	text := string(file)
	if strings.HasPrefix(text, "%PDF") || strings.HasPrefix(text, "<!") { // compressed: its length will do
		return []float64{math.Round(float64(len(text)) / 1000)}
	}
	var values []float64
	for _, s := range numeral.FindAllString(arithmetic.ReplaceAllString(text, ""), -1) {
		if v, err := strconv.ParseFloat(s, 64); err == nil {
			values = append(values, v)
		}
	}
	add(values)
	return out
}
