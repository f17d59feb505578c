package data

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// goldenImages is the SHA-256 of the labels and pixels, plane by plane, of the first 100 images
// of both splits. The digest of the data set stands for the drawing rules; if
// this test fails, images changed: raise shapesVersion and set the new value.
const goldenImages = "cb2ae3dc99415e08922070180f6cc5a32da179faa7755af3b5ee1ce7ac22918a"

func TestShapesNeverChange(t *testing.T) {
	h := sha256.New()
	for _, split := range []string{Train, Test} {
		s, err := shapes{}.Load(split, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, class := range s.Classes {
			h.Write([]byte{byte(class)})
		}
		for i := range s.Len() { // plane by plane
			for c := range channels {
				for pixel := range plane {
					h.Write([]byte{s.Example(i)[pixel*channels+c]})
				}
			}
		}
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != goldenImages || shapesVersion != 1 {
		t.Errorf("version %d draws %s, want version 1 and %s", shapesVersion, got, goldenImages)
	}
	const want = "sha256:be8e6d7632874a5e3550f0526fe1f202f28ade3c102b79e5aa6830ed958d830f"
	if got, _ := (shapes{}).Digest(); got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
}

// TestShapesDependOnTheIndexAlone: any range holds the same images as any
// other range that covers them.
func TestShapesDependOnTheIndexAlone(t *testing.T) {
	const size = 10000
	rapid.Check(t, func(t *rapid.T) {
		split := rapid.SampledFrom([]string{Train, Test}).Draw(t, "split")
		from := rapid.IntRange(0, size-40).Draw(t, "from")
		a, err := shapes{}.Load(split, from, from+40)
		if err != nil {
			t.Fatal(err)
		}
		lo := rapid.IntRange(0, 40).Draw(t, "lo")
		hi := rapid.IntRange(lo, 40).Draw(t, "hi")
		b, err := shapes{}.Load(split, from+lo, from+hi)
		if err != nil {
			t.Fatal(err)
		}
		part := a.Slice(lo, hi)
		if !bytes.Equal(part.Examples, b.Examples) || !slices.Equal(part.Classes, b.Classes) {
			t.Fatalf("%s[%d:%d] differs when loaded alone", split, from+lo, from+hi)
		}
	})
}

// TestShapesAreBalancedAndDistinct: ten images in a row hold each class once,
// and no two images are the same, within the splits and between them.
func TestShapesAreBalancedAndDistinct(t *testing.T) {
	seen := map[[32]byte]bool{}
	for _, split := range []string{Train, Test} {
		s, err := shapes{}.Load(split, 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for block := 0; block < s.Len(); block += classes {
			var present int
			for _, label := range s.Classes[block : block+classes] {
				present |= 1 << label
			}
			if present != 1<<classes-1 {
				t.Fatalf("%s: images from %d on have the labels %v", split, block, s.Classes[block:block+classes])
			}
		}
		for i := range s.Len() {
			seen[sha256.Sum256(s.Example(i))] = true
		}
	}
	if len(seen) != 2000 {
		t.Errorf("%d different images of 2000", len(seen))
	}
}

// TestShapesShowSomething guards against a drawing that misses the image: the
// figure must widen the range of the bytes.
func TestShapesShowSomething(t *testing.T) {
	s, err := shapes{}.Load(Train, 0, 500)
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.Len() {
		img, spread := s.Example(i), 0
		for c := range channels {
			lo, hi := 255, 0
			for pixel := range plane {
				v := img[pixel*channels+c]
				lo, hi = min(lo, int(v)), max(hi, int(v))
			}
			spread += hi - lo
		}
		// The figure's colour is at least 180 from the ground's in the sum of
		// channels, at an opacity of at least 192/256; the ground moves by up to 48.
		if spread < 80 {
			t.Errorf("image %d of class %d has a spread of %d", i, s.Classes[i], spread)
		}
	}
}

func TestShapesRange(t *testing.T) {
	src, err := Open(Shapes10, Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = src.Load(Test, 0, 10001)
	if err == nil || !strings.Contains(err.Error(), "test split has 10000 images (drawn by the program)") {
		t.Errorf("error %v", err)
	}
	if s, err := src.Load(Train, 50000, 50000); err != nil || s.Len() != 0 {
		t.Errorf("the empty range at the end: %d images, %v", s.Len(), err)
	}
	if _, err := src.Size("all"); err == nil {
		t.Error("a split called all has a size")
	}
}

// TestTurned: the integer rotations are rotations to within their resolution
// and go once around the circle.
func TestTurned(t *testing.T) {
	for k := range 4 * steps {
		f := turned(0, 0, k)
		if n := f.cos*f.cos + f.sin*f.sin; n < one*one-3*one || n > one*one {
			t.Errorf("angle %d: (%d, %d) has the squared length %d, want %d", k, f.cos, f.sin, n, one*one)
		}
		next := turned(0, 0, k+1)
		if f.cos*next.sin-f.sin*next.cos <= 0 {
			t.Errorf("angle %d is not followed by a larger one", k)
		}
	}
}

func BenchmarkShapes(b *testing.B) {
	img := make([]uint8, imageSize)
	i := 0
	for b.Loop() {
		drawShape(img, Train, i)
		i++
	}
}
