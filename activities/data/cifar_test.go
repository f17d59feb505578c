package data_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lossatlas/activities/data"
	"lossatlas/activities/internal/shared"
)

// The form of the records.
const (
	plane  = 32 * 32
	image  = 3 * plane
	record = 1 + image
)

// interleaved is an image, stored plane by plane, as a split holds it.
func interleaved(planes []byte) []byte {
	out := make([]byte, len(planes))
	for i := range out {
		out[i] = planes[i%3*plane+i/3]
	}
	return out
}

// records makes n records of random pixels, with labels 0 to 9 in turn.
func records(n int, seed uint64) []byte {
	rng := rand.New(rand.NewPCG(seed, 1))
	b := make([]byte, n*record)
	for i := range b {
		b[i] = uint8(rng.Uint32())
	}
	for i := range n {
		b[i*record] = uint8(i % 10)
	}
	return b
}

// folder makes a data folder with the given files.
func folder(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "cifar-10-batches-bin")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Dir(dir)
}

func open(t testing.TB, dir string) data.Source {
	t.Helper()
	src, err := data.Open(data.CIFAR10, data.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// TestLoadRanges compares every kind of range, over files that leave a gap in
// the numbering and whose sizes are no multiples of the reader's block.
func TestLoadRanges(t *testing.T) {
	first, third := records(301, 1), records(170, 3)
	dir := folder(t, map[string][]byte{"data_batch_1.bin": first, "data_batch_3.bin": third, "test_batch.bin": records(7, 9)})
	all := append(bytes.Clone(first), third...)
	src := open(t, dir)
	if n, err := src.Size(data.Train); n != 471 || err != nil {
		t.Fatalf("train has %d images (%v), want 471", n, err)
	}
	if n, err := src.Size(data.Test); n != 7 || err != nil {
		t.Fatalf("test has %d images (%v), want 7", n, err)
	}
	rapid.Check(t, func(t *rapid.T) {
		from := rapid.IntRange(0, 471).Draw(t, "from")
		to := rapid.IntRange(from, 471).Draw(t, "to")
		s, err := src.Load(data.Train, from, to)
		if err != nil {
			t.Fatal(err)
		}
		if s.Len() != to-from || len(s.Examples) != s.Len()*image || s.Name != data.Train {
			t.Fatalf("%d labels, %d bytes, name %q", s.Len(), len(s.Examples), s.Name)
		}
		for i := range s.Len() {
			want := all[(from+i)*record:][:record]
			if s.Classes[i] != int32(want[0]) || !bytes.Equal(s.Example(i), interleaved(want[1:])) {
				t.Fatalf("image %d is not record %d", i, from+i)
			}
		}
	})
}

// TestImagesStayInTheirFiles reads ranges of a split that is too large for the
// memory it may use, and wants the bytes that a split in memory has, in slices
// of slices, across files and with an error where a file changes meanwhile.
func TestImagesStayInTheirFiles(t *testing.T) {
	dir := folder(t, map[string][]byte{"data_batch_1.bin": records(301, 1), "data_batch_2.bin": records(170, 3)})
	inMemory, err := open(t, dir).Load(data.Train, 5, 470)
	if err != nil {
		t.Fatal(err)
	}
	src, err := data.Open(data.CIFAR10, data.Options{Dir: dir, Resident: 100 * image})
	if err != nil {
		t.Fatal(err)
	}
	s, err := src.Load(data.Train, 5, 470)
	if err != nil {
		t.Fatal(err)
	}
	if s.Examples != nil || !slices.Equal(s.Classes, inMemory.Classes) {
		t.Fatalf("%d bytes of pixels in memory; labels equal: %v", len(s.Examples), slices.Equal(s.Classes, inMemory.Classes))
	}
	rapid.Check(t, func(t *rapid.T) {
		from := rapid.IntRange(0, 465).Draw(t, "from")
		to := rapid.IntRange(from, 465).Draw(t, "to")
		i := rapid.IntRange(0, to-from).Draw(t, "i")
		n := rapid.IntRange(0, to-from-i).Draw(t, "n")
		got, want := make([]uint8, n*image), make([]uint8, n*image)
		if err := errors.Join(s.Slice(from, to).Read(got, i), inMemory.Slice(from, to).Read(want, i)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) || !bytes.Equal(want, inMemory.Examples[(from+i)*image:(from+i+n)*image]) {
			t.Fatalf("images %d to %d of [%d:%d] differ", i, i+n, from, to)
		}
	})
	if err := os.Truncate(filepath.Join(dir, "cifar-10-batches-bin", "data_batch_2.bin"), 10*record); err != nil {
		t.Fatal(err)
	}
	var changed *data.FileError
	if err := s.Read(make([]uint8, 465*image), 0); !errors.As(err, &changed) {
		t.Errorf("reading a file that was cut short: %v", err)
	}
}

// TestOpenAcceptsTheFolderItself: --data may name either folder.
func TestOpenAcceptsTheFolderItself(t *testing.T) {
	dir := folder(t, map[string][]byte{"test_batch.bin": records(2, 1)})
	for _, opts := range []data.Options{{Dir: dir}, {Dir: filepath.Join(dir, "cifar-10-batches-bin")}, {Cache: dir}} {
		src, err := data.Open(data.CIFAR10, opts)
		if err != nil {
			t.Fatalf("%+v: %v", opts, err)
		}
		if _, err := src.Load(data.Test, 0, 2); err != nil {
			t.Fatal(err)
		}
		_, err = src.Size(data.Train)
		wantParts(t, err, "train split", "data_batch_1.bin")
	}
}

// wantParts checks that an error's message has what a reader needs.
func wantParts(t testing.TB, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one that mentions %q", parts)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("the error doesn't mention %q: %v", p, err)
		}
	}
}

