package artifacts_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"lossatlas/artifacts"
	"lossatlas/artifacts/objects"
)

var blobTests = map[string]func(*testing.T, *bucket){
	"round trip":         blobRoundTrip,
	"put is idempotent":  blobIdempotent,
	"absent":             blobAbsent,
	"damage":             blobDamage,
	"32 writers":         blobWriters,
	"has":                blobHas,
	"cancelled":          blobCancelled,
	"cancelled mid-read": blobCancelledMidRead,
}

// sizes in bytes: the empty blob, around the sizes where buffers and code paths change, and some MB.
var sizes = []int{0, 1, 511, 512, 513, 64<<10 - 1, 64 << 10, 1<<20 - 1, 1 << 20, 1<<20 + 1, 5 << 20}

func blobRoundTrip(t *testing.T, b *bucket) {
	for i, n := range sizes {
		data := pseudoRandom(uint64(i), n)
		blob := put(t, b.Store, data)
		if want := (artifacts.Blob{Digest: artifacts.Of(data), Size: int64(n)}); blob != want {
			t.Errorf("Put of %d bytes returned %v, want %v", n, blob, want)
		}
		got, err := b.Store.Get(t.Context(), blob.Digest)
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("Get of %d bytes returned %d bytes, equal %v, error %v", n, len(got), bytes.Equal(got, data), err)
		}
		got, err = b.Store.GetBlob(t.Context(), blob)
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("GetBlob of %d bytes returned %d bytes, equal %v, error %v", n, len(got), bytes.Equal(got, data), err)
		}
		if err := b.Store.Verify(t.Context(), blob); err != nil {
			t.Errorf("Verify of %d bytes: %v", n, err)
		}
		if !bytes.Equal(b.Bytes(t, blobObject(blob.Digest)), data) {
			t.Errorf("the object of %d bytes is not the plain bytes", n)
		}
	}
}

func blobIdempotent(t *testing.T, b *bucket) {
	for _, n := range []int{10, 1 << 20} {
		data := pseudoRandom(7, n)
		first := put(t, b.Store, data)
		before, err := b.Objects.Stat(t.Context(), blobObject(first.Digest))
		if err != nil {
			t.Fatal(err)
		}
		if again := put(t, b.Store, data); again != first {
			t.Errorf("the second Put returned %v, the first %v", again, first)
		}
		after, err := b.Objects.Stat(t.Context(), blobObject(first.Digest))
		if err != nil {
			t.Fatal(err)
		}
		if !after.At.Equal(before.At) {
			t.Errorf("the second Put of %d bytes wrote the object again", n)
		}
	}
}

func blobAbsent(t *testing.T, b *bucket) {
	d := artifacts.Of([]byte("never stored"))
	if _, err := b.Store.Get(t.Context(), d); !errors.Is(err, artifacts.ErrNotFound) {
		t.Errorf("Get of an absent blob: %v, want ErrNotFound", err)
	} else if !strings.Contains(err.Error(), d.Hex()) {
		t.Errorf("the error doesn't name the blob: %v", err)
	}
	if err := b.Store.Verify(t.Context(), artifacts.Blob{Digest: d, Size: 12}); !errors.Is(err, artifacts.ErrNotFound) {
		t.Errorf("Verify of an absent blob: %v, want ErrNotFound", err)
	}
	if moved, err := b.Store.SetAside(t.Context(), d); moved != "" || err != nil {
		t.Errorf("SetAside of an absent blob: %q, %v, want nothing moved", moved, err)
	}
}

// blobDamage: a damaged blob is never handed out, by any way of reading; it is
// named; and storing the bytes again heals it.
func blobDamage(t *testing.T, b *bucket) {
	for i, damage := range damages {
		t.Run(damage.Name, func(t *testing.T) {
			data := pseudoRandom(uint64(100+i), 200_000)
			blob := put(t, b.Store, data)
			b.Overwrite(t, blobObject(blob.Digest), damage.Do(slices.Clone(data)))

			check := func(how string, got []byte, err error) {
				t.Helper()
				var harm *artifacts.DamagedError
				if !errors.As(err, &harm) {
					t.Fatalf("%s: error %v, want *DamagedError", how, err)
				}
				if got != nil {
					t.Errorf("%s handed out %d bytes of a damaged blob", how, len(got))
				}
				if harm.Digest != blob.Digest || harm.Object != blobObject(blob.Digest) || !strings.Contains(err.Error(), blobObject(blob.Digest)) {
					t.Errorf("%s: the error doesn't name the blob and its object: %v", how, err)
				}
			}
			got, err := b.Store.Get(t.Context(), blob.Digest)
			check("Get", got, err)
			got, err = b.Store.GetBlob(t.Context(), blob)
			check("GetBlob", got, err)
			check("Verify", nil, b.Store.Verify(t.Context(), blob))

			put(t, b.Store, data)
			if got, err := b.Store.Get(t.Context(), blob.Digest); err != nil || !bytes.Equal(got, data) {
				t.Errorf("Put didn't heal the blob: Get returned %d bytes, error %v", len(got), err)
			}
			if moved, err := b.Store.SetAside(t.Context(), blob.Digest); moved != "" || err != nil {
				t.Errorf("SetAside of a whole blob: %q, %v, want nothing moved", moved, err)
			}
			bad := damage.Do(slices.Clone(data))
			b.Overwrite(t, blobObject(blob.Digest), bad)
			moved, err := b.Store.SetAside(t.Context(), blob.Digest)
			if err != nil || !strings.HasPrefix(moved, "quarantine/") || !strings.HasSuffix(moved, "/"+blobObject(blob.Digest)) {
				t.Fatalf("SetAside of a damaged blob: %q, %v, want it under quarantine/", moved, err)
			}
			if got := b.Bytes(t, moved); !bytes.Equal(got, bad) {
				t.Errorf("what was set aside has %d bytes, want the %d damaged ones", len(got), len(bad))
			}
			if _, err := b.Store.Get(t.Context(), blob.Digest); !errors.Is(err, artifacts.ErrNotFound) {
				t.Errorf("Get after SetAside: %v, want ErrNotFound", err)
			}
		})
	}
}

