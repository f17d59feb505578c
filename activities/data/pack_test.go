package data_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"lossatlas/activities/data"
	"lossatlas/activities/problem"
)

// memory is a data set in memory.
type memory map[string]data.Split

func (m memory) Digest() (string, error)        { return "", errors.New("not needed") }
func (m memory) Size(split string) (int, error) { return m[split].Len(), nil }
func (m memory) Load(split string, from, to int) (data.Split, error) {
	return m[split].Slice(from, to), nil
}

// store is what was put, by digest.
type store map[string][]byte

func (s store) put(b []byte) (string, error) {
	digest := fmt.Sprintf("sha256:%x", sha256.Sum256(b))
	s[digest] = bytes.Clone(b)
	return digest, nil
}

func (s store) get(digest string) ([]byte, error) {
	if b, ok := s[digest]; ok {
		return b, nil
	}
	return nil, errors.New("not in the store")
}

// random is a collection of examples of random bytes, and of random labels.
func random(p problem.Problem, train, test int) *data.Collection {
	rng := rand.New(rand.NewPCG(1, uint64(p.Size())))
	c := &data.Collection{Problem: p}
	splits := memory{}
	for name, n := range map[string]int{data.Train: train, data.Test: test} {
		s := data.Split{Name: name, Problem: p, Examples: make([]byte, n*p.Bytes())}
		for i := range s.Examples {
			s.Examples[i] = byte(rng.Uint32())
		}
		if p.HasTargets() {
			for range n * p.Outputs {
				s.Targets = append(s.Targets, rng.Float32())
			}
		} else {
			for range n * p.Places() {
				s.Classes = append(s.Classes, rng.Int32N(int32(p.Outputs)))
			}
		}
		splits[name] = s
	}
	c.Source = splits
	return c
}

// large are problems whose examples or labels fill several chunks.
var large = map[string]problem.Problem{
	"images":  {Shape: []int{500, 500, 3}, Type: problem.Uint8, Outputs: 5, Loss: problem.CrossEntropy},
	"places":  {Shape: []int{9}, Type: problem.Int32, Labels: []int{400, 1000}, Outputs: 3, Loss: problem.CrossEntropy},
	"targets": {Shape: []int{300_000}, Type: problem.Float32, Outputs: 2, Loss: problem.MeanSquaredError},
	"huge":    {Shape: []int{1500, 1500, 3}, Type: problem.Uint8, Outputs: 5, Loss: problem.CrossEntropy}, // larger than a chunk
}

// TestStoredIsWhatWasPacked loads random ranges, in memory and from the store, and reads parts of them.
func TestStoredIsWhatWasPacked(t *testing.T) {
	for name, p := range large {
		t.Run(name, func(t *testing.T) {
			c, kept := random(p, 13, 2), store{}
			digest, err := data.Pack(c, kept.put)
			if err != nil {
				t.Fatal(err)
			}
			for _, resident := range []int{0, 3 * p.Bytes()} {
				got, err := data.Stored(digest, kept[digest], kept.get, data.Options{Resident: resident})
				if err != nil {
					t.Fatal(err)
				}
				rapid.Check(t, func(t *rapid.T) { compareRange(t, c, got) })
			}
		})
	}
}