func TestDamagedFiles(t *testing.T) {
	bad := records(20, 2)
	bad[13*record] = 10
	for name, c := range map[string]struct {
		content []byte
		atOpen  bool
		want    []string
	}{
		"truncated": {records(3, 1)[:2*record+100], true, []string{"data_batch_1.bin", "6246 bytes", "2 records and 100 bytes more", "multiple of 3073"}},
		"empty":     {nil, true, []string{"data_batch_1.bin", "0 bytes", "is empty", "3073"}},
		"label":     {bad, false, []string{"data_batch_1.bin", "record 13 at byte 39949", "label 10", "0 to 9"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, map[string][]byte{"data_batch_1.bin": c.content})
			src, err := data.Open(data.CIFAR10, data.Options{Dir: dir})
			if !c.atOpen {
				if err != nil {
					t.Fatal(err)
				}
				if _, err := src.Load(data.Train, 0, 13); err != nil {
					t.Fatalf("the records before the bad one: %v", err)
				}
				_, err = src.Load(data.Train, 10, 20)
			}
			wantParts(t, err, c.want...)
			if file := (*data.FileError)(nil); !errors.As(err, &file) {
				t.Errorf("%T is not a FileError", err)
			}
		})
	}
}

// TestUnreadableFile uses a folder in a file's place, which no privilege makes readable.
func TestUnreadableFile(t *testing.T) {
	dir := folder(t, map[string][]byte{"test_batch.bin": records(1, 1)})
	if err := os.Mkdir(filepath.Join(dir, "cifar-10-batches-bin", "data_batch_2.bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := data.Open(data.CIFAR10, data.Options{Dir: dir})
	wantParts(t, err, "data_batch_2.bin", "not a regular file", "3073")
}

func TestTooManyImages(t *testing.T) {
	dir := folder(t, map[string][]byte{"data_batch_1.bin": records(20, 1), "data_batch_2.bin": records(10, 2), "test_batch.bin": records(5, 3)})
	src := open(t, dir)
	_, err := src.Load(data.Train, 0, 50000)
	wantParts(t, err, "train[0:50000]", "has 30 images", "data_batch_1.bin: 20, data_batch_2.bin: 10", dir, "dataset.train to at most 30", "add data_batch_3.bin")
	_, err = src.Load(data.Test, 4, 6)
	wantParts(t, err, "test[4:6]", "5 images", "test_batch.bin: 5", "dataset.test to at most 5")
	for _, r := range [][2]int{{-1, 3}, {3, 2}, {math.MinInt, math.MaxInt}} {
		_, err = src.Load(data.Test, r[0], r[1])
		wantParts(t, err, "not a range", "FROM ≤ TO ≤ 5")
	}
	if e := (*data.RangeError)(nil); !errors.As(err, &e) || e.Size != 5 {
		t.Errorf("%#v is not a RangeError of 5", err)
	}
	_, err = src.Load("validation", 0, 1)
	wantParts(t, err, `no split "validation"`, "train and test")
	_, err = data.Open("mnist", data.Options{})
	wantParts(t, err, `"mnist"`, "cifar10, shapes10")
}

func TestMissing(t *testing.T) {
	dir := t.TempDir()
	for _, opts := range []data.Options{{Dir: dir}, {Cache: dir}, {Dir: filepath.Join(dir, "absent")}, {}} {
		_, err := data.Open(data.CIFAR10, opts)
		wantParts(t, err, "cifar-10-batches-bin", "--data DIR", "fetched once")
		if e := (*data.MissingError)(nil); !errors.As(err, &e) {
			t.Errorf("%T is not a MissingError", err)
		}
	}
}

// TestDigest recomputes the digest from its definition, and checks what it
// depends on: names and contents, not the place.
func TestDigest(t *testing.T) {
	a, b, c := records(3, 1), records(4, 2), records(2, 3)
	h := sha256.New()
	for _, f := range []struct {
		name    string
		content []byte
	}{{"data_batch_1.bin", a}, {"data_batch_4.bin", b}, {"test_batch.bin", c}} {
		binary.Write(h, binary.LittleEndian, uint64(len(f.name)))
		h.Write([]byte(f.name))
		binary.Write(h, binary.LittleEndian, uint64(len(f.content)))
		h.Write(f.content)
	}
	want := fmt.Sprintf("sha256:%x", h.Sum(nil))
	digest := func(files map[string][]byte) string {
		t.Helper()
		d, err := open(t, folder(t, files)).Digest()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	files := map[string][]byte{"data_batch_1.bin": a, "data_batch_4.bin": b, "test_batch.bin": c, "readme.html": []byte("of no matter")}
	if got := digest(files); got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
	other := bytes.Clone(b)
	other[len(other)-1] ^= 1
	for name, files := range map[string]map[string][]byte{
		"a flipped bit":  {"data_batch_1.bin": a, "data_batch_4.bin": other, "test_batch.bin": c},
		"another number": {"data_batch_1.bin": a, "data_batch_5.bin": b, "test_batch.bin": c},
		"swapped files":  {"data_batch_1.bin": b, "data_batch_4.bin": a, "test_batch.bin": c},
		"a file less":    {"data_batch_1.bin": a, "test_batch.bin": c},
	} {
		if digest(files) == want {
			t.Errorf("%s leaves the digest as it is", name)
		}
	}
}

// TestChangedFile: an open data set whose files are replaced is refused,
// whether or not the digest was known before.
func TestChangedFile(t *testing.T) {
	dir := folder(t, map[string][]byte{"test_batch.bin": records(5, 1)})
	src := open(t, dir)
	before, err := src.Digest()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "cifar-10-batches-bin", "test_batch.bin")
	if err := os.WriteFile(path, records(5, 2), 0o644); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Hour) // also where the file system's clock is coarse
	if err := os.Chtimes(path, later, later); err != nil {
		t.Fatal(err)
	}
	_, err = src.Digest()
	wantParts(t, err, "test_batch.bin", "changed while it was in use")
	_, err = src.Load(data.Test, 0, 1)
	wantParts(t, err, "changed while it was in use")
	if after, err := open(t, dir).Digest(); err != nil || after == before {
		t.Errorf("opened again the digest is %s (%v), before it was the same", after, err)
	}
}

// TestCIFAR10 reads the real records: their number, their balance, and the
// normalised first test image of the reference, which settles the order of
// planes and the constants. The reference is float32, hence the tolerance.
func TestCIFAR10(t *testing.T) {
	src := open(t, filepath.Join(shared.Dir(t), "data"))
	for split, size := range map[string]int{data.Train: 10000, data.Test: 2000} {
		if n, err := src.Size(split); n != size || err != nil {
			t.Fatalf("%s has %d images (%v), want %d", split, n, err, size)
		}
		s, err := src.Load(split, 0, size)
		if err != nil {
			t.Fatal(err)
		}
		var count [10]int
		for _, label := range s.Classes {
			count[label]++
		}
		for class, n := range count {
			if n != size/10 {
				t.Errorf("%s: class %d has %d images, want %d", split, class, n, size/10)
			}
		}
	}
	s, err := src.Load(data.Test, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	var want []float32
	shared.Open(t, "tiny_a").Array(t, "forward.npz", "image0_normalised_f32", &want)
	for i, v := range s.Examples {
		c := i % 3
		got := (float64(v) - s.Problem.Mean[c]) / s.Problem.Deviation[c]
		if w := float64(want[c*plane+i/3]); math.Abs(got-w) > 1e-6 {
			t.Fatalf("pixel %d: %g, the reference has %g", i, got, w)
		}
	}
}

func TestSplitSlice(t *testing.T) {
	s := data.Split{Name: "x", Problem: shared.Problem, Examples: make([]byte, 5*image), Classes: []int32{0, 1, 2, 3, 4}}
	part := s.Slice(2, 4)
	part.Example(0)[0] = 7
	if part.Len() != 2 || part.Classes[0] != 2 || s.Example(2)[0] != 7 || cap(part.Classes) != 2 {
		t.Errorf("slice %+v", part.Classes)
	}
	for _, r := range [][2]int{{-1, 2}, {3, 2}, {0, 6}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("slice %v of five images doesn't panic", r)
				}
			}()
			s.Slice(r[0], r[1])
		}()
	}
}
