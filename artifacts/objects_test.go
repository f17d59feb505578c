package artifacts_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"lossatlas/artifacts"
	"lossatlas/artifacts/objects"
)

// TestObjects is the conformance suite of [objects.Bucket]: what its doc comment
// promises, held against each implementation.
func TestObjects(t *testing.T) {
	onServer := func(t testing.TB) objects.Bucket { return bucketsOf(serve(t).config())(t) }
	inMemory := func(testing.TB) objects.Bucket { return objects.NewMemory() }
	for _, kind := range []struct {
		name  string
		fresh func(testing.TB) objects.Bucket
	}{
		{"s3", onServer},
		{"s3 with attributes in files of their own", bucketsOf(own(t, true).config())},
		{"memory", inMemory},
		{"metered", func(t testing.TB) objects.Bucket { return objects.Metered(inMemory(t)) }},
		{"over another", func(t testing.TB) objects.Bucket { return objects.Over(inMemory(t), inMemory(t), "a/") }},
	} {
		for name, test := range map[string]func(*testing.T, objects.Bucket){
			"whole objects": objectWhole, "absent objects": objectAbsent, "conditions": objectConditions, "races": objectRace,
			"listing": objectList, "folders": objectFolders, "ended contexts": objectEnded, "destroying": objectDestroy,
		} {
			t.Run(kind.name+"/"+name, func(t *testing.T) { test(t, kind.fresh(t)) })
		}
	}
}

func putObject(t testing.TB, b objects.Bucket, name string, body []byte) {
	t.Helper()
	if err := b.Put(t.Context(), name, body, artifacts.Of(body), objects.Always); err != nil {
		t.Fatalf("put %s: %v", name, err)
	}
}

// getObject returns an object's bytes and what Get says of it.
func getObject(t testing.TB, b objects.Bucket, name string) ([]byte, objects.Info) {
	t.Helper()
	r, info, err := b.Get(t.Context(), name)
	if err != nil {
		t.Fatalf("get %s: %v", name, err)
	}
	defer r.Close()
	body, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("read %s: %v", name, err)
	}
	return body, info
}

func objectWhole(t *testing.T, b objects.Bucket) {
	tags := map[string]bool{}
	for _, n := range []int{0, 1, 100_000} {
		want := pseudoRandom(1, n)
		sent := bytes.Clone(want)
		putObject(t, b, "a/b.json", sent)
		for i := range sent { // the caller may continue to use its memory
			sent[i] = 0
		}
		got, info := getObject(t, b, "a/b.json")
		if !bytes.Equal(got, want) || info.Size != int64(n) || info.Name != "a/b.json" || info.ETag == "" || tags[info.ETag] {
			t.Errorf("get after a put of %d bytes: %d bytes, %+v", n, len(got), info)
		}
		tags[info.ETag] = true
		stat, err := b.Stat(t.Context(), "a/b.json")
		if err != nil || stat.Size != int64(n) || stat.ETag != info.ETag || stat.At.IsZero() {
			t.Errorf("stat after a put of %d bytes: %+v, %v", n, stat, err)
		}
	}
}

func objectAbsent(t *testing.T, b objects.Bucket) {
	if _, _, err := b.Get(t.Context(), "a/none"); !errors.Is(err, objects.ErrNotFound) {
		t.Errorf("get: %v, want ErrNotFound", err)
	}
	_, err := b.Stat(t.Context(), "a/none")
	var told *objects.Error
	if !errors.Is(err, objects.ErrNotFound) || !errors.As(err, &told) || told.Object != "a/none" || told.Where != b.String() {
		t.Errorf("stat: %#v, want ErrNotFound that names object and bucket", err)
	}
	for _, name := range []string{"a/none", "a/none/"} {
		if err := b.Remove(t.Context(), name); err != nil {
			t.Errorf("remove %s: %v", name, err)
		}
	}
	putObject(t, b, "a/some", []byte("x"))
	if err := b.Remove(t.Context(), "a/some"); err != nil {
		t.Error(err)
	}
	if _, err := b.Stat(t.Context(), "a/some"); !errors.Is(err, objects.ErrNotFound) {
		t.Errorf("stat of what was removed: %v", err)
	}
}

func objectConditions(t *testing.T, b objects.Bucket) {
	try := func(body string, when objects.Condition) error {
		return b.Put(t.Context(), "a/x", []byte(body), artifacts.Of([]byte(body)), when)
	}
	if err := try("0", objects.IfUnchanged("0123456789abcdef0123456789abcdef")); !errors.Is(err, objects.ErrLost) {
		t.Errorf("put over an absent object, if unchanged: %v, want ErrLost", err)
	}
	if err := try("1", objects.IfAbsent); err != nil {
		t.Errorf("put of an absent object, if absent: %v", err)
	}
	if err := try("2", objects.IfAbsent); !errors.Is(err, objects.ErrLost) {
		t.Errorf("put over an object, if absent: %v, want ErrLost", err)
	}
	_, first := getObject(t, b, "a/x")
	if err := try("3", objects.IfUnchanged(first.ETag)); err != nil {
		t.Errorf("put over an unchanged object: %v", err)
	}
	if err := try("4", objects.IfUnchanged(first.ETag)); !errors.Is(err, objects.ErrLost) {
		t.Errorf("put over a changed object: %v, want ErrLost", err)
	}
	if got, _ := getObject(t, b, "a/x"); string(got) != "3" {
		t.Errorf("the object is %q, want what the last put whose condition held wrote", got)
	}
}

