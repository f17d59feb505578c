package hdf5_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/activities/hdf5"
)

func open(t testing.TB, name string) (*hdf5.File, []byte) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	f, err := hdf5.Open(bytes.NewReader(b), int64(len(b)), 1000)
	if err != nil {
		t.Fatal(err)
	}
	return f, b
}

// TestRead: what h5py wrote comes back, of all types and layouts, in files of old and new form.
func TestRead(t *testing.T) {
	f, _ := open(t, "v0.h5")
	got := map[string][]float32{}
	kinds := map[string]string{}
	for i, d := range f.Datasets {
		v, err := f.Read(i)
		if d.Name == "text" {
			if err == nil || !strings.Contains(err.Error(), "floating-point numbers and integers are") {
				t.Errorf("a text: %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		got[d.Name], kinds[d.Name] = v, d.Kind
	}
	var rising []float32
	for i := range 35 {
		rising = append(rising, float32(i))
	}
	for name, want := range map[string][]float32{
		"half": {0.5, -2}, "big": {1, -2, 3}, "scalar": {7}, "chunked": rising, "many/17": {17},
		"sparse": {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1},
	} {
		if !cmp.Equal(got[name], want) {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	if got["layers/dense/vars/0"][0] != 0.417022 || kinds["layers/dense/vars/1"] != "F64" || kinds["half"] != "F16" || kinds["big"] != "I32" || kinds["many/00"] != "U8" || len(got) != 27 {
		t.Errorf("%d data sets, of the types %v, the first weight %v", len(got), kinds, got["layers/dense/vars/0"])
	}
	if want := map[string]string{"layers/dense/vars@name": "head"}; !cmp.Equal(f.Attributes, want) {
		t.Errorf("the attributes are %v, want %v", f.Attributes, want)
	}
	f, _ = open(t, "v3.h5")
	for i, want := range []struct {
		name  string
		shape []int
		data  []float32
	}{{"w", []int{2, 2}, []float32{1, 2, 3, 4}}, {"g/b", []int{1}, []float32{5}}} {
		v, err := f.Read(i)
		if d := f.Datasets[i]; err != nil || d.Name != want.name || !cmp.Equal(d.Shape, want.shape) || !cmp.Equal(v, want.data) {
			t.Errorf("%+v has %v, %v; want %+v", d, v, err, want)
		}
	}
	if f.Attributes["g@name"] != "inner" {
		t.Errorf("the attributes are %v", f.Attributes)
	}
}

// TestLimits: long lists, cut files and other formats are refused.
func TestLimits(t *testing.T) {
	_, b := open(t, "v0.h5")
	for want, try := range map[string]func() error{
		"than are allowed here": func() error { _, err := hdf5.Open(bytes.NewReader(b), int64(len(b)), 10); return err },
		"HDF5 signature":        func() error { _, err := hdf5.Open(strings.NewReader(strings.Repeat("x", 200)), 200, 10); return err },
		"damaged or cut":        func() error { _, err := hdf5.Open(bytes.NewReader(b[:900]), 900, 1000); return err },
	} {
		if err := try(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestDamaged: files with some wrong bytes end with an error or with other numbers.
func TestDamaged(t *testing.T) {
	random, opened := rand.New(rand.NewPCG(1, 2)), 0
	for round := range 6000 {
		name := []string{"v0.h5", "v3.h5", "keras.weights.h5"}[round%3]
		_, b := open(t, name)
		for range 1 + random.IntN(6) {
			switch i := random.IntN(len(b)); random.IntN(3) {
			case 0:
				b[i] ^= 1 << random.IntN(8)
			case 1:
				b[i] = []byte{0, 255, 128, 1}[random.IntN(4)]
			default:
				copy(b[i:], b[random.IntN(len(b)):][:min(8, len(b)-i)%8])
			}
		}
		b = b[:len(b)-random.IntN(2)*random.IntN(len(b))]
		f, err := hdf5.Open(bytes.NewReader(b), int64(len(b)), 1000)
		if err != nil {
			continue
		}
		opened++
		for i, d := range f.Datasets {
			if v, err := f.Read(i); err == nil && len(v) > 1100*len(b) {
				t.Errorf("%v has %d elements in a file of %d bytes", d.Shape, len(v), len(b))
			}
		}
	}
	if opened < 1000 {
		t.Errorf("%d files were opened", opened)
	}
}

// FuzzOpen: no file makes the reader panic, or read more than it can hold.
func FuzzOpen(f *testing.F) {
	for _, name := range []string{"v0.h5", "v3.h5", "keras.weights.h5"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := hdf5.Open(bytes.NewReader(b), int64(len(b)), 1000)
		if err != nil {
			return
		}
		for i, d := range file.Datasets {
			if v, err := file.Read(i); err == nil && len(v) > 1100*len(b) {
				t.Errorf("%v has %d elements in a file of %d bytes", d.Shape, len(v), len(b))
			}
		}
	})
}
