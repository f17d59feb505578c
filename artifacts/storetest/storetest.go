// Package storetest is the conformance suite of the artifact store: what
// package artifacts promises, held against a real S3-compatible server. Run it
// for every kind of server that results are to be kept in.
package storetest

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

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/rs/zerolog"

	"lossatlas/artifacts"
)

// Run holds the server at cfg against the suite. The credentials must allow
// making buckets: every test makes one of its own, named cfg.Bucket and a
// number, and doesn't remove it.
func Run(t *testing.T, cfg artifacts.Config) {
	for _, group := range []struct {
		name  string
		tests map[string]func(*testing.T, *Bucket)
	}{
		{"blobs", blobTests}, {"actions", actionTests}, {"parts", partTests}, {"roots", rootTests}, {"check", checkTests}, {"collect", collectTests},
		{"copy", copyTests}, {"archive", archiveTests}, {"history", historyTests}, {"over", overTests},
	} {
		t.Run(group.name, func(t *testing.T) {
			for name, test := range group.tests {
				t.Run(name, func(t *testing.T) { test(t, New(t, cfg)) })
			}
		})
	}
}

// Bucket is a fresh bucket: opened as a store, and as plain objects, to damage
// behind the store's back.
type Bucket struct {
	Store  *artifacts.Store
	Config artifacts.Config
	Raw    *minio.Client
	Log    *bytes.Buffer // of the store; read it only when no request is under way
}

var buckets atomic.Int64

// New makes a fresh bucket and opens it.
func New(t testing.TB, cfg artifacts.Config) *Bucket {
	t.Helper()
	cfg.Bucket = fmt.Sprintf("%s-%d-%s", cfg.Bucket, buckets.Add(1), strings.ToLower(rand.Text()[:8]))
	b := &Bucket{Config: cfg, Log: new(bytes.Buffer)}
	var err error
	b.Store, err = artifacts.Open(t.Context(), cfg, zerolog.New(zerolog.SyncWriter(b.Log)))
	if err != nil {
		t.Fatalf("open a fresh bucket: %v", err)
	}
	b.Raw, err = minio.New(cfg.Endpoint, &minio.Options{
		Creds:        credentials.NewStaticV4(cfg.AccessKey, cfg.SecretKey, ""),
		Secure:       cfg.TLS,
		Region:       cfg.Region,
		BucketLookup: minio.BucketLookupPath,
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Overwrite replaces an object's bytes.
func (b *Bucket) Overwrite(t testing.TB, object string, body []byte) {
	t.Helper()
	_, err := b.Raw.PutObject(t.Context(), b.Config.Bucket, object, bytes.NewReader(body), int64(len(body)), minio.PutObjectOptions{DisableMultipart: true, DisableContentSha256: true})
	if err != nil {
		t.Fatalf("overwrite %s: %v", object, err)
	}
}

// Remove removes an object.
func (b *Bucket) Remove(t testing.TB, object string) {
	t.Helper()
	if err := b.Raw.RemoveObject(t.Context(), b.Config.Bucket, object, minio.RemoveObjectOptions{}); err != nil {
		t.Fatalf("remove %s: %v", object, err)
	}
}

// Bytes returns an object as it lies in the bucket.
func (b *Bucket) Bytes(t testing.TB, object string) []byte {
	t.Helper()
	r, err := b.Raw.GetObject(t.Context(), b.Config.Bucket, object, minio.GetObjectOptions{})
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

// Object is where a blob lies in the bucket: part of the store's contract,
// because people look for blobs with other tools.
func Object(d artifacts.Digest) string { return "cas/sha256/" + d.Hex()[:2] + "/" + d.Hex() }

// ActionObject is where the action of a key lies in the bucket.
func ActionObject(k artifacts.Key) string {
	return "actions/" + k.String()[:2] + "/" + k.String() + ".json"
}

// Data returns n pseudo-random bytes that depend on the seed.
func Data(seed uint64, n int) []byte {
	var key [32]byte
	key[0], key[1], key[2], key[3] = byte(seed), byte(seed>>8), byte(seed>>16), byte(seed>>24)
	b := make([]byte, n)
	_, _ = mathrand.NewChaCha8(key).Read(b) // never fails
	return b
}

// Damage is a way in which bytes go wrong.
type Damage struct {
	Name string
	Do   func([]byte) []byte // of a copy of at least 2 bytes
}

// Damages are the ways that the store must find.
var Damages = []Damage{
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
