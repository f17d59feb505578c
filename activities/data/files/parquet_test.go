package files_test

import (
	"bytes"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"lossatlas/activities/data"
	"lossatlas/activities/data/files"
	"lossatlas/activities/problem"
)

// fixture reads a file that another program has written, see testdata/make.py.
func fixture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestParquetPictures reads a data set in the layout of Hugging Face, with the names of its classes.
func TestParquetPictures(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "data/train-00000-of-00001.parquet", fixture(t, "images.parquet"))
	write(t, dir, "data/test-00000-of-00001.parquet", fixture(t, "images.parquet"))
	write(t, dir, "README.md", nil)
	for _, resident := range []int{0, 1} {
		c := open(t, dir, files.Options{Resident: resident})
		s := load(t, c, data.Train)
		if !slices.Equal(s.Classes, []int32{0, 2, 1, 0, 1}) || !slices.Equal(c.Names, []string{"cat", "dog", "owl"}) || load(t, c, data.Test).Len() != 5 {
			t.Errorf("classes %v, names %v", s.Classes, c.Names)
		}
		b := make([]byte, c.Problem.Bytes())
		for _, i := range []int{4, 0, 1, 2, 3, 1} {
			if err := s.Read(b, i); err != nil || !bytes.Equal(b, pixels(picture(i, 3, 4, color.NRGBAModel))) {
				t.Errorf("example %d is not picture %d (%v)", i, i, err)
			}
		}
	}
}

// TestParquetVectors reads tokens with a label for each, and numbers with a target.
func TestParquetVectors(t *testing.T) {
	c := open(t, filepath.Join("testdata", "tokens.parquet"), files.Options{})
	s := load(t, c, data.Train)
	if p := c.Problem; p.Type != problem.Int32 || !slices.Equal(p.Shape, []int{5}) || !slices.Equal(p.Labels, []int{5}) || p.Outputs != 4 || p.Ignore == nil || *p.Ignore != -100 {
		t.Errorf("tokens: %v", p)
	}
	if !slices.Equal(s.Classes[15:], []int32{-100, 1, 0, 3, 1}) || !bytes.Equal(s.Example(3)[:8], []byte{15, 0, 0, 0, 16, 0, 0, 0}) {
		t.Errorf("tokens: %v, %v", s.Classes, s.Example(3))
	}
	c = open(t, filepath.Join("testdata", "vectors.parquet"), files.Options{})
	s = load(t, c, data.Train)
	if !slices.Equal(float32s(s.Examples), []float32{.5, 0, 1.5, -1, 2.5, -2, 3.5, -3}) || !slices.Equal(s.Targets, []float32{0, .25, .5, .75}) || c.Problem.Loss != problem.MeanSquaredError {
		t.Errorf("vectors: %v, %v, %v", float32s(s.Examples), s.Targets, c.Problem)
	}
}

// TestParquetRows reads random rows of a file of several pages and row groups.
func TestParquetRows(t *testing.T) {
	type row struct {
		X     []float32 `parquet:"x,list"`
		Label int32     `parquet:"label"`
	}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[row](&b, parquet.MaxRowsPerRowGroup(300), parquet.PageBufferSize(512))
	for i := range 1000 {
		if _, err := w.Write([]row{{[]float32{float32(i), float32(-i), 7}, int32(i % 5)}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	c := open(t, write(t, t.TempDir(), "a.parquet", b.Bytes()), files.Options{Resident: 1})
	s := load(t, c, data.Train)
	rapid.Check(t, func(t *rapid.T) {
		i := rapid.IntRange(0, 999).Draw(t, "i")
		n := rapid.IntRange(0, 1000-i).Draw(t, "n")
		got := make([]byte, n*c.Problem.Bytes())
		if err := s.Read(got, i); err != nil {
			t.Fatal(err)
		}
		for k, v := range float32s(got) {
			if at := float32(i + k/3); v != []float32{at, -at, 7}[k%3] {
				t.Fatalf("number %d of example %g is %g", k%3, at, v)
			}
		}
		if n > 0 && s.Classes[i] != int32(i%5) {
			t.Fatalf("example %d has the label %d", i, s.Classes[i])
		}
	})
}

// TestBadParquet: missing and damaged parts are named.
func TestBadParquet(t *testing.T) {
	table := func(write func(*bytes.Buffer) error) []byte {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	type text struct {
		Text  string `parquet:"text"`
		Label int32  `parquet:"label"`
	}
	type unlabeled struct {
		X []float32 `parquet:"x,list"`
	}
	type ragged struct {
		X     []int32 `parquet:"x,list"`
		Label int32   `parquet:"label"`
	}
	images := fixture(t, "images.parquet")
	damaged := bytes.Clone(images)
	for i := 20; i < 200; i++ {
		damaged[i] ^= 0x55
	}
	for name, c := range map[string]struct {
		content []byte
		want    []string
	}{
		"text":      {table(func(b *bytes.Buffer) error { return parquet.Write(b, []text{{"a", 1}}) }), []string{"no column of examples", "text, label", "input_ids"}},
		"no labels": {table(func(b *bytes.Buffer) error { return parquet.Write(b, []unlabeled{{[]float32{1}}}) }), []string{"no column of labels", "x.list.element"}},
		"ragged":    {table(func(b *bytes.Buffer) error { return parquet.Write(b, []ragged{{[]int32{1}, 0}, {[]int32{1, 2}, 0}}) }), []string{"record 1", "2 numbers", "one length"}},
		"truncated": {images[:len(images)-1], []string{"truncated"}},
		"short":     {[]byte("PAR1"), []string{"too short"}},
		"damaged":   {damaged, nil},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, write(t, t.TempDir(), "d.parquet", c.content), files.Options{}, append(c.want, "d.parquet")...)
		})
	}
}

// TestOtherPictureFormats reads WebP and BMP as another program writes them.
func TestOtherPictureFormats(t *testing.T) {
	for _, name := range []string{"1.webp", "1.bmp"} {
		dir := t.TempDir()
		write(t, dir, "a/"+name, fixture(t, name))
		s := load(t, open(t, dir, files.Options{}), data.Train)
		if !bytes.Equal(s.Examples, pixels(picture(1, 3, 4, color.NRGBAModel))) {
			t.Errorf("%s: pixels %v", name, s.Examples)
		}
	}
}
