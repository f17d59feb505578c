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
	Momentum []float32 // the optimizer's velocity, one for each parameter
}

// checkpointMagic begins an encoded checkpoint: format and version.
const checkpointMagic = "lossatlas checkpoint 1\n"

// Encode writes the checkpoint: magic, epoch and lengths as little-endian
// 64-bit numbers, the vectors as float32, and a SHA-256 over all of it.
func (c Checkpoint) Encode() []byte {
	vectors := [][]float32{c.Theta, c.State, c.Momentum}
	out := binary.LittleEndian.AppendUint64([]byte(checkpointMagic), uint64(c.Epoch))
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
	body, ok := bytes.CutPrefix(b, []byte(checkpointMagic))
	if !ok {
		return Checkpoint{}, errors.New("this is not a checkpoint, or one of another version")
	}
	if len(body) < 4*8+sha256.Size {
		return Checkpoint{}, fmt.Errorf("a checkpoint of %d bytes is cut short", len(b))
	}
	sum := sha256.Sum256(b[:len(b)-sha256.Size])
	if !bytes.Equal(sum[:], b[len(b)-sha256.Size:]) {
		return Checkpoint{}, errors.New("the checkpoint is damaged: its SHA-256 does not match")
	}
	number := func(i int) uint64 { return binary.LittleEndian.Uint64(body[8*i:]) }
	data := body[4*8 : len(body)-sha256.Size]
	have := uint64(len(data) / 4)
	n := [3]uint64{number(1), number(2), number(3)}
	if number(0) > math.MaxInt32 || n[0] > have || n[1] > have-n[0] || n[2] != have-n[0]-n[1] || len(data)%4 != 0 {
		return Checkpoint{}, fmt.Errorf("the checkpoint of epoch %d announces %d numbers and holds %d bytes", number(0), n, len(data))
	}
	c := Checkpoint{Epoch: int(number(0))}
	for i, v := range []*[]float32{&c.Theta, &c.State, &c.Momentum} {
		*v = make([]float32, n[i])
		for j := range *v {
			(*v)[j] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*j:]))
		}
		data = data[4*n[i]:]
	}
	return c, nil
}
