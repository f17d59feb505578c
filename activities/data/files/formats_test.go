package files_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"image/color"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lossatlas/activities/data"
	"lossatlas/activities/data/files"
	"lossatlas/activities/internal/shared"
	"lossatlas/activities/problem"
)

// idx is an IDX file.
func idx(kind byte, shape []uint32, elements any) []byte {
	b, _ := binary.Append([]byte{0, 0, kind, byte(len(shape))}, binary.BigEndian, shape)
	b, err := binary.Append(b, binary.BigEndian, elements)
	if err != nil {
		panic(err)
	}
	return b
}

func zipped(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// TestIDX reads the pairs of MNIST, packed and not, from the folder or one of the files.
func TestIDX(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "train-images-idx3-ubyte.gz", zipped(idx(8, []uint32{3, 2, 2}, ramp[uint8](12))))
	write(t, dir, "train-labels-idx1-ubyte.gz", zipped(idx(8, []uint32{3}, []uint8{2, 0, 1})))
	write(t, dir, "t10k-images.idx3-ubyte", idx(8, []uint32{2, 2, 2}, ramp[uint8](8)))
	one := write(t, dir, "t10k-labels.idx1-ubyte", idx(8, []uint32{2}, []uint8{1, 1}))
	for _, path := range []string{dir, one} {
		for _, resident := range []int{0, 1} {
			c := open(t, path, files.Options{Resident: resident})
			train, test := load(t, c, data.Train), load(t, c, data.Test)
			if !slices.Equal(train.Classes, []int32{2, 0, 1}) || !slices.Equal(test.Classes, []int32{1, 1}) || !slices.Equal(c.Problem.Shape, []int{2, 2, 1}) {
				t.Errorf("train %v, test %v, %v", train.Classes, test.Classes, c.Problem)
			}
			b := make([]byte, 8)
			if err := train.Read(b, 1); err != nil || !bytes.Equal(b, ramp[uint8](12)[4:]) {
				t.Errorf("examples 1 and 2 are %v (%v)", b, err)
			}
		}
	}
	write(t, dir, "fashion-train-labels-idx1-ubyte", nil)
	refused(t, dir, files.Options{}, "several data sets", "fashion")
	refused(t, filepath.Join(dir, "fashion-train-labels-idx1-ubyte"), files.Options{}, "no file of images")
	broken := t.TempDir()
	labels := idx(8, []uint32{3}, []uint8{2, 0, 1})
	write(t, broken, "train-labels-idx1-ubyte", labels)
	for name, c := range map[string][]byte{
		"3-ubyte": idx(8, []uint32{3, 2, 2}, ramp[uint8](11)), "huge": idx(8, []uint32{1 << 30, 1 << 30, 1 << 30}, ramp[uint8](12)),
		"format": []byte("P5 28 28 255"), "short": {0, 0, 8, 3, 0}, "type": {0, 0, 7, 1, 0, 0, 0, 1, 0}, "empty": {},
	} {
		write(t, broken, "train-images-idx3-ubyte", c)
		if _, err := files.Open(broken, files.Options{}); err == nil || !strings.Contains(err.Error(), "train-images-idx3-ubyte") {
			t.Errorf("%s: %v", name, err)
		}
	}
	gz := t.TempDir()
	write(t, gz, "train-labels-idx1-ubyte", labels)
	write(t, gz, "train-images-idx3-ubyte.gz", zipped(idx(8, []uint32{3, 2, 2}, ramp[uint8](11))))
	refused(t, gz, files.Options{}, "record 2", "truncated")
}

