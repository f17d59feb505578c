package artifacts_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"lossatlas/artifacts"
	"lossatlas/artifacts/maintain"
	"lossatlas/artifacts/objects/s3"
)

// The benchmarks stand next to the bare client library against the same server:
// the difference is what digests, conditions and verification cost.

var benchSizes = []int{4 << 10, 1 << 20, 32 << 20}

// distinct stamps the data so that every put is of a new blob.
func distinct(data []byte, i int) []byte {
	binary.LittleEndian.PutUint64(data, uint64(i))
	return data
}

func BenchmarkPut(b *testing.B) {
	for _, n := range benchSizes {
		b.Run(fmt.Sprintf("store/%dKiB", n>>10), func(b *testing.B) {
			bucket := newBucket(b, serve(b).config())
			data := pseudoRandom(1, n)
			b.SetBytes(int64(n))
			for i := 0; b.Loop(); i++ {
				if _, err := bucket.Store.Put(b.Context(), distinct(data, i)); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("bare/%dKiB", n>>10), func(b *testing.B) {
			client, bucket := bare(b)
			data := pseudoRandom(1, n)
			b.SetBytes(int64(n))
			for i := 0; b.Loop(); i++ {
				_, err := client.PutObject(b.Context(), bucket, fmt.Sprintf("bare-%d-%d", n, i), bytes.NewReader(data), int64(n), minio.PutObjectOptions{DisableMultipart: true})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkPutExisting(b *testing.B) {
	for _, n := range benchSizes {
		b.Run(fmt.Sprintf("%dKiB", n>>10), func(b *testing.B) {
			bucket := newBucket(b, serve(b).config())
			data := pseudoRandom(1, n)
			b.SetBytes(int64(n))
			for b.Loop() {
				if _, err := bucket.Store.Put(b.Context(), data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkGet(b *testing.B) {
	for _, n := range benchSizes {
		bucket := newBucket(b, serve(b).config())
		data := pseudoRandom(1, n)
		blob, err := bucket.Store.Put(b.Context(), data)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("store/%dKiB", n>>10), func(b *testing.B) {
			b.SetBytes(int64(n))
			for b.Loop() {
				if _, err := bucket.Store.Get(b.Context(), blob.Digest); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("bare/%dKiB", n>>10), func(b *testing.B) {
			client, bucket := bare(b)
			if _, err := client.PutObject(b.Context(), bucket, "bare", bytes.NewReader(data), int64(n), minio.PutObjectOptions{DisableMultipart: true}); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(n))
			for b.Loop() {
				r, err := client.GetObject(b.Context(), bucket, "bare", minio.GetObjectOptions{})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(r, make([]byte, n)); err != nil { // into memory, as Get does
					b.Fatal(err)
				}
				r.Close()
			}
		})
	}
}

// BenchmarkLookup is what a sweep pays for every step that is already done.
func BenchmarkLookup(b *testing.B) {
	for _, outputs := range []int{1, 2, 16} {
		b.Run(fmt.Sprintf("hit/%d", outputs), func(b *testing.B) {
			bucket := newBucket(b, serve(b).config())
			recipe := artifacts.Recipe{Kind: "train", Version: outputs}
			key, err := recipe.Key()
			if err != nil {
				b.Fatal(err)
			}
			a := artifacts.Action{Key: key, Recipe: recipe, Outputs: map[string]artifacts.Blob{}}
			for i := range outputs {
				blob, err := bucket.Store.Put(b.Context(), pseudoRandom(uint64(i), 1000))
				if err != nil {
					b.Fatal(err)
				}
				a.Outputs[fmt.Sprint(i)] = blob
			}
			if _, err := bucket.Store.PutAction(b.Context(), a); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := bucket.Store.Lookup(b.Context(), key); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("miss", func(b *testing.B) {
		bucket := newBucket(b, serve(b).config())
		for b.Loop() {
			if _, err := bucket.Store.Lookup(b.Context(), artifacts.Key{1}); err == nil {
				b.Fatal("found an action that was never put")
			}
		}
	})
}

func BenchmarkKey(b *testing.B) {
	r := golden()
	for b.Loop() {
		if _, err := r.Key(); err != nil {
			b.Fatal(err)
		}
	}
}

// fill puts n actions with a blob of the given size each, and a sweep that names them all.
func fill(b *testing.B, bucket *bucket, n, size int) {
	b.Helper()
	graph := []byte(`{"final":[`)
	root := artifacts.Root{Sweep: "bench", State: artifacts.StateDone, Steps: map[string]artifacts.RootStep{}}
	data := pseudoRandom(1, size)
	for i := range n {
		recipe := artifacts.Recipe{Kind: "train", Version: 1, Params: fmt.Appendf(nil, `{"n":%d}`, i)}
		key, err := recipe.Key()
		if err != nil {
			b.Fatal(err)
		}
		blob, err := bucket.Store.Put(b.Context(), distinct(data, i))
		if err != nil {
			b.Fatal(err)
		}
		a := artifacts.Action{Key: key, Recipe: recipe, Outputs: map[string]artifacts.Blob{"weights": blob}}
		if _, err := bucket.Store.PutAction(b.Context(), a); err != nil {
			b.Fatal(err)
		}
		root.Steps[fmt.Sprint(i)] = artifacts.RootStep{Kind: "train", Key: key, State: artifacts.StateRan, Outputs: a.Outputs}
		graph = fmt.Appendf(graph, `{"id":"%d","kind":"train","params":%s},`, i, recipe.Params)
	}
	var err error
	if root.Graph, err = bucket.Store.Put(b.Context(), append(graph[:len(graph)-1], "]}"...)); err != nil {
		b.Fatal(err)
	}
	if err := bucket.Store.PutRoot(b.Context(), root); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkTenThousand is what looking at a store of 10,000 artifacts costs:
// listing the sweeps' outputs (one record), listing the blobs, and a check and a
// collection, which read every record.
func BenchmarkTenThousand(b *testing.B) {
	const n = 10_000
	bucket := newBucket(b, serve(b).config())
	fill(b, bucket, n, 1000)
	b.Run("roots", func(b *testing.B) {
		for b.Loop() {
			roots, err := bucket.Store.Roots(b.Context())
			if err != nil || len(roots[0].Steps) != n {
				b.Fatal(err)
			}
		}
	})
	b.Run("check", func(b *testing.B) {
		for b.Loop() {
			if c, err := maintain.Check(b.Context(), bucket.Store, maintain.CheckOptions{}); err != nil || len(c.Findings) > 0 {
				b.Fatal(c, err)
			}
		}
	})
	b.Run("collect", func(b *testing.B) {
		for b.Loop() {
			if c, err := maintain.Collect(b.Context(), bucket.Store, maintain.CollectOptions{}); err != nil || len(c.Freed) > 0 {
				b.Fatal(c, err)
			}
		}
	})
}

// BenchmarkCheck is how fast a check reads large blobs.
func BenchmarkCheck(b *testing.B) {
	const n, size = 32, 8 << 20
	bucket := newBucket(b, serve(b).config())
	fill(b, bucket, n, size)
	b.SetBytes(n * size)
	for b.Loop() {
		if c, err := maintain.Check(b.Context(), bucket.Store, maintain.CheckOptions{}); err != nil || len(c.Findings) > 0 {
			b.Fatal(c, err)
		}
	}
}

// bare is the client library's own way to a bucket, to compare with.
func bare(b *testing.B) (client *minio.Client, bucket string) {
	b.Helper()
	cfg := numbered(serve(b).config())
	if _, err := s3.Open(b.Context(), cfg); err != nil {
		b.Fatal(err)
	}
	client, err := minio.New(cfg.Endpoint, &minio.Options{
		Creds: credentials.NewStaticV4(cfg.AccessKey, cfg.SecretKey, ""), Region: cfg.Region, BucketLookup: minio.BucketLookupPath,
	})
	if err != nil {
		b.Fatal(err)
	}
	return client, cfg.Bucket
}