// compareRange compares a range of a split of two collections, and examples read out of it.
func compareRange(t *rapid.T, want, got *data.Collection) {
	split := rapid.SampledFrom([]string{data.Train, data.Test}).Draw(t, "split")
	size, err := got.Size(split)
	if n, _ := want.Size(split); n != size || err != nil {
		t.Fatalf("%s has %d examples (%v), want %d", split, size, err, n)
	}
	from := rapid.IntRange(0, size).Draw(t, "from")
	to := rapid.IntRange(from, size).Draw(t, "to")
	a, err := want.Load(split, from, to)
	b, err2 := got.Load(split, from, to)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	if a.Len() != b.Len() || !slices.Equal(a.Classes, b.Classes) || !slices.Equal(a.Targets, b.Targets) || b.Name != split || !b.Problem.Equal(want.Problem) {
		t.Fatalf("%s[%d:%d] has other labels or another problem", split, from, to)
	}
	i := rapid.IntRange(0, to-from).Draw(t, "i")
	n := rapid.IntRange(0, to-from-i).Draw(t, "n")
	x, y := make([]byte, n*want.Problem.Bytes()), make([]byte, n*want.Problem.Bytes())
	if err := errors.Join(a.Read(x, i), b.Slice(i, to-from).Read(y, 0)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(x, y) {
		t.Fatalf("examples %d to %d of %s[%d:%d] differ", i, i+n, split, from, to)
	}
}

// TestSplitStaysInTheStore: a split that is larger than the memory it may use has labels only.
func TestSplitStaysInTheStore(t *testing.T) {
	p := large["images"]
	c, kept := random(p, 13, 0), store{}
	digest, err := data.Pack(c, kept.put)
	if err != nil {
		t.Fatal(err)
	}
	gets := 0
	got, err := data.Stored(digest, kept[digest], func(d string) ([]byte, error) { gets++; return kept.get(d) }, data.Options{Resident: 12 * p.Bytes()})
	if err != nil {
		t.Fatal(err)
	}
	s, err := got.Load(data.Train, 0, 13)
	if err != nil || s.Examples != nil || s.Len() != 13 || gets != 1 {
		t.Fatalf("%d bytes of %d examples after %d reads of the store (%v), want labels in one", len(s.Examples), s.Len(), gets, err)
	}
	if s, err := got.Load(data.Train, 0, 12); err != nil || len(s.Examples) != 12*p.Bytes() {
		t.Errorf("%d bytes in memory (%v), want 12 examples", len(s.Examples), err)
	}
	if n, err := got.Size(data.Test); n != 0 || err != nil {
		t.Errorf("the split without examples has %d (%v)", n, err)
	}
	if s, err := got.Load(data.Test, 0, 0); err != nil || s.Len() != 0 {
		t.Errorf("the split without examples loads as %d (%v)", s.Len(), err)
	}
}

// TestDamagedStore: a chunk that is missing, short or changed is an error that names it.
func TestDamagedStore(t *testing.T) {
	c, kept := random(large["images"], 9, 0), store{}
	digest, err := data.Pack(c, kept.put)
	if err != nil {
		t.Fatal(err)
	}
	for _, chunk := range slices.Sorted(maps.Keys(kept)) {
		if chunk == digest {
			continue
		}
		for name, change := range map[string]func([]byte) []byte{
			"missing": func([]byte) []byte { return nil },
			"short":   func(b []byte) []byte { return b[1:] },
			"changed": func(b []byte) []byte { b = bytes.Clone(b); b[0] ^= 1; return b },
		} {
			damaged := maps.Clone(kept)
			if damaged[chunk] = change(kept[chunk]); damaged[chunk] == nil {
				delete(damaged, chunk)
			}
			got, err := data.Stored(digest, kept[digest], damaged.get, data.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := got.Load(data.Train, 0, 9); err == nil || name != "missing" && !strings.Contains(err.Error(), chunk) {
				t.Errorf("%s chunk: %v", name, err)
			}
		}
	}
	if _, err := data.Stored(digest, append(bytes.Clone(kept[digest]), ' '), kept.get, data.Options{}); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a changed manifest: %v", err)
	}
}

// FuzzStored: no manifest makes a data set that panics or takes memory that its chunks don't have.
func FuzzStored(f *testing.F) {
	kept := store{}
	for _, p := range large {
		digest, err := data.Pack(random(p, 3, 1), kept.put)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(kept[digest])
	}
	f.Add([]byte(`{"version":1,"problem":{"shape":[1000000,1000000,1000000,1000000],"type":"uint8","outputs":2,"loss":"cross-entropy"},"splits":[]}`))
	f.Fuzz(func(t *testing.T, manifest []byte) {
		if !json.Valid(manifest) {
			t.Skip()
		}
		c, err := data.Stored(fmt.Sprintf("sha256:%x", sha256.Sum256(manifest)), manifest, kept.get, data.Options{Resident: 1 << 20})
		if err != nil {
			return
		}
		n, err := c.Size(data.Train)
		if err != nil {
			t.Fatal(err)
		}
		if s, err := c.Load(data.Train, 0, min(n, 5)); err == nil && s.Len() > 0 {
			_ = s.Read(make([]byte, s.Problem.Bytes()), 0)
		}
	})
}
