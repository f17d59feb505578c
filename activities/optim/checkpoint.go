package optim

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// Checkpoint is the whole state of a training after Epoch whole epochs. The
// random streams are not part of it, as they are functions of seed and epoch.
type Checkpoint struct {
	Epoch    int
	Theta    []float32 // parameters
	State    []float32 // running statistics of the batch normalisations
	Momentum []float32 // the optimizer's velocity, or Adam's first moment, one for each parameter
	Second   []float32 // the mean square of gradients in Adam and RMSprop, one for each parameter; empty for gradient descent
	Third    []float32 // the mean gradient in centered RMSprop, else empty
	Average  []float32 // the averaged parameters, empty where there is no average; 0 before it begins
}

// checkpointMagic begins an encoded checkpoint: format and version.
const checkpointMagic = "lossatlas checkpoint 3\n"

// vectors are the checkpoint's vectors in encoding order.
func (c *Checkpoint) vectors() []*[]float32 {
	return append([]*[]float32{&c.Theta, &c.State}, append(c.slots(), &c.Average)...)
}

// slots are the vectors of the update rule, of which each has the first ones.
func (c *Checkpoint) slots() []*[]float32 { return []*[]float32{&c.Momentum, &c.Second, &c.Third} }

// always is the number of vectors in each encoded checkpoint; after them, trailing empty vectors are omitted.
const always = 4

// Encode writes the checkpoint: magic, epoch, and each vector as its length and
// float32 numbers, all little-endian, and a SHA-256 over it. Lengths and the epoch
// have 64 bits.
func (c Checkpoint) Encode() []byte {
	out := binary.LittleEndian.AppendUint64([]byte(checkpointMagic), uint64(c.Epoch))
	vectors := c.vectors()
	for len(vectors) > always && len(*vectors[len(vectors)-1]) == 0 {
		vectors = vectors[:len(vectors)-1]
	}
	for _, v := range vectors {
		out = binary.LittleEndian.AppendUint64(out, uint64(len(*v)))
		out, _ = binary.Append(out, binary.LittleEndian, *v) // numbers can't fail
	}
	sum := sha256.Sum256(out)
	return append(out, sum[:]...)
}

// DecodeCheckpoint reads what Encode wrote. Anything else, a shortened or
// altered checkpoint included, is an error.
func DecodeCheckpoint(b []byte) (c Checkpoint, err error) {
	body, ok := bytes.CutPrefix(b, []byte(checkpointMagic))
	if !ok {
		return c, errors.New("this is not a checkpoint, or one of another version")
	}
	end := len(b) - sha256.Size
	if len(body) < sha256.Size || sha256.Sum256(b[:end]) != [sha256.Size]byte(b[end:]) {
		return c, errors.New("the checkpoint is damaged or cut short: its SHA-256 does not match")
	}
	body = body[:len(body)-sha256.Size]
	number := func() (n uint64) {
		if len(body) < 8 {
			ok = false
			return 0
		}
		n, body = binary.LittleEndian.Uint64(body), body[8:]
		return n
	}
	epoch := number()
	ok = ok && epoch <= math.MaxInt32
	for i, v := range c.vectors() {
		if i >= always && len(body) == 0 {
			break
		}
		n := number()
		if ok = ok && n <= uint64(len(body)/4) && (n > 0 || i < always || len(body) > 0); !ok {
			break
		}
		if n == 0 {
			continue // stays nil
		}
		*v = make([]float32, n)
		read, _ := binary.Decode(body, binary.LittleEndian, *v) // it is long enough
		body = body[read:]
	}
	if !ok || len(body) != 0 {
		return Checkpoint{}, fmt.Errorf("the checkpoint of epoch %d announces other numbers than its %d bytes hold", epoch, len(b))
	}
	c.Epoch = int(epoch)
	return c, nil
}
