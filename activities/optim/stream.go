package optim

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"

	"lossatlas/activities/data"
	"lossatlas/activities/engine"
)

// stream hands out the images of one epoch in random order, augmented. One
// generator, keyed by the seed and the epoch, gives the order first and then the
// augmentation of one image after another, so that nothing depends on how the
// images are cut into batches.
type stream struct {
	images data.Split
	order  []int
	at     int
	rng    *rand.Rand            // nil without augmentation
	source [data.ImageSize]uint8 // one image, channel by channel, as it is stored
	planes [data.ImageSize]uint8 // the same, augmented
	pixels []uint8               // the last group handed out
	labels []int32
}

func newStream(c Config, epoch int, images data.Split) *stream {
	rng := rand.New(rand.NewChaCha8(key(c.Seed, uint64(epoch))))
	s := &stream{images: images, order: rng.Perm(images.Len())}
	if c.Augment {
		s.rng = rng
	}
	return s
}

// key is the key of an epoch's random numbers.
func key(seed, epoch uint64) [sha256.Size]byte {
	b := binary.LittleEndian.AppendUint64([]byte("order and augmentation\x00"), seed)
	return sha256.Sum256(binary.LittleEndian.AppendUint64(b, epoch))
}

// next returns the pixels (row, column, channel) and labels of the next n
// images, valid until the next call, or why an image can't be read.
func (s *stream) next(n int) (pixels []uint8, labels []int32, err error) {
	s.pixels, s.labels = s.pixels[:0], s.labels[:0]
	for _, i := range s.order[s.at : s.at+n] {
		if err := s.images.Read(s.source[:], i); err != nil {
			return nil, nil, err
		}
		planes := s.source[:]
		if s.rng != nil {
			data.Augment(s.planes[:], s.source[:], s.rng)
			planes = s.planes[:]
		}
		from := len(s.pixels)
		s.pixels = append(s.pixels, planes...) // room for one more image
		engine.Interleave(s.pixels[from:], planes)
		s.labels = append(s.labels, int32(s.images.Labels[i]))
	}
	s.at += n
	return s.pixels, s.labels, nil
}
