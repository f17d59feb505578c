package s3_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/minio/minio-go/v7"

	"lossatlas/workers/embedded/s3"
)

// TestStartOnAFullDisk: what is there can be read and removed, and then there is room again.
func TestStartOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4m"); err != nil {
		t.Skipf("needs the right to mount a small file system: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	srv := start(t, s3.Options{Dir: dir})
	c := client(t, srv.Addr(), secret)
	if err := c.MakeBucket(t.Context(), "atlas", minio.MakeBucketOptions{}); err != nil {
		t.Fatal(err)
	}
	data := bytes.Repeat([]byte("lossatlas"), 1<<16)
	if err := put(t.Context(), c, "a/b", data, true); err != nil {
		t.Fatal(err)
	}
	sidecar := srv.Sidecar()
	if err := srv.Stop(); err != nil {
		t.Fatal(err)
	}

	ballast, err := os.Create(filepath.Join(dir, "ballast"))
	if err != nil {
		t.Fatal(err)
	}
	defer ballast.Close()
	for err == nil {
		_, err = ballast.Write(make([]byte, 4096))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	srv = start(t, s3.Options{Dir: dir})
	if srv.Sidecar() != sidecar {
		t.Errorf("the full disk made the store keep attributes elsewhere (in files of their own: %v)", srv.Sidecar())
	}
	c = client(t, srv.Addr(), secret)
	if !bytes.Equal(get(t, c, "a/b"), data) {
		t.Error("the object is not what was put")
	}
	if err := put(t.Context(), c, "a/c", data, true); err == nil {
		t.Error("something could be put on a full disk")
	}
	if err := c.RemoveObject(t.Context(), "atlas", "a/b", minio.RemoveObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := put(t.Context(), c, "a/c", data[:1000], true); err != nil {
		t.Errorf("put after something was removed: %v", err)
	}
}
