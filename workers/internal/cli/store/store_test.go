package store

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"lossatlas/activities/surface"
	"lossatlas/artifacts/maintain"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/settings"
)

func TestAges(t *testing.T) {
	for text, want := range map[string]time.Duration{"24h": 24 * time.Hour, "0s": 0, "30d": 720 * time.Hour, "1.5d": 36 * time.Hour, "90m": 90 * time.Minute} {
		if got, err := ageOf(text); got != want || err != nil {
			t.Errorf("%s: %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "x", "1", "-1h", "-2d", "1dd", "NaNd", "Infd", "1e99d"} {
		if got, err := ageOf(text); exit.Of(err) != exit.Usage {
			t.Errorf("%q: %v, %v, want a usage error", text, got, err)
		}
	}
}

// TestCollectionIsCounted: gc counts what it would free by kind, without the names of objects, and says what its age keeps.
func TestCollectionIsCounted(t *testing.T) {
	var out, say bytes.Buffer
	a := app.New(app.Program{Out: &out, Err: &say})
	a.Settings = &settings.Settings{Output: "text"}
	g := &collection{App: a, olderThan: "24h", dry: true}
	c := maintain.Collected{Bytes: 3072, Objects: 7, Size: 4096, Younger: 2, YoungerSize: 512, Freed: []maintain.Freed{
		{Object: "cas/sha256/ab/abcd", Kind: "blob", Size: 1024}, {Object: "cas/sha256/ab/abce", Kind: "blob", Size: 1024}, {Object: "actions/ab/abcf.json", Kind: "action", Size: 1024}}}
	if err := g.print(c, "would free"); err != nil {
		t.Fatal(err)
	}
	const want = `would free 3 objects, 3.0 KiB; 7 objects, 4.0 KiB, stay
  1 result's record, 1.0 KiB
  2 blobs of results, 2.0 KiB
unreferenced, but younger than 24h: 2 objects, 512 B; --older-than 0s frees them, too
--output json lists each object
`
	if out.String() != want {
		t.Errorf("%s\nwant\n%s", out.String(), want)
	}
	out.Reset()
	if err := g.print(maintain.Collected{Objects: 7, Size: 4096}, "would free"); err != nil || out.String() != "nothing to free: 7 objects, 4.0 KiB, stay\n" {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]int64{"": 0, "1": 1, "500": 500, "1kB": 1000, "1KiB": 1024, "20GiB": 20 << 30, "1.5MiB": 3 << 19, "2TB": 2e12, "500MB": 5e8, "7M": 7e6, "0.1": 1} {
		if got, err := sizeOf(text); got != want || err != nil {
			t.Errorf("%s: %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"0", "-1", "x", "1QB", "GiB", "1GG", "NaN", "Inf", "1e300"} {
		if got, err := sizeOf(text); exit.Of(err) != exit.Usage {
			t.Errorf("%q: %d, %v, want a usage error", text, got, err)
		}
	}
}

func TestSamples(t *testing.T) {
	if part, of, err := sampleOf("2/7"); part != 2 || of != 7 || err != nil {
		t.Errorf("2/7: %d, %d, %v", part, of, err)
	}
	for _, text := range []string{"", "1", "0/7", "8/7", "a/b", "1/0", "-1/3", "1/20000", "1/7/7"} {
		if part, of, err := sampleOf(text); exit.Of(err) != exit.Usage {
			t.Errorf("%q: %d, %d, %v, want a usage error", text, part, of, err)
		}
	}
}

// TestRemote: what is wrong with the other store's address is said before anything is opened.
func TestRemote(t *testing.T) {
	none := func(string) (string, bool) { return "", false }
	for _, r := range []remote{{}, {endpoint: "a:1"}, {endpoint: "http://a:1/b", accessKey: "k", secretKey: "s"}, {endpoint: "http://a:1"}, {endpoint: "ftp://a:1", accessKey: "k", secretKey: "s"}} {
		if _, err := r.config(none); exit.Of(err) != exit.Usage {
			t.Errorf("%+v: %v, want a usage error", r, err)
		}
	}
	env := map[string]string{"LOSSATLAS_REMOTE_ENDPOINT": "https://env:2", "LOSSATLAS_REMOTE_ACCESS_KEY": "k", "LOSSATLAS_REMOTE_SECRET_KEY": "s"}
	r := remote{endpoint: "http://flag:1"}
	cfg, err := r.config(func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	if err != nil || cfg.Endpoint != "flag:1" || cfg.TLS || cfg.Bucket != "lossatlas" || cfg.AccessKey != "k" || cfg.SecretKey != "s" {
		t.Errorf("%+v, %v: flags count before the environment, which fills in the rest", cfg, err)
	}
}

// TestDataOfGrid: a grid says which images it was computed on, and one of another program says nothing.
func TestDataOfGrid(t *testing.T) {
	for meta, want := range map[string]bool{
		`{"key": "ab", "recipe": {"kind": "surface", "params": {"net": "small", "data": {"name": "shapes10", "split": "test", "from": 3, "to": 7}}}}`: true,
		`{"recipe": {"params": {}}}`: false, `[]`: false, ``: false,
	} {
		g := surface.NewGrid([]float64{0}, []float64{0})
		if meta != "" {
			g.Meta = json.RawMessage(meta)
		}
		b, err := g.EncodeNPZ()
		if err != nil {
			t.Fatal(err)
		}
		d, err := dataOf(gridMeta(b))
		if (err == nil) != want || want && (d.Name != "shapes10" || d.Split != "test" || d.From != 3 || d.To != 7) {
			t.Errorf("%s: %+v, %v", meta, d, err)
		}
	}
}
