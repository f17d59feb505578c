package artifacts_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/artifacts"
)

var partTests = map[string]func(*testing.T, *bucket){
	"round trip":   partRoundTrip,
	"list, drop":   partListDrop,
	"damaged":      partDamaged,
	"names":        partNames,
	"many at once": partConcurrent,
}

func partObject(k artifacts.Key, name string) string { return "parts/" + k.String() + "/" + name }

func partRoundTrip(t *testing.T, b *bucket) {
	k := artifacts.Key{1}
	if _, err := b.Store.GetPart(t.Context(), k, "checkpoint"); !errors.Is(err, artifacts.ErrNotFound) {
		t.Errorf("GetPart before PutPart: %v, want ErrNotFound", err)
	}
	for i, n := range append(sizes, 3) { // ends with a short one over a long one
		data := pseudoRandom(uint64(i), n)
		if err := b.Store.PutPart(t.Context(), k, "checkpoint", data); err != nil {
			t.Fatalf("PutPart of %d bytes: %v", n, err)
		}
		got, err := b.Store.GetPart(t.Context(), k, "checkpoint")
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("GetPart of %d bytes returned %d bytes, equal %v, error %v", n, len(got), bytes.Equal(got, data), err)
		}
	}
	if _, err := b.Store.GetPart(t.Context(), artifacts.Key{2}, "checkpoint"); !errors.Is(err, artifacts.ErrNotFound) {
		t.Errorf("GetPart of another step: %v, want ErrNotFound", err)
	}
}

func partListDrop(t *testing.T, b *bucket) {
	k, other := artifacts.Key{1}, artifacts.Key{2}
	if names, err := b.Store.Parts(t.Context(), k); len(names) != 0 || err != nil {
		t.Errorf("Parts of a step without any: %v, %v", names, err)
	}
	if err := b.Store.DropParts(t.Context(), k); err != nil {
		t.Errorf("DropParts of a step without any: %v", err)
	}
	var want []string
	for i := range 30 {
		name := fmt.Sprintf("chunk-%03d", i)
		want = append(want, name)
		for _, k := range []artifacts.Key{k, other} {
			if err := b.Store.PutPart(t.Context(), k, name, []byte(name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	names, err := b.Store.Parts(t.Context(), k)
	if diff := cmp.Diff(want, names); diff != "" || err != nil {
		t.Errorf("Parts: %v (-want +got):\n%s", err, diff)
	}
	hasParts := func(want map[artifacts.Key]bool) {
		t.Helper()
		if keys, err := b.Store.PartKeys(t.Context()); err != nil || keys[k] != want[k] || keys[other] != want[other] || keys[artifacts.Key{3}] {
			t.Errorf("PartKeys: %v, %v, want %v", keys, err, want)
		}
	}
	hasParts(map[artifacts.Key]bool{k: true, other: true})
	if err := b.Store.DropParts(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	hasParts(map[artifacts.Key]bool{other: true})
	if names, err := b.Store.Parts(t.Context(), k); len(names) != 0 || err != nil {
		t.Errorf("Parts after DropParts: %v, %v", names, err)
	}
	if names, err := b.Store.Parts(t.Context(), other); !slices.Equal(names, want) || err != nil {
		t.Errorf("DropParts of one step touched another's: %v, %v", names, err)
	}
	// The folder is gone with its last object on some servers; a part must still find a place.
	if err := b.Store.PutPart(t.Context(), k, "again", []byte("x")); err != nil {
		t.Errorf("PutPart after DropParts: %v", err)
	}
}

// partDamaged: a damaged part counts as none, and the log says so.
func partDamaged(t *testing.T, b *bucket) {
	k := artifacts.Key{3}
	damages := append([]damage{
		{"hostile length", func(b []byte) []byte { b[8] = 0x7f; return b }},
		{"length of 4 GiB", func(b []byte) []byte { b[11] = 1; return b }},
		{"digest flip", func(b []byte) []byte { b[20] ^= 1; return b }},
		{"header only", func(b []byte) []byte { return b[:48] }},
		{"half a header", func(b []byte) []byte { return b[:20] }},
		{"no frame", func(b []byte) []byte { return []byte(`{"json": true, "long enough for a header": "................"}`) }},
	}, damages...)
	for i, damage := range damages {
		t.Run(damage.Name, func(t *testing.T) {
			name := fmt.Sprintf("part-%d", i)
			data := pseudoRandom(uint64(i), 100_000)
			if err := b.Store.PutPart(t.Context(), k, name, data); err != nil {
				t.Fatal(err)
			}
			b.Overwrite(t, partObject(k, name), damage.Do(b.Bytes(t, partObject(k, name))))
			if got, err := b.Store.GetPart(t.Context(), k, name); !errors.Is(err, artifacts.ErrNotFound) || got != nil {
				t.Errorf("GetPart of a damaged part returned %d bytes, %v, want ErrNotFound", len(got), err)
			}
			if !strings.Contains(b.Log.String(), partObject(k, name)) {
				t.Errorf("the log doesn't name the damaged part; it says:\n%s", b.Log)
			}
		})
	}
}

func partNames(t *testing.T, b *bucket) {
	k := artifacts.Key{4}
	for _, bad := range []string{"", ".", "..", "a/b", "../x", ".hidden", "a b", "ä", strings.Repeat("x", 129)} {
		if err := b.Store.PutPart(t.Context(), k, bad, []byte("x")); err == nil {
			t.Errorf("PutPart accepted the name %q", bad)
		}
		if _, err := b.Store.GetPart(t.Context(), k, bad); err == nil || errors.Is(err, artifacts.ErrNotFound) {
			t.Errorf("GetPart with the name %q: %v, want an error about the name", bad, err)
		}
	}
}

// partConcurrent: parts are put while others of the same step are dropped, as
// when a step is cancelled; every call succeeds, and no part is torn.
func partConcurrent(t *testing.T, b *bucket) {
	k := artifacts.Key{5}
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			name := fmt.Sprintf("chunk-%d", w)
			for i := range 10 {
				data := pseudoRandom(uint64(100*w+i), 1000+i)
				if err := b.Store.PutPart(t.Context(), k, name, data); err != nil {
					t.Errorf("PutPart: %v", err)
				}
				got, err := b.Store.GetPart(t.Context(), k, name)
				if err == nil && !bytes.Equal(got, data) {
					t.Errorf("GetPart returned other bytes than its only writer put")
				}
				if err != nil && !errors.Is(err, artifacts.ErrNotFound) {
					t.Errorf("GetPart: %v", err)
				}
			}
		})
	}
	wg.Go(func() {
		for range 10 {
			if err := b.Store.DropParts(t.Context(), k); err != nil {
				t.Errorf("DropParts: %v", err)
			}
		}
	})
	wg.Wait()
}
