package files_test

import (
	"archive/zip"
	"errors"
	"image/color"
	"path/filepath"
	"runtime"
	"testing"

	"lossatlas/activities/data"
	"lossatlas/activities/data/files"
)

// most is how many bytes may be allocated for a small file.
const most = 256 << 20

// readAll opens a file or folder, reads its first examples, and returns the first error.
func readAll(path string, opts files.Options) error {
	opts.Resident = 1 << 20
	c, err := files.Open(path, opts)
	if err != nil {
		return err
	}
	for _, split := range []string{data.Train, data.Test} {
		n, err := c.Size(split)
		if err != nil {
			return err
		}
		for i := range min(n, 20) {
			s, err := c.Load(split, i, i+1)
			if err != nil {
				return err
			}
			if c.Problem.Bytes() > 1<<24 {
				continue
			}
			if err := errors.Join(s.Check(), s.Read(make([]byte, c.Problem.Bytes()), 0)); err != nil {
				return err
			}
		}
	}
	return nil
}

// fuzz reads files of a form with random content, next to others: no panic, and little memory.
func fuzz(f *testing.F, name string, others map[string][]byte, path string, seeds ...[]byte) {
	for _, s := range seeds {
		f.Add(s)
	}
	dir := f.TempDir() // of this process
	for other, content := range others {
		write(f, dir, other, content)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		write(t, dir, name, b)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := readAll(filepath.Join(dir, path), files.Options{})
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > most {
			t.Errorf("%d bytes were allocated for a file of %d (%v)", got, len(b), err)
		}
		if err != nil && err.Error() == "" {
			t.Error("an error says nothing")
		}
	})
}

func FuzzNPZ(f *testing.F) {
	x, y := npy("<f4", false, []int{2, 1}, []float32{1, 2}), npy("<i4", false, []int{2}, []int32{0, 1})
	fuzz(f, "d.npz", nil, "d.npz", npz(zip.Store, "x", x, "y", y), npz(zip.Deflate, "x_train", npy("|u1", true, []int{2, 2, 2}, ramp[uint8](8)), "y_train", y),
		npz(zip.Store, "x", npy("<f2", false, []int{2, 3, 2, 2}, make([]uint16, 24)), "y", npy("|b1", false, []int{2, 2}, make([]bool, 4)), "x_test", x))
}

func FuzzNPY(f *testing.F) {
	fuzz(f, "x.npy", map[string][]byte{"y.npy": npy("<i4", false, []int{2}, []int32{0, 1})}, "", npy("<f4", false, []int{2, 1}, []float32{1, 2}),
		npy(">i8", true, []int{2, 2}, ramp[int64](4)), npy("<f8", false, []int{2, 1 << 30, 1 << 30}, []float64{1}))
}

func FuzzIDX(f *testing.F) {
	fuzz(f, "train-images-idx3-ubyte", map[string][]byte{"train-labels-idx1-ubyte": idx(8, []uint32{3}, []uint8{2, 0, 1})}, "",
		idx(8, []uint32{3, 2, 2}, ramp[uint8](12)), idx(0x0d, []uint32{3, 1}, ramp[float32](3)), idx(8, []uint32{3, 1 << 30, 1 << 30}, ramp[uint8](12)))
}

func FuzzPackedIDX(f *testing.F) {
	fuzz(f, "train-labels-idx1-ubyte.gz", map[string][]byte{"train-images-idx3-ubyte": idx(8, []uint32{3, 2, 2}, ramp[uint8](12))}, "",
		zipped(idx(8, []uint32{3}, []uint8{2, 0, 1})), zipped(idx(0x0c, []uint32{3, 2}, ramp[int32](6))), zipped(idx(8, []uint32{1 << 30}, []uint8{2})))
}

func FuzzCIFAR(f *testing.F) {
	fuzz(f, "train.bin", map[string][]byte{"fine_label_names.txt": []byte("apple\nbaby\n")}, "", make([]byte, 3074), make([]byte, 3073))
}

func FuzzTar(f *testing.F) {
	p := pngOf(picture(1, 3, 4, color.NRGBAModel))
	fuzz(f, "a.tar", nil, "a.tar", archive("1.png", p, "1.cls", []byte("0")), archive("1.json", []byte(`{"label": 3}`), "1.png", p, "2.txt", p))
}

func FuzzParquet(f *testing.F) {
	fuzz(f, "a.parquet", nil, "a.parquet", fixture(f, "images.parquet"), fixture(f, "tokens.parquet"), fixture(f, "vectors.parquet"))
}

// FuzzPictures reads one picture next to a sound one, also resized.
func FuzzPictures(f *testing.F) {
	seeds := [][]byte{pngOf(picture(1, 3, 4, color.NRGBAModel)), pngOf(picture(1, 3, 4, color.GrayModel)), fixture(f, "1.webp"), fixture(f, "1.bmp")}
	for _, s := range seeds {
		f.Add(s)
	}
	dir := f.TempDir()
	write(f, dir, "b/1.png", seeds[0])
	f.Fuzz(func(t *testing.T, b []byte) {
		write(t, dir, "a/1.png", b)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := readAll(dir, files.Options{})
		err2 := readAll(dir, files.Options{Height: 2, Width: 2, Channels: 3})
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > most {
			t.Errorf("%d bytes were allocated for a picture of %d (%v, %v)", got, len(b), err, err2)
		}
	})
}