// TestCIFARFiles: the records that the built-in data set has are read from its files, and those of CIFAR-100.
func TestCIFARFiles(t *testing.T) {
	dir := filepath.Join(shared.Dir(t), "data")
	c := open(t, filepath.Join(dir, "cifar-10-batches-bin"), files.Options{})
	src, err := data.Open(data.CIFAR10, data.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	for split, n := range map[string]int{data.Train: 10000, data.Test: 2000} {
		got := load(t, c, split)
		want, err := src.Load(split, 0, n)
		if err != nil || !bytes.Equal(got.Examples, want.Examples) || !slices.Equal(got.Classes, want.Classes) {
			t.Errorf("%s has other examples than the built-in data set (%v)", split, err)
		}
	}
	if len(c.Names) != 10 || c.Names[0] != "airplane" || c.Problem.Outputs != 10 {
		t.Errorf("names %v of %d classes", c.Names, c.Problem.Outputs)
	}
}

func TestCIFAR100(t *testing.T) {
	dir := t.TempDir()
	record := func(coarse, fine byte) []byte { return append([]byte{coarse, fine}, make([]byte, 3072)...) }
	write(t, dir, "train.bin", slices.Concat(record(1, 7), record(2, 3)))
	write(t, dir, "test.bin", record(0, 4))
	c := open(t, dir, files.Options{Layout: files.ChannelsFirst})
	if s := load(t, c, data.Train); !slices.Equal(s.Classes, []int32{7, 3}) || !slices.Equal(c.Problem.Shape, []int{3, 32, 32}) || c.Problem.Outputs != 8 {
		t.Errorf("%v, %v", s.Classes, c.Problem)
	}
	write(t, dir, "test.bin", record(0, 4)[1:])
	refused(t, dir, files.Options{}, "test.bin", "3073 bytes", "3074 bytes")
}

// archive is a tar of files, given as name and content in turns.
func archive(content ...any) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := 0; i < len(content); i += 2 {
		body := content[i+1].([]byte)
		err := w.WriteHeader(&tar.Header{Name: content[i].(string), Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(body))})
		if err == nil {
			_, err = w.Write(body)
		}
		if err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// TestShards reads a webdataset, packed and not, in the natural order of its archives.
func TestShards(t *testing.T) {
	dir := t.TempDir()
	at := func(i int) []byte { return pngOf(picture(i, 3, 4, color.NRGBAModel)) }
	write(t, dir, "a-train-10.tar", archive("x/5.png", at(5), "x/5.cls", []byte("2\n")))
	write(t, dir, "a-train-9.tar.gz", zipped(archive("x/1.cls", []byte("0"), "x/1.png", at(1), "x/2.txt", []byte("?"), "x/3.png", at(3), "x/3.json", []byte(`{"label": 1}`))))
	write(t, dir, "a-val-0.tar", archive("7.png", at(7), "7.cls", []byte("1")))
	for _, resident := range []int{0, 1} {
		c := open(t, dir, files.Options{Resident: resident})
		s := load(t, c, data.Train)
		if !slices.Equal(s.Classes, []int32{0, 1, 2}) || !slices.Equal(load(t, c, data.Test).Classes, []int32{1}) {
			t.Errorf("classes %v", s.Classes)
		}
		for i, k := range []int{1, 3, 5} {
			b := make([]byte, c.Problem.Bytes())
			if err := s.Read(b, i); err != nil || !bytes.Equal(b, pixels(picture(k, 3, 4, color.NRGBAModel))) {
				t.Errorf("example %d is not picture %d (%v)", i, k, err)
			}
		}
	}
	for name, c := range map[string]struct {
		content []byte
		want    []string
	}{
		"no label":  {archive("1.png", at(1)), []string{"1 has no label", "1.cls"}},
		"class":     {archive("1.png", at(1), "1.cls", []byte("cat")), []string{"1.cls", `"cat"`, "number of a class"}},
		"twice":     {archive("1.png", at(1), "1.jpg", at(1)), []string{"1.jpg", "second picture"}},
		"size":      {archive("1.png", at(1), "1.cls", []byte("0"), "2.png", pngOf(picture(1, 9, 9, color.NRGBAModel)), "2.cls", []byte("0")), []string{", 2", "9×9"}},
		"nothing":   {archive("readme", []byte("x")), []string{"no examples", ".cls"}},
		"truncated": {archive("1.cls", []byte("0"), "1.png", at(1))[:1024+512+20], []string{"s.tar"}},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, write(t, t.TempDir(), "s.tar", c.content), files.Options{}, append(c.want, "s.tar")...)
		})
	}
}

// TestPackedFilesAreTheSame: ranges of a packed data set are those of the files.
func TestPackedFilesAreTheSame(t *testing.T) {
	dir := t.TempDir()
	for i := range 9 {
		write(t, dir, fmt.Sprintf("%c/%d.png", 'a'+i%3, i), pngOf(picture(i, 3, 4, color.NRGBAModel)))
	}
	c := open(t, dir, files.Options{TestFraction: .3, Seed: 5, Normalization: files.Computed})
	store := map[string][]byte{}
	want, err := c.Digest()
	if err != nil {
		t.Fatal(err)
	}
	digest, err := data.Pack(c, func(b []byte) (string, error) {
		d := fmt.Sprintf("sha256:%x", sha256.Sum256(b))
		store[d] = bytes.Clone(b)
		return d, nil
	})
	if err != nil || digest != want {
		t.Fatalf("packed as %s (%v), the digest of the files is %s", digest, err, want)
	}
	got, err := data.Stored(digest, store[digest], func(d string) ([]byte, error) { return store[d], nil }, data.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !got.Problem.Equal(c.Problem) || !slices.Equal(got.Names, []string{"a", "b", "c"}) || got.Problem.Type != problem.Uint8 {
		t.Errorf("problem %v, names %v", got.Problem, got.Names)
	}
	for _, split := range []string{data.Train, data.Test} {
		a, b := load(t, c, split), load(t, got, split)
		if !bytes.Equal(a.Examples, b.Examples) || !slices.Equal(a.Classes, b.Classes) || a.Len() == 0 {
			t.Errorf("%s differs", split)
		}
	}
}
