package data_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"lossatlas/activities/data"
)

// member is a file of a test archive.
type member struct {
	name    string
	content []byte
}

// official is an archive like the official one, but of few records.
func official() []member {
	var files []member
	for i := range 5 {
		files = append(files, member{fmt.Sprintf("cifar-10-batches-bin/data_batch_%d.bin", i+1), records(3, uint64(i))})
	}
	return append(files,
		member{"cifar-10-batches-bin/test_batch.bin", records(2, 9)},
		member{"cifar-10-batches-bin/batches.meta.txt", []byte("airplane\n")},
		member{"cifar-10-batches-bin/something.else", []byte("not wanted")},
		member{"../../escaped.bin", []byte("not wanted either")})
}

// pack makes a .tar.gz.
func pack(t testing.TB, files []member) []byte {
	t.Helper()
	var b bytes.Buffer
	zip := gzip.NewWriter(&b)
	archive := tar.NewWriter(zip)
	for _, f := range files {
		if err := archive.WriteHeader(&tar.Header{Name: f.name, Mode: 0o644, Size: int64(len(f.content))}); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write(f.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(archive.Close(), zip.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// options names an archive at a test server.
func options(url string, archive []byte) data.FetchOptions {
	sum := sha256.Sum256(archive)
	return data.FetchOptions{Archive: data.Archive{URL: url, SHA256: hex.EncodeToString(sum[:]), Size: int64(len(archive))}}
}

// serve answers every request with the given handler.
func serve(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// names is what lies in a folder, hidden entries included.
func names(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestFetch(t *testing.T) {
	archive := pack(t, official())
	requests := 0
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { requests++; w.Write(archive) })
	dir := filepath.Join(t.TempDir(), "datasets")
	opts := options(url, archive)
	var done, total int64
	opts.Progress = func(d, n int64) {
		if d < done {
			t.Errorf("progress went back from %d to %d", done, d)
		}
		done, total = d, n
	}
	if err := data.Fetch(t.Context(), data.CIFAR10, dir, opts); err != nil {
		t.Fatal(err)
	}
	if done != opts.Size || total != opts.Size {
		t.Errorf("the last progress was %d of %d, want %d", done, total, opts.Size)
	}
	if got := names(t, dir); len(got) != 1 {
		t.Errorf("beside the folder there is %v", got)
	}
	if got := names(t, filepath.Join(dir, "cifar-10-batches-bin")); len(got) != 7 {
		t.Errorf("unpacked %v, want six files of records and batches.meta.txt", got)
	}
	src, err := data.Open(data.CIFAR10, data.Options{Cache: dir})
	if err != nil {
		t.Fatal(err)
	}
	s, err := src.Load(data.Train, 0, 15)
	if err != nil {
		t.Fatal(err)
	}
	if want := records(3, 4); !bytes.Equal(s.Example(14), interleaved(want[2*record+1:])) {
		t.Error("the last training image isn't that of the archive")
	}
	// What is there is not fetched again.
	if err := data.Fetch(t.Context(), data.CIFAR10, dir, opts); err != nil || requests != 1 {
		t.Errorf("a second fetch: %v after %d requests", err, requests)
	}
}

// TestFetchFailures: whatever goes wrong, the error names it and both ways to
// the data, and nothing remains in the folder.
func TestFetchFailures(t *testing.T) {
	archive := pack(t, official())
	without := pack(t, official()[1:])
	broken := official()
	broken[2].content = broken[2].content[:100]
	short := pack(t, broken)
	page := []byte("<html>the archive has moved</html>")
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	send := func(b []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.Write(b) }
	}
	flipped := bytes.Clone(archive)
	flipped[len(flipped)/2] ^= 1
	for name, c := range map[string]struct {
		url     string
		archive []byte // which size and digest are expected
		want    string
	}{
		"wrong digest": {serve(t, send(flipped)), archive, "SHA-256"},
		"too short":    {serve(t, send(archive[:len(archive)-10])), archive, fmt.Sprintf("only %d bytes, expected %d", len(archive)-10, len(archive))},
		"too long":     {serve(t, send(append(bytes.Clone(archive), 0, 0))), archive, "at least"},
		"cut off": {serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(archive)))
			w.Write(archive[:1000])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}), archive, "after 1000 of"},
		"not there":    {serve(t, http.NotFound), archive, "404"},
		"no server":    {closed.URL, archive, "refused"},
		"a file less":  {serve(t, send(without)), without, "lacks data_batch_1.bin"},
		"a short file": {serve(t, send(short)), short, "data_batch_3.bin (100 bytes)"},
		"no archive":   {serve(t, send(page)), page, "gzip"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "datasets")
			err := data.Fetch(t.Context(), data.CIFAR10, dir, options(c.url, c.archive))
			wantParts(t, err, c.want, "--data DIR", "is fetched once", dir)
			if e := (*data.MissingError)(nil); !errors.As(err, &e) {
				t.Errorf("%T is not a MissingError", err)
			}
			if left := names(t, dir); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// TestFetchStalls: a server that goes silent, and a caller who has enough.
func TestFetchStalls(t *testing.T) {
	archive := pack(t, official())
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Write(archive[:500])
		w.(http.Flusher).Flush()
		<-r.Context().Done() // until the client has gone
	})
	dir := t.TempDir()
	opts := options(url, archive)
	opts.Stall = 50 * time.Millisecond
	wantParts(t, data.Fetch(t.Context(), data.CIFAR10, dir, opts), "sent nothing for 50ms", "after 500 of")

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := data.Fetch(ctx, data.CIFAR10, dir, options(url, archive))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a cancelled fetch answers %v", err)
	}
	if left := names(t, dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestFetchTogether: several fetches at once all succeed and leave one folder.
func TestFetchTogether(t *testing.T) {
	archive := pack(t, official())
	var at sync.WaitGroup // everyone downloads before anyone unpacks
	at.Add(4)
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		at.Done()
		at.Wait()
		w.Write(archive)
	})
	dir := t.TempDir()
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if err := data.Fetch(t.Context(), data.CIFAR10, dir, options(url, archive)); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if got := names(t, dir); len(got) != 1 {
		t.Errorf("the folder holds %v", got)
	}
}

// TestFetchClearsOldLeftovers: what a killed download left is removed after a
// day, what may belong to one that runs is not.
func TestFetchClearsOldLeftovers(t *testing.T) {
	archive := pack(t, official())
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Write(archive) })
	dir := t.TempDir()
	for _, name := range []string{".cifar10-old", ".cifar10-new"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	old := time.Now().Add(-25 * time.Hour)
	if err := os.Chtimes(filepath.Join(dir, ".cifar10-old"), old, old); err != nil {
		t.Fatal(err)
	}
	if err := data.Fetch(t.Context(), data.CIFAR10, dir, options(url, archive)); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(names(t, dir)); got != "[.cifar10-new cifar-10-batches-bin]" {
		t.Errorf("the folder holds %v", got)
	}
}
