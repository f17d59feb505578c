package data

import (
	"fmt"
	"math/rand/v2"
)

// Padding is the width of the black border from which Augment crops.
const Padding = 4

// Augment writes to dst the training-time variant of the image src (both
// 3×32×32, CHW, not overlapping): src is padded with 4 black pixels on every
// side, a 32×32 window is cut out at a uniformly random place, and with
// probability one half the window is mirrored left to right. This is the
// order of the paper's transforms: it acts on the raw bytes, so the border is
// black (0) before normalisation, not the mean colour after it.
//
// Augment takes exactly one 64-bit number from rng and allocates nothing, so a
// stream of augmented images is a function of rng's seed alone.
func Augment(dst, src []uint8, rng *rand.Rand) {
	if len(dst) != ImageSize || len(src) != ImageSize {
		panic(fmt.Sprintf("data: augment %d bytes into %d, want %d each", len(src), len(dst), ImageSize))
	}
	dy, dx, flip := drawCrop(rng.Uint64())
	crop(dst, src, dy, dx, flip)
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
func crop(dst, src []uint8, dy, dx int, flip bool) {
	// Columns [lo, hi) of the window lie inside the image.
	lo, hi := max(0, -dx), min(Width, Width-dx)
	for c := range Channels {
		for y := range Height {
			row := dst[c*Plane+y*Width:][:Width]
			from := y + dy
			if from < 0 || from >= Height {
				clear(row)
				continue
			}
			in := src[c*Plane+from*Width:][:Width]
			clear(row[:lo])
			copy(row[lo:hi], in[lo+dx:hi+dx])
			clear(row[hi:])
			if flip {
				for i, j := 0, Width-1; i < j; i, j = i+1, j-1 {
					row[i], row[j] = row[j], row[i]
				}
			}
		}
	}
}
