package artifacts_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rs/zerolog"

	"lossatlas/artifacts"
	"lossatlas/artifacts/objects"
	"lossatlas/artifacts/objects/s3"
)

// TestStore holds what package artifacts promises against each kind of bucket.
func TestStore(t *testing.T) {
	t.Run("memory", func(t *testing.T) {
		testStore(t, func(testing.TB) objects.Bucket { return objects.NewMemory() })
	})
	t.Run("s3", func(t *testing.T) { testStore(t, bucketsOf(serve(t).config())) })
	t.Run("s3 with attributes in files of their own", func(t *testing.T) { testStore(t, bucketsOf(own(t, true).config())) })
}

// testStore gives each test a bucket of its own.
func testStore(t *testing.T, fresh func(testing.TB) objects.Bucket) {
	for _, group := range []struct {
		name  string
		tests map[string]func(*testing.T, *bucket)
	}{
		{"blobs", blobTests}, {"actions", actionTests}, {"parts", partTests}, {"roots", rootTests}, {"check", checkTests}, {"collect", collectTests}, {"races", raceTests},
		{"copy", copyTests}, {"archive", archiveTests}, {"history", historyTests}, {"over", overTests},
	} {
		t.Run(group.name, func(t *testing.T) {
			for name, test := range group.tests {
				t.Run(name, func(t *testing.T) { test(t, openBucket(t, fresh)) })
			}
		})
	}
}

// bucket is a fresh bucket: opened as a store, and as plain objects, to damage
// behind the store's back.
type bucket struct {
	Store   *artifacts.Store
	Objects objects.Bucket
	Log     *bytes.Buffer // of the store; read it only when no request is under way
	// fresh makes another bucket of the same kind.
	fresh func(testing.TB) objects.Bucket
}

var buckets atomic.Int64

// numbered is the configuration with an unused bucket.
func numbered(cfg artifacts.Config) artifacts.Config {
	cfg.Bucket = fmt.Sprintf("%s-%d-%s", cfg.Bucket, buckets.Add(1), strings.ToLower(rand.Text()[:8]))
	return cfg
}

// bucketsOf makes buckets on a server.
func bucketsOf(cfg artifacts.Config) func(testing.TB) objects.Bucket {
	return func(t testing.TB) objects.Bucket { return openS3(t, numbered(cfg)) }
}

func openS3(t testing.TB, cfg artifacts.Config) objects.Bucket {
	t.Helper()
	b, err := s3.Open(t.Context(), cfg)
	if err != nil {
		t.Fatalf("open bucket %s: %v", cfg.Bucket, err)
	}
	return b
}

// newBucket makes a fresh bucket on a server and opens it.
func newBucket(t testing.TB, cfg artifacts.Config) *bucket {
	t.Helper()
	return openBucket(t, bucketsOf(cfg))
}

func openBucket(t testing.TB, fresh func(testing.TB) objects.Bucket) *bucket {
	t.Helper()
	b := &bucket{Objects: fresh(t), Log: new(bytes.Buffer), fresh: fresh}
	var err error
	if b.Store, err = artifacts.In(t.Context(), b.Objects, zerolog.New(zerolog.SyncWriter(b.Log))); err != nil {
		t.Fatal(err)
	}
	return b
}

// Overwrite replaces an object's bytes.
func (b *bucket) Overwrite(t testing.TB, object string, body []byte) {
	t.Helper()
	if err := b.Objects.Put(t.Context(), object, body, artifacts.Of(body), objects.Always); err != nil {
		t.Fatalf("overwrite %s: %v", object, err)
	}
}

// Remove removes an object.
func (b *bucket) Remove(t testing.TB, object string) {
	t.Helper()
	if err := b.Objects.Remove(t.Context(), object); err != nil {
		t.Fatalf("remove %s: %v", object, err)
	}
}

// Bytes returns an object as it lies in the bucket.
func (b *bucket) Bytes(t testing.TB, object string) []byte {
	t.Helper()
	r, _, err := b.Objects.Get(t.Context(), object)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	body, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("read %s: %v", object, err)
	}
	return body
}

// blobObject is where a blob lies in the bucket: part of the store's contract,
// because people look for blobs with other tools.
func blobObject(d artifacts.Digest) string { return "cas/sha256/" + d.Hex()[:2] + "/" + d.Hex() }

// actionObject is where the action of a key lies in the bucket.
func actionObject(k artifacts.Key) string {
	return "actions/" + k.String()[:2] + "/" + k.String() + ".json"
}

// pseudoRandom returns n pseudo-random bytes that depend on the seed.
func pseudoRandom(seed uint64, n int) []byte {
	var key [32]byte
	key[0], key[1], key[2], key[3] = byte(seed), byte(seed>>8), byte(seed>>16), byte(seed>>24)
	b := make([]byte, n)
	_, _ = mathrand.NewChaCha8(key).Read(b) // never fails
	return b
}

// damage is a way in which bytes go wrong.
type damage struct {
	Name string
	Do   func([]byte) []byte // of a copy of at least 2 bytes
}

// damages are the ways that the store must find.
var damages = []damage{
	{"bit flip", func(b []byte) []byte { b[len(b)/2] ^= 0x10; return b }},
	{"first bit", func(b []byte) []byte { b[0] ^= 1; return b }},
	{"truncated", func(b []byte) []byte { return b[:len(b)/2] }},
	{"one byte short", func(b []byte) []byte { return b[:len(b)-1] }},
	{"empty", func(b []byte) []byte { return nil }},
	{"trailing byte", func(b []byte) []byte { return append(b, 0) }},
	{"trailing bytes", func(b []byte) []byte { return append(b, "more"...) }},
}

// put stores data and fails the test when that doesn't work.
func put(t testing.TB, s *artifacts.Store, data []byte) artifacts.Blob {
	t.Helper()
	blob, err := s.Put(t.Context(), data)
	if err != nil {
		t.Fatalf("Put %d bytes: %v", len(data), err)
	}
	return blob
}

// cancelled returns a context that has already ended.
func cancelled(t testing.TB) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// unfinished makes the record of a finished collection that of one under way.
func unfinished(t *testing.T, record []byte) []byte {
	t.Helper()
	return reseal(t, record, func(r *map[string]any) { delete(*r, "finished") })
}
