package data

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
)

// dice draws the random integers of one image. It uses PCG's bits and integer
// arithmetic only, so that no platform or library release alters a draw.
type dice struct{ pcg rand.PCG }

// newDice seeds the dice of the i-th item of a kind in a split.
func newDice(split, kind string, i int) *dice {
	h := mix(shapesVersion)
	for _, word := range []string{split, kind} {
		var b [16]byte
		copy(b[:], word)
		h = mix(h ^ binary.LittleEndian.Uint64(b[:8]))
		h = mix(h ^ binary.LittleEndian.Uint64(b[8:]))
	}
	d := &dice{}
	d.pcg.Seed(h, mix(h^uint64(i)))
	return d
}

// mix is the finaliser of SplitMix64: neighbouring numbers become unlike ones.
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below is uniform in 0 ≤ v < n.
func (d *dice) below(n int) int {
	hi, _ := bits.Mul64(d.pcg.Uint64(), uint64(n))
	return int(hi)
}

// between is uniform in lo ≤ v ≤ hi.
func (d *dice) between(lo, hi int) int { return lo + d.below(hi-lo+1) }

// coin is true half of the time.
func (d *dice) coin() bool { return d.pcg.Uint64()>>63 == 1 }

// rgb is a colour.
type rgb [channels]int

// colour is uniform over the colours that are neither black nor white.
func (d *dice) colour() rgb {
	return rgb{d.between(16, 239), d.between(16, 239), d.between(16, 239)}
}

// unlike is a colour whose channels differ from c by at least contrast in sum.
func (d *dice) unlike(c rgb, contrast int) rgb {
	for {
		other := d.colour()
		apart := 0
		for i := range c {
			apart += max(c[i]-other[i], other[i]-c[i])
		}
		if apart >= contrast {
			return other
		}
	}
}
