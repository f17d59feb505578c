package directions

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"

	"lossatlas/activities/nets"
)

// Sample draws a direction: one independent standard Gaussian number for each
// entry of θ, biases and batch normalisation included (Normalize clears those
// where they are to be ignored). index tells the directions of one seed apart:
// 0 for δ, 1 for η.
//
// Each parameter has a random stream of its own, ChaCha8 keyed by the SHA-256
// of (seed, index, name). So a parameter's numbers don't depend on which other
// parameters the network has, nor on their order.
func Sample(params []nets.Param, seed uint64, index int) []float32 {
	d := make([]float32, nets.Length(params))
	for _, p := range params {
		rng := rand.New(rand.NewChaCha8(streamKey(seed, index, p.Name)))
		out := p.Of(d)
		for i := range out {
			out[i] = float32(rng.NormFloat64())
		}
	}
	return d
}

// streamKey is the key of a parameter's random stream.
func streamKey(seed uint64, index int, name string) [32]byte {
	b := []byte("lossatlas direction\x00")
	b = binary.LittleEndian.AppendUint64(b, seed)
	b = binary.LittleEndian.AppendUint64(b, uint64(index))
	return sha256.Sum256(append(b, name...))
}
