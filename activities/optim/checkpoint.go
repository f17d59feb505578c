package optim

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// Checkpoint is everything that a training is after Epoch whole epochs. The
// random streams need no place in it, as they are functions of seed and epoch.
type Checkpoint struct {
	Epoch    int
	Theta    []float32 // parameters
	State    []float32 // running statistics of the batch normalisations
	Momentum []float32 // the optimizer's velocity, or Adam's first moment, one for each parameter
	Second   []float32 // Adam's second moment, one for each parameter; empty for gradient descent
}

// checkpointMagic begins an encoded checkpoint: format, and the version behind
// it. Version 1 has three vectors, version 2 the second moment as well.
const checkpointMagic = "lossatlas checkpoint "

const (
	magicDescent = checkpointMagic + "1\n"
	magicAdam    = checkpointMagic + "2\n"
)

// Encode writes the checkpoint: magic, epoch and lengths as little-endian
// 64-bit numbers, the vectors as float32, and a SHA-256 over all of it.
func (c Checkpoint) Encode() []byte {
	magic, vectors := magicDescent, [][]float32{c.Theta, c.State, c.Momentum}
	if len(c.Second) > 0 {
		magic, vectors = magicAdam, append(vectors, c.Second)
	}
	out := binary.LittleEndian.AppendUint64([]byte(magic), uint64(c.Epoch))
	for _, v := range vectors {
		out = binary.LittleEndian.AppendUint64(out, uint64(len(v)))
	}
	for _, v := range vectors {
		for _, x := range v {
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(x))
		}
	}
	sum := sha256.Sum256(out)
	return append(out, sum[:]...)
}

// DecodeCheckpoint reads what Encode wrote. Anything else, a shortened or
// altered checkpoint included, is an error.
func DecodeCheckpoint(b []byte) (Checkpoint, error) {
	var c Checkpoint
	vectors := []*[]float32{&c.Theta, &c.State, &c.Momentum}
	body, ok := bytes.CutPrefix(b, []byte(magicDescent))
	if !ok {
		body, ok = bytes.CutPrefix(b, []byte(magicAdam))
		vectors = append(vectors, &c.Second)
	}
	if !ok {
		return Checkpoint{}, errors.New("this is not a checkpoint, or one of another version")
	}
	head := (1 + len(vectors)) * 8
	if len(body) < head+sha256.Size {
		return Checkpoint{}, fmt.Errorf("a checkpoint of %d bytes is cut short", len(b))
	}
	sum := sha256.Sum256(b[:len(b)-sha256.Size])
	if !bytes.Equal(sum[:], b[len(b)-sha256.Size:]) {
		return Checkpoint{}, errors.New("the checkpoint is damaged: its SHA-256 does not match")
	}
	number := func(i int) uint64 { return binary.LittleEndian.Uint64(body[8*i:]) }
	data := body[head : len(body)-sha256.Size]
	left, fits := uint64(len(data)/4), number(0) <= math.MaxInt32 && len(data)%4 == 0
	for i := range vectors {
		if fits = fits && number(i+1) <= left; fits {
			left -= number(i + 1)
		}
	}
	if !fits || left != 0 || len(vectors) == 4 && number(4) == 0 {
		return Checkpoint{}, fmt.Errorf("the checkpoint of epoch %d announces other numbers than its %d bytes hold", number(0), len(data))
	}
	c.Epoch = int(number(0))
	for i, v := range vectors {
		*v = make([]float32, number(i+1))
		for j := range *v {
			(*v)[j] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*j:]))
		}
		data = data[4*number(i+1):]
	}
	return c, nil
}
