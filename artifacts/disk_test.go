package artifacts_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"lossatlas/artifacts"
)

// find returns the file that a server keeps an object in: the one of that name
// and size below its folder.
func find(t *testing.T, dir, name string, size int) string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() && e.Name() == name {
			if info, err := e.Info(); err == nil && info.Size() == int64(size) {
				found = append(found, path)
			}
		}
		return err
	})
	if err != nil || len(found) != 1 {
		t.Fatalf("files %s of %d bytes below %s: %q, %v; want one", name, size, dir, found, err)
	}
	return found[0]
}

// TestDamageOnDisk: what goes wrong below the server, without its knowledge, is found as well.
func TestDamageOnDisk(t *testing.T) {
	srv := own(t, false)
	b := newBucket(t, srv.config())
	for i, damage := range damages {
		t.Run(damage.Name, func(t *testing.T) {
			data := pseudoRandom(uint64(i), 100_000)
			blob, err := b.Store.Put(t.Context(), data)
			if err != nil {
				t.Fatal(err)
			}
			file := find(t, srv.dir, blob.Digest.Hex(), len(data))
			if err := os.WriteFile(file, damage.Do(slices.Clone(data)), 0o600); err != nil {
				t.Fatal(err)
			}
			var harm *artifacts.DamagedError
			if got, err := b.Store.Get(t.Context(), blob.Digest); !errors.As(err, &harm) || got != nil {
				t.Errorf("Get returned %d bytes, %v, want *DamagedError", len(got), err)
			}
			if _, err := b.Store.Put(t.Context(), data); err != nil {
				t.Fatal(err)
			}
			if got, err := b.Store.Get(t.Context(), blob.Digest); err != nil || !bytes.Equal(got, data) {
				t.Errorf("Put didn't heal it: Get returned %d bytes, %v", len(got), err)
			}
		})
	}
}

// TestRemovedOnDisk: a file that is gone is a blob that is gone, and a new one
// takes its place, also where the server keeps an object's attributes apart and
// still has those.
func TestRemovedOnDisk(t *testing.T) {
	for name, sidecar := range map[string]bool{"attributes in the file system": false, "attributes in files of their own": true} {
		t.Run(name, func(t *testing.T) {
			srv := own(t, sidecar)
			b := newBucket(t, srv.config())
			for _, n := range []int{1000, 100_000} { // below and above the size where Put asks first
				data := pseudoRandom(1, n)
				recipe := artifacts.Recipe{Kind: "train", Version: n}
				key, err := recipe.Key()
				if err != nil {
					t.Fatal(err)
				}
				record := func() {
					t.Helper()
					blob, err := b.Store.Put(t.Context(), data)
					if err != nil {
						t.Fatal(err)
					}
					if _, err := b.Store.PutAction(t.Context(), artifacts.Action{Key: key, Recipe: recipe, Outputs: map[string]artifacts.Blob{"weights": blob}}); err != nil {
						t.Fatal(err)
					}
				}
				record()
				blob := artifacts.BlobOf(data)
				if err := os.Remove(find(t, srv.dir, blob.Digest.Hex(), n)); err != nil {
					t.Fatal(err)
				}
				if _, err := b.Store.Get(t.Context(), blob.Digest); !errors.Is(err, artifacts.ErrNotFound) {
					t.Errorf("Get of a removed blob: %v, want ErrNotFound", err)
				}
				var incomplete *artifacts.IncompleteError
				if _, err := b.Store.Lookup(t.Context(), key); !errors.As(err, &incomplete) {
					t.Errorf("Lookup with a removed blob: %v, want *IncompleteError", err)
				}
				record()
				if got, err := b.Store.Get(t.Context(), blob.Digest); err != nil || !bytes.Equal(got, data) {
					t.Errorf("Get after Put: %d bytes, %v", len(got), err)
				}

				body := b.Bytes(t, actionObject(key))
				if err := os.Remove(find(t, srv.dir, key.String()+".json", len(body))); err != nil {
					t.Fatal(err)
				}
				if _, err := b.Store.Lookup(t.Context(), key); !errors.Is(err, artifacts.ErrNotFound) {
					t.Errorf("Lookup of a removed action: %v, want ErrNotFound", err)
				}
				record()
				if _, err := b.Store.Lookup(t.Context(), key); err != nil {
					t.Errorf("Lookup after PutAction: %v", err)
				}
			}
		})
	}
}
