package data

import (
	"fmt"
	"math/rand/v2"

	"lossatlas/activities/problem"
)

// Padding is the width of the black border from which Augment crops.
const Padding = 4

// CheckAugment returns an error unless examples of the problem can be augmented.
func CheckAugment(p problem.Problem) error {
	if p.IsImage() {
		if height, width, _ := p.Image(); min(height, width) > Padding {
			return nil
		}
	}
	return fmt.Errorf("random crops and flips need images of more than %d×%d pixels, [height, width, channels] or [channels, height, width], and the examples have the shape %v: say `augment: false`", Padding, Padding, p.Shape)
}

// Augment writes to dst the training-time variant of the image src (both of the
// problem's shape and type, not overlapping): src is padded with 4 black pixels on
// every side, a window of the image's size is cut out at a uniformly random place,
// and with probability one half the window is mirrored left to right. This is the
// order of the paper's transforms: it acts on the raw numbers, so the border is
// black (0) before normalization, not the mean colour after it.
//
// Augment takes exactly one 64-bit number from rng and allocates nothing, so a
// stream of augmented images is a function of rng's seed alone.
func Augment(p problem.Problem, dst, src []byte, rng *rand.Rand) {
	if n := p.Bytes(); len(dst) != n || len(src) != n {
		panic(fmt.Sprintf("data: augment %d bytes into %d, want %d each", len(src), len(dst), n))
	}
	dy, dx, flip := drawCrop(rng.Uint64())
	height, width, channels := p.Image()
	planes := 1 // within which a row is contiguous
	if p.ChannelsFirst {
		planes = channels
	}
	for size, i := len(src)/planes, 0; i < len(src); i += size {
		crop(dst[i:i+size], src[i:i+size], height, width, dy, dx, flip)
	}
}

// drawCrop turns 64 random bits into a shift of −4 to 4 pixels on each axis
// and a coin toss. Multiplying 31 bits by 9 and keeping the top favours no
// shift by more than one part in 10⁸.
func drawCrop(bits uint64) (dy, dx int, flip bool) {
	const places = 2*Padding + 1
	dy = int((bits >> 33) * places >> 31)
	dx = int((bits >> 2 & (1<<31 - 1)) * places >> 31)
	return dy - Padding, dx - Padding, bits&1 == 1
}

// crop writes to dst the window of src moved by dy rows and dx columns, black
// where it lies outside, then mirrored if flip is set.
func crop(dst, src []byte, height, width, dy, dx int, flip bool) {
	row := len(src) / height
	pixel := row / width // bytes
	// Bytes [lo, hi) of a row of the window lie inside the image.
	lo, hi := max(0, -dx)*pixel, min(width, width-dx)*pixel
	for y := range height {
		out := dst[y*row:][:row]
		from := y + dy
		if from < 0 || from >= height {
			clear(out)
			continue
		}
		clear(out[:lo])
		copy(out[lo:hi], src[from*row+lo+dx*pixel:])
		clear(out[hi:])
		for i, j := 0, row-pixel; flip && i < j; i, j = i+pixel, j-pixel {
			for k := range pixel {
				out[i+k], out[j+k] = out[j+k], out[i+k]
			}
		}
	}
}
