package transfer

import (
	"bytes"
	"runtime"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"lossatlas/artifacts"
	"lossatlas/artifacts/internal/inventory"
)

// memoryArchive is an archive of one step with its input, as Save writes one.
func memoryArchive(t testing.TB) []byte {
	t.Helper()
	var file bytes.Buffer
	w := newArchiveWriter(&file)
	s := artifacts.Wrap(w, zerolog.Nop())
	put := func(text string) artifacts.Blob {
		b, err := s.Put(t.Context(), []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	graph, input, output := put(`{"final":[{"id":"line","kind":"line","params":{}}]}`), put("input"), put("output")
	act := artifacts.Action{Recipe: artifacts.Recipe{Kind: "line", Version: 1, Params: []byte(`{"n":3}`), Inputs: map[string]artifacts.Digest{"weights": input.Digest}}, Outputs: map[string]artifacts.Blob{"grid": output}}
	var err error
	if act.Key, err = act.Recipe.Key(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.PutAction(t.Context(), act); err != nil {
		t.Fatal(err)
	}
	root := artifacts.Root{Sweep: "s", State: artifacts.StateDone, Started: time.Unix(1, 0).UTC(), Finished: time.Unix(2, 0).UTC(), Graph: graph, Steps: map[string]artifacts.RootStep{"line": {Kind: "line", Key: act.Key, Outputs: act.Outputs}}}
	if err := s.PutRoot(t.Context(), root); err != nil {
		t.Fatal(err)
	}
	if err := w.tar.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// FuzzArchive: whatever a file holds, reading it as an archive never panics, takes no more memory than
// the file warrants, and gives only blobs that are what their names say.
func FuzzArchive(f *testing.F) {
	whole := memoryArchive(f)
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	for _, at := range []int{0, 124, 156, 345, 512, 3 * 512} { // name, size, kind, prefix, content, the next header
		changed := bytes.Clone(whole)
		changed[at] ^= 4
		f.Add(changed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		a, err := OpenArchive(bytes.NewReader(b), int64(len(b)))
		if err == nil {
			var v *inventory.Survey
			if v, _, err = (&copying{from: a.store}).closure(t.Context(), a.root); err == nil {
				for d, o := range v.Blobs {
					if data, err := a.store.GetBlob(t.Context(), artifacts.Blob{Digest: d, Size: o.Size}); err == nil && artifacts.Of(data) != d {
						t.Fatalf("blob %s holds something else", d)
					}
				}
			}
		}
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 8<<20+64*uint64(len(b)) {
			t.Fatalf("a file of %d bytes took %d bytes of memory (%v)", len(b), used, err)
		}
	})
}
