package maintain

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lossatlas/artifacts"
	"lossatlas/artifacts/internal/inventory"
	"lossatlas/artifacts/internal/layout"
	"lossatlas/artifacts/objects"
)

// drawSurvey draws a store: actions that share blobs and feed one another, roots
// over some of them, blobs and parts of no one, each of some age in hours.
func drawSurvey(t *rapid.T, now time.Time) *inventory.Survey {
	v := inventory.Empty()
	put := func(object string, size int64) objects.Info {
		o := objects.Info{Name: object, Size: size, At: now.Add(-time.Duration(rapid.IntRange(0, 9).Draw(t, "age")) * time.Hour)}
		v.Bytes += size
		return o
	}
	blob := func() artifacts.Blob {
		b := artifacts.BlobOf(fmt.Appendf(nil, "%d", rapid.IntRange(0, 12).Draw(t, "blob")))
		if _, ok := v.Blobs[b.Digest]; !ok {
			v.Blobs[b.Digest] = put(layout.Blob(b.Digest), b.Size)
		}
		return b
	}
	for range rapid.IntRange(0, 4).Draw(t, "orphans") {
		blob()
	}
	var keys []artifacts.Key
	for i := range rapid.IntRange(0, 10).Draw(t, "actions") {
		a := artifacts.Action{Key: artifacts.Key{byte(i + 1)}, Outputs: map[string]artifacts.Blob{}, Recipe: artifacts.Recipe{Kind: "k", Version: 1, Inputs: map[string]artifacts.Digest{}}}
		a.Made.Producers = map[string]artifacts.Key{}
		for j := range rapid.IntRange(1, 3).Draw(t, "outputs") {
			a.Outputs[fmt.Sprint(j)] = blob()
		}
		for j := range rapid.IntRange(0, min(2, len(keys))).Draw(t, "inputs") {
			from := rapid.SampledFrom(keys).Draw(t, "producer")
			a.Recipe.Inputs[fmt.Sprint(j)], a.Made.Producers[fmt.Sprint(j)] = v.Actions[from].Outputs["0"].Digest, from
		}
		if rapid.Bool().Draw(t, "imports") {
			a.Recipe.Params = fmt.Appendf(nil, `{"weights":%q}`, blob().Digest)
		}
		v.Records++
		v.Actions[a.Key] = &inventory.Action{Action: a, Info: put(layout.Action(a.Key), 100)}
		keys = append(keys, a.Key)
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "roots") {
		r := artifacts.Root{Sweep: fmt.Sprint("s", i), Graph: blob(), Steps: map[string]artifacts.RootStep{}}
		for j := range rapid.IntRange(0, min(3, len(keys))).Draw(t, "steps") {
			k := rapid.SampledFrom(keys).Draw(t, "step")
			r.Steps[fmt.Sprint(j)] = artifacts.RootStep{Kind: "k", Key: k, Outputs: v.Actions[k].Outputs}
		}
		v.Roots = append(v.Roots, r)
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "parts") {
		k := artifacts.Key{byte(rapid.IntRange(1, 12).Draw(t, "step of a part"))}
		v.Parts = append(v.Parts, inventory.Part{Key: k, Part: fmt.Sprint("p", i), Info: put(layout.Part(k, fmt.Sprint("p", i)), 7)})
	}
	return v
}

// needed is what must stay, by the definition and not by its code: everything
// that a root names, a young action or a kept one is, and what those need in turn.
func needed(v *inventory.Survey, o CollectOptions, now time.Time) map[string]bool {
	need := map[string]bool{}
	var action func(k artifacts.Key)
	action = func(k artifacts.Key) {
		a, ok := v.Actions[k]
		if !ok || need[a.Name] {
			return
		}
		need[a.Name] = true
		for _, b := range a.Outputs {
			need[layout.Blob(b.Digest)] = true
		}
		for _, d := range a.Recipe.Inputs {
			need[layout.Blob(d)] = true
		}
		if _, text, ok := strings.Cut(string(a.Recipe.Params), `:"`); ok {
			d, err := artifacts.ParseDigest(strings.TrimSuffix(text, `"}`))
			if err != nil {
				panic(err)
			}
			need[layout.Blob(d)] = true
		}
		for _, p := range a.Made.Producers {
			action(p)
		}
	}
	for _, r := range v.Roots {
		need[layout.Blob(r.Graph.Digest)] = true
		for _, s := range r.Steps {
			action(s.Key)
		}
	}
	for k, a := range v.Actions {
		if now.Sub(a.At) < o.OlderThan || o.Keep(a.Action) {
			action(k)
		}
	}
	return need
}

// TestGarbage: nothing needed and nothing young is ever freed; without a limit
// everything else is; and wherever the removal stops, no action remains that
// names a blob which is gone.
func TestGarbage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Now()
		v := drawSurvey(t, now)
		keep := rapid.Byte().Draw(t, "kept")
		o := CollectOptions{
			OlderThan: time.Duration(rapid.IntRange(0, 10).Draw(t, "older than")) * time.Hour,
			MaxSize:   rapid.SampledFrom([]int64{0, 0, 1, 300, 700}).Draw(t, "max size"),
			Keep:      func(a artifacts.Action) bool { return a.Key[0] == keep },
			KeepParts: func(k artifacts.Key) bool { return k[0] == keep },
		}
		out := garbageOf(v, o, now)
		need := needed(v, o, now)
		gone := map[string]bool{}
		dangling := func() {
			for _, a := range v.Actions {
				for _, b := range a.Outputs {
					if !gone[a.Name] && gone[layout.Blob(b.Digest)] {
						t.Fatalf("action %s stays, its blob is freed", a.Key.Short())
					}
				}
			}
		}
		var bytes int64
		for _, f := range out.Freed {
			if need[f.Object] {
				t.Fatalf("%s is needed and freed", f.Object)
			}
			if f.Kind != kindPart && now.Sub(f.At) < o.OlderThan {
				t.Fatalf("%s is young and freed", f.Object)
			}
			if gone[f.Object] {
				t.Fatalf("%s is freed twice", f.Object)
			}
			gone[f.Object] = true
			bytes += f.Size
			dangling()
		}
		if out.Bytes != bytes || out.Size != v.Bytes-bytes || out.Objects != len(v.Actions)+len(v.Blobs)+len(v.Parts)-len(out.Freed) {
			t.Fatalf("counted %+v of %d bytes, %d of them freed", out, v.Bytes, bytes)
		}
		for d, b := range v.Blobs {
			if object := layout.Blob(d); o.MaxSize == 0 && !need[object] && !gone[object] && now.Sub(b.At) >= o.OlderThan {
				t.Fatalf("blob %s is garbage and stays", d)
			}
		}
		for _, a := range v.Actions {
			if o.MaxSize == 0 && !need[a.Name] && !gone[a.Name] {
				t.Fatalf("action %s is garbage and stays", a.Key.Short())
			}
		}
		for _, p := range v.Parts {
			_, finished := v.Actions[p.Key]
			if want := finished || now.Sub(p.At) >= o.OlderThan && p.Key[0] != keep; gone[p.Name] != want {
				t.Fatalf("part of step %s (finished: %v): freed %v, want %v", p.Key.Short(), finished, gone[p.Name], want)
			}
		}
		if o.MaxSize > 0 && out.Size > o.MaxSize { // then nothing remains that could go
			for _, a := range v.Actions {
				if !need[a.Name] && !gone[a.Name] {
					t.Fatalf("the store has %d bytes, wants %d, and keeps the useless action %s", out.Size, o.MaxSize, a.Key.Short())
				}
			}
		}
	})
}