// blobWriters: 32 writers of the same blob all succeed, and there is one whole blob.
func blobWriters(t *testing.T, b *bucket) {
	for _, n := range []int{1000, 1 << 20} {
		data := pseudoRandom(uint64(n), n)
		var wg sync.WaitGroup
		for range 32 {
			wg.Go(func() {
				if blob, err := b.Store.Put(t.Context(), slices.Clone(data)); err != nil || blob != artifacts.BlobOf(data) {
					t.Errorf("Put returned %v, %v", blob, err)
					return
				}
				if got, err := b.Store.Get(t.Context(), artifacts.Of(data)); err != nil || !bytes.Equal(got, data) {
					t.Errorf("Get after Put returned %d bytes, error %v", len(got), err)
				}
			})
		}
		wg.Wait()
	}
}

func blobHas(t *testing.T, b *bucket) {
	blob := put(t, b.Store, pseudoRandom(3, 1000))
	for _, c := range []struct {
		name string
		blob artifacts.Blob
		want bool
	}{
		{"stored", blob, true},
		{"another size", artifacts.Blob{Digest: blob.Digest, Size: 999}, false},
		{"another digest", artifacts.Blob{Digest: artifacts.Of([]byte("x")), Size: 1000}, false},
	} {
		if got, err := b.Store.Has(t.Context(), c.blob); got != c.want || err != nil {
			t.Errorf("Has of a blob that is %s: %v, %v, want %v", c.name, got, err, c.want)
		}
	}
}

func blobCancelled(t *testing.T, b *bucket) {
	blob := put(t, b.Store, pseudoRandom(1, 100))
	ctx := cancelled(t)
	calls := map[string]func() error{
		"Put":    func() error { _, err := b.Store.Put(ctx, pseudoRandom(2, 100)); return err },
		"PutBig": func() error { _, err := b.Store.Put(ctx, pseudoRandom(2, 1<<20)); return err },
		"Get":    func() error { _, err := b.Store.Get(ctx, blob.Digest); return err },
		"Has":    func() error { _, err := b.Store.Has(ctx, blob); return err },
		"Verify": func() error { return b.Store.Verify(ctx, blob) },
		"Lookup": func() error { _, err := b.Store.Lookup(ctx, artifacts.Key{1}); return err },
		"Roots":  func() error { _, err := b.Store.Roots(ctx); return err },
		"Parts":  func() error { _, err := b.Store.Parts(ctx, artifacts.Key{1}); return err },
		"Drop":   func() error { return b.Store.DropParts(ctx, artifacts.Key{1}) },
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a cancelled context: %v, want context.Canceled", name, err)
		}
	}
}

// cancelling is a bucket whose caller stops trying when the first bytes of a blob have come.
type cancelling struct {
	objects.Bucket
	cancel context.CancelFunc
}

func (c cancelling) Get(ctx context.Context, name string) (io.ReadCloser, objects.Info, error) {
	body, info, err := c.Bucket.Get(ctx, name)
	if strings.HasPrefix(name, "cas/") {
		body = cancellingBody{body, c.cancel}
	}
	return body, info, err
}

type cancellingBody struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (b cancellingBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p[:min(len(p), 1000)])
	b.cancel()
	return n, err
}

func blobCancelledMidRead(t *testing.T, b *bucket) {
	blob := put(t, b.Store, pseudoRandom(1, 32<<20)) // more than any buffer between here and the disk
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s, err := artifacts.In(t.Context(), cancelling{b.Objects, cancel}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(ctx, blob); !errors.Is(err, context.Canceled) {
		t.Errorf("reading on after cancel: %v, want context.Canceled", err)
	}
}
