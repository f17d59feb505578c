package optim

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"

	"lossatlas/activities/data"
)

// stream hands out the examples of one epoch in random order, augmented. One
// generator, keyed by the seed and the epoch, gives the order first and then the
// augmentation of one example after another, so that nothing depends on how the
// examples are cut into batches. A second one gives the dice of dropout.
type stream struct {
	examples data.Split
	order    []int
	at       int
	rng      *rand.Rand // nil without augmentation
	dice     *rand.Rand // of dropout
	places   *rand.Rand // on a curve
}

// dicePerExample is how many numbers dropout takes for an example.
const dicePerExample = 2

func newStream(c Config, epoch int, examples data.Split) *stream {
	rng := rand.New(rand.NewChaCha8(key("order and augmentation", c.Seed, uint64(epoch))))
	s := &stream{examples: examples, order: rng.Perm(examples.Len())}
	s.dice = rand.New(rand.NewChaCha8(key("dropout", c.Seed, uint64(epoch))))
	s.places = rand.New(rand.NewChaCha8(key("places on a curve", c.Seed, uint64(epoch))))
	if c.Augment {
		s.rng = rng
	}
	return s
}

// key is the key of an epoch's random numbers for a purpose.
func key(purpose string, seed, epoch uint64) [sha256.Size]byte {
	b := binary.LittleEndian.AppendUint64([]byte(purpose+"\x00"), seed)
	return sha256.Sum256(binary.LittleEndian.AppendUint64(b, epoch))
}

// next returns the next n examples with their labels, or why one can't be read.
func (s *stream) next(n int) (data.Split, error) {
	group, err := s.examples.Pick(s.order[s.at : s.at+n])
	if err != nil {
		return data.Split{}, err
	}
	s.at += n
	if s.rng != nil {
		source := make([]byte, group.Problem.Bytes())
		for i := range n {
			copy(source, group.Example(i))
			data.Augment(group.Problem, group.Example(i), source, s.rng)
		}
	}
	return group, nil
}

// throw returns the dice of the next n examples, dicePerExample for each.
func (s *stream) throw(n int) []uint32 {
	dice := make([]uint32, n*dicePerExample)
	for i := range dice {
		dice[i] = s.dice.Uint32()
	}
	return dice
}

// place returns the next t ~ U(0, 1) of a curve.
func (s *stream) place() float64 { return s.places.Float64() }
