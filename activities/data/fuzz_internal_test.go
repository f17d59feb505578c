package data

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// members is a tar of files of one byte.
func members(t testing.TB, headers ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		h.Mode = 0o644
		if h.Typeflag == 0 {
			h.Typeflag, h.Size = tar.TypeReg, 1
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			if _, err := w.Write([]byte{1}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// FuzzUnpack: no archive makes the unpacker panic, or write anything but files of the
// known names into its folder. (What it unpacks is not all there, which is an error.)
func FuzzUnpack(f *testing.F) {
	f.Add([]byte{})
	f.Add(members(f, tar.Header{Name: "cifar-10-batches-bin/data_batch_1.bin"}, tar.Header{Name: "readme.html"}))
	f.Add(members(f, tar.Header{Name: "../../data_batch_1.bin"}, tar.Header{Name: `..\..\test_batch.bin`}, tar.Header{Name: "/etc/passwd"}))
	f.Add(members(f, tar.Header{Name: "test_batch.bin", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}, tar.Header{Name: "x/test_batch.bin"}))
	f.Add(members(f, tar.Header{Name: "test_batch.bin"}, tar.Header{Name: "a/test_batch.bin"}))
	known := slices.Concat(cifarRecords.names(), cifarRecords.extra)
	f.Fuzz(func(t *testing.T, b []byte) {
		var zipped bytes.Buffer
		z := gzip.NewWriter(&zipped)
		if _, err := z.Write(b); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		top := t.TempDir()
		archive, dir := filepath.Join(top, "archive.tar.gz"), filepath.Join(top, "sub", "dir")
		if err := os.WriteFile(archive, zipped.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(filepath.Dir(dir), 0o700); err != nil {
			t.Fatal(err)
		}
		if cifarRecords.unpack(archive, dir) == nil {
			t.Fatal("an archive without data was taken for whole")
		}
		for folder, allowed := range map[string][]string{top: {"archive.tar.gz", "sub"}, filepath.Dir(dir): {"dir"}, dir: known} {
			entries, err := os.ReadDir(folder)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				if !slices.Contains(allowed, e.Name()) || folder == dir && !e.Type().IsRegular() {
					t.Fatalf("%s was written", filepath.Join(folder, e.Name()))
				}
			}
		}
	})
}