// objectRace: of those who put one object on the condition that it is absent, one wins.
func objectRace(t *testing.T, b objects.Bucket) {
	var won atomic.Int32
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			body := fmt.Append(nil, i)
			switch err := b.Put(t.Context(), "a/race", body, artifacts.Of(body), objects.IfAbsent); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, objects.ErrLost):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d puts won, want 1", won.Load())
	}
}

func objectList(t *testing.T, b objects.Bucket) {
	for _, name := range []string{"b/2", "a/deep/er/1", "b/10", "c"} {
		putObject(t, b, name, []byte(name))
	}
	for prefix, want := range map[string][]string{
		"": {"a/deep/er/1", "b/10", "b/2", "c"}, "b/": {"b/10", "b/2"}, "b/1": {"b/10"}, "a/": {"a/deep/er/1"}, "none": nil,
	} {
		var got []string
		for info, err := range b.List(t.Context(), prefix) {
			if err != nil {
				t.Fatal(err)
			}
			if info.Size != int64(len(info.Name)) || info.At.IsZero() {
				t.Errorf("listed %+v", info)
			}
			got = append(got, info.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("list %q: %q, want %q", prefix, got, want)
		}
	}
	for range b.List(t.Context(), "") { // a caller may stop early
		break
	}
}

func objectFolders(t *testing.T, b objects.Bucket) {
	for _, name := range []string{"b/2", "b/x/1", "b/x/2", "b/y.json/1"} {
		putObject(t, b, name, nil)
	}
	var got []string
	for folder, err := range b.Folders(t.Context(), "b/") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, folder)
	}
	if want := []string{"b/x/", "b/y.json/"}; !slices.Equal(got, want) {
		t.Errorf("folders %q, want %q", got, want)
	}
}

func objectEnded(t *testing.T, b objects.Bucket) {
	putObject(t, b, "a/x", nil)
	reading, cancel := context.WithCancel(t.Context())
	large := pseudoRandom(1, 16<<20) // more than any buffer on the way holds
	putObject(t, b, "a/large", large)
	r, _, err := b.Get(reading, "a/large")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cancel()
	if _, err := io.Copy(io.Discard, r); !errors.Is(err, context.Canceled) {
		t.Errorf("reading on: %v, want context.Canceled", err)
	}
	ctx := cancelled(t)
	for name, do := range map[string]func() error{
		"put":    func() error { return b.Put(ctx, "a/x", nil, artifacts.Of(nil), objects.Always) },
		"get":    func() error { _, _, err := b.Get(ctx, "a/x"); return err },
		"stat":   func() error { _, err := b.Stat(ctx, "a/x"); return err },
		"remove": func() error { return b.Remove(ctx, "a/x") },
		"list": func() (err error) {
			for _, err = range b.List(ctx, "") {
			}
			return err
		},
		"folders": func() (err error) {
			for _, err = range b.Folders(ctx, "") {
			}
			return err
		},
	} {
		if err := do(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want context.Canceled", name, err)
		}
	}
}

func objectDestroy(t *testing.T, b objects.Bucket) {
	b.Close() // says nothing about the bucket
	for range 2 {
		if err := b.Destroy(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// TestOver: Get and Stat look below for missing parts under the prefixes, and
// nothing else does.
func TestOver(t *testing.T) {
	top, under := objects.NewMemory(), objects.NewMemory()
	b := objects.Over(top, under, "a/")
	putObject(t, under, "a/x", []byte("below"))
	putObject(t, under, "b/x", []byte("below"))
	if got, _ := getObject(t, b, "a/x"); string(got) != "below" {
		t.Errorf("got %q", got)
	}
	if _, err := b.Stat(t.Context(), "b/x"); !errors.Is(err, objects.ErrNotFound) {
		t.Errorf("stat outside of the prefixes: %v", err)
	}
	for info := range b.List(t.Context(), "") {
		t.Errorf("%s is listed", info.Name)
	}
	if err := b.Remove(t.Context(), "a/x"); err != nil {
		t.Error(err)
	}
	putObject(t, b, "a/x", []byte("own"))
	if got, _ := getObject(t, b, "a/x"); string(got) != "own" {
		t.Errorf("got %q, want its own", got)
	}
	if got, _ := getObject(t, under, "a/x"); string(got) != "below" {
		t.Errorf("below is %q now", got)
	}
}

// TestDamagedUpload: the server refuses a body that isn't what the request's
// signature says, so that damage on the way in isn't stored.
func TestDamagedUpload(t *testing.T) {
	for name, cfg := range map[string]artifacts.Config{"attributes in the file system": serve(t).config(), "attributes in files of their own": own(t, true).config()} {
		t.Run(name, func(t *testing.T) {
			b := bucketsOf(cfg)(t)
			data := pseudoRandom(1, 1000)
			if err := b.Put(t.Context(), "upload", data, artifacts.Of([]byte("something else")), objects.Always); err == nil {
				t.Error("the server accepted a body with another digest than the request was signed for")
			}
			if _, err := b.Stat(t.Context(), "upload"); err == nil {
				t.Error("the server stored a body that was damaged on its way")
			}
			putObject(t, b, "upload", data)
		})
	}
}
