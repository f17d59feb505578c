package data

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"lossatlas/activities/problem"
)

// padCrop is the transform by its definition: pad the image with black, cut a
// window of its size out at (top, left), mirror.
func padCrop(p problem.Problem, src []byte, top, left int, flip bool) []byte {
	h, w := p.Shape[0], p.Shape[1]
	pixel := p.Bytes() / (h * w)
	out := make([]byte, p.Bytes())
	for y := range h {
		for x := range w {
			from := left + x
			if flip {
				from = left + w - 1 - x
			}
			row, column := top+y-Padding, from-Padding
			if row >= 0 && row < h && column >= 0 && column < w {
				copy(out[(y*w+x)*pixel:][:pixel], src[(row*w+column)*pixel:])
			}
		}
	}
	return out
}

// noise is an image without black, so that the border shows.
func noise(p problem.Problem, seed uint64) []byte {
	rng := rand.New(rand.NewPCG(seed, 0))
	b := make([]byte, p.Bytes())
	for i := range b {
		b[i] = uint8(1 + rng.UintN(255))
	}
	return b
}

// TestCropIsPadCropFlip compares images of bytes and of float32, square and not.
func TestCropIsPadCropFlip(t *testing.T) {
	for _, p := range []problem.Problem{cifarProblem, {Shape: []int{5, 8, 2}, Type: problem.Float32}} {
		src, dst := noise(p, 1), make([]byte, p.Bytes())
		for top := range 2*Padding + 1 {
			for left := range 2*Padding + 1 {
				for _, flip := range []bool{false, true} {
					for i := range dst {
						dst[i] = 99 // the earlier content must not matter
					}
					crop(dst, src, p.Shape[0], p.Shape[1], top-Padding, left-Padding, flip)
					if !bytes.Equal(dst, padCrop(p, src, top, left, flip)) {
						t.Fatalf("%v: window (%d, %d), flip %v: wrong", p.Shape, top, left, flip)
					}
				}
			}
		}
	}
}

// TestAugmentNeedsImages: vectors and images smaller than the border are refused.
func TestAugmentNeedsImages(t *testing.T) {
	for _, shape := range [][]int{{64}, {4, 32, 3}, {2, 2, 2, 2}} {
		if err := CheckAugment(problem.Problem{Shape: shape}); err == nil || !strings.Contains(err.Error(), "augment: false") {
			t.Errorf("examples of the shape %v: %v", shape, err)
		}
	}
	if err := CheckAugment(problem.Problem{Shape: []int{5, 5, 1}}); err != nil {
		t.Error(err)
	}
}

// TestAugmentIsAFunctionOfTheSeed: same seed, same images; one number is
// taken from the stream for each; the source stays unchanged.
func TestAugmentIsAFunctionOfTheSeed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		src := noise(cifarProblem, seed)
		kept := bytes.Clone(src)
		a, b := make([]byte, imageSize), make([]byte, imageSize)
		one, two := rand.New(rand.NewPCG(seed, 5)), rand.New(rand.NewPCG(seed, 5))
		for range 3 {
			Augment(cifarProblem, a, src, one)
			dy, dx, flip := drawCrop(two.Uint64())
			crop(b, src, height, width, dy, dx, flip)
			if !bytes.Equal(a, b) {
				t.Fatal("the same seed gave another image")
			}
		}
		if !bytes.Equal(src, kept) {
			t.Fatal("the source was changed")
		}
	})
}

// TestCropsAreUniform counts the 162 outcomes. With 162,000 draws each is
// expected 1,000 times with a deviation of 32; six deviations are exceeded by
// chance once in three million runs of a random seed, and this seed is fixed.
func TestCropsAreUniform(t *testing.T) {
	type outcome struct {
		dy, dx int
		flip   bool
	}
	count := map[outcome]int{}
	rng := rand.New(rand.NewPCG(3, 4))
	for range 162_000 {
		dy, dx, flip := drawCrop(rng.Uint64())
		count[outcome{dy, dx, flip}]++
	}
	if len(count) != 162 {
		t.Fatalf("%d different crops, want 9·9·2", len(count))
	}
	for o, n := range count {
		if o.dy < -Padding || o.dy > Padding || o.dx < -Padding || o.dx > Padding || n < 810 || n > 1190 {
			t.Errorf("%+v: %d times, want about 1000", o, n)
		}
	}
}

func TestAugmentAllocatesNothing(t *testing.T) {
	src, dst, rng := noise(cifarProblem, 1), make([]byte, imageSize), rand.New(rand.NewPCG(1, 2))
	if n := testing.AllocsPerRun(100, func() { Augment(cifarProblem, dst, src, rng) }); n != 0 {
		t.Errorf("%v allocations per image", n)
	}
}

func BenchmarkAugment(b *testing.B) {
	src, dst, rng := noise(cifarProblem, 1), make([]byte, imageSize), rand.New(rand.NewPCG(1, 2))
	b.SetBytes(imageSize)
	for b.Loop() {
		Augment(cifarProblem, dst, src, rng)
	}
}
