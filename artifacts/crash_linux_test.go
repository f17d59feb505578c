package artifacts_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"lossatlas/artifacts"
	"lossatlas/artifacts/objects"
)

// received returns how many bytes the server process has read so far, from sockets and files.
func (s *server) received(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if _, err := fmt.Sscanf(strings.SplitN(string(b), "\n", 2)[0], "rchar: %d", &n); err != nil {
		t.Fatalf("/proc/…/io begins with %.40q: %v", b, err)
	}
	return n
}

// killAfter kills the server when it has received n more bytes.
func (s *server) killAfter(t *testing.T, n, before int) {
	t.Helper()
	for begun := time.Now(); s.received(t) < before+n; time.Sleep(time.Millisecond) {
		if time.Since(begun) > time.Minute {
			t.Fatalf("the server has received %d of %d bytes in a minute", s.received(t)-before, n)
		}
	}
	s.kill()
}

// TestKilledServer: a server that dies in the middle of puts leaves every object
// either as it was or not there at all, and the puts succeed against the next one.
func TestKilledServer(t *testing.T) {
	srv := own(t, false)
	cfg := numbered(srv.config())
	b := openBucket(t, func(testing.TB) objects.Bucket { return openS3(t, cfg) })
	old := pseudoRandom(0, 1<<20)
	oldBlob, err := b.Store.Put(t.Context(), old)
	if err != nil {
		t.Fatal(err)
	}
	key := artifacts.Key{1}
	if err := b.Store.PutPart(t.Context(), key, "checkpoint", old); err != nil {
		t.Fatal(err)
	}
	fresh := pseudoRandom(1, 32<<20)
	// The server dies when it has received less than one of the two bodies, in the middle of both.
	for round, until := range []int{4 << 20, 28 << 20} {
		before := srv.received(t)
		done := make(chan error, 2)
		go func() { _, err := b.Store.Put(t.Context(), fresh); done <- err }()
		go func() { done <- b.Store.PutPart(t.Context(), key, "checkpoint", fresh) }()
		srv.killAfter(t, until, before)
		next, err := start(srv.dir, srv.addr, false)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(next.stop)
		srv = next
		for range 2 { // the client library sends again what was cut off
			if err := <-done; err != nil {
				t.Fatalf("round %d: a put that its server died under: %v", round, err)
			}
		}
		for _, blob := range []artifacts.Blob{oldBlob, artifacts.BlobOf(fresh)} {
			if err := b.Store.Verify(t.Context(), blob); err != nil {
				t.Errorf("round %d: %v", round, err)
			}
		}
		if got, err := b.Store.GetPart(t.Context(), key, "checkpoint"); err != nil || !bytes.Equal(got, fresh) {
			t.Errorf("round %d: the part has %d bytes, %v", round, len(got), err)
		}
		// Back to where it began.
		b.Remove(t, blobObject(artifacts.Of(fresh)))
		if err := b.Store.PutPart(t.Context(), key, "checkpoint", old); err != nil {
			t.Fatal(err)
		}
	}

	// And with no one left to send again: what is there is whole.
	before := srv.received(t)
	go func() { _, _ = b.Store.Put(t.Context(), fresh) }()
	go func() { _ = b.Store.PutPart(t.Context(), key, "checkpoint", fresh) }()
	srv.killAfter(t, 16<<20, before)
	next, err := start(srv.dir, "", false) // elsewhere, so that the writers can't reach it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(next.stop)
	cfg.Endpoint = next.addr
	s, err := artifacts.Open(t.Context(), cfg, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(t.Context(), oldBlob); err != nil {
		t.Error(err)
	}
	if err := s.Verify(t.Context(), artifacts.BlobOf(fresh)); err != nil && !errors.Is(err, artifacts.ErrNotFound) {
		t.Errorf("the blob that was being put: %v, want it whole or absent", err)
	}
	if got, err := s.GetPart(t.Context(), key, "checkpoint"); err != nil || !bytes.Equal(got, old) && !bytes.Equal(got, fresh) {
		t.Errorf("the part that was being put: %d bytes, %v, want the old or the new one", len(got), err)
	}
}

// TestFullDisk: a full disk is called one, harms nothing that is there, and
// is no obstacle once there is room again.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=8m"); err != nil {
		t.Skipf("needs the right to mount a small file system: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	srv, err := start(dir, "", false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.stop)
	b := newBucket(t, srv.config())
	small, err := b.Store.Put(t.Context(), pseudoRandom(1, 3<<20))
	if err != nil {
		t.Fatal(err)
	}
	big := pseudoRandom(2, 7<<20)
	if _, err := b.Store.Put(t.Context(), big); !errors.Is(err, artifacts.ErrNoSpace) {
		t.Errorf("Put of 7 MiB where 5 are left: %v, want ErrNoSpace", err)
	}
	if err := b.Store.PutPart(t.Context(), artifacts.Key{1}, "p", big); !errors.Is(err, artifacts.ErrNoSpace) {
		t.Errorf("PutPart of 7 MiB where 5 are left: %v, want ErrNoSpace", err)
	}
	if err := b.Store.Verify(t.Context(), small); err != nil {
		t.Errorf("what was there before: %v", err)
	}
	if has, err := b.Store.Has(t.Context(), artifacts.BlobOf(big)); has || err != nil {
		t.Errorf("Has of what didn't fit: %v, %v", has, err)
	}
	b.Remove(t, blobObject(small.Digest))
	if _, err := b.Store.Put(t.Context(), big); err != nil {
		t.Errorf("Put after room was made: %v", err)
	}
}
