package artifacts

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// drawSurvey draws a store: actions that share blobs and feed one another, roots
// over some of them, blobs and parts of nobody, each of some age in hours.
func drawSurvey(t *rapid.T, now time.Time) *survey {
	v := &survey{actions: map[Key]*storedAction{}, blobs: map[Digest]stored{}}
	put := func(object string, size int64) stored {
		o := stored{object, size, now.Add(-time.Duration(rapid.IntRange(0, 9).Draw(t, "age")) * time.Hour)}
		v.bytes += size
		return o
	}
	blob := func() Blob {
		b := BlobOf(fmt.Appendf(nil, "%d", rapid.IntRange(0, 12).Draw(t, "blob")))
		if _, ok := v.blobs[b.Digest]; !ok {
			v.blobs[b.Digest] = put(blobObject(b.Digest), b.Size)
		}
		return b
	}
	for range rapid.IntRange(0, 4).Draw(t, "orphans") {
		blob()
	}
	var keys []Key
	for i := range rapid.IntRange(0, 10).Draw(t, "actions") {
		a := Action{Key: Key{byte(i + 1)}, Outputs: map[string]Blob{}, Recipe: Recipe{Kind: "k", Version: 1, Inputs: map[string]Digest{}}}
		a.Made.Producers = map[string]Key{}
		for j := range rapid.IntRange(1, 3).Draw(t, "outputs") {
			a.Outputs[fmt.Sprint(j)] = blob()
		}
		for j := range rapid.IntRange(0, min(2, len(keys))).Draw(t, "inputs") {
			from := rapid.SampledFrom(keys).Draw(t, "producer")
			a.Recipe.Inputs[fmt.Sprint(j)], a.Made.Producers[fmt.Sprint(j)] = v.actions[from].Outputs["0"].Digest, from
		}
		if rapid.Bool().Draw(t, "imports") {
			a.Recipe.Params = fmt.Appendf(nil, `{"weights":%q}`, blob().Digest)
		}
		v.records++
		v.actions[a.Key] = &storedAction{a, put(actionObject(a.Key), 100)}
		keys = append(keys, a.Key)
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "roots") {
		r := Root{Sweep: fmt.Sprint("s", i), Graph: blob(), Steps: map[string]RootStep{}}
		for j := range rapid.IntRange(0, min(3, len(keys))).Draw(t, "steps") {
			k := rapid.SampledFrom(keys).Draw(t, "step")
			r.Steps[fmt.Sprint(j)] = RootStep{Kind: "k", Key: k, Outputs: v.actions[k].Outputs}
		}
		v.roots = append(v.roots, r)
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "parts") {
		k := Key{byte(rapid.IntRange(1, 12).Draw(t, "step of a part"))}
		v.parts = append(v.parts, storedPart{k, fmt.Sprint("p", i), put(partObject(k, fmt.Sprint("p", i)), 7)})
	}
	return v
}

// needed is what must stay, by the definition and not by its code: everything
// that a root names, a young action or a kept one is, and what those need in turn.
func needed(v *survey, o CollectOptions, now time.Time) map[string]bool {
	need := map[string]bool{}
	var action func(k Key)
	action = func(k Key) {
		a, ok := v.actions[k]
		if !ok || need[a.object] {
			return
		}
		need[a.object] = true
		for _, b := range a.Outputs {
			need[blobObject(b.Digest)] = true
		}
		for _, d := range a.Recipe.Inputs {
			need[blobObject(d)] = true
		}
		if _, text, ok := strings.Cut(string(a.Recipe.Params), `:"`); ok {
			d, err := ParseDigest(strings.TrimSuffix(text, `"}`))
			if err != nil {
				panic(err)
			}
			need[blobObject(d)] = true
		}
		for _, p := range a.Made.Producers {
			action(p)
		}
	}
	for _, r := range v.roots {
		need[blobObject(r.Graph.Digest)] = true
		for _, s := range r.Steps {
			action(s.Key)
		}
	}
	for k, a := range v.actions {
		if now.Sub(a.at) < o.OlderThan || o.Keep(a.Action) {
			action(k)
		}
	}
	return need
}

// TestGarbage: nothing needed and nothing young is ever freed; without a limit
// everything else is; and wherever the removal stops, no action is left that
// names a blob which is gone.
func TestGarbage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Now()
		v := drawSurvey(t, now)
		keep := rapid.Byte().Draw(t, "kept")
		o := CollectOptions{
			OlderThan: time.Duration(rapid.IntRange(0, 10).Draw(t, "older than")) * time.Hour,
			MaxSize:   rapid.SampledFrom([]int64{0, 0, 1, 300, 700}).Draw(t, "max size"),
			Keep:      func(a Action) bool { return a.Key[0] == keep },
			KeepParts: func(k Key) bool { return k[0] == keep },
		}
		out := v.garbage(o, now)
		need := needed(v, o, now)
		gone := map[string]bool{}
		dangling := func() {
			for _, a := range v.actions {
				for _, b := range a.Outputs {
					if !gone[a.object] && gone[blobObject(b.Digest)] {
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
		if out.Bytes != bytes || out.Size != v.bytes-bytes || out.Objects != len(v.actions)+len(v.blobs)+len(v.parts)-len(out.Freed) {
			t.Fatalf("counted %+v of %d bytes, %d of them freed", out, v.bytes, bytes)
		}
		for d, b := range v.blobs {
			if object := blobObject(d); o.MaxSize == 0 && !need[object] && !gone[object] && now.Sub(b.at) >= o.OlderThan {
				t.Fatalf("blob %s is garbage and stays", d)
			}
		}
		for _, a := range v.actions {
			if o.MaxSize == 0 && !need[a.object] && !gone[a.object] {
				t.Fatalf("action %s is garbage and stays", a.Key.Short())
			}
		}
		for _, p := range v.parts {
			_, finished := v.actions[p.key]
			if want := finished || now.Sub(p.at) >= o.OlderThan && p.key[0] != keep; gone[p.object] != want {
				t.Fatalf("part of step %s (finished: %v): freed %v, want %v", p.key.Short(), finished, gone[p.object], want)
			}
		}
		if o.MaxSize > 0 && out.Size > o.MaxSize { // then nothing is left that could go
			for _, a := range v.actions {
				if !need[a.object] && !gone[a.object] {
					t.Fatalf("the store has %d bytes, wants %d, and keeps the useless action %s", out.Size, o.MaxSize, a.Key.Short())
				}
			}
		}
	})
}
